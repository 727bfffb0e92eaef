// What can be done with an utterance: copy, hear again, delete with a way back.
import { ActionIcon, Button, Group, Tooltip } from "@mantine/core";
import { IconCopy, IconRefresh, IconTrash } from "@tabler/icons-react";
import { say, sayUndo } from "../../components/toasts";
import type { HistoryRow } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { queryKeys, useCommand } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";

export function EntryActions({ row, onClose }: { row: HistoryRow; onClose: () => void }) {
  const texts = useTexts().history;
  const copy = useCommand(client.historyCopy, [], () => say(texts.copied));
  const retry = useCommand(client.historyRetry, [queryKeys.history], () => say(texts.retried));
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
      <Tooltip label={texts.noAudio} disabled={row.has_audio}>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconRefresh size={16} stroke={1.5} aria-hidden />}
          data-disabled={!row.has_audio || undefined}
          aria-disabled={!row.has_audio || undefined}
          onClick={() => {
            if (row.has_audio) retry.mutate([row.id]);
          }}
        >
          {texts.retry}
        </Button>
      </Tooltip>
      <Delete id={row.id} onDone={onClose} />
    </Group>
  );
}

function Delete({ id, onDone }: { id: string; onDone: () => void }) {
  const texts = useTexts().history;
  const stale = [[...queryKeys.history, "list"]] as const;
  const restore = useCommand(client.historyRestore, stale, () => say(texts.restored));
  const remove = useCommand(client.historyDelete, stale, ([gone]) =>
    sayUndo(texts.removed, () => restore.mutate([gone])),
  );
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
