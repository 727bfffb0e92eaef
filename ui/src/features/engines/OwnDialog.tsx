// One worker of the user's own as a form. What the app refuses is said at the field that it is about.
import { Button, Group, Modal, Select, Switch, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ProblemNote } from "../../components/ProblemNote";
import type { WorkerCommand } from "../../ipc/bindings";
import { client, problemOf } from "../../ipc/client";
import type { Patch } from "../../ipc/queries";
import { inPlace, queryKeys, useCommand, useSettings } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import { commandOf, type Draft, type DraftField, draftOf, EMPTY, type ReadyKind, refusalOf } from "./draft";
import { LifeFields } from "./LifeFields";

type Props = { command: WorkerCommand | undefined; opened: boolean; onClose: () => void };

export function OwnDialog({ command, opened, onClose }: Props) {
  const texts = useTexts().engines.own;
  const title = command === undefined ? texts.addTitle : texts.editTitle(command.name);
  return (
    <Modal opened={opened} onClose={onClose} title={title} size={480} keepMounted={false}>
      <Form command={command} onClose={onClose} />
    </Modal>
  );
}

function Form({ command, onClose }: Omit<Props, "opened">) {
  const { common, engines } = useTexts();
  const { commands } = useSettings().workers;
  const [draft, setDraft] = useState<Draft>(command === undefined ? EMPTY : draftOf(command));
  const save = useCommand((patch: Patch) => client.settingsPatch(patch), [queryKeys.settings], onClose, inPlace);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const made = commandOf(draft);
    const value =
      command === undefined
        ? [...commands, made]
        : commands.map((other) => (other.name === command.name ? made : other));
    if (!save.isPending) save.mutate([{ key: "workers.commands", value }]);
  };
  const problem = save.isError ? problemOf(save.error) : undefined;
  const refusal = problem === undefined ? undefined : refusalOf(problem);
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const errorAt = (field: DraftField) => (refusal?.field === field ? refusal.sentence : undefined);
  return (
    <form onSubmit={submit} noValidate>
      <Fields draft={draft} isNew={command === undefined} change={change} errorAt={errorAt} />
      {save.isError && refusal === undefined ? (
        <Group mt="md">
          <ProblemNote problem={problem} />
        </Group>
      ) : null}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" size="xs" onClick={onClose}>
          {common.cancel}
        </Button>
        <Button type="submit" size="xs" loading={save.isPending}>
          {engines.own.save}
        </Button>
      </Group>
    </form>
  );
}

type FieldsProps = {
  draft: Draft;
  isNew: boolean;
  change: (part: Partial<Draft>) => void;
  errorAt: (field: DraftField) => string | undefined;
};

function Fields({ draft, isNew, change, errorAt }: FieldsProps) {
  const texts = useTexts().engines.own;
  const text = (key: "name" | "program" | "health" | "token", field: DraftField) => ({
    label: texts[key],
    description: texts[`${key}Hint`],
    error: errorAt(field),
    value: draft[key],
    spellCheck: false,
    mt: "sm",
    onChange: (event: { currentTarget: { value: string } }) => change({ [key]: event.currentTarget.value }),
  });
  return (
    <>
      <TextInput {...text("name", "name")} mt={0} readOnly={!isNew} data-autofocus={isNew || undefined} />
      <TextInput {...text("program", "program")} />
      <Textarea
        label={texts.args}
        description={texts.argsHint}
        error={errorAt("args")}
        rows={3}
        mt="sm"
        spellCheck={false}
        value={draft.args}
        onChange={(event) => change({ args: event.currentTarget.value })}
      />
      <ReadyFields draft={draft} change={change} error={errorAt("ready")} />
      <TextInput {...text("health", "health")} />
      <TextInput {...text("token", "token_env")} />
      <Switch
        mt="md"
        size="sm"
        label={texts.speech}
        description={texts.speechHint}
        checked={draft.speech}
        onChange={(event) => change({ speech: event.currentTarget.checked })}
      />
      <LifeFields draft={draft} change={change} errorAt={errorAt} />
    </>
  );
}

type ReadyProps = { draft: Draft; change: (part: Partial<Draft>) => void; error: string | undefined };

function ReadyFields({ draft, change, error }: ReadyProps) {
  const texts = useTexts().engines.own;
  const kinds: ReadyKind[] = ["json_line", "log_line", "probe"];
  return (
    <>
      <Select
        label={texts.ready}
        mt="sm"
        allowDeselect={false}
        data={kinds.map((kind) => ({ value: kind, label: texts.readyKinds[kind] }))}
        value={draft.ready}
        error={draft.ready === "json_line" ? error : undefined}
        comboboxProps={{ transitionProps: { duration: 0 } }}
        onChange={(kind) => change({ ready: (kind ?? "json_line") as ReadyKind })}
      />
      {draft.ready === "json_line" ? null : (
        <TextInput
          label={texts.where[draft.ready]}
          mt="sm"
          spellCheck={false}
          value={draft.where}
          error={error}
          onChange={(event) => change({ where: event.currentTarget.value })}
        />
      )}
    </>
  );
}
