//! The X connection that insertion works on: its own window, atoms, events with deadlines, the server's clock.
//!
//! Owns: the connection and the events read but not yet handled. Only one thread ever touches it. Knows nothing of
//! clipboards or keys.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use x11rb::connection::{Connection, RequestConnection};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, GetPropertyReply, PropMode, Property,
    Timestamp, Window, WindowClass,
};
use x11rb::protocol::{res, xkb, xtest};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// The server answers its own clock within a round trip; a second means that it hangs.
const CLOCK_WAIT: Duration = Duration::from_secs(1);

x11rb::atom_manager! {
    /// Every name insertion speaks of.
    pub Atoms: AtomsCookie {
        CLIPBOARD, CLIPBOARD_MANAGER, TARGETS, TIMESTAMP, MULTIPLE, ATOM_PAIR, SAVE_TARGETS, DELETE,
        INSERT_SELECTION, INSERT_PROPERTY, INCR, NULL, TEXT, UTF8_STRING,
        TEXT_PLAIN_UTF8: b"text/plain;charset=utf-8",
        TEXT_PLAIN: b"text/plain",
        PASSWORD_HINT: b"x-kde-passwordManagerHint",
        _NET_ACTIVE_WINDOW, _NET_SUPPORTING_WM_CHECK, _NET_WM_NAME, _NET_WM_PID, WM_CLIENT_LEADER,
        TONNY_READ, TONNY_CLOCK,
    }
}

