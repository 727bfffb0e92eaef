//! Input devices and the level meter.

use tonny_core::app::Message;
use tonny_core::ports::InputDevice;
use tonny_core::problem::Problem;

use super::{Reach, blocking};

/// All inputs there are now.
#[tauri::command]
#[specta::specta]
pub async fn microphone_list(face: Reach<'_>) -> Result<Vec<InputDevice>, Problem> {
    let microphone = face.microphone.clone();
    let known = blocking(move || microphone.devices()).await?;
    // The tray offers them, too.
    face.app.send(Message::Microphones(known.clone())).await;
    Ok(known)
}

/// Starts or ends the level meter; levels come as events.
#[tauri::command]
#[specta::specta]
pub async fn microphone_test(face: Reach<'_>, on: bool) -> Result<(), Problem> {
    face.app.test_microphone(on).await
}
