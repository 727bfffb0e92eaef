//! Hotkeys that work whatever program is in front, on an X11 display.
//!
//! Owns: a connection of its own, the keys grabbed on it, and the thread that sleeps until one of them goes down or comes
//! up. Own code, because the libraries there are look for a key every 50 ms: a press would be heard late, and an idle
//! app would never sleep (decision 27). Must not know what a hotkey is for.

mod keyboard;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tonny_core::hotkey::Hotkey;
use tonny_core::problem::{Code, Problem};
use x11rb::connection::Connection as _;
use x11rb::errors::{ConnectError, ConnectionError, ReplyError, ReplyOrIdError};
use x11rb::protocol::xproto::{
    ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, GrabMode, KeyPressEvent, ModMask,
    Window, WindowClass,
};
use x11rb::protocol::{ErrorKind, Event, xkb};
use x11rb::rust_connection::RustConnection;

use keyboard::{Chord, Keyboard};

/// The XKB name of the keyboard that everything core goes through.
const KEYBOARD: u16 = 0x100;

/// What happened to a hotkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// It went down. A key that repeats goes down once.
    Down,
    /// It came up: its key did, whatever the modifiers do.
    Up,
}

/// Hotkeys of one display. Dropping it gives all of them back.
pub struct Hotkeys {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("the display cannot be reached: {0}")]
    Connect(#[from] ConnectError),
    #[error("the connection to the display broke: {0}")]
    Connection(#[from] ConnectionError),
    #[error("the display refused a request: {0}")]
    Refused(#[from] ReplyError),
    #[error("the display gave no window id: {0}")]
    Id(#[from] ReplyOrIdError),
    #[error("the thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// Shared by the thread, which reads events, and by whoever holds and releases.
struct Desk {
    conn: RustConnection,
    root: Window,
    /// Never mapped; a message to it ends the thread.
    door: Window,
    held: Mutex<Vec<Held>>,
}

struct Held {
    hotkey: Hotkey,
    chord: Chord,
    down: bool,
}

impl Hotkeys {
    /// Listens on the display of the environment; `on` is called on the listening thread and must not wait.
    pub fn start(on: impl Fn(Hotkey, Edge) + Send + 'static) -> Result<Self, Problem> {
        Self::open(None, on).map_err(missing)
    }

    /// The same for a display by its name, such as `:99`.
    pub fn start_on(display: &str, on: impl Fn(Hotkey, Edge) + Send + 'static) -> Result<Self, Problem> {
        Self::open(Some(display), on).map_err(missing)
    }

    fn open(display: Option<&str>, on: impl Fn(Hotkey, Edge) + Send + 'static) -> Result<Self, Fault> {
        let desk = Arc::new(Desk::connect(display)?);
        let listening = desk.clone();
        let thread = std::thread::Builder::new().name("hotkeys".to_owned()).spawn(move || {
            if let Err(error) = listening.listen(&on) {
                tracing::error!(%error, "hotkeys stopped working");
            }
        })?;
        Ok(Self { desk, thread: Some(thread) })
    }

    /// Takes a hotkey; holding one twice is holding it once. Refused with TT-HOTKEY-501 where another program has it,
    /// and with TT-HOTKEY-502 where the keyboard has no such key.
    pub fn hold(&self, hotkey: Hotkey) -> Result<(), Problem> {
        let mut held = self.desk.held();
        if held.iter().any(|it| it.hotkey == hotkey) {
            return Ok(());
        }
        let keyboard = self.desk.keyboard().map_err(missing)?;
        let chord = keyboard.chord(hotkey).ok_or_else(|| {
            Problem::with(Code::HotkeyInvalid, format!("This keyboard has no key for {hotkey}"))
        })?;
        match self.desk.grab(&chord) {
            Ok(true) => held.push(Held { hotkey, chord, down: false }),
            Ok(false) => {
                return Err(Problem::with(Code::HotkeyTaken, format!("{hotkey} could not be taken")));
            }
            Err(fault) => return Err(missing(fault)),
        }
        Ok(())
    }

    /// Gives a hotkey back to everybody else.
    pub fn release(&self, hotkey: Hotkey) {
        let mut held = self.desk.held();
        let gone = held.extract_if(.., |it| it.hotkey == hotkey);
        for it in gone {
            self.desk.give_back(&it.chord);
        }
    }
}

impl Drop for Hotkeys {
    fn drop(&mut self) {
        let message = ClientMessageEvent::new(32, self.desk.door, 1u32, [0u32; 5]);
        let sent = self.desk.conn.send_event(false, self.desk.door, EventMask::NO_EVENT, message);
        if sent.is_ok() && self.desk.conn.flush().is_ok() {
            // The connection closes with the last owner of the desk, and gives back every key.
            let _ = self.thread.take().map(JoinHandle::join);
        }
    }
}

impl Desk {
    fn connect(display: Option<&str>) -> Result<Self, Fault> {
        let (conn, screen) = RustConnection::connect(display)?;
        xkb::use_extension(&conn, 1, 0)?.reply()?;
        let repeat = xkb::PerClientFlag::DETECTABLE_AUTO_REPEAT;
        let none = xkb::BoolCtrl::default();
        // Without it a key that repeats looks as if it came up thirty times a second.
        xkb::per_client_flags(&conn, KEYBOARD, repeat, repeat, none, none, none)?.reply()?;
        // Who speaks XKB is told of a new layout by it, and not by the core protocol.
        let (new, map) = (xkb::EventType::NEW_KEYBOARD_NOTIFY, xkb::EventType::MAP_NOTIFY);
        let parts = xkb::MapPart::KEY_SYMS | xkb::MapPart::MODIFIER_MAP;
        let (none, no_details) = (xkb::EventType::default(), xkb::SelectEventsAux::new());
        xkb::select_events(&conn, KEYBOARD, none, new | map, parts, parts, &no_details)?.check()?;
        let root = conn.setup().roots[screen].root;
        let door = conn.generate_id()?;
        let nothing = CreateWindowAux::new();
        conn.create_window(0, door, root, -1, -1, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &nothing)?.check()?;
        Ok(Self { conn, root, door, held: Mutex::default() })
    }

    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keyboard(&self) -> Result<Keyboard, Fault> {
        let setup = self.conn.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let map = self.conn.get_keyboard_mapping(first, last - first + 1)?;
        let rows = self.conn.get_modifier_mapping()?;
        Ok(Keyboard::new(first, map.reply()?, &rows.reply()?))
    }

    /// Whether the chord is ours now; another program may have it.
    fn grab(&self, chord: &Chord) -> Result<bool, Fault> {
        let asked = chord.masks().map(|mask| {
            self.conn.grab_key(false, self.root, mask, chord.code, GrabMode::ASYNC, GrabMode::ASYNC)
        });
        let mut ours = true;
        for asked in asked {
            match asked?.check() {
                Ok(()) => {}
                Err(ReplyError::X11Error(error)) if error.error_kind == ErrorKind::Access => ours = false,
                Err(error) => return Err(error.into()),
            }
        }
        if !ours {
            self.give_back(chord);
        }
        Ok(ours)
    }

    /// A grab that is not ours is not touched by it.
    fn give_back(&self, chord: &Chord) {
        for mask in chord.masks() {
            // A connection that broke has given it back already.
            _ = self.conn.ungrab_key(chord.code, self.root, mask);
        }
        _ = self.conn.flush();
    }

    fn listen(&self, on: &dyn Fn(Hotkey, Edge)) -> Result<(), Fault> {
        loop {
            let told = match self.conn.wait_for_event()? {
                Event::KeyPress(event) => self.pressed(&event),
                Event::KeyRelease(event) => self.released(event.detail),
                Event::XkbNewKeyboardNotify(_) | Event::XkbMapNotify(_) => self.follow_layout()?,
                Event::ClientMessage(event) if event.window == self.door => return Ok(()),
                _ => continue,
            };
            for (hotkey, edge) in told {
                on(hotkey, edge);
            }
        }
    }

    fn pressed(&self, event: &KeyPressEvent) -> Vec<(Hotkey, Edge)> {
        let mut held = self.held();
        // Until a hotkey comes up, every key of the keyboard arrives here, with the hotkey's own modifiers down.
        let within = held.iter().any(|it| it.down);
        let state = ModMask::from(u16::from(event.state));
        let hit = held.iter_mut().filter(|it| !it.down && it.chord.is(event.detail, state, within));
        hit.map(|it| {
            it.down = true;
            (it.hotkey, Edge::Down)
        })
        .collect()
    }

    fn released(&self, code: u8) -> Vec<(Hotkey, Edge)> {
        let mut held = self.held();
        let hit = held.iter_mut().filter(|it| it.down && it.chord.code == code);
        hit.map(|it| {
            it.down = false;
            (it.hotkey, Edge::Up)
        })
        .collect()
    }

    /// Keys that lie elsewhere on the new layout are grabbed there. One that was down can come up no more.
    fn follow_layout(&self) -> Result<Vec<(Hotkey, Edge)>, Fault> {
        let keyboard = self.keyboard()?;
        let mut up = Vec::new();
        for it in self.held().iter_mut() {
            let Some(chord) = keyboard.chord(it.hotkey).filter(|chord| *chord != it.chord) else { continue };
            self.give_back(&it.chord);
            if !self.grab(&chord)? {
                tracing::warn!(hotkey = %it.hotkey, "another program has this hotkey on the new keyboard layout");
            }
            it.chord = chord;
            if std::mem::take(&mut it.down) {
                up.push((it.hotkey, Edge::Up));
            }
        }
        Ok(up)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn missing(fault: Fault) -> Problem {
    Problem::with(Code::HotkeysMissing, fault)
}
