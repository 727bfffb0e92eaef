//! The overlay on a real X server: where it appears, that the focus stays, that clicks come back, how quick it is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tonny_core::overlay::{OverlayClick, OverlayView};
use tonny_platform::overlay::start_on;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, InputFocus, MapState, Window};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// An X server of its own, ended with the test.
struct Server(Child, String);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn server() -> Server {
    let mut child = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Xvfb is installed");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a display number");
    Server(child, format!(":{}", line.trim()))
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what} did not happen");
        std::thread::yield_now();
    }
}

fn overlay(x: &RustConnection, root: Window) -> Option<Window> {
    let children = x.query_tree(root).unwrap().reply().unwrap().children;
    children.into_iter().find(|&id| {
        let class = x.get_property(false, id, AtomEnum::WM_CLASS, AtomEnum::STRING, 0, 64).unwrap().reply();
        class.is_ok_and(|class| class.value.starts_with(b"tonnytray-overlay"))
    })
}

fn is_mapped(x: &RustConnection, id: Window) -> bool {
    x.get_window_attributes(id).unwrap().reply().is_ok_and(|seen| seen.map_state == MapState::VIEWABLE)
}

fn listening(hands_free: bool) -> OverlayView {
    OverlayView::Listening {
        committed: "Dear Anna, thank".to_owned(),
        tentative: "you for".to_owned(),
        level: 0.6,
        elapsed_ms: 4_000,
        hands_free,
        silent: false,
    }
}

fn click(x: &RustConnection, root: Window, at: (i16, i16)) {
    x.xtest_fake_input(6, 0, 0, root, at.0, at.1, 0).unwrap();
    for kind in [4, 5] {
        x.xtest_fake_input(kind, 1, 0, root, 0, 0, 0).unwrap();
    }
    x.flush().unwrap();
}

#[test]
fn it_appears_at_once_leaves_the_focus_alone_and_sends_clicks_back() {
    let server = server();
    let (x, index) = x11rb::connect(Some(&server.1)).unwrap();
    let root = x.setup().roots[index].root;
    x.set_input_focus(InputFocus::NONE, root, x11rb::CURRENT_TIME).unwrap();
    let focus = || x.get_input_focus().unwrap().reply().unwrap().focus;
    let focused = focus();
    let (show, views) = watch::channel(OverlayView::Hidden);
    let (clicks, mut clicked) = mpsc::unbounded_channel();
    let handle = start_on(Some(&server.1), views, clicks).unwrap();
    let id = until("the window", || overlay(&x, root));
    assert!(!is_mapped(&x, id), "nothing is shown before the first view");

    let pressed = Instant::now();
    show.send(listening(true)).unwrap();
    until("the overlay", || is_mapped(&x, id).then_some(()));
    let took = pressed.elapsed();
    assert!(took < Duration::from_millis(50), "it took {took:?}");
    let place = x.get_geometry(id).unwrap().reply().unwrap();
    assert_eq!((place.x, place.y, place.width, place.height), (480, 720, 320, 56));
    assert_eq!(focus(), focused);

    // Beside the stop button the pointer reaches what lies below.
    click(&x, root, (560, 748));
    click(&x, root, (480 + 292, 748));
    assert_eq!(until("the click", || clicked.try_recv().ok()), OverlayClick::Stop);
    assert!(clicked.try_recv().is_err(), "only the button takes clicks");

    show.send(OverlayView::Trouble { message: "It broke.".to_owned(), advice: String::new() }).unwrap();
    until("the dismissal", || {
        click(&x, root, (560, 748));
        clicked.try_recv().ok().filter(|click| *click == OverlayClick::Dismiss)
    });
    show.send(OverlayView::Hidden).unwrap();
    until("its end", || (!is_mapped(&x, id)).then_some(()));
    assert_eq!(focus(), focused);
    handle.stop();
}
