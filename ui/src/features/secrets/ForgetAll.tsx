// Every secret gone from every place: only after a word was typed.
import { Button, Group, Modal, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { say } from "../../components/toasts";
import { client } from "../../ipc/client";
import { queryKeys, useCommand } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import classes from "./Secrets.module.css";

export function ForgetAll({ disabled }: { disabled: boolean }) {
  const texts = useTexts().secrets.forget;
  const [asking, setAsking] = useState(false);
  return (
    <div className={classes.forget}>
      <Button variant="default" size="xs" disabled={disabled} onClick={() => setAsking(true)}>
        {texts.action}
      </Button>
      <Modal opened={asking} onClose={() => setAsking(false)} title={texts.title} size={420} keepMounted={false}>
        <Form onClose={() => setAsking(false)} />
      </Modal>
    </div>
  );
}

function Form({ onClose }: { onClose: () => void }) {
  const { common, secrets } = useTexts();
  const texts = secrets.forget;
  const [typed, setTyped] = useState("");
  const forget = useCommand(client.secretsForget, [queryKeys.secrets], () => say(texts.done));
  const ready = typed.trim().toLowerCase() === texts.word.toLowerCase();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!ready) return;
    onClose();
    forget.mutate([]);
  };
  return (
    <form onSubmit={submit}>
      <Text c="dimmed">{texts.body}</Text>
      <TextInput
        mt="md"
        autoComplete="off"
        label={texts.type(texts.word)}
        data-autofocus
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" size="xs" onClick={onClose}>
          {common.cancel}
        </Button>
        <Button type="submit" size="xs" disabled={!ready}>
          {texts.action}
        </Button>
      </Group>
    </form>
  );
}
