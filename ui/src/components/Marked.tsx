// Text with some ranges marked, as a search found them. Ranges are UTF-16 offsets, as JavaScript counts.
type Range = readonly [number, number];

export function Marked({ text, ranges }: { text: string; ranges: readonly Range[] }) {
  return (
    <>
      {pieces(text, ranges).map(({ from, words, marked }) =>
        marked ? <mark key={from}>{words}</mark> : <span key={from}>{words}</span>,
      )}
    </>
  );
}

/** The text cut at the ranges; overlapping or impossible ranges lose, never the text. */
export function pieces(text: string, ranges: readonly Range[]) {
  const cut: { from: number; words: string; marked: boolean }[] = [];
  let at = 0;
  for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (start < at || end <= start || end > text.length) continue;
    if (start > at) cut.push({ from: at, words: text.slice(at, start), marked: false });
    cut.push({ from: start, words: text.slice(start, end), marked: true });
    at = end;
  }
  if (at < text.length) cut.push({ from: at, words: text.slice(at), marked: false });
  return cut;
}
