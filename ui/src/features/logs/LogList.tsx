// The rows themselves: only those on the screen exist. Newest first; scrolling away from the top stops following.
import { UnstyledButton } from "@mantine/core";
import { useEffect } from "react";
import { StatusDot } from "../../components/StatusDot";
import { useLongList } from "../../components/useLongList";
import { walkButtons } from "../../components/walk";
import type { LogRow } from "../../ipc/workers";
import { useLocale, wordFor } from "../../locales/locale";
import { toneOfLevel } from "../engines/states";
import classes from "./Logs.module.css";

const ROW_HEIGHT = 28;
/** Rows beyond the edge, so that the next arrow press finds a row to go to. */
const OVERSCAN = 12;

type Props = {
  rows: LogRow[];
  following: boolean;
  onAway: () => void;
  onOpen: (row: LogRow) => void;
  onEnd: () => void;
};

export function LogList({ rows, following, onAway, onOpen, onEnd }: Props) {
  // Following asks for the newest rows only; older ones are for who scrolls.
  const wantsMore = !following;
  const wish = { rows, height: ROW_HEIGHT, overscan: OVERSCAN, ahead: 1, wantsMore, onEnd };
  const { scroll, list, shown } = useLongList(wish);
  useEffect(() => {
    if (following) scroll.current?.scrollTo?.({ top: 0 });
  }, [following, scroll]);
  return (
    <div
      ref={scroll}
      className={classes.scroll}
      onScroll={({ currentTarget }) => {
        if (following && currentTarget.scrollTop > ROW_HEIGHT) onAway();
      }}
    >
      <ul className={classes.list} style={{ height: list.getTotalSize() }} onKeyDown={walkButtons}>
        {shown.map(({ key, index, start }) => {
          const row = rows[index];
          return row ? (
            <li key={key} className={classes.item} style={{ transform: `translateY(${start}px)` }}>
              <Line row={row} onOpen={onOpen} />
            </li>
          ) : null;
        })}
      </ul>
    </div>
  );
}

function Line({ row, onOpen }: { row: LogRow; onOpen: (row: LogRow) => void }) {
  const { texts, format } = useLocale();
  const at = new Date(row.at_ms);
  return (
    <UnstyledButton className={classes.line} onClick={() => onOpen(row)}>
      <time dateTime={at.toISOString()} title={format.moment(at)}>
        {format.clockSeconds(at)}
      </time>
      <StatusDot tone={toneOfLevel(row.level)} label={wordFor(texts.logs.levelOf, row.level)} />
      <span className={classes.worker} data-cut>
        {row.worker}
      </span>
      <span className={classes.text} data-kind={row.kind} data-cut>
        {row.text}
      </span>
    </UnstyledButton>
  );
}
