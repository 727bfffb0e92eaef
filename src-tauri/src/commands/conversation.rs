//! Conversations: the list, one of them, and what is done with a whole one.

use tonny_core::assistant::{ConversationForm, ConversationPage, ConversationQuery, ConversationView};
use tonny_core::ports::Clock as _;
use tonny_core::problem::{Code, Problem};
use tonny_platform::clock::SystemClock;
use tonny_platform::{exports, zone};

use super::history::Saved;
use super::{Reach, blocking, checked, checked_some};

/// Bytes of a file that comes in through the window.
const IMPORT_MAX: usize = 64 << 20;

/// A page of conversations, the latest used first.
#[tauri::command]
#[specta::specta]
pub async fn conversation_list(
    face: Reach<'_>,
    query: ConversationQuery,
) -> Result<ConversationPage, Problem> {
    checked_some(&query.before)?;
    let query = ConversationQuery { text: checked(query.text)?, ..query };
    face.app.assistant()?.conversations(query).await
}

/// One with all its branches.
#[tauri::command]
#[specta::specta]
pub async fn conversation_get(face: Reach<'_>, id: String) -> Result<ConversationView, Problem> {
    face.app.assistant()?.conversation(&checked(id)?).await
}

/// Gives one another title.
#[tauri::command]
#[specta::specta]
pub async fn conversation_rename(face: Reach<'_>, id: String, title: String) -> Result<(), Problem> {
    face.app.assistant()?.rename(&checked(id)?, &checked(title)?).await
}

/// Shows the branch that ends with this message.
#[tauri::command]
#[specta::specta]
pub async fn conversation_show(face: Reach<'_>, id: String, leaf: String) -> Result<(), Problem> {
    face.app.assistant()?.show(&checked(id)?, &checked(leaf)?).await
}

/// Deletes one; it can be taken back for a few seconds.
#[tauri::command]
#[specta::specta]
pub async fn conversation_delete(face: Reach<'_>, id: String) -> Result<(), Problem> {
    face.app.assistant()?.delete(&checked(id)?).await
}

/// Takes a deletion back.
#[tauri::command]
#[specta::specta]
pub async fn conversation_restore(face: Reach<'_>, id: String) -> Result<(), Problem> {
    face.app.assistant()?.restore(&checked(id)?).await
}

/// Saves one as a new file in the folder for downloads.
#[tauri::command]
#[specta::specta]
pub async fn conversation_export(
    face: Reach<'_>,
    id: String,
    form: ConversationForm,
) -> Result<Saved, Problem> {
    let text = face.app.assistant()?.export(&checked(id)?, form).await?;
    let folder = face.folders.exports.clone();
    let extension = if form == ConversationForm::Json { "json" } else { "md" };
    let now = SystemClock.utc();
    let today = now.to_offset(zone::local_offset(now.unix_timestamp() * 1_000)).date();
    let stem = format!("tonnytray-conversation-{today}");
    let path = blocking(move || exports::save(&folder, &stem, extension, &text)).await?;
    Ok(Saved::one(&path))
}

/// Takes in what was saved; the conversation's id.
#[tauri::command]
#[specta::specta]
pub async fn conversation_import(face: Reach<'_>, text: String) -> Result<String, Problem> {
    if text.len() > IMPORT_MAX {
        return Err(Problem::with(Code::ConversationFileWrong, "It has more than 64 MB"));
    }
    face.app.assistant()?.import(&text).await
}

/// The window shows this one now: spoken questions go there.
#[tauri::command]
#[specta::specta]
pub async fn conversation_opened(face: Reach<'_>, id: Option<String>) -> Result<(), Problem> {
    checked_some(&id)?;
    face.app.assistant()?.opened(id).await;
    Ok(())
}
