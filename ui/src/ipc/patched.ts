// A settings document with one value changed, named by its dotted path; everything else is shared with the original.
import type { Settings } from "./bindings";

/** `patched(settings, "dictation.tail_ms", 40)` */
export function patched(settings: Settings, key: string, value: unknown): Settings {
  const put = (node: unknown, path: string[]): unknown => {
    const [head, ...rest] = path;
    if (head === undefined) return value;
    if (typeof node !== "object" || node === null || !(head in node)) return node;
    return { ...node, [head]: put((node as Record<string, unknown>)[head], rest) };
  };
  return put(settings, key.split(".")) as Settings;
}
