// The app freezes Object.prototype in its windows. Three parts of the chart library give an object its own `constructor`,
// `valueOf` or `toString` by assignment, which a frozen prototype refuses; here they are built to define it instead.
import type { Plugin } from "vite";

type Mend = { file: RegExp; from: string; to: string };

const MENDS: Mend[] = [
  {
    file: /node_modules\/decimal\.js-light\/decimal\.js$/,
    from: "P = {};",
    to: "P = { constructor: undefined, toString: undefined, valueOf: undefined };",
  },
  {
    file: /node_modules\/d3-color\/dist\/d3-color\.mjs$/,
    from: "prototype.constructor = constructor;",
    to: 'Object.defineProperty(prototype, "constructor", { value: constructor, writable: true });',
  },
  {
    file: /node_modules\/d3-format\/dist\/d3-format\.mjs$/,
    from: "FormatSpecifier.prototype.toString = function() {",
    to: 'Object.defineProperty(FormatSpecifier.prototype, "toString", { value: undefined, writable: true });\nFormatSpecifier.prototype.toString = function() {',
  },
];

/** Fails the build when a file no longer has what is to be mended: it must then be looked at again. */
export function fitForFrozenPrototypes(): Plugin {
  return {
    name: "fit-for-frozen-prototypes",
    transform(code, id) {
      const mend = MENDS.find(({ file }) => file.test(id.split("?")[0] ?? id));
      if (!mend) return null;
      if (!code.includes(mend.from)) throw new Error(`${id} has no "${mend.from}" to mend`);
      return { code: code.replace(mend.from, mend.to), map: null };
    },
  };
}
