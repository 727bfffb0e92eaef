// The conversations there are: a new one, an old one found again, one brought in from a file.
import { ActionIcon, Button, CloseButton, FileButton, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconFileImport, IconLayoutSidebar, IconMessages, IconPlus, IconSearch } from "@tabler/icons-react";
import { type Ref, useMemo, useState } from "react";
import { EmptyNote } from "../../../components/EmptyNote";
import { SkeletonRows } from "../../../components/PageSkeleton";
import { ProblemNote } from "../../../components/ProblemNote";
import { say } from "../../../components/toasts";
import { useConversations } from "../../../ipc/assistant";
import { client, problemOf } from "../../../ipc/client";
import { queryKeys, useCommand } from "../../../ipc/queries";
import { useTexts } from "../../../locales/locale";
import { wordsOf } from "../attachments";
import { sessionItems } from "./days";
import { SessionList } from "./SessionList";
import classes from "./Sessions.module.css";

/** Long enough to skip the letters in the middle of a word, short enough to feel immediate. */
const SEARCH_DELAY_MS = 150;

type Props = {
  open: string | null;
  onOpen: (id: string | null) => void;
  searchRef: Ref<HTMLInputElement>;
  onHide: () => void;
  /** It lies over the conversation, and Escape takes it away. */
  isOver: boolean;
};

export function Sessions({ open, onOpen, searchRef, onHide, isOver }: Props) {
  const texts = useTexts().assistant.sessions;
  const [typed, setTyped] = useState("");
  const [settled] = useDebouncedValue(typed.trim(), SEARCH_DELAY_MS);
  const search = typed.trim() === "" ? "" : settled;
  return (
    <nav
      className={classes.sidebar}
      aria-label={texts.label}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !isOver || event.defaultPrevented) return;
        // Not for the answer that may be running.
        event.preventDefault();
        onHide();
      }}
    >
      <div className={classes.tools}>
        <Button
          variant="default"
          size="xs"
          className={classes.create}
          leftSection={<IconPlus size={16} stroke={1.5} aria-hidden />}
          onClick={() => onOpen(null)}
        >
          {texts.create}
        </Button>
        <Import onImported={onOpen} />
        <ActionIcon variant="subtle" color="gray" size={30} aria-label={texts.hide} title={texts.hide} onClick={onHide}>
          <IconLayoutSidebar size={18} stroke={1.5} />
        </ActionIcon>
      </div>
      <TextInput
        ref={searchRef}
        type="search"
        size="xs"
        className={classes.search}
        aria-label={texts.search}
        placeholder={texts.search}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        leftSection={<IconSearch size={14} stroke={1.5} aria-hidden />}
        rightSection={
          typed === "" ? null : <CloseButton size="xs" aria-label={texts.clear} onClick={() => setTyped("")} />
        }
      />
      <Found search={search} open={open} onOpen={onOpen} />
    </nav>
  );
}

type FoundProps = { search: string; open: string | null; onOpen: (id: string | null) => void };

function Found({ search, open, onOpen }: FoundProps) {
  const { common, assistant } = useTexts();
  const texts = assistant.sessions;
  const found = useConversations(search);
  const rows = useMemo(() => found.data?.pages.flatMap((page) => page.rows) ?? [], [found.data]);
  const items = useMemo(() => sessionItems(rows, search === ""), [rows, search]);
  if (found.isPending)
    return (
      <div className={classes.wait}>
        <SkeletonRows />
      </div>
    );
  if (found.isError)
    return (
      <div className={classes.wait}>
        <ProblemNote
          problem={problemOf(found.error)}
          action={{ label: common.tryAgain, run: () => void found.refetch() }}
        />
      </div>
    );
  if (items.length === 0)
    return search === "" ? (
      <EmptyNote icon={IconMessages} title={texts.emptyTitle} hint={texts.emptyHint} />
    ) : (
      <EmptyNote icon={IconSearch} title={texts.nothingTitle} hint={texts.nothingHint(search)} />
    );
  return (
    <SessionList
      items={items}
      open={open}
      onOpen={onOpen}
      onEnd={() => {
        if (found.hasNextPage && !found.isFetchingNextPage) void found.fetchNextPage();
      }}
    />
  );
}

/** What was exported comes back in. */
function Import({ onImported }: { onImported: (id: string) => void }) {
  const texts = useTexts().assistant.sessions;
  const take = useCommand(
    async (file: File) => {
      const id = await client.conversationImport(await wordsOf(file));
      say(texts.imported);
      onImported(id);
    },
    [queryKeys.conversations],
  );
  return (
    <FileButton
      accept=".json,.md,application/json,text/markdown"
      onChange={(file) => {
        if (file) take.mutate([file]);
      }}
    >
      {(button) => (
        <ActionIcon
          {...button}
          variant="subtle"
          color="gray"
          size={30}
          aria-label={texts.import}
          title={texts.import}
          loading={take.isPending}
        >
          <IconFileImport size={18} stroke={1.5} />
        </ActionIcon>
      )}
    </FileButton>
  );
}
