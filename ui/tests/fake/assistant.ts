// A stand-in for the assistant's side of the app: conversations in memory, models, and answers that grow when told to.
import {
  type ConversationQuery,
  type ConversationRow,
  type ConversationView,
  events,
  type MessageView,
  type ModelChoice,
  type NewQuestion,
} from "../../src/ipc/bindings";
import { message } from "./message";
import { conversations, models } from "./talk";

type Args = Record<string, unknown>;

export class FakeAssistant {
  models: ModelChoice[] = structuredClone(models);
  all: ConversationView[];
  readonly times = new Map<string, string>();
  private readonly removed = new Set<string>();
  private made = 0;

  constructor(now: Date, isEmpty: boolean) {
    this.all = isEmpty ? [] : conversations(now);
    for (const [index, { id }] of this.all.entries())
      this.times.set(id, new Date(now.getTime() - (index * index * 3 + 0.1) * 3_600_000).toISOString());
  }

  /** A conversation of `count` messages, one after the other. */
  long(id: string, count: number): ConversationView {
    const messages = Array.from({ length: count }, (_, index) =>
      message({
        id: `${id}-${index}`,
        parent: index === 0 ? null : `${id}-${index - 1}`,
        role: index % 2 === 0 ? "user" : "assistant",
        text:
          index % 2 === 0
            ? `Question ${index}: what about the ${index}th thing?`
            : `Answer ${index}.\n\nIt has **two** paragraphs, a list\n\n- one\n- two\n\nand \`code\`:\n\n\`\`\`js\nlet a = ${index};\n\`\`\`\n`,
      }),
    );
    const view = { id, title: `Long ${count}`, model: null, system: null, leaf: messages.at(-1)?.id ?? null, messages };
    this.all = [view, ...this.all];
    this.times.set(id, new Date().toISOString());
    return view;
  }

  view(id: string): ConversationView {
    const view = this.all.find((one) => one.id === id && !this.removed.has(id));
    if (!view) throw new Error(`no conversation ${id}`);
    return view;
  }

  /** Changes a message, or adds one, and says so. */
  async put(conversation: string, changed: MessageView): Promise<void> {
    const view = this.view(conversation);
    const isNew = view.messages.every(({ id }) => id !== changed.id);
    const messages = isNew
      ? [...view.messages, changed]
      : view.messages.map((one) => (one.id === changed.id ? changed : one));
    this.set({ ...view, messages, leaf: isNew ? changed.id : view.leaf });
    await events.messageChanged.emit({ conversation, message: changed });
  }

  messageOf(conversation: string, id: string): MessageView {
    return this.view(conversation).messages.find((one) => one.id === id) as MessageView;
  }

  /** One delta more, kept and told; `lost` is kept only. */
  async grow(conversation: string, id: string, text: string, reasoning = "", lost = false): Promise<void> {
    const before = this.messageOf(conversation, id);
    const n = before.deltas + 1;
    const view = this.view(conversation);
    const grown = { ...before, text: before.text + text, reasoning: before.reasoning + reasoning, deltas: n };
    this.set({ ...view, messages: view.messages.map((one) => (one.id === id ? grown : one)) });
    if (!lost) await events.answerGrew.emit({ conversation, message: id, n, text, reasoning });
  }

  private readonly told = new Map<string, number>();

  /** Tells a delta without keeping it: what the fake does must not be a part of what is measured. */
  tell(conversation: string, id: string, text: string): Promise<void> {
    const n = (this.told.get(id) ?? 0) + 1;
    this.told.set(id, n);
    return events.answerGrew.emit({ conversation, message: id, n, text, reasoning: "" });
  }

  /** The answer ends, in this way. */
  end(conversation: string, id: string, change: Partial<MessageView>): Promise<void> {
    return this.put(conversation, { ...this.messageOf(conversation, id), ...change });
  }

