//! Keeps the graphics driver out of the app's memory while it only sits in the tray.
//!
//! The first GTK program on an X display loads the whole OpenGL driver (some 30 MB with a compiler in it) just to learn
//! which visuals it may draw with, and leaves the answer on the root window for all that follow. Where no answer lies
//! there yet, a short-lived copy of this program is that first one. When a window is opened later, the driver is loaded
//! as usual.

use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _};
use x11rb::rust_connection::RustConnection;

/// The argument that makes this program the short-lived copy.
pub const ARGUMENT: &str = "--learn-visuals";

/// Where GTK 3 leaves what it learned.
const PROPERTY: &[u8] = b"GDK_VISUALS";

/// A driver that needs longer than this is no gain any more; GTK then asks it itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the copy is looked at; it takes about 100 ms.
const GLANCE: Duration = Duration::from_millis(4);

/// The copy at work, and the connection that keeps a server without other programs from forgetting the answer.
pub struct Learning {
    copy: Child,
    server: RustConnection,
}

/// Starts the copy where it is of use: an X display on which no GTK program has run yet.
#[allow(clippy::disallowed_methods, reason = "which display there is stands in the environment")]
pub fn learn() -> Option<Learning> {
    let on_x = std::env::var_os("WAYLAND_DISPLAY").is_none() && std::env::var_os("DISPLAY").is_some();
    let server = if on_x { unanswered()? } else { return None };
    let copy = Command::new(std::env::current_exe().ok()?)
        .arg(ARGUMENT)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    Some(Learning { copy, server })
}

impl Learning {
    /// Waits for the copy, and not longer than that is worth. Keep what is returned until GTK has started.
    #[allow(
        clippy::disallowed_methods,
        reason = "a child's end can only be asked for before there is a runtime"
    )]
    pub fn finish(mut self) -> RustConnection {
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.copy.try_wait(), Ok(None)) {
            if Instant::now() >= deadline {
                tracing::debug!("the display's visuals were not learned in time");
                let _ = self.copy.kill();
                let _ = self.copy.wait();
                break;
            }
            std::thread::sleep(GLANCE);
        }
        self.server
    }
}

/// What the copy does: starting GTK is all it takes.
pub fn be_the_first() -> ExitCode {
    if gtk::init().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A connection to the display, if no answer lies on its root window.
fn unanswered() -> Option<RustConnection> {
    let (server, screen) = RustConnection::connect(None).ok()?;
    let root = x11rb::connection::Connection::setup(&server).roots.get(screen)?.root;
    let atom = server.intern_atom(false, PROPERTY).ok()?.reply().ok()?.atom;
    let answer = server.get_property(false, root, atom, AtomEnum::INTEGER, 0, 2).ok()?.reply().ok()?;
    (answer.value_len != 2).then_some(server)
}
