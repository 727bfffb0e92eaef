// Something that lasts while a button is held, by pointer or by Space and Enter; `onPress` and `onRelease` always come
// in pairs.
import { type KeyboardEvent, type PointerEvent, useEffect, useRef } from "react";

export function useHold(onPress: () => void, onRelease: () => void) {
  const held = useRef(false);
  const release = useRef(onRelease);
  release.current = onRelease;

  const down = () => {
    if (held.current) return;
    held.current = true;
    onPress();
  };
  const up = () => {
    if (!held.current) return;
    held.current = false;
    release.current();
  };
  // Leaving the page while the button is down must not leave the microphone on.
  useEffect(
    () => () => {
      if (held.current) release.current();
      held.current = false;
    },
    [],
  );

  const isHoldKey = (event: KeyboardEvent) => event.code === "Space" || event.code === "Enter";
  return {
    onPointerDown: (event: PointerEvent<HTMLButtonElement>) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture?.(event.pointerId);
      down();
    },
    onPointerUp: up,
    onPointerCancel: up,
    onKeyDown: (event: KeyboardEvent) => {
      if (!isHoldKey(event)) return;
      event.preventDefault();
      if (!event.repeat) down();
    },
    onKeyUp: (event: KeyboardEvent) => {
      if (isHoldKey(event)) up();
    },
    onBlur: up,
  };
}
