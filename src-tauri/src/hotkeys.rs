//! Global hotkeys: the dictation key always, Escape only while recording.
//!
//! The operating system's handler runs on the main thread; it only passes the gesture on.

use std::str::FromStr as _;
use std::sync::Mutex;

use tauri::{AppHandle, Manager as _};
use tauri_plugin_autostart::ManagerExt as _;
use tauri_plugin_global_shortcut::{GlobalShortcutExt as _, Shortcut, ShortcutEvent, ShortcutState};
use tonny_core::app::Message;
use tonny_core::problem::{Code, Problem};
use tonny_core::push_to_talk::Gesture;
use tonny_core::settings::Settings;

use crate::desktop::Face;

/// Cancels a recording.
const ESCAPE: &str = "Escape";

/// The shortcuts that are registered now. Only the desktop's own task and the handler look at it.
#[derive(Default)]
pub struct Bound(Mutex<Keys>);

#[derive(Default)]
struct Keys {
    dictate: Option<Shortcut>,
    escape: bool,
}

impl Bound {
    fn keys(&self) -> std::sync::MutexGuard<'_, Keys> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A registered key went down or came up.
pub fn on_event(tauri: &AppHandle, shortcut: &Shortcut, event: ShortcutEvent) {
    let dictate = tauri.state::<Bound>().keys().dictate;
    let gesture = match (dictate.as_ref() == Some(shortcut), event.state) {
        (true, ShortcutState::Pressed) => Gesture::Press,
        (true, ShortcutState::Released) => Gesture::Release,
        (false, ShortcutState::Pressed) => Gesture::Cancel,
        (false, ShortcutState::Released) => return,
    };
    let app = tauri.state::<Face>().app.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(problem) = app.gesture(gesture, None).await {
            tracing::warn!(code = problem.code, "a hotkey did nothing");
        }
    });
}

/// Brings hotkey and autostart in line with the settings; a hotkey that cannot be had is told to the App.
pub async fn apply(tauri: &AppHandle, settings: &Settings) {
    let problem = bind(tauri, &settings.hotkeys.dictate).err();
    if let Some(problem) = &problem {
        tracing::warn!(code = problem.code, "the dictation hotkey does not work");
    }
    tauri.state::<Face>().app.send(Message::HotkeyProblem(problem)).await;
    let autostart = tauri.autolaunch();
    let wanted = settings.startup.autostart;
    if autostart.is_enabled().is_ok_and(|is| is != wanted) {
        let done = if wanted { autostart.enable() } else { autostart.disable() };
        if let Err(error) = done {
            tracing::warn!(%error, wanted, "autostart could not be changed");
        }
    }
}

fn bind(tauri: &AppHandle, hotkey: &str) -> Result<(), Problem> {
    let wanted = Shortcut::from_str(hotkey)
        .map_err(|e| Problem::with(Code::HotkeyInvalid, format!("{hotkey:?} was not understood: {e}")))?;
    let shortcuts = tauri.global_shortcut();
    let old = tauri.state::<Bound>().keys().dictate;
    if old == Some(wanted) {
        return Ok(());
    }
    // The new one first: when it is taken, the old one goes on working.
    shortcuts
        .register(wanted)
        .map_err(|e| Problem::with(Code::HotkeyTaken, format!("{hotkey} could not be registered: {e}")))?;
    if let Some(old) = old {
        let _ = shortcuts.unregister(old);
    }
    tauri.state::<Bound>().keys().dictate = Some(wanted);
    Ok(())
}

/// Takes Escape while recording, and gives it back to everybody else after.
pub fn hold_escape(tauri: &AppHandle, hold: bool) {
    if tauri.state::<Bound>().keys().escape == hold {
        return;
    }
    let shortcuts = tauri.global_shortcut();
    let done = if hold { shortcuts.register(ESCAPE) } else { shortcuts.unregister(ESCAPE) };
    match done {
        Ok(()) => tauri.state::<Bound>().keys().escape = hold,
        Err(error) => tracing::warn!(%error, hold, "Escape could not be taken or given back"),
    }
}
