// Shows a shortcut and records a new one. Recording ends with a usable combination, Escape, or leaving the field.
import { Button } from "@mantine/core";
import { type KeyboardEvent, useState } from "react";
import { useTexts } from "../locales/locale";
import { readHotkey } from "./hotkey";
import { Keys } from "./Keys";
import classes from "./Keys.module.css";

type Props = { hotkey: string; onChange: (hotkey: string) => void };

export function HotkeyRecorder({ hotkey, onChange }: Props) {
  const texts = useTexts().general.shortcut;
  const [recording, setRecording] = useState(false);
  if (recording) return <Capture onDone={() => setRecording(false)} onChange={onChange} />;
  return (
    <div className={classes.recorder}>
      <Keys hotkey={hotkey} />
      <Button variant="default" size="xs" onClick={() => setRecording(true)}>
        {texts.change}
      </Button>
    </div>
  );
}

function Capture({ onDone, onChange }: { onDone: () => void; onChange: (hotkey: string) => void }) {
  const texts = useTexts().general.shortcut;
  const [held, setHeld] = useState("");
  const [weak, setWeak] = useState(false);
  const onKeyDown = (event: KeyboardEvent) => {
    // Tab still leaves the field, so that nobody is caught in it.
    if (event.code === "Tab" && !event.ctrlKey && !event.altKey && !event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const reading = readHotkey(event.nativeEvent);
    if (reading.kind === "partial") setHeld(reading.keys);
    if (reading.kind === "needs-modifier") setWeak(true);
    if (reading.kind === "complete") onChange(reading.hotkey);
    if (reading.kind === "complete" || reading.kind === "cancelled") onDone();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a text field would offer to type into it; this only listens for keys.
    <div
      ref={(field) => field?.focus()}
      className={classes.capture}
      role="textbox"
      tabIndex={0}
      aria-label={texts.press}
      onKeyDown={onKeyDown}
      onKeyUp={() => setHeld("")}
      onBlur={onDone}
    >
      {held ? <Keys hotkey={held} /> : texts.press}
      <span className={classes.note} role="status">
        {weak ? texts.needsModifier : texts.pressHint}
      </span>
    </div>
  );
}
