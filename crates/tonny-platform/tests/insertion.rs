//! Insertion into real programs on a real X server of its own: xterm, a GTK text view, a Chromium text area.
//!
//! Needs Xvfb, openbox, xterm, xclip, xdotool, python3-gi with GTK 3 and Chromium; a missing one is named and its test
//! passes without having looked. Start reading at the tests; the stage they play on is in insertion/stage.rs.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]

#[path = "insertion/stage.rs"]
mod stage;
#[path = "insertion/two_connections.rs"]
mod two_connections;

use std::time::{Duration, Instant};

use stage::{Stage, wait_for};
use tonny_core::ports::{Delivery, InsertionMethod, InsertionWish, TextInsertion};
use tonny_core::problem::Code;
use tonny_platform::insertion::X11Insertion;
use two_connections::TwoConnections;

const TEXT: &str = "Zoë's naïve café – 日本語 🎉 \"quoted\"\nsecond line\tafter a tab";

fn wish(method: InsertionMethod) -> InsertionWish {
    let (modifier_wait, receipt_wait) = (Duration::from_secs(2), Duration::from_secs(2));
    InsertionWish { method, target: None, modifier_wait, receipt_wait }
}

fn inserted_by(delivery: &Delivery) -> InsertionMethod {
    match delivery {
        Delivery::Inserted { by } => *by,
        other => panic!("not inserted: {other:?}"),
    }
}

fn copied_because(delivery: &Delivery, code: Code) {
    match delivery {
        Delivery::Copied(problem) => assert!(problem.is(code), "{problem}"),
        other => panic!("not copied: {other:?}"),
    }
}

/// A program to insert into: how to start it and how to read it. Gives nothing if it is not installed.
type Opening = fn(&Stage) -> Option<Box<dyn Fn() -> String>>;

fn everywhere(name: &str, opening: Opening, method: InsertionMethod, plain: &str) {
    let Some(stage) = Stage::open(&["xclip"]) else { return };
    stage.set_clipboard("clipboard", "UTF8_STRING", b"the user's own words");
    stage.set_clipboard("primary", "UTF8_STRING", b"marked words");
    let Some(read) = opening(&stage) else { return };
    let insertion = X11Insertion::connect_to(&stage.display).expect("display");
    let mut expected = String::new();
    for round in 0..5 {
        let began = Instant::now();
        let delivery = insertion.insert(plain, &wish(method));
        stage.say(&format!("{name} {method:?} round {round}: outcome after {:?}", began.elapsed()));
        assert_eq!(inserted_by(&delivery), method);
        expected.push_str(plain);
        stage::wait_equal(name, &expected, &read);
    }
    stage.clipboard_becomes("clipboard", "UTF8_STRING", b"the user's own words");
    stage.clipboard_becomes("primary", "UTF8_STRING", b"marked words");
}

#[test]
fn paste_reaches_xterm() {
    everywhere("xterm", Stage::xterm, InsertionMethod::Paste, TEXT);
}

#[test]
fn paste_reaches_gtk() {
    everywhere("gtk", Stage::gtk, InsertionMethod::Paste, TEXT);
}

#[test]
fn paste_reaches_chromium() {
    everywhere("chromium", Stage::chromium, InsertionMethod::Paste, TEXT);
}

#[test]
fn typing_reaches_xterm() {
    everywhere("xterm", Stage::xterm, InsertionMethod::Type, TEXT);
}

#[test]
fn typing_reaches_gtk() {
    everywhere("gtk", Stage::gtk, InsertionMethod::Type, TEXT);
}

#[test]
fn typing_reaches_chromium() {
    everywhere("chromium", Stage::chromium, InsertionMethod::Type, TEXT);
}

