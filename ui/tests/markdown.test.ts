// Markdown that comes in pieces: the same blocks however it is cut, each read once, and sane while it is unfinished.
import { Lexer } from "marked";
import { describe, expect, it } from "vitest";
import { coloured } from "../src/features/assistant/markdown/highlight";
import { mended } from "../src/features/assistant/markdown/mend";
import { Reader, readAll } from "../src/features/assistant/markdown/reader";

const ANSWERS: Record<string, string> = {
  plain: "One line.\n\nAnother one\nof two lines.\n",
  headings: "# Title\ntext\nUnder\n-----\nmore\n===\n\n## Second\n***\n***bold*** and\n***\nend",
  lists:
    "Intro:\n- one\n- two\n  - nested\n  - again\n\n  a paragraph in two\n- three\n\n1. first\n2. second\n\n   - inner\n10) other\n\n* * *\n- - -\n",
  tasks: "- [ ] open\n- [x] done **now**\n\nafter",
  code: 'Look:\n\n```rust\nfn main() {\n\n    println!("hi");\n}\n```\n\n~~~\ntext ``` inside\n~~~\nend\n',
  nestedCode: "1. Do\n   ```sh\n   make all\n\n   make test\n   ```\n2. Then\n\nDone.",
  unclosed: "Text\n```python\nprint('x')\n",
  lone: "a\n``` b",
  indented: "para\n\n    code\n\n    more\n\nback\n",
  tables:
    "Compare:\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n| **x** | `y` |\n\nafter\n\nx | y\n- | -\n1 | 2\nno table row # here\n> quote",
  quotes: "> one\n> two\nlazy\n\n> - a\n>   b\n\n---\n",
  links: "[a](https://a.b) and [c][1] and <https://d.e>\n\n[1]: https://f.g 'title'\n\nhttps://h.i done",
  html: "<div>\nx\n\n</div>\n\n<!-- a\n\nb -->\ntext <b>c</b>\n<script>\nlet a;\n\n</script>\nz",
  returns: "one\r\ntwo\r\n\r\n- a\r\n- b\r\r```\rx\r```\r",
  strange: "\n\n\n   \n\t- tab\n\t- b\n+ plus\n   1. deep\n*\n\n-\n\n1.\n",
  letters: "Grüße, 你好 **世界**再见, 🦀 done & &amp; &lt;b&gt;",
};

