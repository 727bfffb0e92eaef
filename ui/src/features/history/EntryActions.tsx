// What can be done with an utterance: copy, hear again, bring back what was cancelled, delete with a way back.
import { ActionIcon, Button, Group, Tooltip } from "@mantine/core";
import { IconArrowBackUp, IconCopy, IconRefresh, IconTrash } from "@tabler/icons-react";
import { say, sayUndo } from "../../components/toasts";
import type { HistoryRow } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { useTakeOut } from "../../ipc/history";
import { queryKeys, useCommand } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";

export function EntryActions({ row, onClose }: { row: HistoryRow; onClose: () => void }) {
  const texts = useTexts().history;
  const copy = useCommand(client.historyCopy, [], () => say(texts.copied));
  return (
    <Group gap="xs">
      <Button
        variant="default"
        size="xs"
        leftSection={<IconCopy size={16} stroke={1.5} aria-hidden />}
        disabled={row.text === ""}
        onClick={() => copy.mutate([row.id])}
      >
        {texts.copy}
      </Button>
      <Again row={row} />
      <Delete id={row.id} onDone={onClose} />
    </Group>
  );
}

/** Once more through the engine; what was cancelled comes back first. */
function Again({ row }: { row: HistoryRow }) {
  const texts = useTexts().history;
  const stale = [[...queryKeys.history, "row"]] as const;
  const retry = useCommand(client.historyRetry, stale, () => say(texts.retried));
  const bringBack = useCommand(client.historyBringBack, stale, () => say(texts.broughtBack));
  const blocked = row.has_audio ? undefined : true;
  if (row.state === "cancelled")
    return (
      <Button
        variant="default"
        size="xs"
        leftSection={<IconArrowBackUp size={16} stroke={1.5} aria-hidden />}
        loading={bringBack.isPending}
        onClick={() => bringBack.mutate([row.id])}
      >
        {texts.bringBack}
      </Button>
    );
  return (
    <Tooltip label={texts.noAudio} disabled={row.has_audio}>
      <Button
        variant="default"
        size="xs"
        leftSection={<IconRefresh size={16} stroke={1.5} aria-hidden />}
        data-disabled={blocked}
        aria-disabled={blocked}
        onClick={() => {
          if (row.has_audio) retry.mutate([row.id]);
        }}
      >
        {texts.retry}
      </Button>
    </Tooltip>
  );
}

function Delete({ id, onDone }: { id: string; onDone: () => void }) {
  const texts = useTexts().history;
  const takeOut = useTakeOut();
  const restore = useCommand(
    (gone: string, _putBack: () => void) => client.historyRestore(gone),
    [],
    ([, putBack]) => {
      putBack();
      say(texts.restored);
    },
  );
  const remove = useCommand(client.historyDelete, [], ([gone]) => {
    const putBack = takeOut(gone);
    sayUndo(texts.removed, () => restore.mutate([gone, putBack]));
  });
  return (
    <Tooltip label={texts.remove}>
      <ActionIcon
        variant="default"
        size={30}
        ml="auto"
        aria-label={texts.remove}
        onClick={() => {
          remove.mutate([id]);
          onDone();
        }}
      >
        <IconTrash size={16} stroke={1.5} />
      </ActionIcon>
    </Tooltip>
  );
}