#[test]
fn an_image_on_the_clipboard_comes_back_whole() {
    let Some(stage) = Stage::open(&["xclip"]) else { return };
    let Some(read) = stage.gtk() else { return };
    // Large enough that it goes in pieces both ways; the bytes need not be a picture to be kept.
    let image: Vec<u8> = (0..3_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    stage.set_clipboard("clipboard", "image/png", &image);
    let insertion = X11Insertion::connect_to(&stage.display).expect("display");
    assert_eq!(inserted_by(&insertion.insert("one ", &wish(InsertionMethod::Auto))), InsertionMethod::Paste);
    stage::wait_equal("gtk", "one ", &read);
    stage.clipboard_becomes("clipboard", "image/png", &image);
    // Again, now that the image is served by us.
    assert_eq!(inserted_by(&insertion.insert("two", &wish(InsertionMethod::Auto))), InsertionMethod::Paste);
    stage::wait_equal("gtk", "one two", &read);
    stage.clipboard_becomes("clipboard", "image/png", &image);
}

#[test]
fn an_empty_clipboard_is_empty_again() {
    let Some(stage) = Stage::open(&["xclip"]) else { return };
    let Some(read) = stage.gtk() else { return };
    let insertion = X11Insertion::connect_to(&stage.display).expect("display");
    inserted_by(&insertion.insert("words", &wish(InsertionMethod::Auto)));
    stage::wait_equal("gtk", "words", &read);
    wait_for("no clipboard owner", || stage.clipboard("clipboard", "TARGETS").is_none().then_some(()));
}

#[test]
fn a_clipboard_that_cannot_be_saved_is_not_touched() {
    let Some(stage) = Stage::open(&["xclip"]) else { return };
    let Some(read) = stage.gtk() else { return };
    let hanging = stage.hanging_clipboard(b"out of reach");
    let insertion = X11Insertion::connect_to(&stage.display).expect("display");
    assert_eq!(
        inserted_by(&insertion.insert("typed é", &wish(InsertionMethod::Auto))),
        InsertionMethod::Type
    );
    stage::wait_equal("gtk", "typed é", &read);
    hanging.resume();
    stage.clipboard_becomes("clipboard", "UTF8_STRING", b"out of reach");
}

#[test]
fn a_fetch_over_a_second_connection_is_a_receipt() {
    let Some(stage) = Stage::open(&[]) else { return };
    let program = TwoConnections::open(&stage);
    let insertion = X11Insertion::connect_to(&stage.display).expect("display");
    wait_for("the focus", || {
        program.ask_for_focus();
        (insertion.target()?.class == "Two").then_some(())
    });
    std::thread::scope(|scope| {
        let got = scope.spawn(|| program.wait_for_paste());
        assert_eq!(
            inserted_by(&insertion.insert(TEXT, &wish(InsertionMethod::Auto))),
            InsertionMethod::Paste
        );
        assert_eq!(got.join().expect("no panic"), TEXT);
    });
}

#[test]
fn a_large_text_arrives_in_pieces() {
    let Some(stage) = Stage::open(&[]) else { return };
    let Some(read) = stage.gtk() else { return };
    let insertion = X11Insertion::connect_to(&stage.display).expect("display");
    let text = "Zoë says 日本語 🎉\n".repeat(20_000);
    assert_eq!(inserted_by(&insertion.insert(&text, &wish(InsertionMethod::Auto))), InsertionMethod::Paste);
    wait_for("the whole text", || (read() == text).then_some(()));
}

#[test]
fn the_hotkeys_keys_are_waited_for() {
    let Some(stage) = Stage::open(&["xdotool"]) else { return };
    let Some(read) = stage.gtk() else { return };
    let insertion = X11Insertion::connect_to(&stage.display).expect("display");
    for method in [InsertionMethod::Paste, InsertionMethod::Type] {
        let before = read();
        stage.xdotool(&["keydown", "ctrl", "shift", "F9"]);
        std::thread::scope(|scope| {
            let pending = scope.spawn(|| insertion.insert("Word ", &wish(method)));
            // Nothing may come while one is down; 300 ms is far longer than an insertion takes. Modifiers come up first:
            // the hotkey's own key counts as well.
            for next in ["shift", "ctrl", "F9"] {
                let quiet = Instant::now() + Duration::from_millis(300);
                while Instant::now() < quiet {
                    assert_eq!(read(), before, "typed while the hotkey was down");
                    std::thread::yield_now();
                }
                stage.xdotool(&["keyup", next]);
            }
            assert_eq!(inserted_by(&pending.join().expect("no panic")), method);
        });
        stage::wait_equal("gtk", &format!("{before}Word "), &read);
        assert!(stage.keys_down().is_empty(), "a key was left down");
    }
}

#[test]
fn keys_that_stay_down_leave_the_text_on_the_clipboard() {
    let Some(stage) = Stage::open(&["xdotool", "xclip"]) else { return };
    let Some(read) = stage.gtk() else { return };
    let insertion = X11Insertion::connect_to(&stage.display).expect("display");
    stage.xdotool(&["keydown", "ctrl"]);
    let short = InsertionWish { modifier_wait: Duration::from_millis(200), ..wish(InsertionMethod::Auto) };
    copied_because(&insertion.insert(TEXT, &short), Code::ModifiersHeld);
    stage.xdotool(&["keyup", "ctrl"]);
    stage.clipboard_becomes("clipboard", "UTF8_STRING", TEXT.as_bytes());
    assert_eq!(read(), "");
    inserted_by(&insertion.insert("", &wish(InsertionMethod::Auto)));
    stage.clipboard_becomes("clipboard", "UTF8_STRING", TEXT.as_bytes());
    // CapsLock is lit by many people and no reason to wait; typing is not turned into capitals by it.
    stage.xdotool(&["key", "Caps_Lock"]);
    inserted_by(&insertion.insert("lower Upper é", &wish(InsertionMethod::Type)));
    stage::wait_equal("gtk", "lower Upper é", &read);
}

#[test]
fn a_window_that_is_gone_gets_nothing() {
    let Some(stage) = Stage::open(&["xclip"]) else { return };
    let Some(_xterm) = stage.xterm() else { return };
    let insertion = X11Insertion::connect_to(&stage.display).expect("display");
    let target = insertion.target().expect("xterm has the focus");
    assert_eq!(target.class, "XTerm");
    stage.end_programs();
    wait_for("the window to go", || (insertion.target().as_ref() != Some(&target)).then_some(()));
    assert_eq!(insertion.target(), None);
    copied_because(&insertion.insert("nowhere", &wish(InsertionMethod::Auto)), Code::NoFocus);
    let Some(read) = stage.gtk() else { return };
    let gone = InsertionWish { target: Some(target), ..wish(InsertionMethod::Auto) };
    copied_because(&insertion.insert(TEXT, &gone), Code::TargetGone);
    stage.clipboard_becomes("clipboard", "UTF8_STRING", TEXT.as_bytes());
    assert_eq!(read(), "", "another window got it");
}

#[test]
fn another_window_that_has_the_focus_gets_the_text() {
    let Some(stage) = Stage::open(&[]) else { return };
    let Some(first) = stage.gtk() else { return };
    let insertion = X11Insertion::connect_to(&stage.display).expect("display");
    let target = insertion.target().expect("the first window has the focus");
    let Some(second) = stage.xterm() else { return };
    let wish = InsertionWish { target: Some(target), ..wish(InsertionMethod::Auto) };
    inserted_by(&insertion.insert("here", &wish));
    stage::wait_equal("xterm", "here", &second);
    assert_eq!(first(), "");
}

#[test]
fn a_window_that_ignores_the_paste_is_not_believed() {
    let Some(stage) = Stage::open(&["xclip"]) else { return };
    if stage.deaf_gtk().is_none() {
        return;
    }
    stage.set_clipboard("primary", "UTF8_STRING", b"marked words");
    let insertion = X11Insertion::connect_to(&stage.display).expect("display");
    let short = InsertionWish { receipt_wait: Duration::from_millis(300), ..wish(InsertionMethod::Auto) };
    let began = Instant::now();
    copied_because(&insertion.insert(TEXT, &short), Code::NotProven);
    assert!(began.elapsed() < Duration::from_secs(2), "a deadline was missed");
    stage.clipboard_becomes("clipboard", "UTF8_STRING", TEXT.as_bytes());
    stage.clipboard_becomes("primary", "UTF8_STRING", b"marked words");
}

#[test]
fn a_stranger_who_reads_the_clipboard_is_no_receipt() {
    let Some(stage) = Stage::open(&["xclip"]) else { return };
    if stage.deaf_gtk().is_none() {
        return;
    }
    let insertion = X11Insertion::connect_to(&stage.display).expect("display");
    let wish = InsertionWish { receipt_wait: Duration::from_secs(1), ..wish(InsertionMethod::Paste) };
    std::thread::scope(|scope| {
        let pending = scope.spawn(|| insertion.insert("secret words", &wish));
        stage.clipboard_becomes("clipboard", "UTF8_STRING", b"secret words");
        copied_because(&pending.join().expect("no panic"), Code::NotProven);
    });
}

#[test]
fn a_hanging_program_does_not_insert_late() {
    let Some(stage) = Stage::open(&["xclip"]) else { return };
    let Some(read) = stage.gtk() else { return };
    let insertion = X11Insertion::connect_to(&stage.display).expect("display");
    let short = InsertionWish { receipt_wait: Duration::from_millis(200), ..wish(InsertionMethod::Auto) };
    stage.pause_programs();
    copied_because(&insertion.insert("too late", &short), Code::NotProven);
    stage.resume_programs();
    // Typed after it: when this has arrived, the paste before it has been handled.
    inserted_by(&insertion.insert("on time", &wish(InsertionMethod::Type)));
    stage::wait_equal("gtk", "on time", &read);
}

#[test]
fn what_another_program_copies_meanwhile_is_left_alone() {
    let Some(stage) = Stage::open(&["xclip"]) else { return };
    stage.set_clipboard("clipboard", "UTF8_STRING", b"old");
    let Some(read) = stage.gtk() else { return };
    let insertion = X11Insertion::connect_to(&stage.display).expect("display");
    inserted_by(&insertion.insert("words", &wish(InsertionMethod::Auto)));
    stage.set_clipboard("clipboard", "UTF8_STRING", b"new");
    stage::wait_equal("gtk", "words", &read);
    inserted_by(&insertion.insert(" more", &wish(InsertionMethod::Type)));
    stage.clipboard_becomes("clipboard", "UTF8_STRING", b"new");
}

#[test]
fn a_display_that_ends_is_a_failure_not_a_panic() {
    let Some(mut stage) = Stage::open(&[]) else { return };
    let insertion = X11Insertion::connect_to(&stage.display).expect("display");
    insertion.copy("kept").expect("the display is there");
    stage.end_display();
    match insertion.insert(TEXT, &wish(InsertionMethod::Auto)) {
        Delivery::Failed(problem) => assert!(problem.is(Code::InsertFailed)),
        other => panic!("not failed: {other:?}"),
    }
    assert!(insertion.copy("lost").is_err_and(|problem| problem.is(Code::InsertFailed)));
    assert_eq!(insertion.target(), None);
    assert!(X11Insertion::connect_to(&stage.display).is_err());
}
