// Code in colours: a tree of classes, never HTML. What is too long to do within a frame stays in one colour.
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import kotlin from "highlight.js/lib/languages/kotlin";
import lua from "highlight.js/lib/languages/lua";
import makefile from "highlight.js/lib/languages/makefile";
import php from "highlight.js/lib/languages/php";
import python from "highlight.js/lib/languages/python";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import shell from "highlight.js/lib/languages/shell";
import sql from "highlight.js/lib/languages/sql";
import swift from "highlight.js/lib/languages/swift";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { createLowlight } from "lowlight";

/** About five milliseconds of work. */
const LONGEST = 20_000;

const lowlight = createLowlight({
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  dockerfile,
  go,
  ini,
  java,
  javascript,
  json,
  kotlin,
  lua,
  makefile,
  php,
  python,
  ruby,
  rust,
  shell,
  sql,
  swift,
  typescript,
  xml,
  yaml,
});

export type Coloured = { words: string; tone: string }[];

/** `code` as runs of one colour each, or undefined where the language is not known or the code too long. */
export function coloured(code: string, language: string): Coloured | undefined {
  if (code.length > LONGEST || !lowlight.registered(language)) return undefined;
  const runs: Coloured = [];
  collect(lowlight.highlight(language, code), "", runs);
  return runs;
}

type Node = { type: string; value?: string; properties?: { className?: unknown }; children?: readonly Node[] };

function collect(node: object, tone: string, runs: Coloured): void {
  const { type, value, properties, children = [] } = node as Node;
  if (type === "text") runs.push({ words: value ?? "", tone });
  const own = Array.isArray(properties?.className) ? toneOf(properties.className) : tone;
  for (const child of children) collect(child, own ?? tone, runs);
}

/** A dozen colours would be a fairground; what a word is for matters, not which kind of name it is. */
const TONES: Record<string, string> = {
  comment: "comment",
  quote: "comment",
  meta: "comment",
  keyword: "keyword",
  "selector-tag": "keyword",
  section: "keyword",
  name: "keyword",
  doctag: "keyword",
  string: "string",
  regexp: "string",
  addition: "string",
  symbol: "string",
  char: "string",
  number: "number",
  literal: "number",
  deletion: "number",
  title: "name",
  attr: "name",
  attribute: "name",
  property: "name",
  type: "name",
  built_in: "name",
  "selector-class": "name",
  "selector-id": "name",
};

function toneOf(classNames: readonly unknown[]): string | undefined {
  const kind = String(classNames[0]).replace(/^hljs-/, "");
  return Object.hasOwn(TONES, kind) ? TONES[kind] : undefined;
}
