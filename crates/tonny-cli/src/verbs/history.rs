//! `tonny history`: read and mend what was said, with or without a running app.

mod overview;

use std::collections::HashMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use tonny_core::activity::{ActivityQuery, Did};
use tonny_core::app::export::{ExportWish, export as exported};
use tonny_core::app::history::{history_row, list};
use tonny_core::app::retry::recording;
use tonny_core::app::storage::{Places, delete_for_good};
use tonny_core::app::{HistoryFilter, HistoryQuery, HistoryRow};
use tonny_core::control::Request;
use tonny_core::history_files::{ExportForm, Imported, local, read, refused, rfc3339, utc_ms, utc_ms_in};
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::Typed;
use tonny_core::{Store, store_problem};
use tonny_platform::audio::RecordingsOnDisk;
use tonny_platform::vault::{decrypt_export, encrypt_export, is_encrypted_export};
use tonny_platform::zone::local_offset;

use crate::arguments::{self, Format, History};
use crate::face::{Face, bytes_at_most, text_of};
use crate::input::Input;

/// A million utterances; the whole file is read before anything of it comes in.
const LARGEST_IMPORT: u64 = 2_000_000_000;

pub fn run(face: &Face, verb: History) -> Result<(), Problem> {
    if let History::Retry { id, model } = verb {
        return face.ask(&Request::Retry { id, model }).map(|_| ());
    }
    if let History::Restore { id } = verb {
        return face.ask(&Request::BringBack { id }).map(|_| ());
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
            History::Export { format, filter, encrypt } => {
                let filter = of_arguments(filter)?;
                export(face, &store, ExportWish { form: form(format), text: String::new(), filter }, encrypt)
                    .await
            }
            History::Stats { days } => overview::stats(face, &store, days).await,
            History::Activity { limit, since, action } => {
                let since = since.map(moment).transpose()?;
                overview::activity(face, &store, ActivityQuery { action, since, before: None, limit }).await
            }
            History::Retry { .. } | History::Restore { .. } => Ok(()),
        }
    })
}

/// A time without a zone is one on the user's own clock.
fn moment(text: String) -> Result<String, Problem> {
    let ms = utc_ms_in(&text, local_offset);
    ms.map(rfc3339).ok_or_else(|| Problem::with(Code::RequestInvalid, format!("{text:?} is no time")))
}

fn of_arguments(filter: arguments::Filter) -> Result<HistoryFilter, Problem> {
    let arguments::Filter { since, until, profile, route, engine, state, speaker } = filter;
    let (since, until) = (since.map(moment).transpose()?, until.map(moment).transpose()?);
    Ok(HistoryFilter { since, until, profile, route, engine, state, speaker })
}

fn form(format: Format) -> ExportForm {
    match format {
        Format::Json => ExportForm::Json,
        Format::Csv => ExportForm::Csv,
        Format::Txt => ExportForm::Txt,
        Format::Srt => ExportForm::Srt,
    }
}

async fn page(
    face: &Face,
    store: &Store,
    text: String,
    limit: u32,
    filter: arguments::Filter,
) -> Result<(), Problem> {
    let filter = of_arguments(filter)?;
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
            ("speaker", &row.speaker),
            ("profile", &row.profile),
            ("window", &row.target),
            ("inserted", &row.inserted_by),
            ("problem", &row.error_message),
        ] {
            lines.extend(value.as_ref().map(|value| format!("{name:<9} {value}")));
        }
        lines.extend(row.confidence.map(|sure| format!("sure      {:.0} %", sure * 100.0)));
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
    let bytes = recording(&places(face, store)?, &face.secrets()?, id, i64::MAX).await?;
    let unwritable = |e: std::io::Error| Problem::with(Code::AudioNotKept, format!("{}: {e}", out.display()));
    let mut file = std::fs::File::options().write(true).create_new(true).open(out).map_err(unwritable)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(unwritable)?;
    face.remark(format!("The recording is in {}.", out.display()));
    Ok(())
}

async fn delete(face: &Face, store: &Store, id: &str) -> Result<(), Problem> {
    row(store, id).await?;
    let gone = delete_for_good(&places(face, store)?, &[id.to_owned()]).await?;
    face.note_in(store, Did::Deleted(id.to_owned())).await;
    if !gone {
        face.remark(
            "Deleted. Another program is reading: the words leave the database's log with its next clean-up.",
        );
    }
    face.tell_app();
    Ok(())
}

async fn import(face: &Face, store: &Store, file: &Path) -> Result<(), Problem> {
    let bytes = bytes_at_most(file, LARGEST_IMPORT, Code::ImportRefused)?;
    let (count, said) = match read(&opened(face, bytes, file)?)? {
        Imported::Utterances(lines) => {
            let rows: Vec<_> = lines.iter().map(|(_, row)| row.clone()).collect();
            let added = store.utterances().import(&rows).await.map_err(|error| refused(&error, &lines))?;
            let there = rows.len() as u64 - added;
            (added, format!("{added} utterances came in, {there} were there already."))
        }
        Imported::Log(lines) => {
            let deeds: Vec<_> = lines.iter().map(|(_, deed)| deed.clone()).collect();
            let added = store.activity().import(&deeds).await.map_err(|error| refused(&error, &lines))?;
            let there = deeds.len() as u64 - added;
            (added, format!("{added} lines of the log came in, as activity; {there} were there already."))
        }
    };
    face.note_in(store, Did::Imported(count)).await;
    face.remark(said);
    face.tell_app();
    Ok(())
}

/// An encrypted export is opened with its password.
fn opened(face: &Face, mut bytes: Vec<u8>, file: &Path) -> Result<String, Problem> {
    if is_encrypted_export(&bytes) {
        let password = Input::new(face, true).password()?;
        bytes = decrypt_export(&bytes, &password)?.to_vec();
    }
    text_of(bytes, file, Code::ImportRefused)
}

async fn export(face: &Face, store: &Store, wish: ExportWish, encrypt: bool) -> Result<(), Problem> {
    // Asked for before anything is read: nobody waits for a question.
    let password = encrypt.then(|| to_encrypt(face)).transpose()?;
    let export = exported(store, &wish, &HashMap::new(), local_offset).await?;
    let text = export.text;
    face.note_in(store, Did::Exported(export.count.into(), wish.form.extension())).await;
    let Some(password) = password else {
        return if text.is_empty() { Ok(()) } else { face.line(text) };
    };
    face.bytes(&encrypt_export(text.as_bytes(), &password)?)
}

fn to_encrypt(face: &Face) -> Result<Typed, Problem> {
    if std::io::stdout().is_terminal() {
        let what = "An encrypted export is no text: send it to a file, as in `tonny history export --encrypt > FILE`";
        return Err(Problem::with(Code::RequestInvalid, what));
    }
    Input::new(face, false).new_password()
}

fn when(row: &HistoryRow) -> String {
    utc_ms(&row.started_at).map_or_else(|| row.started_at.clone(), |ms| local(ms, local_offset))
}
