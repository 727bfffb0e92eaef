// Fenced code while it streams: line by line, without looking at the lines before.
import { added, type Paged } from "./paged";

/** A piece of code is so many lines, or so many letters where a line never ends. */
const PIECE_LINES = 40;
const PIECE_LETTERS = 4000;

export type Fence = {
  marker: string;
  indent: number;
  language: string;
  pieces: Paged<string>;
  piece: string;
  lines: number;
};

const OPENING = /^( {0,3})(`{3,}(?=[^`\n]*\n)|~{3,})([^\n]*)\n/;

/** The fence that `text` begins with, if its first line is whole. */
export function opened(text: string): { fence: Fence; length: number } | undefined {
  const [line, indent = "", marker = "", info = ""] = OPENING.exec(text) ?? [];
  if (line === undefined) return undefined;
  const language = info.trim().split(/\s/, 1)[0]?.toLowerCase() ?? "";
  return { fence: { marker, indent: indent.length, language, pieces: [], piece: "", lines: 0 }, length: line.length };
}

/** Whether this line, without its end, closes the fence. */
export function closes({ marker }: Fence, line: string): boolean {
  const rest = line.replace(/^ {0,3}/, "").trimEnd();
  return rest.length >= marker.length && rest === (marker[0] ?? "").repeat(rest.length);
}

/** Takes one line with its end, or what is left of it. */
export function takeLine(fence: Fence, line: string): void {
  fence.piece += line.slice(Math.min(fence.indent, line.search(/[^ ]|$/)));
  fence.lines += 1;
  if (fence.lines >= PIECE_LINES || fence.piece.length >= PIECE_LETTERS) cut(fence);
}

/** Takes from a line that goes on what is too long to wait for its end; gives what is left. */
export function takeLong(fence: Fence, line: string): string {
  let rest = line;
  while (rest.length > PIECE_LETTERS) {
    fence.piece += rest.slice(0, PIECE_LETTERS);
    cut(fence);
    rest = rest.slice(PIECE_LETTERS);
  }
  return rest;
}

function cut(fence: Fence): void {
  fence.pieces = added(fence.pieces, fence.piece);
  fence.piece = "";
  fence.lines = 0;
}

/** The pieces as they are, the unfinished line with them. */
export function piecesOf(fence: Fence, line = ""): Paged<string> {
  const rest = fence.piece + line;
  return rest === "" ? fence.pieces : added(fence.pieces, rest);
}
