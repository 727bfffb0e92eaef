// Where the axes of a usage chart begin and end: pure, tested as tables.

const HOUR_MS = 3_600_000;
const QUARTER_MS = HOUR_MS / 4;

/** The hour up to `newest`, with a tick at each full quarter of an hour inside it. */
export function hourBefore(newest: number): { from: number; ticks: number[] } {
  const from = newest - HOUR_MS;
  const first = Math.ceil(from / QUARTER_MS) * QUARTER_MS;
  const ticks: number[] = [];
  for (let at = first; at <= newest; at += QUARTER_MS) ticks.push(at);
  return { from, ticks };
}

/** A round number that all values stay below: 1, 2, 2.5 or 5 times a power of ten, and never 0. */
export function axisTop(values: readonly number[]): number {
  const most = values.reduce((top, value) => Math.max(top, value), 0) * 1.05;
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= most) ?? 10;
  return step * power;
}
