//! The history: pages, and what can be done with one row.

use serde::Serialize;
use specta::Type;
use tauri::ipc::{InvokeResponseBody, IpcResponse};
use tonny_core::activity::{ActivityPage, ActivityQuery};
use tonny_core::app::export::ExportWish;
use tonny_core::app::{HistoryFilter, HistoryPage, HistoryQuery, HistoryRow};
use tonny_core::ports::Clock as _;
use tonny_core::problem::Problem;
use tonny_core::statistics::{StatisticsQuery, StatisticsView};
use tonny_platform::clock::SystemClock;
use tonny_platform::{exports, zone};

use super::{Reach, blocking, checked, checked_some};

fn checked_filter(filter: &HistoryFilter) -> Result<(), Problem> {
    let HistoryFilter { since, until, profile, route, engine, state, speaker } = filter;
    [since, until, profile, route, engine, state, speaker].into_iter().try_for_each(checked_some)
}

/// A page of the history, newest first.
#[tauri::command]
#[specta::specta]
pub async fn history_list(face: Reach<'_>, query: HistoryQuery) -> Result<HistoryPage, Problem> {
    checked_filter(&query.filter)?;
    checked_some(&query.before)?;
    let query = HistoryQuery { text: checked(query.text)?, ..query };
    face.app.history(query).await
}

/// One row.
#[tauri::command]
#[specta::specta]
pub async fn history_get(face: Reach<'_>, id: String) -> Result<HistoryRow, Problem> {
    face.app.history_row(checked(id)?).await
}

/// Deletes a row; it can be taken back for a few seconds.
#[tauri::command]
#[specta::specta]
pub async fn history_delete(face: Reach<'_>, id: String) -> Result<(), Problem> {
    face.app.delete(checked(id)?).await
}

/// Takes a deletion back.
#[tauri::command]
#[specta::specta]
pub async fn history_restore(face: Reach<'_>, id: String) -> Result<(), Problem> {
    face.app.restore(checked(id)?).await
}

/// Transcribes a kept recording again, with another installed model if one is named.
#[tauri::command]
#[specta::specta]
pub async fn history_retry(face: Reach<'_>, id: String, model: Option<String>) -> Result<(), Problem> {
    face.app.retry(checked(id)?, model.map(checked).transpose()?).await
}

/// A file's bytes, which reach the page as they are: as JSON each would be a number of several letters.
pub struct FileBytes(Vec<u8>);

impl IpcResponse for FileBytes {
    fn body(self) -> tauri::Result<InvokeResponseBody> {
        Ok(InvokeResponseBody::Raw(self.0))
    }
}

impl specta::Type for FileBytes {
    fn definition(_: &mut specta::Types) -> specta::datatype::DataType {
        specta_typescript::define("ArrayBuffer").into()
    }
}

/// A kept recording as a WAV file; one of more than half an hour is refused.
#[tauri::command]
#[specta::specta]
pub async fn history_audio(face: Reach<'_>, id: String) -> Result<FileBytes, Problem> {
    face.app.recording(checked(id)?).await.map(FileBytes)
}

/// Brings a cancelled utterance back: its words are kept, or worked out again from its recording.
#[tauri::command]
#[specta::specta]
pub async fn history_bring_back(face: Reach<'_>, id: String) -> Result<(), Problem> {
    face.app.bring_back(checked(id)?).await
}

/// Puts the text of a row on the clipboard.
#[tauri::command]
#[specta::specta]
pub async fn history_copy(face: Reach<'_>, id: String) -> Result<(), Problem> {
    face.app.copy(checked(id)?).await
}

/// Where an export went.
#[derive(Clone, Debug, Serialize, Type)]
pub struct Saved {
    path: String,
    count: u32,
}

impl Saved {
    /// Of one thing.
    pub fn one(path: &std::path::Path) -> Self {
        Self { path: path.display().to_string(), count: 1 }
    }
}

/// Saves the rows that fit as a new file in the folder for downloads.
#[tauri::command]
#[specta::specta]
pub async fn history_export(face: Reach<'_>, wish: ExportWish) -> Result<Saved, Problem> {
    checked_filter(&wish.filter)?;
    let wish = ExportWish { text: checked(wish.text)?, ..wish };
    let (folder, extension) = (face.folders.exports.clone(), wish.form.extension());
    let export = face.app.export(wish, zone::local_offset).await?;
    let now = SystemClock.utc();
    let today = now.to_offset(zone::local_offset(now.unix_timestamp() * 1_000)).date();
    let stem = format!("tonnytray-history-{today}");
    let path = blocking(move || exports::save(&folder, &stem, extension, &export.text)).await?;
    Ok(Saved { path: path.display().to_string(), count: export.count })
}

/// Shows the folder of exports in the desktop's own program.
#[tauri::command]
#[specta::specta]
pub async fn history_show_exports(face: Reach<'_>) -> Result<(), Problem> {
    let (folder, open) = (face.folders.exports.clone(), face.open);
    blocking(move || open(&folder)).await
}

/// A page of what was done, newest first.
#[tauri::command]
#[specta::specta]
pub async fn history_activity(face: Reach<'_>, query: ActivityQuery) -> Result<ActivityPage, Problem> {
    [&query.action, &query.since, &query.before].into_iter().try_for_each(checked_some)?;
    face.app.activity(query).await
}

/// How much was said, day by day.
#[tauri::command]
#[specta::specta]
pub async fn history_statistics(face: Reach<'_>, query: StatisticsQuery) -> Result<StatisticsView, Problem> {
    face.app.statistics(query, zone::local_offset).await
}
