//! Hotkeys on a real X server of their own, pressed by xdotool. Needs Xvfb, openbox, xdotool and setxkbmap; a missing one
//! is named and its test passes without having looked.

#![allow(clippy::disallowed_methods, reason = "a test starts programs and polls")]

#[path = "insertion/stage.rs"]
#[allow(dead_code, reason = "the stage has programs to insert into, which no hotkey needs")]
mod stage;

use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use stage::Stage;
use tonny_core::hotkey::Hotkey;
use tonny_core::problem::Code;
use tonny_platform::hotkeys::Edge::{self, Down, Up};
use tonny_platform::hotkeys::Hotkeys;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// Far more than a key takes through the server.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the listening thread told, in order.
type Heard = Receiver<(String, Edge)>;

fn open() -> Option<(Stage, Hotkeys, Heard)> {
    let stage = Stage::open(&["xdotool", "setxkbmap"])?;
    let (tell, heard) = channel();
    let keys = Hotkeys::start_on(&stage.display, move |hotkey, edge| {
        tell.send((hotkey.to_string(), edge)).expect("heard");
    });
    Some((stage, keys.expect("display"), heard))
}

fn hotkey(text: &str) -> Hotkey {
    text.parse().expect("hotkey")
}

/// Gives the keyboard another layout, such as `fr`.
fn set_layout(stage: &Stage, layout: &str) {
    let done = Command::new("setxkbmap").args(["-display", &stage.display, layout]).status();
    assert!(done.expect("setxkbmap starts").success());
}

/// The key that gives this letter now.
fn keycode(stage: &Stage, letter: char) -> u8 {
    let (conn, _) = RustConnection::connect(Some(&stage.display)).expect("display");
    let (first, last) = (conn.setup().min_keycode, conn.setup().max_keycode);
    let map = conn.get_keyboard_mapping(first, last - first + 1).expect("sent").reply().expect("answered");
    let mut keys = (first..=last).zip(map.keysyms.chunks(map.keysyms_per_keycode.into()));
    keys.find(|(_, syms)| syms.first() == Some(&u32::from(letter))).expect("a key for it").0
}

#[track_caller]
fn hears(heard: &Heard, wanted: &[(&str, Edge)]) {
    for (name, edge) in wanted {
        assert_eq!(heard.recv_timeout(PATIENCE), Ok(((*name).to_owned(), *edge)));
    }
    // What is pressed next would come after anything that is on its way, so one moment is enough here.
    assert_eq!(heard.recv_timeout(Duration::from_millis(100)), Err(RecvTimeoutError::Timeout));
}

#[test]
fn a_hotkey_goes_down_once_and_up_once_however_long_it_repeats_and_whatever_lock_is_lit() {
    let Some((stage, keys, heard)) = open() else { return };
    keys.hold(hotkey("Ctrl+Shift+Space")).expect("free");
    for _ in 0..2 {
        stage.xdotool(&["keydown", "ctrl", "keydown", "shift", "keydown", "space"]);
        // The server repeats a held key after 660 ms, 25 times a second.
        std::thread::sleep(Duration::from_millis(900));
        stage.xdotool(&["keyup", "ctrl", "keyup", "shift", "keyup", "space"]);
        hears(&heard, &[("Ctrl+Shift+Space", Down), ("Ctrl+Shift+Space", Up)]);
        stage.xdotool(&["key", "Caps_Lock", "key", "Num_Lock"]);
    }
    stage.xdotool(&["key", "ctrl+space", "key", "ctrl+alt+shift+space"]);
    hears(&heard, &[]);
}

#[test]
fn escape_is_heard_while_the_hotkeys_modifiers_are_down_and_given_back_after() {
    let Some((stage, keys, heard)) = open() else { return };
    keys.hold(hotkey("Ctrl+Shift+Space")).expect("free");
    keys.hold(Hotkey::ESCAPE).expect("free");
    stage.xdotool(&["keydown", "ctrl", "keydown", "shift", "keydown", "space", "key", "Escape"]);
    stage.xdotool(&["keyup", "space", "keyup", "ctrl", "keyup", "shift", "key", "Escape"]);
    let (dictate, escape) = ("Ctrl+Shift+Space", "Escape");
    let wanted = [(dictate, Down), (escape, Down), (escape, Up), (dictate, Up), (escape, Down), (escape, Up)];
    hears(&heard, &wanted);
    keys.release(Hotkey::ESCAPE);
    stage.xdotool(&["key", "Escape"]);
    hears(&heard, &[]);
}

#[test]
fn a_hotkey_of_another_program_is_refused_and_takes_nothing_from_it() {
    let Some((stage, keys, heard)) = open() else { return };
    keys.hold(hotkey("Ctrl+Alt+D")).expect("free");
    let other = Hotkeys::start_on(&stage.display, |_, _| {}).expect("display");
    assert!(other.hold(hotkey("Ctrl+Alt+D")).expect_err("taken").is(Code::HotkeyTaken));
    stage.xdotool(&["key", "ctrl+alt+d"]);
    hears(&heard, &[("Ctrl+Alt+D", Down), ("Ctrl+Alt+D", Up)]);
    keys.release(hotkey("Ctrl+Alt+D"));
    // Its own thread has given it back when the server has answered the next request.
    keys.hold(hotkey("Ctrl+Alt+E")).expect("free");
    other.hold(hotkey("Ctrl+Alt+D")).expect("free now");
    drop(other);
    stage::wait_for("the keys of a program that has ended", || keys.hold(hotkey("Ctrl+Alt+D")).ok());
}

#[test]
fn a_hotkey_follows_the_layout() {
    let Some((stage, keys, heard)) = open() else { return };
    set_layout(&stage, "us");
    keys.hold(hotkey("Ctrl+Alt+Q")).expect("free");
    // The key of Q on the one is the key of A on the other.
    let q = keycode(&stage, 'q');
    stage.xdotool(&["key", &format!("ctrl+alt+{q}")]);
    hears(&heard, &[("Ctrl+Alt+Q", Down), ("Ctrl+Alt+Q", Up)]);
    set_layout(&stage, "fr");
    assert_ne!(keycode(&stage, 'q'), q);
    let moved = keycode(&stage, 'q');
    stage::wait_for("the new key", || {
        stage.xdotool(&["key", &format!("ctrl+alt+{moved}")]);
        heard.recv_timeout(Duration::from_millis(200)).ok()
    });
    while heard.recv_timeout(Duration::from_millis(200)).is_ok() {}
    stage.xdotool(&["key", &format!("ctrl+alt+{q}")]);
    hears(&heard, &[]);
}

#[test]
fn without_a_display_it_says_so() {
    let refused = Hotkeys::start_on(":4242", |_, _| {}).err().expect("no such display");
    assert!(refused.is(Code::HotkeysMissing), "{refused}");
}
