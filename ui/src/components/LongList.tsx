// A list that scrolls by itself, of which only the rows on the screen exist.
import type { KeyboardEventHandler, ReactNode } from "react";
import { useLongList, type Wish } from "./useLongList";

type Props<Row> = Wish<Row> & {
  /** Of the scrolled region, the list and each row. */
  classes: Record<string, string | undefined>;
  /** Where nothing in the list takes the focus: the region does then, for the keyboard to scroll it, and has this name. */
  label?: string;
  onKeyDown?: KeyboardEventHandler;
  draw: (row: Row) => ReactNode;
};

export function LongList<Row extends { id: number | string }>(props: Props<Row>) {
  const { classes, label, onKeyDown, draw, ...wish } = props;
  const { scroll, list, shown } = useLongList(wish);
  const named = label === undefined ? {} : { tabIndex: 0, role: "group", "aria-label": label };
  return (
    <div ref={scroll} className={classes.scroll} {...named}>
      <ul className={classes.list} style={{ height: list.getTotalSize() }} onKeyDown={onKeyDown}>
        {shown.map(({ key, index, start, size }) => {
          const row = wish.rows[index];
          return row ? (
            <li key={key} className={classes.item} style={{ height: size, transform: `translateY(${start}px)` }}>
              {draw(row)}
            </li>
          ) : null;
        })}
      </ul>
    </div>
  );
}
