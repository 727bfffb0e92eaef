// A list that only grows, kept in pages: adding one shares every full page, so neither adding nor drawing again costs
// more the longer the list is.

export type Paged<T> = readonly (readonly T[])[];

/** Small enough to draw again as one, large enough that a long answer has few pages. */
export const PAGE = 24;

export function added<T>(pages: Paged<T>, item: T): Paged<T> {
  const last = pages.at(-1);
  if (last === undefined || last.length >= PAGE) return [...pages, [item]];
  return [...pages.slice(0, -1), [...last, item]];
}

export const allOf = <T>(pages: Paged<T>): T[] => pages.flat();
