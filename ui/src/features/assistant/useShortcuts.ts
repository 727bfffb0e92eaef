// Keys that work everywhere in the assistant's window.
import { useEffect, useRef } from "react";
import { sayProblem } from "../../components/toasts";
import { client, problemOf } from "../../ipc/client";
import type { Step } from "./branches";

type Wishes = { path: readonly Step[]; onNew: () => void; onSearch: () => void };

/** Ctrl+N begins anew, Ctrl+K searches, Escape stops the answer that is being written. */
export function useShortcuts(wishes: Wishes): void {
  const latest = useRef(wishes);
  latest.current = wishes;
  useEffect(() => {
    // What is open above the page takes the key for itself, and is gone by the time the key comes here.
    let isTaken = false;
    const onDown = () => {
      isTaken = document.querySelector('[role=dialog], [aria-haspopup][aria-expanded="true"]') !== null;
    };
    const onKey = (event: KeyboardEvent) => {
      const { path, onNew, onSearch } = latest.current;
      if (isTaken || event.defaultPrevented) return;
      if (event.key === "Escape") {
        const writing = writingOn(path);
        if (writing) stop(writing);
        return;
      }
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
      const run = { n: onNew, k: onSearch }[event.key.toLowerCase()];
      if (!run) return;
      event.preventDefault();
      run();
    };
    window.addEventListener("keydown", onDown, { capture: true });
    window.addEventListener("keydown", onKey);
    return () => {
      window.removeEventListener("keydown", onDown, { capture: true });
      window.removeEventListener("keydown", onKey);
    };
  }, []);
}

/** The answer at the end of the path, while it is being written. */
export function writingOn(path: readonly Step[]): string | undefined {
  const last = path.at(-1)?.message;
  return last?.state === "streaming" ? last.id : undefined;
}

export function stop(answer: string): void {
  void client.assistantStop(answer).catch((error: unknown) => sayProblem(problemOf(error)));
}
