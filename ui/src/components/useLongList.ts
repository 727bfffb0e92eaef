// A list of which only the rows on the screen exist, and which asks for more before its end is reached.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";

type Wish = {
  rows: readonly { id: number | string }[];
  /** Of a row, in pixels. */
  height: number;
  /** Rows that exist beyond the edge. */
  overscan: number;
  /** Rows before the end at which more are asked for; 1 is the last one. */
  ahead: number;
  /** Whether more are wanted now. */
  wantsMore?: boolean;
  onEnd: () => void;
};

export function useLongList({ rows, height, overscan, ahead, wantsMore = true, onEnd }: Wish) {
  const scroll = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => height,
    getItemKey: (index) => rows[index]?.id ?? index,
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
