// The system prompts: the one for every conversation, and those with a name.
import { ActionIcon, Button, Group, Modal, Text, Textarea, TextInput } from "@mantine/core";
import { IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { sayUndo } from "../../../components/toasts";
import { useAssistantPatch, useAssistantSettings } from "../../../ipc/assistant";
import type { Prompt } from "../../../ipc/bindings";
import { useTexts } from "../../../locales/locale";
import classes from "./Prompts.module.css";

type Props = { opened: boolean; onClose: () => void };

export function PromptLibrary({ opened, onClose }: Props) {
  const texts = useTexts().assistant.prompts;
  return (
    <Modal opened={opened} onClose={onClose} title={texts.title} size={520} keepMounted={false}>
      <Library />
    </Modal>
  );
}

/** What is being written: the default, a prompt by its old name, or a new one. */
type Editing = { kind: "standard" } | { kind: "named"; was: string } | { kind: "new" };

function Library() {
  const texts = useTexts().assistant.prompts;
  const { prompts, system } = useAssistantSettings();
  const patch = useAssistantPatch();
  const [editing, setEditing] = useState<Editing | null>(null);
  const done = () => setEditing(null);

  const save = ({ name, text }: Prompt) => {
    if (editing?.kind === "standard") patch.mutate("system", text);
    else if (editing?.kind === "named")
      patch.mutate(
        "prompts",
        prompts.map((prompt) => (prompt.name === editing.was ? { name, text } : prompt)),
      );
    else patch.mutate("prompts", [...prompts, { name, text }]);
    done();
  };
  const remove = (gone: Prompt) => {
    patch.mutate(
      "prompts",
      prompts.filter(({ name }) => name !== gone.name),
    );
    sayUndo(texts.removed(gone.name), () => patch.mutate("prompts", prompts));
  };

  if (editing) {
    const named = editing.kind === "named" ? prompts.find(({ name }) => name === editing.was) : undefined;
    const first = editing.kind === "standard" ? { name: "", text: system } : (named ?? { name: "", text: "" });
    const taken = prompts.map(({ name }) => name).filter((name) => name !== first.name);
    return <Form first={first} taken={taken} hasName={editing.kind !== "standard"} onSave={save} onCancel={done} />;
  }
  return (
    <>
      <Text c="dimmed">{texts.hint}</Text>
      <ul className={classes.list}>
        <Row
          name={texts.standard}
          text={system === "" ? texts.empty : system}
          onEdit={() => setEditing({ kind: "standard" })}
        />
        {prompts.map((prompt) => (
          <Row
            key={prompt.name}
            {...prompt}
            onEdit={() => setEditing({ kind: "named", was: prompt.name })}
            onRemove={() => remove(prompt)}
          />
        ))}
      </ul>
      <Button
        variant="default"
        size="xs"
        leftSection={<IconPlus size={16} stroke={1.5} aria-hidden />}
        onClick={() => setEditing({ kind: "new" })}
      >
        {texts.add}
      </Button>
    </>
  );
}

type RowProps = { name: string; text: string; onEdit: () => void; onRemove?: () => void };

function Row({ name, text, onEdit, onRemove }: RowProps) {
  const texts = useTexts().assistant.prompts;
  return (
    <li className={classes.row}>
      <div className={classes.words}>
        <span className={classes.name}>{name}</span>
        <span className={classes.text} data-cut>
          {text}
        </span>
      </div>
      <ActionIcon variant="subtle" color="gray" aria-label={texts.edit(name)} title={texts.edit(name)} onClick={onEdit}>
        <IconPencil size={16} stroke={1.5} />
      </ActionIcon>
      {onRemove ? (
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={texts.remove(name)}
          title={texts.remove(name)}
          onClick={onRemove}
        >
          <IconTrash size={16} stroke={1.5} />
        </ActionIcon>
      ) : null}
    </li>
  );
}

type FormProps = {
  first: Prompt;
  taken: string[];
  hasName: boolean;
  onSave: (prompt: Prompt) => void;
  onCancel: () => void;
};

function Form({ first, taken, hasName, onSave, onCancel }: FormProps) {
  const { common, assistant } = useTexts();
  const texts = assistant.prompts;
  const [name, setName] = useState(first.name);
  const [text, setText] = useState(first.text);
  const isTaken = taken.includes(name.trim());
  const canSave = !hasName || (name.trim() !== "" && text.trim() !== "" && !isTaken);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (canSave) onSave({ name: name.trim(), text: text.trim() });
  };
  return (
    <form onSubmit={submit} className={classes.form}>
      {hasName ? (
        <TextInput
          label={texts.name}
          data-autofocus
          value={name}
          error={isTaken ? texts.sameName : undefined}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      ) : (
        <Text c="dimmed">{texts.standardHint}</Text>
      )}
      <Textarea
        label={hasName ? texts.text : texts.standard}
        autosize
        minRows={5}
        maxRows={14}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Group justify="flex-end" gap="xs">
        <Button variant="default" size="xs" onClick={onCancel}>
          {common.cancel}
        </Button>
        <Button size="xs" type="submit" disabled={!canSave}>
          {texts.save}
        </Button>
      </Group>
    </form>
  );
}
