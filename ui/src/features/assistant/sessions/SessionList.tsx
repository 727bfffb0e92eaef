// The list of conversations: only the rows on the screen exist, the arrow keys walk from one to the next.
import { LongList } from "../../../components/LongList";
import { walkButtons } from "../../../components/walk";
import { useLocale } from "../../../locales/locale";
import { dayName } from "../../history/days";
import type { SessionItem } from "./days";
import { SessionRow } from "./SessionRow";
import classes from "./Sessions.module.css";

const DAY_HEIGHT = 34;
const ROW_HEIGHT = 34;
/** With two lines of what was found. */
const FOUND_HEIGHT = 64;
const OVERSCAN = 8;
/** Rows before the end at which more are asked for. */
const AHEAD = 20;

const heightOf = (item: SessionItem): number => {
  if (item.kind === "day") return DAY_HEIGHT;
  return item.row.snippet === null ? ROW_HEIGHT : FOUND_HEIGHT;
};

type Props = { items: SessionItem[]; open: string | null; onOpen: (id: string | null) => void; onEnd: () => void };

export function SessionList({ items, open, onOpen, onEnd }: Props) {
  const locale = useLocale();
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
          <SessionRow row={item.row} isOpen={item.id === open} onOpen={onOpen} />
        )
      }
    />
  );
}
