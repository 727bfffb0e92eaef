// What a key means in a field for several lines.
import type { KeyboardEvent } from "react";

/** Enter sends, Shift+Enter is a new line; while an input method composes a word, Enter belongs to it. */
export function isSend(event: KeyboardEvent): boolean {
  return event.key === "Enter" && !event.shiftKey && !event.altKey && !event.nativeEvent.isComposing;
}
