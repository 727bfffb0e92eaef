//! The dictation key as buttons.

use tonny_core::problem::Problem;
use tonny_core::push_to_talk::Gesture;

use super::Reach;

/// The key goes down.
#[tauri::command]
#[specta::specta]
pub async fn dictation_press(face: Reach<'_>) -> Result<(), Problem> {
    face.app.gesture(Gesture::Press, None).await
}

/// The key comes up.
#[tauri::command]
#[specta::specta]
pub async fn dictation_release(face: Reach<'_>) -> Result<(), Problem> {
    face.app.gesture(Gesture::Release, None).await
}

/// Starts hands-free, or ends it.
#[tauri::command]
#[specta::specta]
pub async fn dictation_toggle(face: Reach<'_>) -> Result<(), Problem> {
    face.app.gesture(Gesture::Toggle, None).await
}

/// Ends the recording; its words go to the history only.
#[tauri::command]
#[specta::specta]
pub async fn dictation_cancel(face: Reach<'_>) -> Result<(), Problem> {
    face.app.gesture(Gesture::Cancel, None).await
}