/** The same numbers each time, so that what fails once fails again. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const PARTS = [
  "- ",
  "1. ",
  "\n",
  "\n\n",
  "  ",
  "    ",
  "```",
  "~~~",
  "|",
  "|--|",
  "# ",
  "> ",
  "***",
  "**",
  "a b",
  "x",
  "`",
  "---",
  "===",
  "[x](",
  ")",
  "<p>",
  "\r\n",
  "\\",
];

describe("an answer that streams in", () => {
  it.each(Object.entries(ANSWERS))("is the same blocks letter by letter as at once: %s", (_, text) => {
    const reader = new Reader();
    for (const [index, letter] of [...text].entries()) {
      reader.push(letter);
      // Looking at it in between changes nothing, and never fails.
      if (index % 3 === 0) reader.read(true);
    }
    expect(reader.read(false)).toEqual(readAll(text));
  });

  it("is the same blocks at every prefix as that prefix at once", () => {
    for (const text of Object.values(ANSWERS)) {
      const reader = new Reader();
      let shown = "";
      for (const letter of text) {
        reader.push(letter);
        shown += letter;
        expect(flat(reader.read(false))).toEqual(flat(readAll(shown)));
      }
    }
  });

  it("is the same blocks for junk, however it is cut", () => {
    for (let seed = 1; seed <= 400; seed += 1) {
      const roll = dice(seed);
      const text = Array.from({ length: 40 }, () => PARTS[Math.floor(roll() * PARTS.length)]).join("");
      const reader = new Reader();
      for (let at = 0; at < text.length; ) {
        const length = 1 + Math.floor(roll() * 7);
        reader.push(text.slice(at, at + length)).read(true);
        at += length;
      }
      expect({ seed, text, blocks: reader.read(false) }).toEqual({ seed, text, blocks: readAll(text) });
    }
  });

  it("has the blocks that marked finds in the whole text", () => {
    const kinds = (text: string) =>
      new Lexer({ gfm: true })
        .blockTokens(text, [])
        .map(({ type }) => type)
        .filter((type) => type !== "space");
    const ours = (text: string) =>
      flat(readAll(text)).map((block) => (block.kind === "token" ? block.token.type : block.kind));
    for (const name of ["plain", "headings", "lists", "tasks", "code", "nestedCode", "tables", "quotes"]) {
      const text = ANSWERS[name] ?? "";
      expect({ name, kinds: ours(text) }).toEqual({ name, kinds: kinds(text) });
    }
  });

  it("has words in every part of it that is finished", () => {
    const read = flat(readAll("# Head\n\n| one | two |\n|---|---|\n| three | four |\n\n- five\n\n> six\n\nseven\n"));
    const said = JSON.stringify(read.map((block) => (block.kind === "token" ? tokensOf(block.token) : block)));
    for (const word of ["Head", "one", "two", "three", "four", "five", "six", "seven"])
      expect(said).toContain(`"type":"text","raw":"${word}"`);
  });

  it("costs as much at its end as at its beginning", () => {
    const kinds = {
      paragraphs: (n: number) => `Paragraph ${n} with **some** words and \`code\`.\n\n`,
      list: (n: number) => `- item ${n} with words\n`,
      code: (n: number) => (n === 0 ? "```js\n" : `const a${n} = ${n};\n`),
      table: (n: number) => (n === 0 ? "| a | b |\n|---|---|\n" : `| ${n} | two |\n`),
    };
    for (const [name, part] of Object.entries(kinds)) {
      const reader = new Reader();
      const looked = Array.from({ length: 2000 }, (_, n) => {
        const before = reader.looked;
        reader.push(part(n)).read(true);
        return reader.looked - before;
      });
      const most = (from: number, to: number) => Math.max(...looked.slice(from, to));
      expect({ name, letters: most(1900, 2000) <= most(10, 110) + 20 }).toEqual({ name, letters: true });
      expect(most(0, 2000)).toBeLessThan(400);
    }
  });

  it("keeps every finished page as it is", () => {
    const reader = new Reader();
    for (let n = 0; n < 100; n += 1) reader.push(`Paragraph ${n}.\n\n`);
    const before = reader.read(true).done;
    reader.push("And one more.\n\nAnother\n\n");
    const after = reader.read(true).done;
    expect(after.slice(0, -1).every((page, index) => page === before[index])).toBe(true);
    expect(after.length).toBeGreaterThan(3);
  });

  it("is not brought down by a million letters without an end", () => {
    const reader = new Reader();
    for (let n = 0; n < 250; n += 1) reader.push("**a_b `c[d](".repeat(340)).read(true);
    expect(reader.looked).toBeLessThan(30_000_000);
    expect(flat(reader.read(false))[0]?.kind).toBe("plain");
  });
});

describe("an unfinished end", () => {
  it.each([
    ["some **bold te", "some **bold te**"],
    ["some **", "some"],
    ["a *b **c", "a *b **c***"],
    ["5 * 3 and 5*3 is", "5 * 3 and 5*3 is"],
    ["snake_case_name", "snake_case_name"],
    ["use `code", "use `code`"],
    ["use ``a `b", "use ``a `b``"],
    ["see [the docs](https://exa", "see the docs"],
    ["see [the docs](https://a.b)", "see [the docs](https://a.b)"],
    ["one\n##", "one"],
    ["one\n-", "one"],
    ["one\n``", "one"],
    ["| a | b |\n|--", "| a | b |"],
    ["~~gone", "~~gone~~"],
    ["a \\*b", "a \\*b"],
    ["**done** and", "**done** and"],
  ])("%j is shown as %j", (tail, shown) => expect(mended(tail)).toBe(shown));

  it("of code shows the code, and not the half of its end", () => {
    const open = new Reader().push("```js\nlet a;\n``").read(true).open[0];
    expect(open).toEqual({ kind: "code", language: "js", pieces: [["let a;\n"]], isOpen: true });
  });
});

describe("colours", () => {
  it("are runs of words that together are the code", () => {
    const runs = coloured("let a = 'b'; // c", "js");
    expect(runs?.map(({ words }) => words).join("")).toBe("let a = 'b'; // c");
    expect(runs?.map(({ tone }) => tone)).toEqual(expect.arrayContaining(["keyword", "string", "comment"]));
    expect(coloured("x", "no-such-language")).toBeUndefined();
    expect(coloured("x".repeat(30_000), "js")).toBeUndefined();
  });
});

const tokensOf = (token: object) => ("tokens" in token ? token.tokens : undefined);

const flat = ({ done, open }: ReturnType<typeof readAll>) => [...done.flat(), ...open];
