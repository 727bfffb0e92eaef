// The rows of the activity: only those on the screen exist.
import { LongList } from "../../components/LongList";
import { StatusDot } from "../../components/StatusDot";
import { useNow } from "../../components/useNow";
import type { ActivityEntry } from "../../ipc/bindings";
import { useLocale, wordFor } from "../../locales/locale";
import { subjectOf } from "./activity";
import classes from "./History.module.css";

const ROW_HEIGHT = 44;
const OVERSCAN = 8;
/** Rows before the end at which more are asked for, so that scrolling does not stop at each page. */
const AHEAD = 20;

export function ActivityList({ rows, onEnd }: { rows: ActivityEntry[]; onEnd: () => void }) {
  const now = useNow(30_000);
  return (
    <LongList
      rows={rows}
      height={ROW_HEIGHT}
      overscan={OVERSCAN}
      ahead={AHEAD}
      onEnd={onEnd}
      classes={classes}
      label={useLocale().texts.history.views.activity}
      draw={(row) => <Line row={row} now={now} />}
    />
  );
}

function Line({ row, now }: { row: ActivityEntry; now: Date }) {
  const { texts, format } = useLocale();
  const at = new Date(row.at);
  const isOld = row.action.startsWith("log.");
  const what = isOld ? texts.activity.oldLog : wordFor(texts.activity.actions, row.action);
  return (
    <div className={classes.deed}>
      <time className={classes.deedTime} dateTime={row.at} title={format.moment(at)}>
        {format.ago(at, now)}
      </time>
      <span className={classes.deedWhat}>{what}</span>
      <span className={classes.deedSubject} data-cut title={subjectOf(row)}>
        {subjectOf(row)}
      </span>
      {row.success ? <span /> : <StatusDot tone="bad" label={row.error_code ?? texts.activity.failed} />}
    </div>
  );
}
