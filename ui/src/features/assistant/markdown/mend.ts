// The end of an answer that is still being written, made presentable: what was opened is closed, and what may yet become
// something else is not shown. Only ever the last few lines; once they are whole, they are read as they are.

/** A line that is only the beginning of something: of a heading, a list, a fence, a line, a table's second row. */
const BEGINNING = /(^|\n)[ \t]*(#{1,6}|[-*+_=]{1,}|\d{1,9}[.)]?|`{1,3}|~{1,3}|>|\|[\s:|-]*)[ \t]*$/;

export function mended(tail: string): string {
  const shown = tail.replace(BEGINNING, "$1");
  const from = lineStart(shown);
  return shown.slice(0, from) + closed(shown.slice(from));
}

/** Emphasis and code do not reach over an empty line. */
function lineStart(text: string): number {
  const at = text.lastIndexOf("\n\n");
  return at < 0 ? 0 : at + 2;
}

/** `text` with what is open in it closed, innermost first. */
function closed(text: string): string {
  const cut = text.replace(/!?\[([^\][\n]*)(\](\([^)\n]*)?)?$/, (whole, words: string, end: string | undefined) =>
    end === "]" ? whole : words,
  );
  const open: string[] = [];
  const marks = /\\[\s\S]|(`+)|(\*\*\*|\*\*|\*|~~|(?<![\p{L}\p{N}])__?(?!_)|__?(?![\p{L}\p{N}_]))/gu;
  for (let found = marks.exec(cut); found; found = marks.exec(cut)) {
    const [mark, ticks, emphasis] = found;
    if (ticks !== undefined) {
      const end = cut.indexOf(ticks, marks.lastIndex);
      if (end < 0) return withEnd(cut, [...open, ticks]);
      marks.lastIndex = end + ticks.length;
    } else if (emphasis !== undefined) {
      turn(open, mark, cut[found.index - 1], cut[marks.lastIndex]);
    }
  }
  return withEnd(cut, open);
}

/** Opens or closes emphasis: a mark between two spaces, or at a line's beginning before one, is a plain letter. */
function turn(open: string[], mark: string, before: string | undefined, after: string | undefined): void {
  const canClose = before !== undefined && !/\s/.test(before);
  // "5*3" is a product; only bold text begins in the middle of a word, where words have no spaces between them.
  const isInWord = mark === "*" && before !== undefined && /[\p{L}\p{N}]/u.test(before);
  const canOpen = after !== undefined && !/\s/.test(after) && !isInWord;
  const at = open.lastIndexOf(mark);
  if (at >= 0 && canClose) open.length = at;
  else if (canOpen || (after === undefined && !isInWord)) open.push(mark);
}

function withEnd(text: string, open: string[]): string {
  let shown = text.trimEnd();
  const ends = [...open];
  // Something opened at the very end has nothing in it yet.
  for (let last = ends.at(-1); last !== undefined && shown.endsWith(last); last = ends.at(-1)) {
    shown = shown.slice(0, -last.length).trimEnd();
    ends.pop();
  }
  return shown + ends.reverse().join("");
}
