// History rows as the list draws them: a heading wherever the day changes. Days are the user's own, not UTC's.
import type { HistoryRow } from "../../ipc/bindings";
import type { Locale } from "../../locales/locale";

export type ListItem = { kind: "day"; id: string; at: Date } | { kind: "entry"; id: string; row: HistoryRow };
type PageItems = { first: string; last: string; items: ListItem[] };

/** A page that is still the same page needs no second look; with thousands of rows loaded that is felt. */
const known = new WeakMap<readonly HistoryRow[], PageItems>();

/** Pages of rows, newest first, with a heading before the first row of each day. */
export function groupedByDay(pages: readonly (readonly HistoryRow[])[]): ListItem[] {
  let current = "";
  const all: ListItem[] = [];
  for (const rows of pages) {
    if (rows.length === 0) continue;
    const page = known.get(rows) ?? grouped(rows);
    known.set(rows, page);
    // The day goes on from the page before: its heading is there already.
    for (let index = page.first === current ? 1 : 0; index < page.items.length; index += 1)
      all.push(page.items[index] as ListItem);
    current = page.last;
  }
  return all;
}

function grouped(rows: readonly HistoryRow[]): PageItems {
  let first = "";
  let current = "";
  const items = rows.flatMap((row): ListItem[] => {
    const at = new Date(row.started_at);
    const day = at.toDateString();
    const entry: ListItem = { kind: "entry", id: row.id, row };
    if (day === current) return [entry];
    first = first === "" ? day : first;
    current = day;
    return [{ kind: "day", id: `day ${day} ${row.id}`, at }, entry];
  });
  return { first, last: current, items };
}

/** Pages of rows in the order they came, without headings: for search results. */
export function ungrouped(pages: readonly (readonly HistoryRow[])[]): ListItem[] {
  return pages.flatMap((rows) => rows.map((row): ListItem => ({ kind: "entry", id: row.id, row })));
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
