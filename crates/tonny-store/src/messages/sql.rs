//! Every statement over `messages` alone; those that grow one are in `deltas.rs`.

use crate::statements::statements;

/// The long columns come last, as in the table. Of a message that is still coming, what was not folded into it yet belongs
/// to it; the others have none, and are not asked.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT m.seq, m.id, m.conversation, m.parent, m.role, m.state, m.finish, m.provider, m.model, m.error_code, ",
            "m.utterance, m.tokens_in, m.tokens_out, m.cost_pico, m.is_estimated, ",
            "CASE m.state WHEN 'streaming' THEN coalesce((SELECT max(d.n) FROM message_deltas d ",
            "WHERE d.message = m.id), m.deltas) ELSE m.deltas END AS deltas, m.created_at, m.notices, ",
            "CASE m.state WHEN 'streaming' THEN m.reasoning || coalesce((SELECT group_concat(d.reasoning, '' ORDER BY d.n) ",
            "FROM message_deltas d WHERE d.message = m.id), '') ELSE m.reasoning END AS reasoning, ",
            "CASE m.state WHEN 'streaming' THEN m.text || coalesce((SELECT group_concat(d.text, '' ORDER BY d.n) ",
            "FROM message_deltas d WHERE d.message = m.id), '') ELSE m.text END AS text ",
            $rest
        )
    };
}

statements! {
    ADD = "INSERT INTO messages (id, conversation, parent, role, state, text, provider, model, utterance, created_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

    NOTE = "UPDATE messages SET provider = coalesce(?2, provider), model = coalesce(?3, model), \
        notices = coalesce(?4, notices) WHERE id = ?1";

    /// A whole row from somewhere else; the utterance it was spoken in may have stayed there.
    PUT = "INSERT INTO messages (id, conversation, parent, role, state, finish, provider, model, error_code, utterance, \
        tokens_in, tokens_out, cost_pico, is_estimated, deltas, created_at, notices, reasoning, text) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, (SELECT id FROM utterances WHERE id = ?10), ?11, ?12, ?13, ?14, ?15, \
        ?16, ?17, ?18, ?19) ON CONFLICT (id) DO NOTHING";

    OF = select!("FROM messages m WHERE m.conversation = ?1 AND m.seq > ?2 ORDER BY m.seq LIMIT abs(?3)");

    GET = select!("FROM messages m WHERE m.id = ?1");

    SEARCH = select!(
        ", snippet(messages_fts, 0, char(0xFDD0), char(0xFDD1), '…', 24) AS snippet \
         FROM messages_fts CROSS JOIN messages m ON m.seq = messages_fts.rowid \
         WHERE messages_fts MATCH ?1 AND messages_fts.rowid < ?2 ORDER BY messages_fts.rowid DESC LIMIT abs(?3)"
    );

    /// The whole branch: a parent cannot go without what hangs from it.
    DELETE = "WITH RECURSIVE branch (id) AS (SELECT id FROM messages WHERE id = ?1 \
        UNION SELECT m.id FROM branch CROSS JOIN messages m ON m.parent = branch.id) \
        DELETE FROM messages WHERE id IN (SELECT id FROM branch)";
}
