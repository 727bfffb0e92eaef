//! Every statement over `utterances`. Lists and searches are put together from the filters that are set; the rest are
//! constants.

use crate::filter::Filter;
use crate::statements::statements;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT u.seq, u.id, u.started_at, u.profile, u.route, u.state, u.text, u.raw_text, u.confidence, ",
            "u.speaker, u.language, u.engine, u.model, u.target_class, u.inserted_by, u.sent_to_webhook, u.success, ",
            "u.response, u.error_code, u.error_message, u.audio_file, u.audio_ms, u.recovered, u.first_sample_ms, ",
            "u.release_ms, u.last_audio_ms, u.final_text_ms, u.delivered_ms, u.words ",
            $rest
        )
    };
}

/// A profile may be named by its id or by its name.
macro_rules! put {
    ($conflict:literal) => {
        concat!(
            "INSERT INTO utterances (id, started_at, profile, route, state, text, raw_text, confidence, speaker, ",
            "language, engine, model, target_class, inserted_by, sent_to_webhook, success, response, error_code, ",
            "error_message, audio_file, audio_ms, recovered, first_sample_ms, release_ms, last_audio_ms, ",
            "final_text_ms, delivered_ms, words) VALUES (?1, ?2, (SELECT id FROM profiles WHERE id = ?3 UNION ALL ",
            "SELECT id FROM profiles WHERE name = ?3 LIMIT 1), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ",
            "?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28) ON CONFLICT (id) ",
            $conflict
        )
    };
}

statements! {
    BEGIN = "INSERT INTO utterances (id, started_at, route, state, audio_file, engine, model, profile) \
        VALUES (?1, ?2, ?3, 'recording', ?4, ?5, ?6, ?7)";

    SET_STATE = "UPDATE utterances SET state = ?2 WHERE id = ?1";

    CLAIM = "UPDATE utterances SET state = ?3 WHERE id = ?1 AND state = ?2";

    NOTE_TIMINGS = "UPDATE utterances SET \
        first_sample_ms = coalesce(?2, first_sample_ms), release_ms = coalesce(?3, release_ms), \
        last_audio_ms = coalesce(?4, last_audio_ms), final_text_ms = coalesce(?5, final_text_ms), \
        delivered_ms = coalesce(?6, delivered_ms) WHERE id = ?1";

    NOTE_AUDIO = "UPDATE utterances SET audio_ms = ?2 WHERE id = ?1";

    FORGET_AUDIO = "UPDATE utterances SET audio_file = NULL WHERE id = ?1";

    FORGET_TEXT = "UPDATE utterances SET text = NULL, raw_text = NULL, response = NULL, words = 0 WHERE id = ?1";

    MARK_RECOVERED = "UPDATE utterances SET recovered = 1 WHERE id = ?1";

    NOTE_WEBHOOK = "UPDATE utterances SET sent_to_webhook = 1, success = ?2, response = ?3 WHERE id = ?1";

    /// Only what has not got that far moves on: what was cancelled stays cancelled, and what may have been delivered already
    /// never looks again as if it had yet to be.
    COMMIT_TEXT = "UPDATE utterances SET state = CASE WHEN state IN ('recording', 'recorded', 'transcribing') \
        THEN 'transcribed' ELSE state END, text = ?2, raw_text = ?3, language = coalesce(?4, language), engine = coalesce(?5, engine), \
        model = coalesce(?6, model), confidence = ?7, speaker = coalesce(?8, speaker), words = ?9 WHERE id = ?1";

    FINISH = "UPDATE utterances SET \
        first_sample_ms = coalesce(?2, first_sample_ms), release_ms = coalesce(?3, release_ms), \
        last_audio_ms = coalesce(?4, last_audio_ms), final_text_ms = coalesce(?5, final_text_ms), \
        delivered_ms = coalesce(?6, delivered_ms), state = ?7, error_code = ?8, error_message = ?9, \
        inserted_by = coalesce(?10, inserted_by), target_class = coalesce(?11, target_class) WHERE id = ?1";

    /// A whole row from somewhere else.
    PUT = put!("DO NOTHING");

    PUT_OVER = put!("DO UPDATE SET state = excluded.state, text = excluded.text, raw_text = excluded.raw_text, \
        confidence = excluded.confidence, speaker = excluded.speaker, language = excluded.language, \
        engine = excluded.engine, model = excluded.model, target_class = excluded.target_class, \
        inserted_by = excluded.inserted_by, sent_to_webhook = excluded.sent_to_webhook, success = excluded.success, \
        response = excluded.response, error_code = excluded.error_code, error_message = excluded.error_message, \
        audio_file = excluded.audio_file, audio_ms = excluded.audio_ms, recovered = excluded.recovered, \
        first_sample_ms = excluded.first_sample_ms, release_ms = excluded.release_ms, \
        last_audio_ms = excluded.last_audio_ms, final_text_ms = excluded.final_text_ms, \
        delivered_ms = excluded.delivered_ms, words = excluded.words");

    ADOPT_PROFILE = "INSERT INTO profiles (id, name, created_at, updated_at) VALUES (?1, ?1, ?2, ?2) \
        ON CONFLICT DO NOTHING";

    GET = select!("FROM utterances u WHERE u.id = ?1");

    UNFINISHED = select!(
        "FROM utterances u WHERE u.state IN ('recording', 'recorded', 'transcribing', 'transcribed', 'delivering') \
         ORDER BY u.started_at, u.id"
    );

    /// Walks an index, the narrowest there is.
    COUNT = "SELECT count(*) FROM utterances";

    /// The oldest first, with what retention decides by: from an index alone.
    FACTS = "SELECT id, started_at, state, audio_ms, text_bytes FROM utterances \
        WHERE (started_at, id) > (?1, ?2) ORDER BY started_at, id LIMIT ?3";

    AUDIO_FACTS = "SELECT id, started_at, state, audio_ms, 0 AS text_bytes FROM utterances \
        WHERE audio_file IS NOT NULL AND (started_at, id) > (?1, ?2) ORDER BY started_at, id LIMIT ?3";

    CANCELLED_FACTS = "SELECT id, started_at, state, audio_ms, 0 AS text_bytes FROM utterances \
        WHERE state = 'cancelled' AND started_at < ?4 AND (started_at, id) > (?1, ?2) ORDER BY started_at, id LIMIT ?3";

    DELETE = "DELETE FROM utterances WHERE id = ?1 RETURNING audio_file";
}

