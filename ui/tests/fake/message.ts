// One message, complete and empty unless something else is said about it.
import type { MessageView } from "../../src/ipc/bindings";

export const message = (change: Partial<MessageView> & Pick<MessageView, "id" | "role">): MessageView => ({
  parent: null,
  state: "complete",
  text: "",
  deltas: 0,
  reasoning: "",
  finish: change.role === "assistant" ? "stop" : null,
  provider: null,
  model: null,
  notices: [],
  problem: null,
  can_continue: false,
  tokens_in: null,
  tokens_out: null,
  cost: null,
  is_estimated: false,
  attachments: [],
  is_spoken: false,
  created_at: "2026-11-21T16:20:00Z",
  ...change,
});
