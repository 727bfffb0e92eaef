// The list itself: only the rows on the screen exist, and the arrow keys walk from one to the next.
import { useMemo } from "react";
import { LongList } from "../../components/LongList";
import { walkButtons } from "../../components/walk";
import type { HistoryRow } from "../../ipc/bindings";
import { useLocale } from "../../locales/locale";
import { dayName, groupedByDay, type ListItem, ungrouped } from "./days";
import { EntryLine } from "./EntryLine";
import classes from "./History.module.css";

const DAY_HEIGHT = 40;
const ENTRY_HEIGHT = 60;
/** Rows beyond the edge, so that the next arrow press finds a row to go to. */
const OVERSCAN = 8;

/** Rows before the end at which more are asked for, so that scrolling does not stop at each page. */
const AHEAD = 40;

const heightOf = ({ kind }: ListItem) => (kind === "day" ? DAY_HEIGHT : ENTRY_HEIGHT);

type Props = { pages: HistoryRow[][]; grouped: boolean; onOpen: (id: string) => void; onEnd: () => void };

export function EntryList({ pages, grouped, onOpen, onEnd }: Props) {
  const locale = useLocale();
  const items = useMemo(() => (grouped ? groupedByDay(pages) : ungrouped(pages)), [pages, grouped]);
  return (
    <LongList
      rows={items}
      height={heightOf}
      overscan={OVERSCAN}
      ahead={AHEAD}
      onEnd={onEnd}
      classes={classes}
      onKeyDown={walkButtons}
      draw={(item) =>
        item.kind === "day" ? (
          <h2 className={classes.day}>{dayName(item.at, locale)}</h2>
        ) : (
          <EntryLine row={item.row} withDay={!grouped} onOpen={onOpen} />
        )
      }
    />
  );
}