/// What stops all further work. A protocol error about somebody else's window is not one: windows come and go.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// There is no display, or it refused us.
    #[error("the display cannot be reached: {0}")]
    Connect(#[from] x11rb::errors::ConnectError),
    /// The connection broke.
    #[error("the connection to the display broke: {0}")]
    Connection(#[from] x11rb::errors::ConnectionError),
    /// A request that must work did not.
    #[error("the display refused a request: {0:?}")]
    Refused(x11rb::x11_utils::X11Error),
    /// No id for a window.
    #[error("the display gave no window id: {0}")]
    Id(#[from] x11rb::errors::ReplyOrIdError),
    /// Waiting for the display failed.
    #[error("the display cannot be waited for: {0}")]
    Poll(#[from] rustix::io::Errno),
    /// The display lacks what inserting needs.
    #[error("the display lacks the {0} extension")]
    Extension(&'static str),
    /// The display does not answer.
    #[error("the display does not answer")]
    Silent,
    /// The thread could not be started.
    #[error("the insertion thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl From<x11rb::errors::ReplyError> for Fault {
    fn from(error: x11rb::errors::ReplyError) -> Self {
        match error {
            x11rb::errors::ReplyError::ConnectionError(error) => Self::Connection(error),
            x11rb::errors::ReplyError::X11Error(error) => Self::Refused(error),
        }
    }
}

/// The connection with its window.
pub struct Desk {
    pub conn: RustConnection,
    pub root: Window,
    /// Our own window: owner of the selections, and the place where others put what we ask for. Never mapped.
    pub window: Window,
    pub atoms: Atoms,
    /// The bits of an id that the client chose; the rest is the client.
    pub id_mask: u32,
    /// Whether the server tells which process owns a window id.
    pub tells_process: bool,
    backlog: VecDeque<Event>,
}

impl Desk {
    /// Connects to the display of the environment, or to `display`.
    pub fn connect(display: Option<&str>) -> Result<Self, Fault> {
        let (conn, screen) = RustConnection::connect(display)?;
        let (root, id_mask) = (conn.setup().roots[screen].root, conn.setup().resource_id_mask);
        let atoms = Atoms::new(&conn)?.reply()?;
        if conn.extension_information(xtest::X11_EXTENSION_NAME)?.is_none() {
            return Err(Fault::Extension("XTEST"));
        }
        if conn.extension_information(xkb::X11_EXTENSION_NAME)?.is_none() {
            return Err(Fault::Extension("XKEYBOARD"));
        }
        xkb::use_extension(&conn, 1, 0)?.reply()?;
        let tells_process = tells_process(&conn)?;
        let window = conn.generate_id()?;
        let own = CreateWindowAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        conn.create_window(0, window, root, -1, -1, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &own)?.check()?;
        Ok(Self { conn, root, window, atoms, id_mask, tells_process, backlog: VecDeque::new() })
    }

    /// The next event, or nothing at `deadline`. With `wake` given, also nothing as soon as that can be read.
    pub fn next_event(
        &mut self,
        deadline: Option<Instant>,
        wake: Option<&rustix::fd::OwnedFd>,
    ) -> Result<Option<Event>, Fault> {
        if let Some(event) = self.backlog.pop_front() {
            return Ok(Some(event));
        }
        loop {
            // Replies read earlier may have left events in the connection's own queue, where poll() cannot see them.
            if let Some(event) = self.conn.poll_for_event()? {
                return Ok(Some(event));
            }
            self.conn.flush()?;
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(None);
            }
            let timeout = left.map(|left| Timespec {
                tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            });
            let mut fds = vec![PollFd::new(self.conn.stream(), PollFlags::IN)];
            fds.extend(wake.map(|wake| PollFd::new(wake, PollFlags::IN)));
            match poll(&mut fds, timeout.as_ref()) {
                Err(rustix::io::Errno::INTR) | Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            if fds.get(1).is_some_and(|wake| !wake.revents().is_empty()) {
                return Ok(None);
            }
        }
    }

    /// The server's clock now. ICCCM 2.1 wants selections owned with a real time, which only an event tells.
    pub fn server_time(&mut self) -> Result<Timestamp, Fault> {
        let (name, mine) = (self.atoms.TONNY_CLOCK, self.window);
        self.conn.change_property32(PropMode::APPEND, mine, name, AtomEnum::INTEGER, &[])?;
        let deadline = Instant::now() + CLOCK_WAIT;
        let mut others = VecDeque::new();
        let time = loop {
            match self.next_event(Some(deadline), None)? {
                Some(Event::PropertyNotify(e)) if e.window == mine && e.atom == name => break e.time,
                Some(event) => others.push_back(event),
                None => return Err(Fault::Silent),
            }
        };
        others.append(&mut self.backlog);
        self.backlog = others;
        Ok(time)
    }

    /// A property of any window; nothing where the window or the property is gone.
    pub fn property(&self, window: Window, name: Atom) -> Result<Option<GetPropertyReply>, Fault> {
        let reply = self.conn.get_property(false, window, name, AtomEnum::ANY, 0, u32::MAX / 4)?.reply();
        Ok(foreign(reply)?.filter(|reply| reply.type_ != x11rb::NONE))
    }

    /// A property that holds one 32-bit value.
    pub fn number(&self, window: Window, name: Atom) -> Result<Option<u32>, Fault> {
        Ok(self.property(window, name)?.and_then(|reply| reply.value32()?.next()))
    }

    /// Takes a property of our own window and removes it there.
    pub fn take_own(&self, name: Atom) -> Result<GetPropertyReply, Fault> {
        Ok(self.conn.get_property(true, self.window, name, AtomEnum::ANY, 0, u32::MAX / 4)?.reply()?)
    }
}

/// The answer about somebody else's window: an X error only means that it is gone.
pub fn foreign<T>(reply: Result<T, x11rb::errors::ReplyError>) -> Result<Option<T>, Fault> {
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(x11rb::errors::ReplyError::X11Error(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether a property event says that the property was removed.
pub fn is_removal(state: Property) -> bool {
    state == Property::DELETE
}

fn tells_process(conn: &RustConnection) -> Result<bool, Fault> {
    if conn.extension_information(res::X11_EXTENSION_NAME)?.is_none() {
        return Ok(false);
    }
    // Client ids came with version 1.2 of X-Resource.
    let version = res::query_version(conn, 1, 2)?.reply()?;
    Ok((version.server_major, version.server_minor) >= (1, 2))
}
