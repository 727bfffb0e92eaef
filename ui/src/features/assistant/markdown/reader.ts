// Markdown that is read while it comes. What is finished is read once and never again: only the tail, from the last
// block (of a list the last item, of a table the last row, of code the last line) on, is looked at with each delta. So a
// delta costs the same at the end of a long answer as at its beginning, and however the text was cut into deltas, the
// same blocks come out.
import type { Token, Tokens } from "marked";
import {
  type Align,
  type Block,
  blockOf,
  type Cell,
  cellsOf,
  headOf,
  type Item,
  itemOf,
  rowOf,
  startOf,
} from "./blocks";
import { closes, type Fence, opened, piecesOf, takeLine, takeLong } from "./fence";
import { isList, isTable, lex, outline } from "./lex";
import { mended } from "./mend";
import { added, type Paged } from "./paged";

/** A block beyond this many letters is shown as it is: nobody reads it as one paragraph. */
const LONGEST_BLOCK = 32_768;
/** A tail is only measured at every so many letters of the whole text, so that it does not matter how it came. */
const STRIDE = 4096;

/** What the tail goes on with. */
type Inside =
  | { kind: "nothing" }
  | { kind: "list"; ordered: boolean; start: number; items: Paged<Item> }
  | { kind: "table"; top: string; head: Cell[]; align: Align[]; rows: Paged<Cell[]> }
  | { kind: "code"; fence: Fence }
  | { kind: "plain"; pieces: Paged<string> };

/** An answer as it is drawn: `done` shares its pages with what was drawn before. */
export type Reading = { done: Paged<Block>; open: Block[] };

const NOTHING: Inside = { kind: "nothing" };

export class Reader {
  /** Letters looked at so far, some of them more than once: what reading costs. */
  looked = 0;
  private done: Paged<Block> = [];
  private inside: Inside = NOTHING;
  private tail = "";
  private taken = 0;
  private endsInReturn = false;

  push(delta: string): this {
    // A carriage return may be half of a line's end.
    const text = (this.endsInReturn ? "\r" : "") + delta;
    this.endsInReturn = text.endsWith("\r");
    this.take((this.endsInReturn ? text.slice(0, -1) : text).replace(/\r\n?/g, "\n"));
    return this;
  }

  /** The blocks now. While more is to come, what is half written at the end is drawn as if it were whole. */
  read(isGrowing: boolean): Reading {
    return { done: this.done, open: this.openBlocks(isGrowing) };
  }

  private take(text: string): void {
    for (let at = 0; at < text.length; ) {
      const part = text.slice(at, at + STRIDE - (this.taken % STRIDE));
      at += part.length;
      this.taken += part.length;
      this.tail += part;
      if (part.includes("\n") || this.inside.kind === "code") this.settle();
      if (this.taken % STRIDE === 0) this.giveUp();
    }
  }

  /** Moves everything whose end is certain out of the tail. */
  private settle(): void {
    let before: Inside;
    do {
      before = this.inside;
      if (before.kind === "code") this.settleCode(before.fence);
      else if (before.kind === "plain") this.settlePlain(before.pieces);
      else this.settleBlocks();
      // Code that began or ended leaves a tail that is to be read in another way.
    } while (before !== this.inside && (isVerbatim(before) || isVerbatim(this.inside)));
  }

  private settleBlocks(): void {
    // Only whole lines say what they are: "***" may still become "***bold***".
    const whole = this.tail.lastIndexOf("\n") + 1;
    if (whole === 0) return;
    const top = this.inside.kind === "table" ? this.inside.top : "";
    const tokens = this.tokens(outline, this.tail.slice(0, whole));
    const last = tokens.findLastIndex((token) => token.type !== "space");
    let at = -top.length;
    for (const [index, token] of tokens.entries()) {
      if (index === 0 && !goesOn(this.inside, token)) this.leave();
      const begin = Math.max(0, at);
      at += token.raw.length;
      const fenced = token.type === "code" ? opened(this.tail.slice(begin)) : undefined;
      if (fenced) {
        this.inside = { kind: "code", fence: fenced.fence };
        this.tail = this.tail.slice(begin + fenced.length);
        return;
      }
      if (index === last) {
        this.tail = this.tail.slice(begin + this.begun(token));
        return;
      }
      if (token.type !== "space") this.finished(token);
    }
  }

  /** The blocks of `text`, which is a part of the tail; a table's own top lines stand before its rows. */
  private tokens(read: (text: string) => Token[], text: string): Token[] {
    const all = (this.inside.kind === "table" ? this.inside.top : "") + text;
    this.looked += all.length;
    return read(all);
  }

  /** The last block: of a list or a table all but the end is certain. Says how many letters that is. */
  private begun(token: Token): number {
    if (isList(token)) return this.takeItems(token, token.items.length - 1);
    return isTable(token) ? this.takeRows(token, token.rows.length - 1) : 0;
  }

  /** A block with another one behind it. */
  private finished(token: Token): void {
    if (isList(token)) this.takeItems(token, token.items.length);
    else if (isTable(token)) this.takeRows(token, token.rows.length);
    else this.done = added(this.done, blockOf(token.raw));
    this.leave();
  }

