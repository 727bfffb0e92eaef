// One conversation in the list, and all that can be done with it as a whole.
import { ActionIcon, Menu, TextInput, UnstyledButton } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, memo, useState } from "react";
import { say, sayUndo } from "../../../components/toasts";
import { changeLists, useConversationCache } from "../../../ipc/assistant";
import type { ConversationForm, ConversationRow } from "../../../ipc/bindings";
import { client } from "../../../ipc/client";
import { queryKeys, useCommand } from "../../../ipc/queries";
import { useLocale } from "../../../locales/locale";
import classes from "./Sessions.module.css";

type Props = { row: ConversationRow; isOpen: boolean; onOpen: (id: string | null) => void };

export const SessionRow = memo(function SessionRow({ row, isOpen, onOpen }: Props) {
  const { texts, format } = useLocale();
  const words = texts.assistant.sessions;
  const [isRenamed, setRenamed] = useState(false);
  const title = row.title === "" ? words.untitled : row.title;
  if (isRenamed) return <Rename row={row} onDone={() => setRenamed(false)} />;
  return (
    <div className={classes.row} data-open={isOpen || undefined}>
      <UnstyledButton
        className={classes.open}
        aria-current={isOpen ? "page" : undefined}
        title={`${title}\n${format.moment(new Date(row.updated_at))}`}
        onClick={() => onOpen(row.id)}
        onDoubleClick={() => setRenamed(true)}
        onKeyDown={(event: KeyboardEvent) => {
          if (event.key === "F2") setRenamed(true);
        }}
      >
        <span className={classes.title} data-cut>
          {title}
        </span>
        {row.snippet === null ? null : (
          <span className={classes.snippet} data-cut>
            {row.snippet.map(({ text, found }, index) =>
              found ? <mark key={index.toString()}>{text}</mark> : <span key={index.toString()}>{text}</span>,
            )}
          </span>
        )}
      </UnstyledButton>
      <Actions row={row} title={title} isOpen={isOpen} onOpen={onOpen} onRename={() => setRenamed(true)} />
    </div>
  );
});

type ActionsProps = Props & { title: string; onRename: () => void };

function Actions({ row, title, isOpen, onOpen, onRename }: ActionsProps) {
  const words = useLocale().texts.assistant.sessions;
  const save = useCommand(async (form: ConversationForm) => {
    const { path } = await client.conversationExport(row.id, form);
    say(words.exported(path.split(/[\\/]/).at(-1) ?? path));
  });
  const remove = useRemove(row, isOpen, onOpen);
  return (
    <Menu
      position="bottom-end"
      portalProps={{ target: "#page" }}
      transitionProps={{ duration: 0 }}
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={24} className={classes.dots} aria-label={words.actions(title)}>
          <IconDots size={16} stroke={1.5} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={onRename}>{words.rename}</Menu.Item>
        <Menu.Item onClick={() => save.mutate(["json"])}>{words.exportJson}</Menu.Item>
        <Menu.Item onClick={() => save.mutate(["markdown"])}>{words.exportMarkdown}</Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={remove}>{words.remove}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Deletes the conversation, with a way back that also opens it again. */
function useRemove(row: ConversationRow, isOpen: boolean, onOpen: (id: string | null) => void): () => void {
  const words = useLocale().texts.assistant.sessions;
  const queries = useQueryClient();
  const restore = useCommand(client.conversationRestore, [queryKeys.conversations], () => {
    say(words.restored);
    if (isOpen) onOpen(row.id);
  });
  const remove = useCommand(
    async (id: string) => {
      const putBack = changeLists(queries, (rows) => rows.filter((one) => one.id !== id));
      await client.conversationDelete(id).catch((error: unknown) => {
        putBack();
        throw error;
      });
    },
    [queryKeys.conversations],
    () => {
      if (isOpen) onOpen(null);
      sayUndo(words.removed, () => restore.mutate([row.id]));
    },
  );
  return () => remove.mutate([row.id]);
}

function Rename({ row, onDone }: { row: ConversationRow; onDone: () => void }) {
  const words = useLocale().texts.assistant.sessions;
  const queries = useQueryClient();
  const { change } = useConversationCache();
  const [title, setTitle] = useState(row.title);
  const rename = useCommand(
    async (next: string) => {
      const putBack = changeLists(queries, (rows) =>
        rows.map((one) => (one.id === row.id ? { ...one, title: next } : one)),
      );
      change(row.id, (view) => ({ ...view, title: next }));
      await client.conversationRename(row.id, next).catch((error: unknown) => {
        putBack();
        change(row.id, (view) => ({ ...view, title: row.title }));
        throw error;
      });
    },
    [queryKeys.conversations],
  );
  const commit = () => {
    const next = title.trim();
    if (next !== "" && next !== row.title) rename.mutate([next]);
    onDone();
  };
  return (
    <TextInput
      size="xs"
      className={classes.rename}
      aria-label={words.renameLabel}
      autoFocus
      maxLength={200}
      value={title}
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => setTitle(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
        if (event.key !== "Escape") return;
        // Not for the answer that may be running.
        event.preventDefault();
        onDone();
      }}
    />
  );
}
