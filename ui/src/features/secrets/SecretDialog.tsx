// Typing in a value. It lives in this field only: the dialog forgets it on every way out, and the app never sends it back.
import { Button, Group, Modal, Switch, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ProblemNote } from "../../components/ProblemNote";
import { say } from "../../components/toasts";
import type { Kept, SecretKept } from "../../ipc/bindings";
import { client, problemOf } from "../../ipc/client";
import { inPlace, queryKeys, useCommand } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";

type Props = { secret: Kept; opened: boolean; onClose: () => void };

export function SecretDialog({ secret, opened, onClose }: Props) {
  const texts = useTexts().secrets;
  const set = secret.presence !== "unset";
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={texts.of(set ? texts.replace : texts.set, secret.label)}
      size={440}
      keepMounted={false}
    >
      <Form secret={secret} set={set} onClose={onClose} />
    </Modal>
  );
}

type FormProps = Omit<Props, "opened"> & { set: boolean };

function Form({ secret, set, onClose }: FormProps) {
  const { common, secrets: texts } = useTexts();
  const [value, setValue] = useState("");
  const [tryIt, setTryIt] = useState(secret.can_be_tried);
  const kept = ({ tried, note }: SecretKept) => {
    const words = tried === "good" ? texts.accepted(secret.label) : texts.saved(secret.label);
    say(note === null ? words : `${words} ${note}`);
  };
  const save = useCommand(
    async (typed: string) => kept(await client.secretsSet(secret.id, typed, tryIt)),
    [queryKeys.secrets],
    onClose,
    inPlace,
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (value !== "" && !save.isPending) save.mutate([value]);
  };
  return (
    <form onSubmit={submit}>
      <TextInput
        type="password"
        autoComplete="off"
        spellCheck={false}
        label={texts.value}
        description={secret.purpose}
        data-autofocus
        value={value}
        onChange={(event) => setValue(event.currentTarget.value)}
      />
      {secret.can_be_tried ? (
        <Switch
          mt="md"
          size="sm"
          label={texts.tryIt}
          description={secret.trial_note ?? (set ? texts.tried : texts.triedFirst)}
          checked={tryIt}
          onChange={(event) => setTryIt(event.currentTarget.checked)}
        />
      ) : (
        <Text size="xs" mt="sm" c="dimmed">
          {secret.trial_note}
        </Text>
      )}
      {save.isError ? (
        <div>
          <Text size="xs" mt="sm" mb={8}>
            {set ? texts.kept : texts.notKept}
          </Text>
          <ProblemNote problem={problemOf(save.error)} />
        </div>
      ) : null}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" size="xs" onClick={onClose}>
          {common.cancel}
        </Button>
        <Button type="submit" size="xs" disabled={value === ""} loading={save.isPending}>
          {texts.save}
        </Button>
      </Group>
    </form>
  );
}
