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
  const copy = useCommand(client.historyCopy);
  const retry = useCommand(client.historyRetry, [queryKeys.history]);
  return (
    <Group gap="xs">
      <Button
        variant="default"
        size="xs"
        leftSection={<IconCopy size={16} stroke={1.5} aria-hidden />}
        disabled={row.text === ""}
        onClick={() => copy.mutate([row.id], { onSuccess: () => say(texts.copied) })}
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
            if (row.has_audio) retry.mutate([row.id], { onSuccess: () => say(texts.retried) });
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
  const remove = useCommand(client.historyDelete, stale);
  const restore = useCommand(client.historyRestore, stale);
  return (
    <Tooltip label={texts.remove}>
      <ActionIcon
        variant="default"
        size={30}
        ml="auto"
        aria-label={texts.remove}
        onClick={() => {
          remove.mutate([id], { onSuccess: () => sayUndo(texts.removed, () => restore.mutate([id])) });
          onDone();
        }}
      >
        <IconTrash size={16} stroke={1.5} />
      </ActionIcon>
    </Tooltip>
  );
}
