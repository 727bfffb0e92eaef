// Workers that the user describes: the list, and the way to add, change and remove one.
import { ActionIcon, Button } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Confirm } from "../../components/Confirm";
import { Row, Section } from "../../components/Page";
import type { WorkerCommand } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { queryKeys, useCommand, useSettings } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import { OwnDialog } from "./OwnDialog";
import { without } from "./order";

export function OwnSection() {
  const texts = useTexts().engines.own;
  const { commands } = useSettings().workers;
  const [adding, setAdding] = useState(false);
  return (
    <Section title={texts.title} hint={texts.hint}>
      {commands.map((command) => (
        <Own key={command.name} command={command} />
      ))}
      <Row label={commands.length === 0 ? texts.none : texts.more}>
        <Button variant="default" size="xs" onClick={() => setAdding(true)}>
          {texts.add}
        </Button>
      </Row>
      <OwnDialog command={undefined} opened={adding} onClose={() => setAdding(false)} />
    </Section>
  );
}

function Own({ command }: { command: WorkerCommand }) {
  const { engines } = useTexts();
  const texts = engines.own;
  const [open, setOpen] = useState<"edit" | "remove">();
  const { speech, workers } = useSettings();
  const remove = useCommand(
    async (name: string) => {
      // An order may not name what is not there, so it goes out of the order first.
      if (speech.engines.includes(name))
        await client.settingsPatch({ key: "speech.engines", value: without(speech.engines, name) });
      await client.settingsPatch({
        key: "workers.commands",
        value: workers.commands.filter((other) => other.name !== name),
      });
    },
    [queryKeys.settings],
  );
  const { name, program } = command;
  return (
    <Row label={name} hint={program}>
      <Button variant="default" size="xs" aria-label={engines.of(texts.edit, name)} onClick={() => setOpen("edit")}>
        {texts.edit}
      </Button>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={30}
        aria-label={engines.of(texts.remove, name)}
        onClick={() => setOpen("remove")}
      >
        <IconTrash size={18} stroke={1.5} />
      </ActionIcon>
      <OwnDialog command={command} opened={open === "edit"} onClose={() => setOpen(undefined)} />
      <Confirm
        opened={open === "remove"}
        title={texts.removeTitle(name)}
        body={texts.removeBody}
        action={texts.remove}
        onClose={() => setOpen(undefined)}
        onConfirm={() => remove.mutate([name])}
      />
    </Row>
  );
}