  private takeItems(list: Tokens.List, count: number): number {
    let inside =
      this.inside.kind === "list"
        ? this.inside
        : { kind: "list" as const, ordered: list.ordered, start: startOf(list), items: [] as Paged<Item> };
    let length = 0;
    for (const { raw } of list.items.slice(0, count)) {
      inside = { ...inside, items: added(inside.items, itemOf(raw)) };
      length += raw.length;
    }
    this.inside = inside;
    return length;
  }

  private takeRows(table: Tokens.Table, count: number): number {
    const lines = table.raw.split("\n");
    const top = `${lines.slice(0, 2).join("\n")}\n`;
    const isNew = this.inside.kind !== "table";
    let inside =
      this.inside.kind === "table"
        ? this.inside
        : { kind: "table" as const, top, head: headOf(top), align: table.align, rows: [] as Paged<Cell[]> };
    let length = isNew ? top.length : 0;
    for (const line of lines.slice(2, 2 + Math.max(0, count))) {
      inside = { ...inside, rows: added(inside.rows, rowOf(`${top}${line}\n`)) };
      length += line.length + 1;
    }
    this.inside = inside;
    return length;
  }

  private settleCode(fence: Fence): void {
    let at = 0;
    for (let end = this.tail.indexOf("\n"); end >= 0; end = this.tail.indexOf("\n", at)) {
      const line = takeLong(fence, this.tail.slice(at, end));
      at = end + 1;
      if (closes(fence, line)) {
        this.leave();
        break;
      }
      takeLine(fence, `${line}\n`);
    }
    const rest = this.tail.slice(at);
    this.tail = this.inside.kind === "code" ? takeLong(fence, rest) : rest;
  }

  private settlePlain(pieces: Paged<string>): void {
    const end = this.tail.indexOf("\n\n");
    if (end < 0) return;
    this.inside = { kind: "plain", pieces: added(pieces, this.tail.slice(0, end)) };
    this.leave();
    this.tail = this.tail.slice(end + 2);
  }

  /** A tail that is longer than any block should be goes on as plain text, up to the next empty line. */
  private giveUp(): void {
    const { inside } = this;
    if (inside.kind === "code" || this.tail.length <= (inside.kind === "plain" ? 1 : LONGEST_BLOCK)) return;
    if (inside.kind !== "plain") this.leave();
    // The last letter stays: it may be the first half of an empty line.
    const pieces = added(inside.kind === "plain" ? inside.pieces : [], this.tail.slice(0, -1));
    this.inside = { kind: "plain", pieces };
    this.tail = this.tail.slice(-1);
  }

  /** What the tail was inside of is finished. */
  private leave(): void {
    const block = this.insideBlock();
    if (block) this.done = added(this.done, block);
    this.inside = NOTHING;
  }

  private insideBlock(): Block | undefined {
    const { inside } = this;
    if (inside.kind === "nothing" || (inside.kind === "list" && inside.items.length === 0)) return undefined;
    if (inside.kind !== "code") return inside;
    const { fence } = inside;
    return { kind: "code", language: fence.language, pieces: piecesOf(fence), isOpen: false };
  }

  private openBlocks(isGrowing: boolean): Block[] {
    const { inside, tail } = this;
    if (inside.kind === "code") return [openCode(inside.fence, tail, isGrowing)];
    if (inside.kind === "plain")
      return [{ kind: "plain", pieces: tail === "" ? inside.pieces : added(inside.pieces, tail) }];
    const [first, ...others] = this.tokens(lex, isGrowing ? mended(tail) : tail);
    const isSame = goesOn(inside, first);
    const before = isSame ? joined(inside, first) : this.insideBlock();
    const tokens = isSame || first === undefined ? others : [first, ...others];
    const blocks = tokens.filter((token) => token.type !== "space").map((token) => blockFrom(token, isGrowing));
    return before ? [before, ...blocks] : blocks;
  }
}

const isVerbatim = ({ kind }: Inside): boolean => kind === "code" || kind === "plain";

const goesOn = ({ kind }: Inside, token: Token | undefined): boolean =>
  (kind === "list" && isList(token)) || (kind === "table" && isTable(token));

/** The list or table that the tail goes on with, together with what the tail has of it. */
function joined(inside: Inside, tail: Token | undefined): Block | undefined {
  if (inside.kind === "list" && isList(tail))
    return { ...inside, items: tail.items.reduce((all, item) => added(all, itemOf(item.raw)), inside.items) };
  if (inside.kind === "table" && isTable(tail))
    return { ...inside, rows: tail.rows.reduce((all, row) => added(all, cellsOf(row)), inside.rows) };
  return undefined;
}

function openCode(fence: Fence, line: string, isGrowing: boolean): Block {
  // A line that may become the end of the code is not shown as a part of it.
  const isEnd = isGrowing ? /^ {0,3}[`~]+\s*$/.test(line) : closes(fence, line);
  return { kind: "code", language: fence.language, pieces: piecesOf(fence, isEnd ? "" : line), isOpen: isGrowing };
}

/** A block at the very end; of fenced code there is only the first line, or it would have been gone into. */
function blockFrom(token: Token, isGrowing: boolean): Block {
  const fenced = token.type === "code" ? opened(`${token.raw}\n`) : undefined;
  if (!fenced) return blockOf(token.raw);
  return { kind: "code", language: fenced.fence.language, pieces: [], isOpen: isGrowing };
}

/** A finished text, read at once. */
export function readAll(text: string): Reading {
  return new Reader().push(text).read(false);
}
