// Everything that was said: searched while typing, grouped by day, opened for the details.
import { CloseButton, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconFilterOff, IconHistory, IconSearch } from "@tabler/icons-react";
import { type ReactNode, useMemo, useState } from "react";
import { EmptyNote } from "../../components/EmptyNote";
import { SkeletonRows } from "../../components/PageSkeleton";
import { ProblemNote } from "../../components/ProblemNote";
import type { HistoryRow } from "../../ipc/bindings";
import { problemOf } from "../../ipc/client";
import { useHistory } from "../../ipc/history";
import { useSettings } from "../../ipc/queries";
import { useLocale } from "../../locales/locale";
import { EntryDrawer } from "./EntryDrawer";
import { EntryList } from "./EntryList";
import { ExportMenu } from "./ExportMenu";
import { isNarrowed, NOTHING_CHOSEN, peopleIn, searchFor } from "./filters";
import classes from "./History.module.css";
import { HistoryFilters } from "./HistoryFilters";
import { HistoryHead } from "./HistoryHead";

/** Long enough to skip the letters in the middle of a word, short enough to feel immediate. */
const SEARCH_DELAY_MS = 150;

export function EntriesView({ switcher }: { switcher: ReactNode }) {
  const { texts, format } = useLocale();
  const [typed, setTyped] = useState("");
  const [settled] = useDebouncedValue(typed.trim(), SEARCH_DELAY_MS);
  // An emptied field shows everything at once; there is nothing to wait for.
  const search = typed.trim() === "" ? "" : settled;
  const [open, setOpen] = useState<string | null>(null);
  const [chosen, setChosen] = useState(NOTHING_CHOSEN);
  // The day changes once in a while; a search that changed with every second would never be found in the cache.
  const asked = useMemo(() => searchFor(search, chosen, new Date()), [search, chosen]);
  const history = useHistory(asked);
  const pages = useMemo(() => history.data?.pages.map((page) => page.rows) ?? [], [history.data]);
  const total = history.data?.pages[0]?.total ?? 0;
  const people = useMemo(() => peopleIn(pages), [pages]);
  const count = total === 1 ? texts.history.one : texts.history.count(format.number(total));
  return (
    <div className={classes.page}>
      <HistoryHead switcher={switcher} count={total > 0 ? count : undefined}>
        <div className={classes.searchLine}>
          <TextInput
            type="search"
            aria-label={texts.history.search}
            placeholder={texts.history.search}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            leftSection={<IconSearch size={16} stroke={1.5} aria-hidden />}
            rightSection={
              typed === "" ? null : (
                <CloseButton size="sm" aria-label={texts.history.clear} onClick={() => setTyped("")} />
              )
            }
          />
          <ExportMenu search={asked} disabled={pages.every((rows) => rows.length === 0)} />
        </div>
        <HistoryFilters chosen={chosen} people={people} onChange={setChosen} />
      </HistoryHead>
      <Found pages={pages} search={search} narrowed={isNarrowed(chosen)} history={history} onOpen={setOpen} />
      <EntryDrawer id={open} onClose={() => setOpen(null)} />
    </div>
  );
}

type FoundProps = {
  pages: HistoryRow[][];
  search: string;
  narrowed: boolean;
  history: ReturnType<typeof useHistory>;
  onOpen: (id: string) => void;
};

function Found({ pages, search, narrowed, history, onOpen }: FoundProps) {
  const { texts } = useLocale();
  if (history.isPending)
    return (
      <div className={classes.failed}>
        <SkeletonRows />
      </div>
    );
  if (history.isError)
    return (
      <div className={classes.failed}>
        <ProblemNote
          problem={problemOf(history.error)}
          action={{ label: texts.common.tryAgain, run: () => void history.refetch() }}
        />
      </div>
    );
  const empty = pages.every((rows) => rows.length === 0);
  if (empty && narrowed)
    return <EmptyNote icon={IconFilterOff} title={texts.history.nothingTitle} hint={texts.history.nothingFits} />;
  if (empty && search !== "")
    return <EmptyNote icon={IconSearch} title={texts.history.nothingTitle} hint={texts.history.nothingHint(search)} />;
  if (empty) return <NothingYet />;
  return (
    <EntryList
      pages={pages}
      grouped={search === ""}
      onOpen={onOpen}
      onEnd={() => {
        if (history.hasNextPage && !history.isFetchingNextPage) void history.fetchNextPage();
      }}
    />
  );
}

function NothingYet() {
  const { history } = useLocale().texts;
  const { hotkeys } = useSettings();
  return <EmptyNote icon={IconHistory} title={history.emptyTitle} hint={history.emptyHint(hotkeys.dictate)} />;
}
