// Answers while they grow. Deltas come up to thirty times a second for each answer; they go straight into the answer's
// reader and to the one component that draws it, once in a frame, and never through the cache of the conversation.
import type { AnswerGrew, MessageView } from "../../ipc/bindings";
import { Reader, type Reading } from "./markdown/reader";

export type Grown = { text: Reading; reasoning: Reading; isEmpty: boolean; isThinking: boolean };

type Entry = {
  /** Deltas taken; the next one has the number after it. */
  deltas: number;
  parts: string[];
  text: Reader;
  reasoning: Reader;
  isEmpty: boolean;
  isThinking: boolean;
  /** Nothing more comes; what was read is still drawn until the cache has the message's end. */
  isDone: boolean;
  shown: Grown;
};

/** Deltas kept while the conversation is fetched; more than this and the next fetch has them anyway. */
const MOST_WAITING = 1000;

export class Growth {
  private readonly entries = new Map<string, Entry>();
  /** Deltas of messages that are not known yet, or that came after a gap. */
  private readonly waiting = new Map<string, AnswerGrew[]>();
  private readonly listeners = new Map<string, Set<() => void>>();
  private readonly changed = new Set<string>();
  private frame: number | undefined;
  /** What the texts of finished messages were read as, for as long as those messages are around. */
  private readonly finished = new WeakMap<MessageView, Grown>();

  /** Takes a delta. Says whether something is missing, so that the conversation must be asked for again. */
  grew(delta: AnswerGrew): "taken" | "old" | "missing" {
    const entry = this.entries.get(delta.message);
    if (entry && delta.n <= entry.deltas) return "old";
    if (!entry || delta.n > entry.deltas + 1) {
      const waiting = this.waiting.get(delta.message) ?? [];
      if (waiting.length < MOST_WAITING) waiting.push(delta);
      this.waiting.set(delta.message, waiting);
      return "missing";
    }
    this.take(entry, delta);
    this.tell(delta.message);
    return "taken";
  }

  /** Brings what is known of a message in line with what the app says it is. Says whether deltas are still missing. */
  sync(message: MessageView): "whole" | "missing" {
    const before = this.entries.get(message.id);
    if (message.state !== "streaming") {
      this.waiting.delete(message.id);
      if (before && !before.isDone) this.finish(message, before);
      return "whole";
    }
    if (!before || before.isDone || before.deltas < message.deltas) this.begin(message);
    const entry = this.entries.get(message.id);
    const left = (this.waiting.get(message.id) ?? []).sort((a, b) => a.n - b.n);
    this.waiting.delete(message.id);
    let isMissing = false;
    for (const delta of left) if (entry && this.grew(delta) === "missing") isMissing = true;
    return isMissing ? "missing" : "whole";
  }

  /** Lets everything go: another conversation is open now. */
  clear(): void {
    this.entries.clear();
    this.waiting.clear();
  }

  /** Whether there are deltas that have no place yet. */
  hasGap(): boolean {
    return this.waiting.size > 0;
  }

  subscribe(id: string, listener: () => void): () => void {
    const listeners = this.listeners.get(id) ?? new Set();
    this.listeners.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.listeners.delete(id);
    };
  }

  /** What there is to draw of a message; the same object until something is to be drawn anew. */
  shown(message: MessageView): Grown {
    const entry = message.state === "streaming" ? this.entries.get(message.id) : undefined;
    if (entry) return entry.shown;
    const known = this.finished.get(message);
    if (known) return known;
    const read = grownOf(newEntry(message), false);
    this.finished.set(message, read);
    return read;
  }

  /** The text so far, for the clipboard. */
  textOf(message: MessageView): string {
    const entry = message.state === "streaming" ? this.entries.get(message.id) : undefined;
    return entry?.parts.join("") ?? message.text;
  }

  private begin(message: MessageView): void {
    this.entries.set(message.id, newEntry(message));
    this.tell(message.id);
  }

  private take(entry: Entry, { n, text, reasoning }: AnswerGrew): void {
    entry.deltas = n;
    entry.isThinking = text === "" && reasoning !== "";
    if (text !== "") {
      entry.isEmpty = false;
      entry.parts.push(text);
      entry.text.push(text);
    }
    if (reasoning !== "") entry.reasoning.push(reasoning);
  }

  /** The answer is at its end: what was read while it came is kept, unless the app has another text in the end. */
  private finish(message: MessageView, entry: Entry): void {
    const isSame = entry.parts.join("") === message.text;
    const done = isSame ? { ...entry, shown: grownOf(entry, false) } : newEntry(message);
    this.entries.set(message.id, { ...done, isDone: true });
    this.finished.set(message, done.shown);
  }

  private tell(id: string): void {
    this.changed.add(id);
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    this.frame = undefined;
    for (const id of this.changed) {
      const entry = this.entries.get(id);
      if (entry && !entry.isDone) entry.shown = grownOf(entry, true);
      for (const listener of this.listeners.get(id) ?? []) listener();
    }
    this.changed.clear();
  }
}

function newEntry(message: MessageView): Entry {
  const entry = {
    deltas: message.deltas,
    parts: [message.text],
    text: new Reader().push(message.text),
    reasoning: new Reader().push(message.reasoning),
    isEmpty: message.text === "",
    isThinking: message.text === "" && message.reasoning !== "",
    isDone: false,
  };
  return { ...entry, shown: grownOf(entry, message.state === "streaming") };
}

function grownOf(entry: Omit<Entry, "shown">, isGrowing: boolean): Grown {
  return {
    text: entry.text.read(isGrowing),
    reasoning: entry.reasoning.read(isGrowing),
    isEmpty: entry.isEmpty,
    isThinking: isGrowing && entry.isThinking,
  };
}
