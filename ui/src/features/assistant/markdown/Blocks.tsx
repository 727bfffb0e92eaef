// An answer's blocks on the screen. A page of finished blocks is drawn once; only what is still open is drawn again.
import type { Token, Tokens } from "marked";
import { type ComponentType, memo } from "react";
import type { Block } from "./blocks";
import { Code } from "./Code";
import { Inline } from "./Inline";
import { ItemList } from "./ItemList";
import { isList } from "./lex";
import classes from "./Markdown.module.css";
import type { Paged } from "./paged";
import { Rows } from "./Rows";
import type { Reading } from "./reader";

export function Blocks({ reading, isGrowing = false }: { reading: Reading; isGrowing?: boolean }) {
  return (
    <div className={classes.text} data-words data-growing={isGrowing || undefined}>
      {reading.done.map((page, index) => (
        <BlockPage key={`page ${index.toString()}`} page={page} />
      ))}
      {/* Keyed by its place in the whole, so that a block that is finished keeps its element. */}
      {reading.open.map((block, index) => (
        <BlockView key={`open ${index.toString()}`} item={block} />
      ))}
    </div>
  );
}

/** An element of its own, which the browser can pass over as a whole. */
const BlockPage = memo(function BlockPage({ page }: { page: readonly Block[] }) {
  return (
    <div className={classes.page}>
      {page.map((block, index) => (
        <BlockView key={index.toString()} item={block} />
      ))}
    </div>
  );
});

type PagesProps<T> = { pages: Paged<T>; Each: ComponentType<{ item: T }> };

/** Draws a list that is kept in pages; a page that is the same list as before is not looked at. */
export function Pages<T>({ pages, Each }: PagesProps<T>) {
  return pages.map((page, index) => <Page key={`page ${index.toString()}`} page={page} Each={Each as never} />);
}

type PageProps = { page: readonly unknown[]; Each: ComponentType<{ item: unknown }> };

const Page = memo(function Page({ page, Each }: PageProps) {
  return page.map((item, index) => <Each key={index.toString()} item={item} />);
});

export const BlockView = memo(function BlockView({ item }: { item: Block }) {
  switch (item.kind) {
    case "list":
      return <ItemList list={item} />;
    case "table":
      return <Rows table={item} />;
    case "code":
      return <Code code={item} />;
    case "plain":
      return item.pieces.flat().map((piece, index) => (
        <p key={index.toString()} className={classes.plain}>
          {piece}
        </p>
      ));
    default:
      return <TokenView token={item.token} />;
  }
});

/** One block of Markdown inside of a quote or an item of a list, or on its own. */
export function TokenView({ token }: { token: Token }) {
  switch (token.type) {
    case "heading":
      // An answer stands below the name of who wrote it: its headings are of one level, and differ in looks only.
      return (
        <h3 data-depth={token.depth}>
          <Inline tokens={token.tokens} />
        </h3>
      );
    case "paragraph":
      return (
        <p>
          <Inline tokens={token.tokens} />
        </p>
      );
    case "blockquote":
      return (
        <blockquote>
          <Inner tokens={token.tokens} />
        </blockquote>
      );
    case "hr":
      return <hr />;
    case "code":
      return (
        <Code code={{ language: (token.lang ?? "").split(/\s/)[0] ?? "", pieces: [[token.text]], isOpen: false }} />
      );
    case "list":
      return isList(token) ? <ItemList list={nested(token)} /> : null;
    case "table":
      return <Rows table={insideTable(token as Tokens.Table)} />;
    case "space":
      return null;
    case "text":
      return <Inline tokens={token.tokens ?? [token]} />;
    default:
      return <p className={classes.plain}>{token.raw}</p>;
  }
}

export function Inner({ tokens }: { tokens: readonly Token[] | undefined }) {
  return (
    <>
      {tokens?.map((token, index) => (
        <TokenView key={`${index} ${token.type}`} token={token} />
      ))}
    </>
  );
}

function nested({ ordered, start, items }: Tokens.List) {
  const own = items.map(({ raw, task, checked, tokens }) => ({
    raw,
    task,
    checked: checked === true,
    tokens: tokens.filter((token) => token.type !== "checkbox"),
  }));
  return { ordered, start: typeof start === "number" ? start : 1, items: [own] };
}

const insideTable = ({ header, align, rows }: Tokens.Table) => ({
  head: header.map((cell) => cell.tokens),
  align,
  rows: [rows.map((row) => row.map((cell) => cell.tokens))],
});
