// The app's own log, brought into the shape of the engines' log, so that one page shows both.
import type { AppLogRow } from "./bindings";
import { client } from "./client";
import type { LogFilter, LogRow } from "./workers";

/** Stands for the app itself where an engine's name would stand; no engine's name can hold a colon. */
export const APP = ":app";

export const ofApp = (filter: LogFilter): boolean => filter.worker === APP;

/** The next rows that fit, newest first; the app looks for words itself. */
export async function appPage(filter: LogFilter, before: string | null, limit: number) {
  const { level, text } = filter;
  const page = await client.logList({
    level: level as AppLogRow["level"] | null,
    text,
    before: before === null ? null : Number(before),
    limit,
  });
  return { rows: page.rows.map(shown), next: page.next === null ? null : String(page.next) };
}

function shown({ id, at_ms, level, target, text }: AppLogRow): LogRow {
  const nothing = { lines: null, first_lines: "", stdout_tail: "", stderr_tail: "" };
  return { id, at_ms: at_ms ?? 0, level, worker: target, kind: "app", incarnation: 0, text, ...nothing };
}
