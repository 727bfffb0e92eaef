// Where in a contract's text a problem is: a pure reading of the sentence that the app says.

export type TextPlace = { line: number; from: number; to: number };

/** The line that the sentence names by its number, or by an example's name; undefined where it names none. */
export function placeIn(text: string, sentence: string): TextPlace | undefined {
  const lines = text.split("\n");
  const numbered = /\bline (\d+)/.exec(sentence)?.[1];
  const example = /the example `([^`]+)`/.exec(sentence)?.[1];
  const named = example === undefined ? -1 : lines.findIndex((line) => isNamed(line, example));
  const at = numbered === undefined ? named : Number(numbered) - 1;
  const line = lines[at];
  if (line === undefined) return undefined;
  const from = lines.slice(0, at).reduce((sum, before) => sum + before.length + 1, 0);
  return { line: at + 1, from, to: from + line.length };
}

const isNamed = (line: string, example: string): boolean => /^\s*name\s*=/.test(line) && line.includes(`"${example}"`);

/** The first line is the sentence; a reader of TOML draws the place below it. */
export function splitSentence(message: string): { sentence: string; drawing: string } {
  const [sentence = "", ...drawing] = message.split("\n");
  return { sentence, drawing: drawing.join("\n") };
}

/** Placeholders such as [EMAIL_1], as ranges to be marked. */
export function placeholdersIn(text: string): [number, number][] {
  return [...text.matchAll(/\[[A-Z][A-Z0-9_]*_\d+\]/g)].map((match) => [match.index, match.index + match[0].length]);
}
