// Another password for the encrypted file.
import { Button, Group, Modal, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ProblemNote } from "../../components/ProblemNote";
import { say } from "../../components/toasts";
import { client, problemOf } from "../../ipc/client";
import { inPlace, queryKeys, useCommand } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import { isReady, NewPassword, NOTHING_TYPED } from "./NewPassword";

export function PasswordDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const texts = useTexts().secrets.vault;
  return (
    <Modal opened={opened} onClose={onClose} title={texts.changePassword} size={420} keepMounted={false}>
      <Form onClose={onClose} />
    </Modal>
  );
}

function Form({ onClose }: { onClose: () => void }) {
  const { common, secrets } = useTexts();
  const texts = secrets.vault;
  const [old, setOld] = useState("");
  const [typed, setTyped] = useState(NOTHING_TYPED);
  const done = () => {
    say(texts.changed);
    onClose();
  };
  const change = useCommand(client.vaultPassword, [queryKeys.secrets], done, inPlace);
  const ready = old !== "" && isReady(typed);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready && !change.isPending) change.mutate([old, typed.password]);
  };
  return (
    <form onSubmit={submit}>
      <TextInput
        type="password"
        autoComplete="off"
        label={texts.oldPassword}
        data-autofocus
        value={old}
        onChange={(event) => setOld(event.currentTarget.value)}
      />
      <NewPassword typed={typed} autoFocus={false} onChange={setTyped} />
      {change.isError ? <ProblemNote problem={problemOf(change.error)} /> : null}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" size="xs" onClick={onClose}>
          {common.cancel}
        </Button>
        <Button type="submit" size="xs" disabled={!ready} loading={change.isPending}>
          {texts.changePassword}
        </Button>
      </Group>
    </form>
  );
}
