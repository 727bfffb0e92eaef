// Days put together for a chart: pure, tested as a table.
import type { DayView } from "../../ipc/bindings";

/** The first day of the bar, and what there is in it. */
export type Bar = { date: string; words: number; minutes: number };

/** More bars than this are thinner than the gaps between them. */
const MOST_BARS = 92;

/** A bar for each day, or for each week that ends today where there are too many. */
export function barsOf(days: readonly DayView[]): { weekly: boolean; bars: Bar[] } {
  const weekly = days.length > MOST_BARS;
  const width = weekly ? 7 : 1;
  const bars: Bar[] = [];
  // From the end, so that the last bar is whole and the first one may be short.
  for (let end = days.length; end > 0; end -= width) {
    const part = days.slice(Math.max(0, end - width), end);
    const sum = (value: (day: DayView) => number) => part.reduce((all, day) => all + value(day), 0);
    const minutes = Math.round(sum((day) => day.minutes ?? 0) * 10) / 10;
    bars.unshift({ date: part[0]?.date ?? "", words: sum((day) => day.words), minutes });
  }
  return { weekly, bars };
}

/** The day as a time in the user's zone: a bare date would be read as UTC. */
export const dayOf = (date: string): Date => new Date(`${date}T00:00:00`);
