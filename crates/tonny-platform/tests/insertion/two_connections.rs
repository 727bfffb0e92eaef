//! A program as many are built: one connection to the display for its window, another one for the clipboard.

use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, PropMode, Window,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::stage::{Stage, wait_for};

/// The program.
pub struct TwoConnections {
    shown: RustConnection,
    window: Window,
    root: Window,
    fetching: RustConnection,
    unseen: Window,
}

impl TwoConnections {
    /// Shows a window of class "Two".
    pub fn open(stage: &Stage) -> Self {
        let (shown, screen) = RustConnection::connect(Some(&stage.display)).expect("display");
        let (fetching, _) = RustConnection::connect(Some(&stage.display)).expect("display");
        let window = create(&shown, screen, EventMask::KEY_PRESS);
        let (name, string) = (AtomEnum::WM_CLASS, AtomEnum::STRING);
        shown.change_property8(PropMode::REPLACE, window, name, string, b"two\0Two\0").expect("sent");
        shown.map_window(window).expect("sent");
        shown.flush().expect("sent");
        let unseen = create(&fetching, screen, EventMask::NO_EVENT);
        let root = shown.setup().roots[screen].root;
        Self { shown, window, root, fetching, unseen }
    }

    /// Asks the window manager for the focus: openbox gives none to windows that come while it is starting.
    pub fn ask_for_focus(&self) {
        let name =
            self.shown.intern_atom(false, b"_NET_ACTIVE_WINDOW").expect("sent").reply().expect("answered");
        // As a pager asks, on the user's behalf.
        let event = ClientMessageEvent::new(32, self.window, name.atom, [2, 0, 0, 0, 0]);
        let mask = EventMask::SUBSTRUCTURE_NOTIFY | EventMask::SUBSTRUCTURE_REDIRECT;
        self.shown.send_event(false, self.root, mask, event).expect("sent");
        self.shown.flush().expect("sent");
    }

    /// Waits for the second key of a chord, and gives what the clipboard holds as text.
    pub fn wait_for_paste(&self) -> String {
        let mut keys = 0;
        wait_for("the paste keys", || {
            while let Some(event) = self.shown.poll_for_event().expect("connected") {
                keys += usize::from(matches!(event, Event::KeyPress(_)));
            }
            (keys == 2).then_some(())
        });
        let conn = &self.fetching;
        let [clipboard, text, here] = ["CLIPBOARD", "UTF8_STRING", "HERE"].map(|name| {
            conn.intern_atom(false, name.as_bytes()).expect("sent").reply().expect("answered").atom
        });
        conn.convert_selection(self.unseen, clipboard, text, here, x11rb::CURRENT_TIME).expect("sent");
        conn.flush().expect("sent");
        wait_for("the answer", || match conn.poll_for_event().expect("connected")? {
            Event::SelectionNotify(_) => Some(()),
            _ => None,
        });
        let reply = conn.get_property(true, self.unseen, here, AtomEnum::ANY, 0, 1 << 20).expect("sent");
        String::from_utf8(reply.reply().expect("answered").value).expect("UTF-8")
    }
}

fn create(conn: &RustConnection, screen: usize, events: EventMask) -> Window {
    let (window, root) = (conn.generate_id().expect("an id"), conn.setup().roots[screen].root);
    let events = CreateWindowAux::new().event_mask(events);
    conn.create_window(0, window, root, 0, 0, 200, 100, 0, WindowClass::INPUT_OUTPUT, 0, &events)
        .expect("sent");
    window
}
