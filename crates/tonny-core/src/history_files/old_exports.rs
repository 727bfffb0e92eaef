//! CSV with a header: our own, and what `COPY ... TO ... WITH CSV HEADER` wrote of the tables `transcriptions` and `logs`.
//!
//! Columns are found by name, in any order; the names that the old documents and their scripts used are all accepted.
//! Columns that nobody knows are left out.

use csv::{ReaderBuilder, StringRecord};
use tonny_store::{Deed, Timings, Utterance, UtteranceState};

use super::{Imported, utc_ms, wrong};
use crate::problem::Problem;

const TIME: &[&str] = &["timestamp", "started_at", "created_at", "time", "date", "logged_at"];
const TEXT: &[&str] = &["text", "transcription", "transcript", "content"];
const MESSAGE: &[&str] = &["message", "msg"];

/// The header, to find columns by.
struct Header(Vec<String>);

impl Header {
    fn place(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.0.iter().position(|column| column == name))
    }
}

/// One line.
struct Line<'a> {
    header: &'a Header,
    record: &'a StringRecord,
    number: u64,
}

impl Line<'_> {
    fn get(&self, names: &[&str]) -> Option<String> {
        let value = self.record.get(self.header.place(names)?)?;
        // PostgreSQL writes null as nothing; \N is its text form.
        (!value.is_empty() && value != "\\N").then(|| value.to_owned())
    }

    fn parsed<T>(
        &self,
        names: &[&str],
        what: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.get(names) else { return Ok(None) };
        let place = self.header.place(names).unwrap_or(0);
        let column = self.header.0.get(place).map_or("", String::as_str);
        let short: String = value.chars().take(40).collect();
        parse(&value)
            .map(Some)
            .ok_or_else(|| wrong(self.number, format!("{column} holds {short:?}, which is no {what}")))
    }

    fn time(&self) -> Result<i64, Problem> {
        self.parsed(TIME, "time", utc_ms)?.ok_or_else(|| wrong(self.number, "it has no time"))
    }
}

pub(super) fn from_csv(text: &str) -> Result<Imported, Problem> {
    if text.matches('"').count() % 2 == 1 {
        let last = text.lines().count() as u64;
        return Err(wrong(last.max(1), "the file ends within a quoted text: a part of it is missing"));
    }
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut records = reader.records();
    let first =
        records.next().ok_or_else(|| wrong(1, "the file is empty"))?.map_err(|error| broken(&error))?;
    let header = Header(first.iter().map(|name| name.trim().to_lowercase()).collect());
    let lines = records.map(|record| {
        let record = record.map_err(|error| broken(&error))?;
        Ok((record.position().map_or(0, csv::Position::line), record))
    });
    if header.place(TIME).is_none() {
        return Err(wrong(1, "there is no column with the time (timestamp, created_at, started_at)"));
    }
    if header.place(TEXT).is_some() {
        let rows = lines.map(|line| line.and_then(|(number, record)| utterance(&header, number, &record)));
        return rows.collect::<Result<_, _>>().map(Imported::Utterances);
    }
    if header.place(MESSAGE).is_some() {
        let rows = lines.map(|line| line.and_then(|(number, record)| deed(&header, number, &record)));
        return rows.collect::<Result<_, _>>().map(Imported::Log);
    }
    Err(wrong(1, "there is neither a column text (transcriptions) nor a column message (logs)"))
}

fn broken(error: &csv::Error) -> Problem {
    let line = error.position().map_or(1, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            wrong(line, format!("it has {len} columns, the header has {expected_len}"))
        }
        _ => wrong(line, error),
    }
}

fn utterance(header: &Header, number: u64, record: &StringRecord) -> Result<(u64, Utterance), Problem> {
    let line = Line { header, record, number };
    let started_at_ms = line.time()?;
    let text = line.get(TEXT);
    let id = match line.get(&["id", "uuid"]) {
        // Numbers of an old table mean nothing here; the prefix keeps them apart from ours.
        Some(id) if id.len() < 20 && id.bytes().all(|b| b.is_ascii_digit()) => format!("old-{id}"),
        Some(id) => id,
        None => format!("old-{started_at_ms}-{number}"),
    };
    let state = line.parsed(&["state", "status"], "state", |name| {
        UtteranceState::ALL.into_iter().find(|state| state.as_str() == name && state.is_finished())
    })?;
    let success = line.parsed(&["success", "webhook_success"], "true or false", flag)?;
    let sent = line.parsed(&["sent_to_webhook", "sent_to_n8n", "webhook_sent"], "true or false", flag)?;
    let confidence = |text: &str| text.parse().ok().filter(|value| (0.0..=1.0).contains(value));
    let whole = |text: &str| text.parse().ok().filter(|value: &i64| *value >= 0);
    Ok((
        number,
        Utterance {
            seq: 0,
            words: 0,
            id,
            started_at_ms,
            profile: line.get(&["profile", "profile_name", "profile_id", "user_profile"]),
            route: line.get(&["route"]).unwrap_or_else(|| "import".to_owned()),
            state: state.unwrap_or(UtteranceState::Delivered),
            text,
            raw_text: line.get(&["raw_text", "original_text"]),
            confidence: line.parsed(&["confidence"], "number from 0 to 1", confidence)?,
            speaker: line.get(&["speaker", "speaker_id", "speaker_name"]),
            language: line.get(&["language", "lang"]),
            engine: line.get(&["engine", "backend"]),
            model: line.get(&["model", "model_name"]),
            target_class: None,
            inserted_by: None,
            sent_to_webhook: sent.unwrap_or(success.is_some()) || success.is_some(),
            success,
            response: line.get(&["response", "webhook_response", "n8n_response"]),
            error_code: line.get(&["error_code"]),
            error_message: line.get(&["error_message", "error"]),
            audio_file: None,
            audio_ms: line.parsed(
                &["audio_ms", "duration_ms", "audio_duration_ms"],
                "whole number",
                whole,
            )?,
            recovered: false,
            timings: Timings::default(),
        },
    ))
}

fn deed(header: &Header, number: u64, record: &StringRecord) -> Result<(u64, Deed), Problem> {
    let line = Line { header, record, number };
    let level =
        line.get(&["level", "severity", "log_level"]).unwrap_or_else(|| "info".to_owned()).to_lowercase();
    Ok((
        number,
        Deed {
            at_ms: line.time()?,
            profile: None,
            success: !["error", "critical", "fatal"].contains(&level.as_str()),
            action: format!("log.{level}"),
            subject: line.get(&["component", "source", "logger", "service", "module"]),
            error_code: None,
            detail: line.get(MESSAGE),
        },
    ))
}

fn flag(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "t" | "true" | "1" | "yes" => Some(true),
        "f" | "false" | "0" | "no" => Some(false),
        _ => None,
    }
}
