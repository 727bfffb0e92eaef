// What an entry of the activity was about, in a few words: pure.
import type { ActivityEntry } from "../../ipc/bindings";

/** The name of the thing and the number or sentence with it; an utterance's id says nothing to anybody. */
export function subjectOf({ action, subject, detail }: ActivityEntry): string {
  const isId = action.startsWith("utterance.") || action === "history.delete";
  return [isId ? null : subject, detail].filter((part) => part !== null && part !== "").join("  ·  ");
}
