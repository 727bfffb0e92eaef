//! The history as files: out as JSON, CSV, text and subtitles, in from JSON and from the CSV exports of the PostgreSQL set-ups of old.
//!
//! Pure text work over rows: reading and writing files, and the database, are the callers'. A file is taken in whole or
//! not at all; what is wrong with it is said with the line it is on. Times carry their zone in every file; one without
//! counts as UTC, which is what PostgreSQL exported.

mod json_form;
mod moment;
mod old_exports;
mod plain_forms;

use serde::{Deserialize, Serialize};
use tonny_store::{Deed, StoreError, Utterance};

pub use json_form::{Exported, to_json};
pub use moment::{local, rfc3339, utc_ms, utc_ms_in};
pub use plain_forms::Offset;

use crate::problem::{Code, Problem};

/// What a file held.
#[derive(Debug, Clone, PartialEq)]
pub enum Imported {
    /// Utterances, each with the line it began on (or its place in the list, from 1).
    Utterances(Vec<(u64, Utterance)>),
    /// Lines of an old log, as deeds.
    Log(Vec<(u64, Deed)>),
}

/// What an export looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "lowercase")]
pub enum ExportForm {
    /// Everything, as an array of objects; comes back in as it went out.
    Json,
    /// The columns people ask for, with a header.
    Csv,
    /// Time and text, a line each.
    Txt,
    /// Subtitles, one utterance after the other.
    Srt,
}

impl ExportForm {
    /// How its files' names end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Txt => "txt",
            Self::Srt => "srt",
        }
    }
}

/// Rows in that form, in the order they come; `offset` is for the times people read.
pub fn to_form(form: ExportForm, rows: &[Utterance], offset: Offset) -> Result<String, Problem> {
    match form {
        ExportForm::Json => to_json(rows),
        ExportForm::Csv => to_csv(rows).map(|text| text.trim_end().to_owned()),
        ExportForm::Txt => Ok(plain_forms::to_txt(rows, offset)),
        ExportForm::Srt => Ok(plain_forms::to_srt(rows)),
    }
}

/// Reads a file of either form; which one it is shows in its first character.
pub fn read(text: &str) -> Result<Imported, Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('[') {
        return json_form::from_json(text).map(Imported::Utterances);
    }
    old_exports::from_csv(text)
}

