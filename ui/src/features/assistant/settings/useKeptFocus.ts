// Keeps the focus in an ordered list whose rows move under it: without this the browser drops it with each move, and who
// works by keyboard starts again from the top of the page.
import { useLayoutEffect, useRef } from "react";

type Step = "up" | "down" | "remove";

/** `keep` says where the focus is to be once `order` has changed; a button that cannot be used gives it to its neighbour. */
export function useKeptFocus(order: readonly string[]) {
  const list = useRef<HTMLOListElement>(null);
  const wanted = useRef<{ place: number; step: Step } | null>(null);
  useLayoutEffect(() => {
    if (wanted.current === null) return;
    const { place, step } = wanted.current;
    wanted.current = null;
    const row = list.current?.children[place];
    const button = (name: string) => row?.querySelector<HTMLButtonElement>(`[data-step="${name}"]:not(:disabled)`);
    (button(step) ?? button(step === "up" ? "down" : "up"))?.focus();
  }, [order]);
  const keep = (place: number, step: Step) => {
    wanted.current = { place, step };
  };
  return { list, keep };
}
