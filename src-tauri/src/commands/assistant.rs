//! The assistant's window: questions and answers.

use tonny_core::assistant::{Asked, ModelChoice, NewQuestion};
use tonny_core::problem::{Code, Problem};
use tonny_core::push_to_talk::Gesture;

use super::{Reach, checked, checked_some};

/// Characters of a question, which core counts; four bytes each at most.
const QUESTION_MAX: usize = 4_000_000;

/// Files with a question.
const FILES_MAX: usize = 10;

/// A file of 10 MB as base64, and the line breaks that some make.
const FILE_MAX: usize = 14 << 20;

/// The models of the user's order.
#[tauri::command]
#[specta::specta]
pub async fn assistant_models(face: Reach<'_>) -> Result<Vec<ModelChoice>, Problem> {
    Ok(face.app.assistant()?.models().await)
}

/// Asks; the answer comes by events.
#[tauri::command]
#[specta::specta]
pub async fn assistant_ask(face: Reach<'_>, question: NewQuestion) -> Result<Asked, Problem> {
    let NewQuestion { conversation, parent, text, attachments, instead_of, model, system } = &question;
    [conversation, parent, instead_of, model].into_iter().try_for_each(checked_some)?;
    if text.len() > QUESTION_MAX || system.as_ref().is_some_and(|system| system.len() > QUESTION_MAX) {
        return Err(Problem::of(Code::QuestionTooLong));
    }
    let is_too_much = attachments.len() > FILES_MAX
        || attachments.iter().any(|file| file.base64.len() > FILE_MAX || file.name.len() > 1_024);
    if is_too_much || attachments.iter().any(|file| file.media_type.len() > 256) {
        return Err(Problem::of(Code::AttachmentRefused));
    }
    face.app.assistant()?.ask(question).await
}

/// Stops an answer.
#[tauri::command]
#[specta::specta]
pub async fn assistant_stop(face: Reach<'_>, answer: String) -> Result<(), Problem> {
    face.app.assistant()?.stop(&checked(answer)?).await;
    Ok(())
}

/// Goes on with an answer that broke off.
#[tauri::command]
#[specta::specta]
pub async fn assistant_continue(face: Reach<'_>, answer: String) -> Result<Asked, Problem> {
    face.app.assistant()?.go_on(&checked(answer)?).await
}

/// Another answer to the same question.
#[tauri::command]
#[specta::specta]
pub async fn assistant_regenerate(
    face: Reach<'_>,
    answer: String,
    model: Option<String>,
) -> Result<Asked, Problem> {
    checked_some(&model)?;
    face.app.assistant()?.regenerate(&checked(answer)?, model).await
}

/// Asks once more, with the user's yes to what the contract asked about.
#[tauri::command]
#[specta::specta]
pub async fn assistant_agree(face: Reach<'_>, answer: String) -> Result<Asked, Problem> {
    face.app.assistant()?.agree(&checked(answer)?).await
}

/// Speaks a question into the open conversation: the button goes down, or comes up.
#[tauri::command]
#[specta::specta]
pub async fn assistant_listen(face: Reach<'_>, on: bool) -> Result<(), Problem> {
    let gesture = if on { Gesture::Press } else { Gesture::Release };
    face.app.gesture(gesture, Some("assistant".to_owned())).await
}
