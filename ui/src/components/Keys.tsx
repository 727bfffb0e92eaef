// A shortcut drawn as keys. Read out as one phrase.
import { Kbd } from "@mantine/core";
import classes from "./Keys.module.css";

export function Keys({ hotkey }: { hotkey: string }) {
  return (
    <span className={classes.keys} role="img" aria-label={hotkey.split("+").join(" ")}>
      {hotkey.split("+").map((key) => (
        <Kbd key={key} className={classes.key} aria-hidden>
          {key}
        </Kbd>
      ))}
    </span>
  );
}
