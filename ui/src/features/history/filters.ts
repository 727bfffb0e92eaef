// What the history can be narrowed to, and from when a span of time reaches: pure, tested as tables.
import type { HistoryRow } from "../../ipc/bindings";
import type { HistorySearch } from "../../ipc/history";

export const SPANS = ["today", "week", "month", "year"] as const;
export type Span = (typeof SPANS)[number];
export type Chosen = { route: string | null; engine: string | null; state: string | null; span: Span | null } & {
  profile: string | null;
  speaker: string | null;
};

export const NOTHING_CHOSEN: Chosen = {
  route: null,
  engine: null,
  state: null,
  profile: null,
  speaker: null,
  span: null,
};

/** States a person would look for; the ones in between last a second. */
export const STATES = ["delivered", "kept", "failed", "cancelled"] as const;
export const ROUTES = ["type", "clipboard"] as const;

const DAYS: Record<Span, number> = { today: 0, week: 6, month: 29, year: 364 };

/** The beginning of the user's own day, `span` back from `now`. */
export function beginningOf(span: Span, now: Date): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - DAYS[span]).getTime();
}

export function searchFor(text: string, { span, ...chosen }: Chosen, now: Date): HistorySearch {
  const since = span === null ? null : new Date(beginningOf(span, now)).toISOString();
  return { text, filter: { ...chosen, since, until: null } };
}

/** Profiles and speakers of these rows: whoever is not there is nobody to choose. */
export type People = { profiles: string[]; speakers: string[] };

export function peopleIn(pages: readonly (readonly HistoryRow[])[]): People {
  const names = (of: (row: HistoryRow) => string | null) =>
    [...new Set(pages.flatMap((rows) => rows.map(of)))].filter((name) => name !== null).sort();
  return { profiles: names((row) => row.profile), speakers: names((row) => row.speaker) };
}

export const isNarrowed = (chosen: Chosen): boolean => Object.values(chosen).some((value) => value !== null);
