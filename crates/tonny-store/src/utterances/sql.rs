//! Every statement over `utterances`, in one place, so that one test can ask SQLite how it would run each of them.

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT u.id, u.started_at, u.profile, u.route, u.state, u.text, u.raw_text, u.language, u.engine, ",
            "u.model, u.target_class, u.inserted_by, u.error_code, u.error_message, u.audio_file, u.audio_ms, ",
            "u.recovered, u.first_sample_ms, u.release_ms, u.last_audio_ms, u.final_text_ms, u.delivered_ms ",
            $rest
        )
    };
}

pub(crate) const BEGIN: &str = "INSERT INTO utterances (id, started_at, route, state, audio_file, engine, model) \
     VALUES (?1, ?2, ?3, 'recording', ?4, ?5, ?6)";

pub(crate) const SET_STATE: &str = "UPDATE utterances SET state = ?2 WHERE id = ?1";

pub(crate) const CLAIM: &str = "UPDATE utterances SET state = ?3 WHERE id = ?1 AND state = ?2";

pub(crate) const NOTE_TIMINGS: &str = "UPDATE utterances SET \
     first_sample_ms = coalesce(?2, first_sample_ms), release_ms = coalesce(?3, release_ms), \
     last_audio_ms = coalesce(?4, last_audio_ms), final_text_ms = coalesce(?5, final_text_ms), \
     delivered_ms = coalesce(?6, delivered_ms) WHERE id = ?1";

pub(crate) const NOTE_AUDIO: &str = "UPDATE utterances SET audio_ms = ?2 WHERE id = ?1";

pub(crate) const FORGET_AUDIO: &str = "UPDATE utterances SET audio_file = NULL WHERE id = ?1";

pub(crate) const MARK_RECOVERED: &str = "UPDATE utterances SET recovered = 1 WHERE id = ?1";

pub(crate) const COMMIT_TEXT: &str = "UPDATE utterances SET state = 'transcribed', \
     text = ?2, raw_text = ?3, language = coalesce(?4, language), engine = coalesce(?5, engine), \
     model = coalesce(?6, model) WHERE id = ?1";

pub(crate) const FINISH: &str = "UPDATE utterances SET \
     first_sample_ms = coalesce(?2, first_sample_ms), release_ms = coalesce(?3, release_ms), \
     last_audio_ms = coalesce(?4, last_audio_ms), final_text_ms = coalesce(?5, final_text_ms), \
     delivered_ms = coalesce(?6, delivered_ms), state = ?7, error_code = ?8, error_message = ?9, \
     inserted_by = coalesce(?10, inserted_by), target_class = coalesce(?11, target_class) WHERE id = ?1";

pub(crate) const GET: &str = select!("FROM utterances u WHERE u.id = ?1");

pub(crate) const LIST: &str = select!(
    "FROM utterances u WHERE (u.started_at, u.id) < (?1, ?2) ORDER BY u.started_at DESC, u.id DESC LIMIT ?3"
);

pub(crate) const LIST_IN_STATE: &str = select!(
    "FROM utterances u WHERE u.state = ?4 AND (u.started_at, u.id) < (?1, ?2) \
     ORDER BY u.started_at DESC, u.id DESC LIMIT ?3"
);

/// The bound holds for every row; with it the index is searched, not scanned.
pub(crate) const LIST_FROM: &str = select!(
    "FROM utterances u WHERE u.started_at < 9223372036854775807 \
     ORDER BY u.started_at DESC, u.id DESC LIMIT ?1 OFFSET ?2"
);

/// The order of entry is the index's own order: no sort, however many rows hold the word. U+FDD0 and U+FDD1 are
/// noncharacters, which no text exchanged between programs holds (Unicode 16, section 23.7).
pub(crate) const SEARCH: &str = select!(
    ", snippet(utterances_fts, 0, char(0xFDD0), char(0xFDD1), '…', 24) AS snippet \
     FROM utterances_fts JOIN utterances u ON u.seq = utterances_fts.rowid \
     WHERE utterances_fts MATCH ?1 ORDER BY utterances_fts.rowid DESC LIMIT ?2 OFFSET ?3"
);

pub(crate) const UNFINISHED: &str = select!(
    "FROM utterances u WHERE u.state IN ('recording', 'recorded', 'transcribing', 'transcribed', 'delivering') \
     ORDER BY u.started_at, u.id"
);

pub(crate) const COUNT: &str = "SELECT count(*) FROM utterances";

pub(crate) const DELETE: &str = "DELETE FROM utterances WHERE id = ?1 RETURNING audio_file";

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Row};

    use super::*;
    use crate::Store;
    use crate::settings;

    /// Reading every row of `utterances` is the one thing no statement may do. `COUNT` is left out: it has to walk an
    /// index, and walks the narrowest.
    #[tokio::test]
    async fn no_statement_scans_a_table() {
        let store = Store::in_memory().await.unwrap();
        for statement in [
            BEGIN,
            SET_STATE,
            CLAIM,
            NOTE_TIMINGS,
            NOTE_AUDIO,
            FORGET_AUDIO,
            MARK_RECOVERED,
            COMMIT_TEXT,
            FINISH,
            GET,
            LIST,
            LIST_IN_STATE,
            LIST_FROM,
            SEARCH,
            UNFINISHED,
            DELETE,
            settings::LOAD,
            settings::SAVE,
            settings::REPLACE,
        ] {
            for step in plan(&store, statement).await {
                // The search's own table shows as a scan with the index it uses ("VIRTUAL TABLE INDEX 0:M...").
                let by_match = step.contains("VIRTUAL TABLE INDEX") && step.contains(":M");
                assert!(!step.starts_with("SCAN") || by_match, "{step}\n{statement}");
            }
        }
        assert!(plan(&store, COUNT).await.iter().all(|step| step.contains("COVERING INDEX")));
    }

    /// Lists and searches come in the index's order: a sort would read every match for a page of fifty.
    #[tokio::test]
    async fn no_page_is_sorted() {
        let store = Store::in_memory().await.unwrap();
        for statement in [LIST, LIST_IN_STATE, LIST_FROM, SEARCH] {
            for step in plan(&store, statement).await {
                assert!(!step.contains("TEMP B-TREE"), "{step}\n{statement}");
            }
        }
    }

    async fn plan(store: &Store, statement: &str) -> Vec<String> {
        let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")))
            .fetch_all(store.readers())
            .await
            .unwrap();
        rows.iter().map(|row| row.get("detail")).collect()
    }
}
