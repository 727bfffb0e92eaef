// What the engines and the app said and what happened to them: filtered, followed, copied.
import { Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconFilterOff, IconListDetails } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { EmptyNote } from "../../components/EmptyNote";
import { SkeletonRows } from "../../components/PageSkeleton";
import { ProblemNote } from "../../components/ProblemNote";
import { problemOf } from "../../ipc/client";
import { ofApp } from "../../ipc/log";
import type { LogRow } from "../../ipc/workers";
import { type LogFilter, useWorkerLog } from "../../ipc/workers";
import { useTexts } from "../../locales/locale";
import { AppLogSettings } from "./AppLogSettings";
import { LogDrawer } from "./LogDrawer";
import { LogFilters, LogTools } from "./LogFilters";
import { LogList } from "./LogList";
import classes from "./Logs.module.css";

/** Long enough to skip the letters in the middle of a word, short enough to feel immediate. */
const SEARCH_DELAY_MS = 150;

const EVERYTHING: LogFilter = { worker: null, level: null, kind: null, text: "" };

export function LogsPage() {
  const texts = useTexts().logs;
  const [chosen, setChosen] = useState(EVERYTHING);
  const [text] = useDebouncedValue(chosen.text.trim(), SEARCH_DELAY_MS);
  const filter = useMemo(() => ({ ...chosen, text }), [chosen, text]);
  const [following, setFollowing] = useState(true);
  const [open, setOpen] = useState<LogRow | null>(null);
  const { log, rewind } = useWorkerLog(filter, following);
  const rows = useMemo(() => log.data?.pages.flatMap((page) => page.rows) ?? [], [log.data]);
  const follow = (on: boolean) => {
    setFollowing(on);
    if (on) rewind();
  };
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div className={classes.titleLine}>
          <Title order={1}>{texts.title}</Title>
          <LogTools following={following} onFollow={follow} rows={rows} />
        </div>
        <LogFilters filter={chosen} onFilter={setChosen} />
        {ofApp(chosen) ? <AppLogSettings /> : null}
      </header>
      <Found
        rows={rows}
        log={log}
        filtered={filter.worker !== null || filter.level !== null || filter.text !== ""}
        following={following}
        onAway={() => setFollowing(false)}
        onOpen={setOpen}
      />
      <LogDrawer row={open} onClose={() => setOpen(null)} />
    </div>
  );
}

type FoundProps = {
  rows: LogRow[];
  log: ReturnType<typeof useWorkerLog>["log"];
  filtered: boolean;
  following: boolean;
  onAway: () => void;
  onOpen: (row: LogRow) => void;
};

function Found({ rows, log, filtered, following, onAway, onOpen }: FoundProps) {
  const { common, logs } = useTexts();
  if (log.isPending)
    return (
      <div className={classes.note}>
        <SkeletonRows />
      </div>
    );
  if (log.isError && rows.length === 0)
    return (
      <div className={classes.note}>
        <ProblemNote
          problem={problemOf(log.error)}
          action={{ label: common.tryAgain, run: () => void log.refetch() }}
        />
      </div>
    );
  if (rows.length === 0)
    return filtered ? (
      <EmptyNote icon={IconFilterOff} title={logs.nothingTitle} hint={logs.nothingHint} />
    ) : (
      <EmptyNote icon={IconListDetails} title={logs.emptyTitle} hint={logs.emptyHint} />
    );
  return (
    <LogList
      rows={rows}
      following={following}
      onAway={onAway}
      onOpen={onOpen}
      onEnd={() => {
        if (log.hasNextPage && !log.isFetching) void log.fetchNextPage();
      }}
    />
  );
}
