// Log rows as plain text, for the clipboard: oldest first, as a log file has them.
import type { LogRow } from "../../ipc/workers";

/** One row; the streams of an incident follow it, indented. */
export function asLine(row: LogRow): string {
  const run = row.incarnation > 0 ? `#${row.incarnation}` : "";
  const head = `${new Date(row.at_ms).toISOString()} ${row.level.toUpperCase()} ${row.worker}${run} ${row.text}`;
  const streams = [
    ["first", row.first_lines],
    ["stdout", row.stdout_tail],
    ["stderr", row.stderr_tail],
  ].flatMap(([name, lines]) =>
    lines
      ? lines
          .trimEnd()
          .split("\n")
          .map((line) => `    ${name}: ${line}`)
      : [],
  );
  return [head, ...streams].join("\n");
}

/** `rows` come newest first. */
export const asText = (rows: readonly LogRow[]): string => rows.map(asLine).reverse().join("\n");
