// What a worker said around an incident, stream by stream.
import { Code } from "@mantine/core";
import type { LogRow } from "../../ipc/workers";
import { useTexts } from "../../locales/locale";
import classes from "./Engines.module.css";

export function LastLines({ row }: { row: LogRow }) {
  const { incidents } = useTexts().engines;
  const streams = [
    [incidents.first, row.first_lines],
    [incidents.stdout, row.stdout_tail],
    [incidents.stderr, row.stderr_tail],
  ].filter((stream): stream is [string, string] => stream[1] !== "");
  if (streams.length === 0) return <p className={classes.none}>{incidents.noLines}</p>;
  return (
    <div className={classes.streams}>
      {streams.map(([name, lines]) => (
        <div key={name}>
          <p className={classes.stream} aria-hidden>
            {name}
          </p>
          {/* What scrolls must be reached by keyboard. */}
          <Code block className={classes.lines} tabIndex={0} aria-label={name} role="group">
            {lines}
          </Code>
        </div>
      ))}
    </div>
  );
}
