// The moments of an utterance as the app measured them: milliseconds since the key was pressed.

export type Timings = { readonly [step: string]: number | undefined };
export type Step = { name: string; atMs: number };

/** The moments in the order they happened, beginning with the press. */
export function stepsOf(timings: Timings): Step[] {
  return Object.entries({ press: 0, ...timings })
    .flatMap(([name, atMs]) => (typeof atMs === "number" ? [{ name, atMs }] : []))
    .sort((a, b) => a.atMs - b.atMs);
}

/** How long the user waited after letting go; undefined where one of the two moments never came. */
export function releaseToText(timings: Timings): number | undefined {
  const { release: released, delivered, final_text: complete } = timings;
  const arrived = delivered ?? complete;
  return released === undefined || arrived === undefined ? undefined : arrived - released;
}
