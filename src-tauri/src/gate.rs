//! How much a window may ask at a time. A page that asks without end (a fault, or something foreign in it) is refused
//! with a code, instead of filling the app's memory with what it asked for.
//!
//! Owns the counts, one for each window that was granted any command. There are no deadlines here: what may wait on
//! others (a keyring, a provider, a worker, the sound server) ends by its own, and until then its call is counted.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use specta::Types;
use specta::datatype::DataType;
use specta::function::FunctionArg;
use tauri::ipc::{CommandArg, CommandItem, InvokeError};
use tauri::{Runtime, State};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonny_core::problem::{Code, Problem};

use crate::desktop::Face;

/// Calls of one window that may be under way. The busiest page asks eight things when it opens.
pub const MOST: usize = 64;

/// Of those, the ones that hold a whole file in memory: the longest recording that is played here is 58 MB.
pub const MOST_HEAVY: usize = 3;

/// Commands whose answer or input is a whole file.
const HEAVY: [&str; 4] = ["history_audio", "history_export", "models_import", "language_import"];

/// The counts of all windows.
#[derive(Debug, Default)]
pub struct Gate {
    windows: Mutex<BTreeMap<String, Room>>,
}

#[derive(Clone, Debug)]
struct Room {
    calls: Arc<Semaphore>,
    heavy: Arc<Semaphore>,
}

/// One call's place; free again when it is dropped.
#[derive(Debug)]
pub struct Held {
    _call: OwnedSemaphorePermit,
    _heavy: Option<OwnedSemaphorePermit>,
}

impl Gate {
    /// A place for a call of this window, or none.
    pub fn enter(&self, window: &str, command: &str) -> Result<Held, Problem> {
        let room = {
            let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
            windows.entry(window.to_owned()).or_insert_with(Room::empty).clone()
        };
        let place = |of: Arc<Semaphore>| of.try_acquire_owned().map_err(|_| Problem::of(Code::TooManyCalls));
        let heavy = HEAVY.contains(&command).then_some(room.heavy);
        Ok(Held { _call: place(room.calls)?, _heavy: heavy.map(place).transpose()? })
    }
}

impl Room {
    fn empty() -> Self {
        Self { calls: Arc::new(Semaphore::new(MOST)), heavy: Arc::new(Semaphore::new(MOST_HEAVY)) }
    }
}

/// The way to everything a command may reach; its call is counted while it holds this.
pub struct Reach<'a> {
    face: State<'a, Face>,
    window: String,
    _held: Held,
}

impl Reach<'_> {
    /// The window that calls.
    pub fn window(&self) -> &str {
        &self.window
    }
}

impl Deref for Reach<'_> {
    type Target = Face;

    fn deref(&self) -> &Face {
        &self.face
    }
}

impl<'r, 'de: 'r, R: Runtime> CommandArg<'de, R> for Reach<'r> {
    fn from_command(command: CommandItem<'de, R>) -> Result<Self, InvokeError> {
        let (name, window) = (command.name, command.message.webview_ref().label().to_owned());
        let face: State<'r, Face> = State::from_command(command)?;
        let _held = face.gate.enter(&window, name)?;
        Ok(Self { face, window, _held })
    }
}

/// It is no argument that a page gives.
impl FunctionArg for Reach<'_> {
    fn to_datatype(_: &mut Types) -> Option<DataType> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_asks_too_much_is_refused_until_something_is_done() {
        let gate = Gate::default();
        let mut held: Vec<Held> = (0..MOST).map(|_| gate.enter("settings", "x").expect("a place")).collect();
        assert!(gate.enter("settings", "x").expect_err("full").is(Code::TooManyCalls));
        assert!(gate.enter("assistant", "x").is_ok(), "one window takes the place of another");
        held.pop();
        assert!(gate.enter("settings", "x").is_ok(), "a place that was given back is lost");
    }

    #[test]
    fn whole_files_have_places_of_their_own() {
        let gate = Gate::default();
        let asked = HEAVY.iter().take(MOST_HEAVY);
        let held: Vec<Held> = asked.map(|name| gate.enter("settings", name).expect("a place")).collect();
        assert_eq!(held.len(), MOST_HEAVY);
        assert!(
            HEAVY.iter().all(|name| crate::access::commands().contains(name)),
            "one has another name now"
        );
        assert!(gate.enter("settings", HEAVY[0]).expect_err("full").is(Code::TooManyCalls));
        assert!(gate.enter("settings", "app_snapshot").is_ok(), "a small call waits for a large one");
        drop(held);
        assert!(gate.enter("settings", HEAVY[0]).is_ok());
    }
}
