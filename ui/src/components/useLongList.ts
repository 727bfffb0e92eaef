// A list of which only the rows on the screen exist, and which asks for more before its end is reached.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useRef } from "react";

export type Wish<Row> = {
  rows: readonly Row[];
  /** Of a row, in pixels; a function outside of the component, or one that is kept. */
  height: number | ((row: Row) => number);
  /** Rows that exist beyond the edge. */
  overscan: number;
  /** Rows before the end at which more are asked for; 1 is the last one. */
  ahead: number;
  /** Whether more are wanted now. */
  wantsMore?: boolean;
  onEnd: () => void;
};

export function useLongList<Row extends { id: number | string }>(wish: Wish<Row>) {
  const { rows, height, overscan, ahead, wantsMore = true, onEnd } = wish;
  const scroll = useRef<HTMLDivElement>(null);
  // The virtualizer measures every row again whenever one of these is another function.
  const estimateSize = useCallback(
    (index: number) => {
      const row = rows[index];
      return typeof height === "number" ? height : row ? height(row) : 0;
    },
    [rows, height],
  );
  const getItemKey = useCallback((index: number) => rows[index]?.id ?? index, [rows]);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize,
    getItemKey,
    overscan,
  });
  const shown = list.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  const end = useRef(onEnd);
  end.current = onEnd;
  useEffect(() => {
    if (wantsMore && last >= rows.length - ahead) end.current();
  }, [wantsMore, last, rows.length, ahead]);
  return { scroll, list, shown };
}
