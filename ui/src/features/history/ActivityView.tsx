// What TonnyTray did: newest first, of one kind or of all. It names things, never words.
import { IconActivity, IconFilterOff } from "@tabler/icons-react";
import { type ReactNode, useMemo, useState } from "react";
import { EmptyNote } from "../../components/EmptyNote";
import { FilterChip } from "../../components/FilterChip";
import { SkeletonRows } from "../../components/PageSkeleton";
import { ProblemNote } from "../../components/ProblemNote";
import { useActivity } from "../../ipc/activity";
import { problemOf } from "../../ipc/client";
import { useTexts } from "../../locales/locale";
import { ActivityList } from "./ActivityList";
import classes from "./History.module.css";
import { HistoryHead } from "./HistoryHead";

export function ActivityView({ switcher }: { switcher: ReactNode }) {
  const { activity } = useTexts();
  const [kind, setKind] = useState<string | null>(null);
  const options = Object.entries(activity.actions).map(([value, label]) => ({ value, label }));
  return (
    <div className={classes.page}>
      <HistoryHead switcher={switcher}>
        <FilterChip
          name={activity.kind}
          clear={activity.anyKind}
          value={kind}
          options={options}
          onChange={(chosen) => setKind(chosen)}
        />
      </HistoryHead>
      <Found kind={kind} />
    </div>
  );
}

function Found({ kind }: { kind: string | null }) {
  const { activity, common } = useTexts();
  const asked = useActivity(kind);
  const rows = useMemo(() => asked.data?.pages.flatMap((page) => page.rows) ?? [], [asked.data]);
  if (asked.isPending)
    return (
      <div className={classes.failed}>
        <SkeletonRows />
      </div>
    );
  if (asked.isError)
    return (
      <div className={classes.failed}>
        <ProblemNote
          problem={problemOf(asked.error)}
          action={{ label: common.tryAgain, run: () => void asked.refetch() }}
        />
      </div>
    );
  if (rows.length === 0)
    return kind === null ? (
      <EmptyNote icon={IconActivity} title={activity.emptyTitle} hint={activity.emptyHint} />
    ) : (
      <EmptyNote icon={IconFilterOff} title={activity.nothingTitle} hint={activity.nothingHint} />
    );
  return (
    <ActivityList
      rows={rows}
      onEnd={() => {
        if (asked.hasNextPage && !asked.isFetching) void asked.fetchNextPage();
      }}
    />
  );
}