// A page's limit is bound inside of abs(): SQLite looks at a bare one, and for one row it takes reading the whole table and
// keeping the best for cheaper than walking the index. With a million rows that is a second instead of nothing.

/// A page in the order of time, of rows before the places 8 and 9; the limit has 10.
pub(crate) fn list(filter: &Filter) -> String {
    const SELECT: &str = select!("FROM utterances u WHERE (u.started_at, u.id) < (?8, ?9)");
    format!("{SELECT}{} ORDER BY u.started_at DESC, u.id DESC LIMIT ?10", filter.conditions_but_until())
}

/// A page in the order of entry: the search index's own, so that nothing is sorted however many rows hold the word.
/// The words have place 8, the row before the page 9, the limit 10. U+FDD0 and U+FDD1 are noncharacters, which no text
/// exchanged between programs holds (Unicode 16, section 23.7).
pub(crate) fn search(filter: &Filter) -> String {
    const SELECT: &str = select!(
        ", snippet(utterances_fts, 0, char(0xFDD0), char(0xFDD1), '…', 24) AS snippet \
         FROM utterances_fts CROSS JOIN utterances u ON u.seq = utterances_fts.rowid \
         WHERE utterances_fts MATCH ?8 AND utterances_fts.rowid < ?9"
    );
    // The unary plus keeps the filters out of the choice of an index: the words narrow more than any of them.
    let filters = filter.conditions().replace("u.", "+u.");
    format!("{SELECT}{filters} ORDER BY utterances_fts.rowid DESC LIMIT abs(?10)")
}

/// The search with nothing to search for.
pub(crate) fn latest_entered(filter: &Filter) -> String {
    const SELECT: &str = select!("FROM utterances u WHERE u.seq < ?9");
    let filters = filter.conditions().replace("u.", "+u.");
    format!("{SELECT}{filters} ORDER BY u.seq DESC LIMIT abs(?10)")
}
