// From keys pressed to a shortcut's name, such as "Ctrl+Shift+Space": a pure decision, tested as a table.

export type KeyPress = Pick<KeyboardEvent, "code" | "ctrlKey" | "shiftKey" | "altKey" | "metaKey">;

export type HotkeyReading =
  | { kind: "partial"; keys: string }
  | { kind: "needs-modifier" }
  | { kind: "cancelled" }
  | { kind: "complete"; hotkey: string };

const MODIFIER_CODE = /^(Control|Shift|Alt|Meta|OS)(Left|Right)?$/;

/** A key's name as the app's shortcut parser reads it. */
function keyName(code: string): string {
  return code.replace(/^Key(?=[A-Z]$)/, "").replace(/^Digit(?=\d$)/, "");
}

/** What a key press means while a shortcut is being recorded. */
export function readHotkey(press: KeyPress): HotkeyReading {
  const held = [
    press.ctrlKey ? "Ctrl" : "",
    press.shiftKey ? "Shift" : "",
    press.altKey ? "Alt" : "",
    press.metaKey ? "Super" : "",
  ].filter((name) => name !== "");
  if (MODIFIER_CODE.test(press.code)) return { kind: "partial", keys: held.join("+") };
  if (press.code === "Escape" && held.length === 0) return { kind: "cancelled" };
  const functionKey = /^F\d{1,2}$/.test(press.code);
  // Shift alone still types a letter, so a shortcut made of it would swallow capitals.
  const strong = press.ctrlKey || press.altKey || press.metaKey;
  if (!strong && !functionKey) return { kind: "needs-modifier" };
  return { kind: "complete", hotkey: [...held, keyName(press.code)].join("+") };
}

/** Whether both are the same keys, in whatever order and case somebody wrote them. */
export function isSameHotkey(one: string, other: string): boolean {
  const parts = (hotkey: string) => hotkey.toLowerCase().split("+").sort().join("+");
  return parts(one) === parts(other);
}