/// All columns, one utterance a line.
pub fn to_csv(rows: &[Utterance]) -> Result<String, Problem> {
    let failed = |error: csv::Error| Problem::with(Code::ImportRefused, error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(failed)?;
    for row in rows {
        let flag = |flag: bool| if flag { "true" } else { "false" }.to_owned();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        writer
            .write_record([
                row.id.clone(),
                rfc3339(row.started_at_ms),
                row.state.as_str().to_owned(),
                row.route.clone(),
                text(&row.profile),
                text(&row.speaker),
                text(&row.language),
                text(&row.engine),
                text(&row.model),
                row.confidence.map(|confidence| confidence.to_string()).unwrap_or_default(),
                row.audio_ms.map(|ms| ms.to_string()).unwrap_or_default(),
                flag(row.sent_to_webhook),
                row.success.map(flag).unwrap_or_default(),
                text(&row.response),
                text(&row.error_code),
                text(&row.raw_text),
                text(&row.text),
            ])
            .map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| Problem::with(Code::ImportRefused, error))?;
    String::from_utf8(bytes).map_err(|error| Problem::with(Code::ImportRefused, error))
}

const COLUMNS: [&str; 17] = [
    "id",
    "started_at",
    "state",
    "route",
    "profile",
    "speaker",
    "language",
    "engine",
    "model",
    "confidence",
    "audio_ms",
    "sent_to_webhook",
    "success",
    "response",
    "error_code",
    "raw_text",
    "text",
];

/// The store's refusal of one of several rows, with the line it came from.
pub fn refused<T>(error: &StoreError, rows: &[(u64, T)]) -> Problem {
    match error {
        StoreError::RefusedRow { row, .. } => {
            let line = rows.get(*row).map_or(0, |(line, _)| *line);
            wrong(line, "a value is too long or out of range")
        }
        other => crate::store_problem(other),
    }
}

/// Something wrong with a line.
fn wrong(line: u64, what: impl std::fmt::Display) -> Problem {
    Problem::with(Code::ImportRefused, format!("Line {line}: {what}"))
}

#[cfg(test)]
mod tests {
    use tonny_store::{Timings, UtteranceState};

    use super::*;

    pub(super) fn full() -> Utterance {
        Utterance {
            seq: 7,
            id: "0190".to_owned(),
            started_at_ms: 1_795_000_000_123,
            profile: Some("zoe".to_owned()),
            route: "type".to_owned(),
            state: UtteranceState::Delivered,
            text: Some("Zoë said: \"a, b\"\nand 🎉".to_owned()),
            raw_text: Some("zoe said".to_owned()),
            confidence: Some(0.5),
            speaker: Some("Zoë".to_owned()),
            language: Some("en".to_owned()),
            engine: Some("whisper".to_owned()),
            model: Some("tiny".to_owned()),
            target_class: Some("XTerm".to_owned()),
            inserted_by: Some("paste".to_owned()),
            sent_to_webhook: true,
            success: Some(false),
            response: Some("no".to_owned()),
            error_code: Some("TT-X-1".to_owned()),
            error_message: Some("Why.".to_owned()),
            audio_file: Some("0190.wav".to_owned()),
            audio_ms: Some(5_250),
            recovered: true,
            words: 5,
            timings: Timings { release_ms: Some(5_000), delivered_ms: Some(5_400), ..Timings::default() },
        }
    }

    #[test]
    fn json_goes_out_and_comes_back_the_same() {
        let before = [full(), Utterance { text: None, id: "x".to_owned(), started_at_ms: -1, ..full() }];
        let Imported::Utterances(after) = read(&to_json(&before).unwrap()).unwrap() else { panic!() };
        assert_eq!(after.len(), 2);
        for ((_, after), before) in after.iter().zip(&before) {
            // The order of entry is the database's own, and words are counted by it.
            assert_eq!(after, &Utterance { seq: 0, words: 0, ..before.clone() });
        }
    }

    #[test]
    fn our_own_csv_comes_back_with_its_columns() {
        let Imported::Utterances(rows) = read(&to_csv(&[full()]).unwrap()).unwrap() else { panic!() };
        let (line, row) = &rows[0];
        assert_eq!((*line, row.text.as_deref()), (2, full().text.as_deref()));
        assert_eq!((row.started_at_ms, row.state), (1_795_000_000_123, UtteranceState::Delivered));
        assert_eq!(
            (row.confidence, row.success, row.profile.as_deref()),
            (Some(0.5), Some(false), Some("zoe"))
        );
    }

    #[test]
    fn an_old_transcriptions_file_comes_in() {
        let csv = "id,timestamp,text,confidence,speaker,sent_to_webhook,success\n\
            17,2024-05-01 14:00:00.5+02,\"Hello, \"\"you\"\"\",0.93,zoe,t,f\n\
            18,2024-05-01 12:00:01,,,,f,\n";
        let Imported::Utterances(rows) = read(csv).unwrap() else { panic!() };
        let (line, first) = &rows[0];
        assert_eq!((*line, first.id.as_str()), (2, "old-17"));
        assert_eq!(first.started_at_ms, 1_714_564_800_500);
        assert_eq!(first.text.as_deref(), Some("Hello, \"you\""));
        assert_eq!((first.sent_to_webhook, first.success), (true, Some(false)));
        assert_eq!((first.route.as_str(), first.state), ("import", UtteranceState::Delivered));
        assert_eq!((rows[1].1.started_at_ms, rows[1].1.text.as_deref()), (1_714_564_801_000, None));
    }

    #[test]
    fn an_old_log_file_comes_in() {
        let csv = "timestamp,level,component,message\n2024-05-01T12:00:00Z,ERROR,whisper,it broke\n";
        let Imported::Log(rows) = read(csv).unwrap() else { panic!() };
        let (_, deed) = &rows[0];
        assert_eq!((deed.action.as_str(), deed.subject.as_deref()), ("log.error", Some("whisper")));
        assert_eq!((deed.success, deed.detail.as_deref()), (false, Some("it broke")));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, says) in [
            ("id,text\n1,hello\n", "Line 1: there is no column with the time"),
            ("a,b\n1,2\n", "Line 1"),
            ("", "Line 1"),
            ("timestamp,text\nyesterday,hello\n", "Line 2: timestamp holds \"yesterday\""),
            ("timestamp,text\n2024-05-01,a\n2024-05-01,\"half a li", "Line 3"),
            ("timestamp,text\n2024-05-01,a\n2024-05-01\n", "Line 3"),
            ("timestamp,text\n2024-13-01,a\n", "Line 2: timestamp"),
            ("timestamp,text\n99999-01-01,a\n", "Line 2: timestamp"),
            ("timestamp,text,confidence\n2024-05-01,a,95\n", "Line 2: confidence"),
            ("timestamp,text,success\n2024-05-01,a,maybe\n", "Line 2: success"),
            ("[{\"id\":\"a\"}]", "line 1"),
            ("[{\"id\":", "line 1"),
        ] {
            let problem = read(text).expect_err(text);
            assert!(problem.is(Code::ImportRefused) && problem.message.contains(says), "{text:?}: {problem}");
        }
    }
}