  readonly handlers: Record<string, (args: Args) => unknown> = {
    assistant_models: () => this.models,
    assistant_listen: () => null,
    assistant_stop: ({ answer }) => {
      const view = this.holderOf(answer as string);
      void this.end(view.id, answer as string, { state: "cancelled", can_continue: true });
      return null;
    },
    assistant_ask: ({ question }) => this.ask(question as NewQuestion),
    assistant_continue: ({ answer }) => {
      const view = this.holderOf(answer as string);
      void this.end(view.id, answer as string, { state: "streaming", problem: null, can_continue: false });
      return { conversation: view.id, question: null, answer };
    },
    assistant_regenerate: ({ answer, model }) => {
      const view = this.holderOf(answer as string);
      const { parent } = this.messageOf(view.id, answer as string);
      return this.answerTo(view.id, parent, null, model as string | null);
    },
    assistant_agree: ({ answer }) => {
      const view = this.holderOf(answer as string);
      const { parent } = this.messageOf(view.id, answer as string);
      return this.answerTo(view.id, parent, null, null);
    },
    conversation_list: ({ query }) => this.list(query as ConversationQuery),
    conversation_get: ({ id }) => this.view(id as string),
    conversation_rename: ({ id, title }) => {
      this.set({ ...this.view(id as string), title: title as string });
      return null;
    },
    conversation_show: ({ id, leaf }) => {
      this.set({ ...this.view(id as string), leaf: leaf as string });
      return null;
    },
    conversation_delete: ({ id }) => {
      this.removed.add(id as string);
      return null;
    },
    conversation_restore: ({ id }) => {
      this.removed.delete(id as string);
      return null;
    },
    conversation_export: ({ form }) => ({
      path: `/home/ada/Downloads/conversation.${form === "json" ? "json" : "md"}`,
      count: 1,
    }),
    conversation_import: () => {
      const id = `imported-${this.made++}`;
      this.all = [{ id, title: "Imported", model: null, system: null, leaf: null, messages: [] }, ...this.all];
      this.times.set(id, new Date().toISOString());
      return id;
    },
    conversation_opened: () => null,
  };

  private ask({ conversation, parent, text, attachments, model, system }: NewQuestion) {
    const id = conversation ?? `new-${this.made++}`;
    if (conversation === null) {
      const view = { id, title: text.slice(0, 40), model, system, leaf: null, messages: [] };
      this.all = [view, ...this.all];
      this.times.set(id, new Date().toISOString());
    }
    const question = message({
      id: `q-${this.made++}`,
      parent,
      role: "user",
      text,
      attachments: attachments.map(({ name, media_type, base64 }) => ({
        name,
        media_type,
        bytes: Math.floor((base64.length * 3) / 4),
      })),
    });
    void this.put(id, question);
    return this.answerTo(id, question.id, question.id, model);
  }

  private answerTo(conversation: string, parent: string | null, question: string | null, model: string | null) {
    const answer = message({
      id: `a-${this.made++}`,
      parent,
      role: "assistant",
      state: "streaming",
      finish: null,
      provider: "local",
      model: model ?? "local/smollm2",
    });
    void this.put(conversation, answer);
    return { conversation, question, answer: answer.id };
  }

  private holderOf(id: string): ConversationView {
    return this.all.find(({ messages }) => messages.some((one) => one.id === id)) as ConversationView;
  }

  private set(view: ConversationView): void {
    this.all = this.all.map((one) => (one.id === view.id ? view : one));
  }

  private list({ text, before, limit }: ConversationQuery) {
    const wanted = text.toLowerCase();
    const found = this.all
      .filter(({ id }) => !this.removed.has(id))
      .map((view) => this.row(view, wanted))
      .filter((row) => row !== undefined);
    const from = before === null ? 0 : found.findIndex((row) => row.id === before) + 1;
    const rows = found.slice(from, from + limit);
    return { rows, next: from + limit < found.length ? (rows.at(-1)?.id ?? null) : null };
  }

  private row({ id, title, model, messages }: ConversationView, wanted: string): ConversationRow | undefined {
    const row = { id, title, model, messages: messages.length, updated_at: this.times.get(id) ?? "", snippet: null };
    if (wanted === "") return row;
    const said = messages
      .map((one) => one.text.replaceAll("\n", " "))
      .find((one) => one.toLowerCase().includes(wanted));
    if (said === undefined) return undefined;
    const at = said.toLowerCase().indexOf(wanted);
    const snippet = [
      { text: said.slice(Math.max(0, at - 24), at), found: false },
      { text: said.slice(at, at + wanted.length), found: true },
      { text: said.slice(at + wanted.length, at + 60), found: false },
    ].filter((piece) => piece.text !== "");
    return { ...row, snippet };
  }
}
