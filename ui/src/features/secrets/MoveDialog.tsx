// Choosing another place: what protects it is said before anything is moved, and the encrypted file gets its password.
import { Button, Group, Modal, Text } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { ProblemNote } from "../../components/ProblemNote";
import { say } from "../../components/toasts";
import type { Place, SecretsMoved, VaultReport } from "../../ipc/bindings";
import { client, problemOf } from "../../ipc/client";
import { inPlace, queryKeys, useCommand } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import { isReady, NewPassword, NOTHING_TYPED } from "./NewPassword";
import { works } from "./states";

type Props = { place: Place | null; report: VaultReport; onClose: () => void };

export function MoveDialog({ place, report, onClose }: Props) {
  const { places, vault: texts } = useTexts().secrets;
  // The closing dialog still shows what it showed.
  const [shown, setShown] = useState(place);
  useEffect(() => {
    if (place !== null) setShown(place);
  }, [place]);
  return (
    <Modal
      opened={place !== null}
      onClose={onClose}
      title={shown === null ? "" : texts.moveTitle(places[shown].label)}
      size={440}
      keepMounted={false}
    >
      {shown === null ? null : <Form place={shown} report={report} onClose={onClose} />}
    </Modal>
  );
}

function Form({ place, report, onClose }: Props & { place: Place }) {
  const { common, secrets } = useTexts();
  const texts = secrets.vault;
  const { label, protects } = secrets.places[place];
  const [typed, setTyped] = useState(NOTHING_TYPED);
  const asks = place === "file";
  // A locked place is opened by the move; from any other that does not work nothing can be read.
  const inReach = works(report.state) || report.state === "locked" || report.state === "file_locked";
  const body = place === "session" ? texts.sessionBody : texts.moveBody;
  const moved = ({ left_behind, set_aside }: SecretsMoved) => {
    const rest = [
      left_behind > 0 ? texts.leftBehind(left_behind) : "",
      set_aside === null ? "" : texts.setAside(set_aside),
    ];
    say([texts.moved(label), ...rest].filter((part) => part !== "").join(" "));
  };
  const move = useCommand(
    async (choice: Parameters<typeof client.vaultChoose>[0]) => moved(await client.vaultChoose(choice)),
    [queryKeys.secrets],
    onClose,
    inPlace,
  );
  const ready = !asks || isReady(typed);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!ready || move.isPending) return;
    // What protects the new place stands above the button, so pressing it is the agreement.
    move.mutate([{ place, password: asks ? typed.password : null, understood: true, auto_lock_min: null }]);
  };
  return (
    <form onSubmit={submit}>
      <Text>{protects}</Text>
      <Text c="dimmed" mt={8}>
        {inReach ? body : texts.outOfReachBody}
      </Text>
      {asks ? <NewPassword typed={typed} autoFocus onChange={setTyped} /> : null}
      {move.isError ? (
        <div>
          <Text size="xs" mt="sm" mb={8}>
            {texts.stayed}
          </Text>
          <ProblemNote problem={problemOf(move.error)} />
        </div>
      ) : null}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" size="xs" onClick={onClose} data-autofocus={asks ? undefined : true}>
          {common.cancel}
        </Button>
        <Button type="submit" size="xs" disabled={!ready} loading={move.isPending}>
          {texts.moveAction}
        </Button>
      </Group>
    </form>
  );
}
