// Conversations as the list draws them: a heading wherever the day changes, unless they were searched for.
import type { ConversationRow } from "../../../ipc/bindings";

export type SessionItem = { kind: "day"; id: string; at: Date } | { kind: "session"; id: string; row: ConversationRow };

export function sessionItems(rows: readonly ConversationRow[], isGrouped: boolean): SessionItem[] {
  let current = "";
  return rows.flatMap((row): SessionItem[] => {
    const item: SessionItem = { kind: "session", id: row.id, row };
    const at = new Date(row.updated_at);
    const day = at.toDateString();
    if (!isGrouped || day === current) return [item];
    current = day;
    return [{ kind: "day", id: `day ${day} ${row.id}`, at }, item];
  });
}
