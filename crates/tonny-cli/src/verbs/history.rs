//! `tonny history`: read and mend what was said, with or without a running app.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use tonny_core::app::history::{history_row, list};
use tonny_core::app::retry::recording;
use tonny_core::app::storage::{Places, delete_for_good};
use tonny_core::app::{HistoryFilter, HistoryQuery, HistoryRow};
use tonny_core::control::Request;
use tonny_core::history_files::{Imported, read, refused, to_csv, to_json};
use tonny_core::problem::{Code, Problem};
use tonny_core::{Page, Store, store_problem};
use tonny_platform::audio::RecordingsOnDisk;

use crate::arguments::{self, Format, History};
use crate::face::{Face, read_at_most};

/// Rows read at a time while exporting.
const PAGE: u32 = 500;

/// A million utterances; the whole file is read before anything of it comes in.
const LARGEST_IMPORT: u64 = 2_000_000_000;

pub fn run(face: &Face, verb: History) -> Result<(), Problem> {
    if let History::Retry { id, model } = verb {
        return face.ask(&Request::Retry { id, model }).map(|_| ());
    }
    face.block_on(async {
        let store = face.store().await?;
        match verb {
            History::List { limit, filter } => page(face, &store, String::new(), limit, filter).await,
            History::Search { text, limit, filter } => page(face, &store, text, limit, filter).await,
            History::Show { id } => show(face, &row(&store, &id).await?),
            History::Audio { id, out } => audio(face, &store, &id, &out).await,
            History::Delete { id } => delete(face, &store, &id).await,
            History::Import { file } => import(face, &store, &file).await,
            History::Export { format } => export(face, &store, format).await,
            History::Retry { .. } => Ok(()),
        }
    })
}

async fn page(
    face: &Face,
    store: &Store,
    text: String,
    limit: u32,
    filter: arguments::Filter,
) -> Result<(), Problem> {
    let arguments::Filter { since, until, profile, route, engine, state } = filter;
    let filter = HistoryFilter { since, until, profile, route, engine, state };
    let narrowed = !text.is_empty() || filter != HistoryFilter::default();
    let query = HistoryQuery { text, before: None, limit, filter };
    let found = list(store, &query, &HashMap::new()).await?;
    face.show(&found.rows, || {
        if found.rows.is_empty() {
            let empty = "Nothing here yet: hold Ctrl+Shift+Space and speak.";
            return if narrowed { "Nothing fits." } else { empty }.to_owned();
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
            ("engine", &row.engine),
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

fn places(face: &Face, store: &Store) -> Result<Places, Problem> {
    Ok(Places { store: store.clone(), audio: Arc::new(RecordingsOnDisk), folder: face.folders()?.audio })
}

/// Saves a recording as a WAV file; one that is there already is never overwritten.
async fn audio(face: &Face, store: &Store, id: &str, out: &Path) -> Result<(), Problem> {
    let bytes = recording(&places(face, store)?, id, i64::MAX).await?;
    let unwritable = |e: std::io::Error| Problem::with(Code::AudioNotKept, format!("{}: {e}", out.display()));
    let mut file = std::fs::File::options().write(true).create_new(true).open(out).map_err(unwritable)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(unwritable)?;
    face.remark(format!("The recording is in {}.", out.display()));
    Ok(())
}

async fn delete(face: &Face, store: &Store, id: &str) -> Result<(), Problem> {
    row(store, id).await?;
    delete_for_good(&places(face, store)?, id).await?;
    face.tell_app();
    Ok(())
}

async fn import(face: &Face, store: &Store, file: &Path) -> Result<(), Problem> {
    let count = match read(&read_at_most(file, LARGEST_IMPORT, Code::ImportRefused)?)? {
        Imported::Utterances(lines) => {
            let rows: Vec<_> = lines.iter().map(|(_, row)| row.clone()).collect();
            let added = store.utterances().import(&rows).await.map_err(|error| refused(&error, &lines))?;
            format!("{added} utterances came in, {} were there already.", rows.len() as u64 - added)
        }
        Imported::Log(lines) => {
            let deeds: Vec<_> = lines.iter().map(|(_, deed)| deed.clone()).collect();
            store.activity().import(&deeds).await.map_err(|error| refused(&error, &lines))?;
            format!("{} lines of the log came in, as activity.", deeds.len())
        }
    };
    face.remark(count);
    face.tell_app();
    Ok(())
}

async fn export(face: &Face, store: &Store, format: Format) -> Result<(), Problem> {
    let mut page = Page { limit: PAGE, ..Page::default() };
    let mut rows = Vec::new();
    loop {
        let found = store.utterances().list(&page).await.map_err(|error| store_problem(&error))?;
        page.before = found.last().map(|last| (last.started_at_ms, last.id.clone()));
        rows.extend(found);
        if page.before.is_none() {
            break;
        }
    }
    rows.reverse();
    match format {
        Format::Json => face.line(to_json(&rows)?),
        Format::Csv => face.line(to_csv(&rows)?.trim_end()),
        Format::Txt => rows
            .into_iter()
            .map(|row| history_row(row, &[]))
            .try_for_each(|row| face.line(format!("{}  {}", when(&row), row.text))),
        Format::Srt => srt(face, &rows.into_iter().map(|row| history_row(row, &[])).collect::<Vec<_>>()),
    }
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
