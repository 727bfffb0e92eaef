// Markdown as marked reads it, with two differences. Blocks know nothing of each other: a reference that is defined
// further down stays as it was typed, so that a finished block never has to be read again. And one block alone can be
// asked for, which is what reading a stream needs.
import { Lexer, Marked, type Token, type Tokens } from "marked";

const options = new Marked({ gfm: true, tokenizer: { def: () => undefined } }).defaults;

/** Where the blocks of `text` begin and end; what is inside of them is not looked at. */
export function outline(text: string): Token[] {
  return new Lexer(options).blockTokens(text, []);
}

/** Every block of `text` with all that is in it. */
export function lex(text: string): Token[] {
  return [...new Lexer(options).lex(text)];
}

export const isList = (token: Token | undefined): token is Tokens.List => token?.type === "list";
export const isTable = (token: Token | undefined): token is Tokens.Table => token?.type === "table";
export const isCode = (token: Token | undefined): token is Tokens.Code => token?.type === "code";
