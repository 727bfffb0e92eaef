// What can be done with an utterance: copy, hear again, bring back what was cancelled, delete with a way back.
import { ActionIcon, Button, Group, Menu, Tooltip } from "@mantine/core";
import { IconArrowBackUp, IconChevronDown, IconCopy, IconRefresh, IconTrash } from "@tabler/icons-react";
import { say, sayUndo } from "../../components/toasts";
import type { HistoryRow } from "../../ipc/bindings";
import { client } from "../../ipc/client";
import { useTakeOut } from "../../ipc/history";
import { queryKeys, useCommand, useModelsIfKnown } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import classes from "./Entry.module.css";

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

/** Transcribes the recording once more: with the model in use, or with another that is installed. */
function Again({ row }: { row: HistoryRow }) {
  const texts = useTexts().history;
  const retry = useCommand(client.historyRetry, [[...queryKeys.history, "row"]], () => say(texts.retried));
  const bringBack = useCommand(client.historyBringBack, [[...queryKeys.history, "row"]], () => say(texts.broughtBack));
  const models = (useModelsIfKnown() ?? []).filter((model) => model.installed);
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
  const blocked = row.has_audio ? undefined : true;
  return (
    <Button.Group>
      <Tooltip label={texts.noAudio} disabled={row.has_audio}>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconRefresh size={16} stroke={1.5} aria-hidden />}
          data-disabled={blocked}
          aria-disabled={blocked}
          onClick={() => {
            if (row.has_audio) retry.mutate([row.id, null]);
          }}
        >
          {texts.retry}
        </Button>
      </Tooltip>
      {row.has_audio && models.length > 1 ? (
        <Menu
          position="bottom-end"
          transitionProps={{ duration: 0 }}
          withinPortal={false}
          withInitialFocusPlaceholder={false}
        >
          <Menu.Target>
            <Button variant="default" size="xs" px={6} className={classes.caret} aria-label={texts.retryWith}>
              <IconChevronDown size={14} stroke={1.5} aria-hidden />
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {models.map(({ id, name }) => (
              <Menu.Item key={id} onClick={() => retry.mutate([row.id, id])}>
                {name}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      ) : null}
    </Button.Group>
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
