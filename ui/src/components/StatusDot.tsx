// A state as a dot and a word; the word carries the meaning, the colour only helps.
import classes from "./StatusDot.module.css";

export type Tone = "good" | "warn" | "bad" | "signal" | "quiet";

export function StatusDot({ tone, label }: { tone: Tone; label: string }) {
  return (
    <span className={classes.root}>
      <span className={classes.dot} data-tone={tone} />
      {label}
    </span>
  );
}
