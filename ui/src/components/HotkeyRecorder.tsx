// Shows a shortcut and records a new one. Recording ends with a usable combination, Escape, or leaving the field.
import { ActionIcon, Button } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { type KeyboardEvent, useState } from "react";
import { useTexts } from "../locales/locale";
import { isSameHotkey, readHotkey } from "./hotkey";
import { Keys } from "./Keys";
import classes from "./Keys.module.css";

/** Keys that mean something else already, and what. */
export type TakenKeys = { hotkey: string | null; name: string };

type Props = {
  /** What the keys do. */
  name: string;
  hotkey: string | null;
  taken: TakenKeys;
  onChange: (hotkey: string) => void;
  /** For a shortcut that one can do without. */
  onClear?: () => void;
};

export function HotkeyRecorder({ name, hotkey, taken, onChange, onClear }: Props) {
  const texts = useTexts().general.shortcut;
  const [recording, setRecording] = useState(false);
  if (recording) return <Capture taken={taken} onDone={() => setRecording(false)} onChange={onChange} />;
  const action = hotkey === null ? texts.set : texts.change;
  return (
    <div className={classes.recorder}>
      {hotkey === null ? <span className={classes.none}>{texts.none}</span> : <Keys hotkey={hotkey} />}
      <span className={classes.actions}>
        <Button variant="default" size="xs" aria-label={texts.of(action, name)} onClick={() => setRecording(true)}>
          {action}
        </Button>
        {onClear && hotkey !== null ? (
          <ActionIcon
            variant="subtle"
            color="gray"
            size={30}
            aria-label={texts.of(texts.clear, name)}
            title={texts.clear}
            onClick={onClear}
          >
            <IconX size={18} stroke={1.5} />
          </ActionIcon>
        ) : null}
      </span>
    </div>
  );
}

type CaptureProps = { taken: TakenKeys; onDone: () => void; onChange: (hotkey: string) => void };

function Capture({ taken, onDone, onChange }: CaptureProps) {
  const texts = useTexts().general.shortcut;
  const [held, setHeld] = useState("");
  const [refusal, setRefusal] = useState("");
  const onKeyDown = (event: KeyboardEvent) => {
    // Tab still leaves the field, so that nobody is caught in it.
    if (event.code === "Tab" && !event.ctrlKey && !event.altKey && !event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const reading = readHotkey(event.nativeEvent);
    if (reading.kind === "partial") setHeld(reading.keys);
    if (reading.kind === "needs-modifier") setRefusal(texts.needsModifier);
    if (reading.kind === "cancelled") onDone();
    if (reading.kind !== "complete") return;
    if (taken.hotkey !== null && isSameHotkey(reading.hotkey, taken.hotkey)) {
      setHeld(reading.hotkey);
      setRefusal(texts.taken(taken.name));
      return;
    }
    onChange(reading.hotkey);
    onDone();
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
        {refusal || texts.pressHint}
      </span>
    </div>
  );
}
