//! `tonny history`: read and mend what was said, with or without a running app.

use std::collections::HashMap;

use tonny_core::app::history::{history_row, list};
use tonny_core::app::{HistoryQuery, HistoryRow};
use tonny_core::control::Request;
use tonny_core::ports::AudioFiles as _;
use tonny_core::problem::{Code, Problem};
use tonny_core::{Store, store_problem};
use tonny_platform::audio::RecordingsOnDisk;

use crate::arguments::{Format, History};
use crate::face::Face;

/// Rows read at a time while exporting.
const PAGE: u32 = 500;

pub fn run(face: &Face, verb: History) -> Result<(), Problem> {
    if let History::Retry { id } = verb {
        return face.ask(&Request::Retry { id }).map(|_| ());
    }
    face.block_on(async {
        let store = face.store().await?;
        match verb {
            History::List { limit } => page(face, &store, String::new(), limit).await,
            History::Search { text, limit } => page(face, &store, text, limit).await,
            History::Show { id } => show(face, &row(&store, &id).await?),
            History::Delete { id } => delete(face, &store, &id).await,
            History::Export { format } => export(face, &store, format).await,
            History::Retry { .. } => Ok(()),
        }
    })
}

async fn page(face: &Face, store: &Store, text: String, limit: u32) -> Result<(), Problem> {
    let found = list(store, &HistoryQuery { text, before: None, limit }, &HashMap::new()).await?;
    face.show(&found.rows, || {
        if found.rows.is_empty() {
            return "Nothing here yet: hold Ctrl+Shift+Space and speak.".to_owned();
        }
        let lines = found.rows.iter().map(|row| {
            let text = if row.text.is_empty() {
                row.error_message.as_deref().unwrap_or("(no words)")
            } else {
                &row.text
            };
            format!("{}  {}  {:<9}  {}", row.id, when(row), row.state, text.replace('\n', " "))
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

async fn row(store: &Store, id: &str) -> Result<HistoryRow, Problem> {
    let row = store.utterances().get(id).await.map_err(|error| store_problem(&error))?;
    let row = row.ok_or_else(|| Problem::with(Code::NotFound, format!("Its id was {id:?}")))?;
    Ok(history_row(row, &[]))
}

fn show(face: &Face, row: &HistoryRow) -> Result<(), Problem> {
    face.show(row, || {
        let mut lines = vec![row.text.clone(), String::new()];
        lines.push(format!("spoken    {}", when(row)));
        lines.push(format!("state     {} ({})", row.state, row.route));
        for (name, value) in [
            ("model", &row.model),
            ("language", &row.language),
            ("window", &row.target),
            ("inserted", &row.inserted_by),
            ("problem", &row.error_message),
        ] {
            lines.extend(value.as_ref().map(|value| format!("{name:<9} {value}")));
        }
        lines.extend(row.audio_ms.map(|ms| format!("audio     {:.1} s", f64::from(ms) / 1_000.0)));
        lines.extend(
            row.timings_ms.iter().map(|(stage, ms)| format!("{stage:<12} {ms:>6} ms after the press")),
        );
        lines.join("\n")
    })
}

async fn delete(face: &Face, store: &Store, id: &str) -> Result<(), Problem> {
    row(store, id).await?;
    let audio = store.utterances().delete(id).await.map_err(|error| store_problem(&error))?;
    if let Some(audio) = audio {
        RecordingsOnDisk.remove(&face.folders()?.audio.join(audio))?;
    }
    face.tell_app();
    Ok(())
}

async fn export(face: &Face, store: &Store, format: Format) -> Result<(), Problem> {
    let mut query = HistoryQuery { text: String::new(), before: None, limit: PAGE };
    let mut rows = Vec::new();
    loop {
        let page = list(store, &query, &HashMap::new()).await?;
        rows.extend(page.rows);
        match page.next {
            Some(next) => query.before = Some(next),
            None => break,
        }
    }
    rows.reverse();
    match format {
        Format::Json => face
            .line(serde_json::to_string_pretty(&rows).map_err(|e| Problem::with(Code::RequestInvalid, e))?),
        Format::Txt => rows.iter().try_for_each(|row| face.line(format!("{}  {}", when(row), row.text))),
        Format::Csv => {
            face.line("id,started_at,state,route,model,audio_ms,text")?;
            rows.iter().try_for_each(|row| face.line(csv(row)))
        }
        Format::Srt => srt(face, &rows),
    }
}

fn csv(row: &HistoryRow) -> String {
    let audio = row.audio_ms.map(|ms| ms.to_string()).unwrap_or_default();
    let fields = [
        &row.id,
        &row.started_at,
        &row.state,
        &row.route,
        row.model.as_deref().unwrap_or(""),
        &audio,
        &row.text,
    ];
    // RFC 4180: always quoted, quotes doubled.
    fields.map(|field| format!("\"{}\"", field.replace('"', "\"\""))).join(",")
}

/// Utterances one after the other, each as long as its recording.
fn srt(face: &Face, rows: &[HistoryRow]) -> Result<(), Problem> {
    let mut at = 0;
    for (number, row) in rows.iter().filter(|row| !row.text.is_empty()).enumerate() {
        let end = at + u64::from(row.audio_ms.unwrap_or(1_000).max(1));
        face.line(format!("{}\n{} --> {}\n{}\n", number + 1, stamp(at), stamp(end), row.text))?;
        at = end;
    }
    Ok(())
}

fn stamp(ms: u64) -> String {
    let (seconds, ms) = (ms / 1_000, ms % 1_000);
    format!("{:02}:{:02}:{:02},{ms:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

fn when(row: &HistoryRow) -> &str {
    row.started_at.get(..19).unwrap_or(&row.started_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtitle_times_roll_over() {
        assert_eq!(stamp(3_661_042), "01:01:01,042");
    }
}
