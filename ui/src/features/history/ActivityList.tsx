// The rows of the activity: only those on the screen exist.
import { StatusDot } from "../../components/StatusDot";
import { useLongList } from "../../components/useLongList";
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
  const { scroll, list, shown } = useLongList({ rows, height: ROW_HEIGHT, overscan: OVERSCAN, ahead: AHEAD, onEnd });
  return (
    // Nothing in the list takes the focus, so the list itself must for the keyboard to scroll it.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region without controls
    <section ref={scroll} className={classes.scroll} tabIndex={0} aria-label={useLocale().texts.history.views.activity}>
      <ul className={classes.list} style={{ height: list.getTotalSize() }}>
        {shown.map(({ key, index, start, size }) => {
          const row = rows[index];
          return row ? (
            <li key={key} className={classes.item} style={{ height: size, transform: `translateY(${start}px)` }}>
              <Line row={row} now={now} />
            </li>
          ) : null;
        })}
      </ul>
    </section>
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
