// History rows as the list draws them: a heading wherever the day changes. Days are the user's own, not UTC's.
import type { HistoryRow } from "../../ipc/bindings";
import type { Locale } from "../../locales/locale";

export type ListItem = { kind: "day"; key: string; at: Date } | { kind: "entry"; key: string; row: HistoryRow };

/** `rows` newest first, with a heading before the first row of each day. */
export function groupedByDay(rows: readonly HistoryRow[]): ListItem[] {
  let current = "";
  return rows.flatMap((row): ListItem[] => {
    const at = new Date(row.started_at);
    const day = at.toDateString();
    const entry: ListItem = { kind: "entry", key: row.id, row };
    if (day === current) return [entry];
    current = day;
    return [{ kind: "day", key: `day ${day} ${row.id}`, at }, entry];
  });
}

/** `rows` in the order they came, without headings: for search results, which come best first. */
export function ungrouped(rows: readonly HistoryRow[]): ListItem[] {
  return rows.map((row) => ({ kind: "entry", key: row.id, row }));
}

/** 0 for today, 1 for yesterday, more for days before. */
export function daysAgo(at: Date, now: Date): number {
  const midnight = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  // Rounding takes care of the days with 23 or 25 hours.
  return Math.round((midnight(now) - midnight(at)) / 86_400_000);
}

/** "Today", "Yesterday", or the date. */
export function dayName(at: Date, { texts, format }: Locale): string {
  const now = new Date();
  const ago = daysAgo(at, now);
  if (ago === 0) return texts.history.today;
  return ago === 1 ? texts.history.yesterday : format.day(at, now);
}
