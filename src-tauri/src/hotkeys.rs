//! Global hotkeys: the keys for dictation and for the assistant always, Escape only while recording.
//!
//! Keys are heard on a thread of the platform's; it only passes the gesture on, and one task tells the App, so that a
//! press and its release never overtake each other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tauri::{AppHandle as Tauri, Manager as _};
use tauri_plugin_autostart::ManagerExt as _;
use tonny_core::app::{AppHandle, Message};
use tonny_core::hotkey::Hotkey;
use tonny_core::problem::{Code, Problem};
use tonny_core::push_to_talk::Gesture;
use tonny_core::settings::Settings;
use tonny_platform::hotkeys::{Edge, Hotkeys};

use crate::desktop::Face;

/// The keys that are held now.
pub struct Bound {
    keys: Result<Hotkeys, Problem>,
    now: Arc<Mutex<Now>>,
}

#[derive(Default)]
struct Now {
    dictate: Option<Hotkey>,
    assistant: Option<Hotkey>,
    escape: bool,
    paused: bool,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    Dictation,
    Assistant,
}

/// Starts to listen; a display without hotkeys is told when one is to be held.
pub fn listen(app: AppHandle) -> Bound {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let now: Arc<Mutex<Now>> = Arc::default();
    let held = now.clone();
    let keys = Hotkeys::start(move |hotkey, edge| {
        if let Some(gesture) = meant(hotkey, edge) {
            let is_assistants = lock(&held).assistant == Some(hotkey);
            // Nobody hears it only when the app is ending.
            _ = tell.send((gesture, is_assistants.then(|| "assistant".to_owned())));
        }
    });
    tauri::async_runtime::spawn(async move {
        while let Some((gesture, route)) = told.recv().await {
            if let Err(problem) = app.gesture(gesture, route).await {
                tracing::warn!(code = problem.code, "a hotkey did nothing");
            }
        }
    });
    Bound { keys, now }
}

fn meant(hotkey: Hotkey, edge: Edge) -> Option<Gesture> {
    match (hotkey == Hotkey::ESCAPE, edge) {
        (true, Edge::Down) => Some(Gesture::Cancel),
        (true, Edge::Up) => None,
        (false, Edge::Down) => Some(Gesture::Press),
        (false, Edge::Up) => Some(Gesture::Release),
    }
}

/// Brings hotkey and autostart in line with the settings; a hotkey that cannot be had is told to the App.
pub async fn apply(tauri: &Tauri, settings: &Settings) {
    let bound = tauri.state::<Bound>();
    let dictation = bound.bind(For::Dictation, Some(&settings.hotkeys.dictate)).err();
    let assistant = bound.bind(For::Assistant, settings.hotkeys.assistant.as_deref()).err();
    let problem = dictation.or(assistant);
    if let Some(problem) = &problem {
        tracing::warn!(code = problem.code, "a hotkey does not work");
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

impl Bound {
    fn bind(&self, whose: For, hotkey: Option<&str>) -> Result<(), Problem> {
        let parse = |hotkey: &str| {
            hotkey.parse().map_err(|wrong| Problem::with(Code::HotkeyInvalid, format!("{hotkey:?}: {wrong}")))
        };
        let wanted: Option<Hotkey> = hotkey.map(parse).transpose()?;
        let keys = self.keys.as_ref().map_err(Clone::clone)?;
        let mut now = self.now();
        let paused = now.paused;
        let place = match whose {
            For::Dictation => &mut now.dictate,
            For::Assistant => &mut now.assistant,
        };
        if *place == wanted {
            return Ok(());
        }
        if paused {
            *place = wanted;
            return Ok(());
        }
        // The new one first: when it is taken, the old one goes on working.
        if let Some(wanted) = wanted {
            keys.hold(wanted)?;
        }
        if let Some(old) = std::mem::replace(place, wanted) {
            keys.release(old);
        }
        Ok(())
    }

    /// Takes Escape while recording, and gives it back to everybody else after.
    pub fn hold_escape(&self, hold: bool) {
        let (Ok(keys), mut now) = (&self.keys, self.now()) else { return };
        if now.escape == hold {
            return;
        }
        if !hold {
            keys.release(Hotkey::ESCAPE);
        } else if let Err(problem) = keys.hold(Hotkey::ESCAPE) {
            return tracing::warn!(code = problem.code, "Escape could not be taken");
        }
        now.escape = hold;
    }

    /// Gives the dictation key back, or takes it again.
    pub fn pause(&self, pause: bool) -> Result<(), Problem> {
        let (Ok(keys), mut now) = (&self.keys, self.now()) else { return Ok(()) };
        if now.paused == pause {
            return Ok(());
        }
        now.paused = pause;
        let Now { dictate, assistant, .. } = &mut *now;
        let mut first = Ok(());
        for place in [dictate, assistant] {
            match *place {
                Some(hotkey) if pause => keys.release(hotkey),
                // Another program may have taken it meanwhile; the next change of the settings tries again. The other key is
                // taken all the same.
                Some(hotkey) => first = first.and(keys.hold(hotkey).inspect_err(|_| *place = None)),
                None => {}
            }
        }
        first
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        lock(&self.now)
    }
}

fn lock(now: &Mutex<Now>) -> MutexGuard<'_, Now> {
    now.lock().unwrap_or_else(PoisonError::into_inner)
}
