// The window's pure decisions, as tables; and the rules its files keep.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readHotkey } from "../src/components/hotkey";
import { pieces } from "../src/components/Marked";
import { daysAgo, groupedByDay } from "../src/features/history/days";
import { releaseToText, stepsOf } from "../src/features/history/timings";
import { ProblemError, problemOf } from "../src/ipc/client";
import { patched } from "../src/ipc/patched";
import { languages, pickLanguage, wordFor } from "../src/locales/locale";
import { history, settings } from "./fake/sample";

const keys = (code: string, held = "") => ({
  code,
  ctrlKey: held.includes("c"),
  shiftKey: held.includes("s"),
  altKey: held.includes("a"),
  metaKey: held.includes("m"),
});

describe("a shortcut", () => {
  it.each([
    [keys("Space", "cs"), { kind: "complete", hotkey: "Ctrl+Shift+Space" }],
    [keys("KeyK", "m"), { kind: "complete", hotkey: "Super+K" }],
    [keys("Digit7", "ca"), { kind: "complete", hotkey: "Ctrl+Alt+7" }],
    [keys("F9"), { kind: "complete", hotkey: "F9" }],
    [keys("ControlLeft", "c"), { kind: "partial", keys: "Ctrl" }],
    [keys("KeyA"), { kind: "needs-modifier" }],
    [keys("KeyA", "s"), { kind: "needs-modifier" }],
    [keys("Escape"), { kind: "cancelled" }],
    [keys("Escape", "c"), { kind: "complete", hotkey: "Ctrl+Escape" }],
  ])("%o", (press, reading) => expect(readHotkey(press)).toEqual(reading));
});

describe("marked text", () => {
  it.each([
    ["one two", [[4, 7]], ["one ", "[two]"]],
    [
      "one two",
      [
        [4, 7],
        [0, 3],
      ],
      ["[one]", " ", "[two]"],
    ],
    ["one", [[0, 9]], ["one"]],
    [
      "one",
      [
        [0, 2],
        [1, 3],
      ],
      ["[on]", "e"],
    ],
    ["", [[0, 1]], []],
  ] as [string, [number, number][], string[]][])("%s %o", (text, ranges, shown) =>
    expect(pieces(text, ranges).map(({ words, marked }) => (marked ? `[${words}]` : words))).toEqual(shown),
  );
});

describe("days", () => {
  it("begin at the user's midnight", () => {
    const now = new Date("2026-03-12T00:30:00");
    expect(daysAgo(new Date("2026-03-12T00:10:00"), now)).toBe(0);
    expect(daysAgo(new Date("2026-03-11T23:59:00"), now)).toBe(1);
    expect(daysAgo(new Date("2026-03-01T12:00:00"), now)).toBe(11);
  });

  it("get one heading each", () => {
    const items = groupedByDay([history(40, new Date("2026-03-12T12:00:00"))]);
    const headings = items.filter((item) => item.kind === "day");
    expect(headings.length).toBe(new Set(headings.map((item) => item.kind === "day" && item.at.toDateString())).size);
    expect(items.length).toBe(40 + headings.length);
    expect(items[0]?.kind).toBe("day");
  });
});

describe("timings", () => {
  it("are told in the order they happened, and the wait is from release to text", () => {
    const timings = { delivered: 3446, release: 3180, first_sample: 42 };
    expect(stepsOf(timings).map((step) => step.name)).toEqual(["press", "first_sample", "release", "delivered"]);
    expect(releaseToText(timings)).toBe(266);
    expect(releaseToText({ release: 10 })).toBeUndefined();
  });
});

describe("a patch", () => {
  it("changes one value and leaves the original alone", () => {
    const after = patched(settings, "dictation.tail_ms", 40);
    expect(after.dictation).toEqual({ ...settings.dictation, tail_ms: 40 });
    expect(settings.dictation.tail_ms).toBe(0);
    expect(after.overlay).toBe(settings.overlay);
    expect(patched(settings, "no.such.thing", 1)).toEqual(settings);
  });
});

describe("a problem", () => {
  it("is found in what the app threw, and nowhere else", () => {
    const problem = { code: "TT-X-1", message: "m", advice: "a" };
    expect(problemOf(new ProblemError(problem))).toBe(problem);
    expect(problemOf(new Error("other"))).toBeUndefined();
  });
});

describe("the languages", () => {
  const keysOf = (node: object, path = ""): string[] =>
    Object.entries(node).flatMap(([key, value]) =>
      typeof value === "object" ? keysOf(value, `${path}${key}.`) : [`${path}${key}:${typeof value}`],
    );
  const valuesOf = (node: object): string[] =>
    Object.values(node).flatMap((value) => (typeof value === "object" ? valuesOf(value) : [String(value)]));

  it.each(["de", "es"] as const)("%s has the same texts as English, none of them empty", (code) => {
    expect(keysOf(languages[code]).sort()).toEqual(keysOf(languages.en).sort());
    expect(valuesOf(languages[code]).filter((text) => text.trim() === "")).toEqual([]);
  });

  it.each([
    ["de", ["en-GB"], "de"],
    ["system", ["fr-FR", "es-MX"], "es"],
    ["system", ["fr-FR"], "en"],
    ["xx", [], "en"],
  ])("choice %s with system %o gives %s", (choice, preferred, code) =>
    expect(pickLanguage(choice, preferred)).toBe(code),
  );

  it("have a plain word even for what they do not know", () => {
    expect(wordFor({ known: "Known" }, "known")).toBe("Known");
    expect(wordFor({}, "half_open")).toBe("Half open");
    expect(wordFor({}, "constructor")).toBe("Constructor");
  });
});

describe("the files", () => {
  const root = join(import.meta.dirname, "../src");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));
  const own = files.filter((name) => !name.endsWith("bindings.ts") && !name.endsWith(".d.ts"));

  it.each(own)("%s begins by saying what it is for, and is short", (name) => {
    const text = readFileSync(join(root, name), "utf8");
    expect(text).toMatch(/^\/\/ \S/);
    expect(text.split("\n").length).toBeLessThanOrEqual(300);
    if (!name.startsWith("ipc/")) expect(text).not.toContain("@tauri-apps");
  });
});
