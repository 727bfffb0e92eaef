// What an answer is made of once its Markdown is read. Long things (lists, tables, code) are kept in pages, so that the
// part that grows is small.
import type { Token, Tokens } from "marked";
import { isCode, isList, isTable, lex } from "./lex";
import { added, type Paged } from "./paged";

export type Item = { raw: string; task: boolean; checked: boolean; tokens: Token[] };
export type Cell = Token[];
export type Align = "left" | "center" | "right" | null;

export type Block =
  | { kind: "token"; raw: string; token: Token }
  | { kind: "list"; ordered: boolean; start: number; items: Paged<Item> }
  | { kind: "table"; top: string; head: Cell[]; align: Align[]; rows: Paged<Cell[]> }
  /** Each piece is some whole lines, or a part of one that is far too long. */
  | { kind: "code"; language: string; pieces: Paged<string>; isOpen: boolean }
  /** Too long for one block of Markdown: shown as it is. */
  | { kind: "plain"; pieces: Paged<string> };

/** One item of a list, read on its own. */
export function itemOf(raw: string): Item {
  const [list] = lex(raw);
  const item = isList(list) ? list.items[0] : undefined;
  const { task = false, checked = false, tokens = lex(raw) } = item ?? {};
  // The box is drawn by the list itself.
  return { raw, task, checked: checked === true, tokens: tokens.filter((token) => token.type !== "checkbox") };
}

/** The head of a table, from its two top lines. */
export function headOf(top: string): Cell[] {
  const [table] = lex(top);
  return isTable(table) ? cellsOf(table.header) : [];
}

/** The first row of a table, which begins with its two top lines. */
export function rowOf(raw: string): Cell[] {
  const [table] = lex(raw);
  return isTable(table) ? cellsOf(table.rows[0] ?? []) : [];
}

export const cellsOf = (row: Tokens.TableCell[]): Cell[] => row.map((cell) => cell.tokens);

/** Any block whose end is known. */
export function blockOf(raw: string): Block {
  const [token] = lex(raw);
  if (isList(token)) {
    const items = token.items.reduce((all: Paged<Item>, item) => added(all, itemOf(item.raw)), []);
    return { kind: "list", ordered: token.ordered, start: startOf(token), items };
  }
  if (isTable(token)) {
    const rows = token.rows.reduce((all: Paged<Cell[]>, row) => added(all, cellsOf(row)), []);
    const top = `${token.raw.split("\n", 2).join("\n")}\n`;
    return { kind: "table", top, head: cellsOf(token.header), align: token.align, rows };
  }
  if (isCode(token)) return { kind: "code", language: "", pieces: [[token.text]], isOpen: false };
  return { kind: "token", raw, token: token ?? { type: "space", raw } };
}

export const startOf = (list: Tokens.List): number => (typeof list.start === "number" ? list.start : 1);
