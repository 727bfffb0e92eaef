// A conversation is a tree: an edited question and an answer asked for again are siblings of the first. What is shown is
// one path through it, from the first message to a leaf.
import type { MessageView } from "../../ipc/bindings";

export type Step = {
  message: MessageView;
  /** The message and those that stand in its place on other branches, in the order they came. */
  siblings: readonly MessageView[];
};

/** The path to `leaf`; to the newest message where there is no such leaf. */
export function pathTo(messages: readonly MessageView[], leaf: string | null): Step[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const children = childrenOf(messages);
  const path: Step[] = [];
  const seen = new Set<string>();
  let at = byId.get(leaf ?? "") ?? messages.at(-1);
  // A circle cannot come from the app; if it did, the window must not hang.
  while (at && !seen.has(at.id)) {
    seen.add(at.id);
    path.push({ message: at, siblings: children.get(at.parent) ?? [at] });
    at = at.parent === null ? undefined : byId.get(at.parent);
  }
  return path.reverse();
}

/** The leaf to show when the branch through `message` is chosen: the newest message of it. */
export function leafBelow(messages: readonly MessageView[], message: string): string {
  const children = childrenOf(messages);
  let at = message;
  for (let steps = 0; steps <= messages.length; steps += 1) {
    const next = children.get(at)?.at(-1);
    if (next === undefined) break;
    at = next.id;
  }
  return at;
}

function childrenOf(messages: readonly MessageView[]): Map<string | null, MessageView[]> {
  const children = new Map<string | null, MessageView[]>();
  for (const message of messages) {
    const siblings = children.get(message.parent);
    if (siblings) siblings.push(message);
    else children.set(message.parent, [message]);
  }
  return children;
}
