// The order of engines as a plain list: each change gives a new one.

/** The one at `place` goes that many places on. */
export function moved(order: readonly string[], place: number, steps: number): string[] {
  const rest = order.filter((_, at) => at !== place);
  const engine = order[place];
  return engine === undefined ? [...order] : rest.toSpliced(place + steps, 0, engine);
}

/** Without it; an order that would be empty is the engine that is always there. */
export function without(order: readonly string[], engine: string): string[] {
  const rest = order.filter((other) => other !== engine);
  return rest.length === 0 ? ["embedded"] : rest;
}
