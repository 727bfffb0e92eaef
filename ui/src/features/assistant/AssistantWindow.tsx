// The assistant's window: conversations on the left, the open one on the right, what is asked next below it.
import { useMediaQuery } from "@mantine/hooks";
import { useCallback, useMemo, useRef, useState } from "react";
import { PageBoundary } from "../../components/PageBoundary";
import { problemOf } from "../../ipc/client";
import { useSnapshotEvents } from "../../ipc/events";
import { useTexts } from "../../locales/locale";
import classes from "./Assistant.module.css";
import { pathTo } from "./branches";
import { Composer, type ComposerHandle } from "./Composer";
import { ConversationPane } from "./ConversationPane";
import { Head } from "./Head";
import { Sessions } from "./sessions/Sessions";
import { GrowthContext, useOpen } from "./useOpen";
import { useShortcuts } from "./useShortcuts";

/** Below this width there is room for one thing at a time. */
const NARROW = "(max-width: 719px)";

export function AssistantWindow() {
  const texts = useTexts().assistant;
  return (
    <PageBoundary title={texts.title} problemOf={problemOf}>
      <Inside />
    </PageBoundary>
  );
}

/** The id in the address: `#/ID`. */
const idInAddress = (): string | null => window.location.hash.replace(/^#?\/?/, "") || null;

function Inside() {
  useSnapshotEvents();
  const { id, view, growth, open } = useOpen(useRef(idInAddress()).current);
  const isNarrow = useMediaQuery(NARROW, false, { getInitialValueInEffect: false }) ?? false;
  const [isWanted, setWanted] = useState<boolean | null>(null);
  const isSidebarOpen = isWanted ?? !isNarrow;
  const [editing, setEditing] = useState<string | null>(null);
  const composer = useRef<ComposerHandle>(null);
  const [drafts] = useState(() => new Map<string, string>());
  const search = useRef<HTMLInputElement>(null);

  const conversation = id === null ? undefined : view.data;
  const path = useMemo(() => (conversation ? pathTo(conversation.messages, conversation.leaf) : []), [conversation]);
  const choose = useCallback(
    (next: string | null) => {
      open(next);
      setEditing(null);
      if (isNarrow) setWanted(false);
      composer.current?.focus();
    },
    [open, isNarrow],
  );
  const edited = useCallback(() => {
    setEditing(null);
    composer.current?.focus();
  }, []);
  const editLast = useCallback(() => {
    const last = path.findLast(({ message }) => message.role === "user");
    if (last) setEditing(last.message.id);
  }, [path]);

  useShortcuts({
    path,
    onNew: () => choose(null),
    onSearch: () => {
      setWanted(true);
      // The field is there with the next drawing.
      requestAnimationFrame(() => search.current?.focus());
    },
  });

  return (
    <GrowthContext value={growth}>
      <div className={classes.window} data-sidebar={isSidebarOpen || undefined} data-narrow={isNarrow || undefined}>
        {isSidebarOpen ? (
          <Sessions open={id} onOpen={choose} searchRef={search} onHide={() => setWanted(false)} isOver={isNarrow} />
        ) : null}
        <main className={classes.main} id="page">
          <Head
            conversation={conversation}
            isNew={id === null}
            path={path}
            isSidebarOpen={isSidebarOpen}
            onShowSidebar={() => setWanted(true)}
          />
          <ConversationPane id={id} view={view} path={path} editing={editing} onEdit={setEditing} onEdited={edited} />
          <Composer
            key={id ?? ""}
            ref={composer}
            conversation={conversation ?? null}
            id={id}
            path={path}
            draft={drafts.get(id ?? "") ?? ""}
            onDraft={(text) => drafts.set(id ?? "", text)}
            onAsked={(asked) => {
              if (asked.conversation !== id) open(asked.conversation);
            }}
            onEditLast={editLast}
          />
        </main>
      </div>
    </GrowthContext>
  );
}
