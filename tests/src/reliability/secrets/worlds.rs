//! Keyrings of every kind (K4), and the one that never answers (K3).

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::super::{Outcome, Size};
use super::terminal::{Ran, Terminal, is_below};
use crate::desktop::Desktop;
use crate::keyring::Bus;
use crate::keyring::fake::{Fake, Manner};
use crate::process::{Running, run};
use crate::{programs, wait_for};

const VALUE: &str = "sk-proj-0123456789abcdefghijklmnop";

/// What a call may take, and what starting and ending the program around it may add.
const CALL: Duration = Duration::from_secs(3);
const PROGRAM: Duration = Duration::from_millis(500);

/// The app's first window, and its end.
const FACE: Duration = Duration::from_secs(1);

/// What the terminal can ask of a vault: command, standard input, and what it says when the keyring is silent.
const MUTE: [(&[&str], &str, &str); 8] = [
    (&["--json", "secrets", "list"], "", "silent"),
    (&["secrets", "set", "openai", "--no-test"], VALUE, "TT-SECRET-1006"),
    (&["secrets", "clear", "openai"], "", "TT-SECRET-1006"),
    (&["secrets", "unlock"], "", "TT-SECRET-1006"),
    (&["secrets", "forget", "--yes"], "", "0 secrets"),
    (&["secrets", "store", "file", "--agree"], "correct horse battery\n", "encrypted file"),
    (&["secrets", "store", "keyring"], "", "TT-SECRET-1006"),
    (&["secrets", "store", "file", "--change-password"], "", "TT-APP-803"),
];

/// K3: every command against a service that has its name and never answers.
pub fn mute(size: Size) -> Result<Outcome> {
    let tries = size.pick(8, 104);
    let folder = tempfile::tempdir()?;
    let bus = Bus::start(folder.path())?;
    let _fake = Fake::start(&bus.address, Manner::Mute)?;
    let (mut within, mut longest, mut late) = (0, Duration::ZERO, String::new());
    for number in 0..tries {
        let (command, input, says) = MUTE[usize::try_from(number).unwrap_or(0) % MUTE.len()];
        // A home for each, since some of these leave the keyring.
        let terminal = Terminal::new(&folder.path().join(format!("home-{number}")), Some(&bus.address))?;
        let ran = terminal.tonny(command, input)?;
        longest = longest.max(ran.took);
        let good = ran.took <= CALL + PROGRAM && (ran.out.contains(says) || ran.err.contains(says));
        within += u32::from(good);
        if !good && late.is_empty() {
            late = format!(" (`{}`: {:.2} s, {})", command.join(" "), ran.took.as_secs_f64(), ran.err.trim());
        }
    }
    let starts = size.pick(2, 100);
    let (window, end, quick) = faces(folder.path(), &bus.address, starts)?;
    let text = format!(
        "{within} of {tries} said so in time{late}, longest {:.2} s, the program's start included",
        longest.as_secs_f64()
    );
    let text = format!(
        "{text}; app: {quick} of {starts} starts within both limits (judged in full only), longest to the first window {:.2} s, to the end {:.2} s",
        window.as_secs_f64(),
        end.as_secs_f64()
    );
    Ok(Outcome::timed(within == tries, quick == starts, text))
}

/// So many starts of the real app: the longest way to the window and to the end, and how many kept both limits.
fn faces(folder: &Path, bus: &str, starts: usize) -> Result<(Duration, Duration, usize)> {
    let desktop = Desktop::start()?;
    let (mut window, mut end, mut quick) = (Duration::ZERO, Duration::ZERO, 0);
    for number in 0..starts {
        let (shown, ended) = face(&desktop, &folder.join(format!("face-{number}")), bus)?;
        quick += usize::from(shown <= FACE && ended <= FACE);
        (window, end) = (window.max(shown), end.max(ended));
    }
    Ok((window, end, quick))
}

/// The real app, with an old file to take secrets from, so that it asks the keyring at its start: how long until its
/// window is there, and from the word to quit until it has ended.
fn face(desktop: &Desktop, home: &Path, bus: &str) -> Result<(Duration, Duration)> {
    std::fs::create_dir_all(home.join("config/tonnytray"))?;
    std::fs::write(
        home.join("config/tonnytray/config.json"),
        format!(r#"{{"openai":{{"api_key":"{VALUE}"}}}}"#),
    )?;
    let command = |program: &str| -> Result<Command> {
        let mut command = desktop.command(programs::beside(program)?);
        command.env("TONNYTRAY_HOME", home).env("DBUS_SESSION_BUS_ADDRESS", bus);
        Ok(command)
    };
    let began = Instant::now();
    let mut app = Running::start(&mut command("tonnytray")?, &desktop.path("logs/tonnytray.log"))?;
    wait_for("the app", Duration::from_secs(20), || {
        Ok(run(command("tonny")?.args(["ctl", "show", "general"])).ok())
    })?;
    wait_for("the window", Duration::from_secs(20), || {
        Ok(desktop.run("xdotool", &["search", "--onlyvisible", "--name", "^TonnyTray$"]).ok())
    })?;
    let window = began.elapsed();
    let began = Instant::now();
    run(command("tonny")?.args(["ctl", "quit"]))?;
    app.wait_end(Duration::from_secs(20))?;
    Ok((window, began.elapsed()))
}

/// What a world must be like, in a folder of its own.
type World = fn(&Path) -> Result<()>;

/// K4: the nine worlds.
pub fn all() -> Result<Outcome> {
    let worlds: [(&str, World); 9] = [
        ("no bus", no_bus),
        ("bus without keyring", no_keyring),
        ("no default collection", |folder| {
            fake(folder, Manner::NoCollection, "no_collection", "TT-SECRET-1005")
        }),
        ("locked, dismissed", |folder| fake(folder, Manner::LockedDismissed, "locked", "TT-SECRET-1002")),
        ("locked, silent", |folder| fake(folder, Manner::LockedSilent, "locked", "TT-SECRET-1006")),
        ("error mid-call", |folder| fake(folder, Manner::FailsMidCall, "failing", "TT-SECRET-1007")),
        ("text only", |folder| fake(folder, Manner::TextOnly, "text_only", "")),
        ("another keyring than before", swapped),
        ("GNOME Keyring", gnome),
    ];
    let mut wrong = Vec::new();
    for (name, world) in worlds {
        let folder = tempfile::tempdir()?;
        if let Err(error) = world(folder.path()) {
            wrong.push(format!("{name}: {error:#}"));
        }
    }
    let kept = worlds.len() - wrong.len();
    let text =
        if wrong.is_empty() { format!("{kept} of 9") } else { format!("{kept} of 9; {}", wrong.join("; ")) };
    Ok(Outcome::measured(wrong.is_empty(), text))
}

fn no_bus(folder: &Path) -> Result<()> {
    check(&Terminal::new(&folder.join("home"), None)?, "no_bus", "TT-SECRET-1003")
}

fn no_keyring(folder: &Path) -> Result<()> {
    let bus = Bus::start(folder)?;
    check(&Terminal::new(&folder.join("home"), Some(&bus.address))?, "no_keyring", "TT-SECRET-1004")
}

fn fake(folder: &Path, manner: Manner, state: &str, code: &str) -> Result<()> {
    let bus = Bus::start(folder)?;
    let _fake = Fake::start(&bus.address, manner)?;
    check(&Terminal::new(&folder.join("home"), Some(&bus.address))?, state, code)
}

/// The desktop was changed: same home, another keyring.
fn swapped(folder: &Path) -> Result<()> {
    let home = folder.join("home");
    let first = Bus::start(folder)?;
    let fake = Fake::start(&first.address, Manner::Good)?;
    let set = Terminal::new(&home, Some(&first.address))?.set("openai", VALUE)?;
    ensure!(set.code == Some(0), "the first keyring took nothing: {}", set.err);
    drop((fake, first));
    let second = Bus::start(folder)?;
    let _fake = Fake::start(&second.address, Manner::Good)?;
    let terminal = Terminal::new(&home, Some(&second.address))?;
    let (report, ran) = terminal.report()?;
    calm(&ran)?;
    ensure!(report["state"] == "changed", "the state is {}", report["state"]);
    doctor(&terminal, "FAIL", &report["problem"])?;
    ensure!(report["problem"]["code"] == "TT-SECRET-1008", "{}", report["problem"]);
    // What helps: entering it again.
    let set = terminal.set("openai", VALUE)?;
    ensure!(set.code == Some(0), "it cannot be entered again: {}", set.err);
    ensure!(terminal.report()?.0["state"] == "working", "it does not work after that");
    no_plain_text(&terminal)
}

fn gnome(folder: &Path) -> Result<()> {
    let bus = Bus::with_gnome_keyring(folder)?;
    let terminal = Terminal::new(&folder.join("home"), Some(&bus.address))?;
    check(&terminal, "working", "")?;
    let (report, _) = terminal.report()?;
    let openai = report["secrets"].as_array().and_then(|all| all.iter().find(|one| one["id"] == "openai"));
    ensure!(openai.is_some_and(|one| one["presence"] == "set"), "it is not listed as set");
    let cleared = terminal.tonny(&["secrets", "clear", "openai"], "")?;
    ensure!(cleared.code == Some(0) && cleared.out.contains("cleared"), "{}", cleared.err);
    Ok(())
}

/// The state that is listed, and what setting a value comes to; the empty code is success.
fn check(terminal: &Terminal, state: &str, code: &str) -> Result<()> {
    let (report, ran) = terminal.report()?;
    calm(&ran)?;
    ensure!(report["state"] == state, "the state is {}", report["state"]);
    let is_plain = report["problem"]["advice"].as_str().is_some_and(|advice| !advice.is_empty());
    ensure!(is_plain || state == "working", "there is no advice");
    let works = ["working", "text_only"].contains(&state);
    doctor(terminal, if works { "ok  " } else { "note" }, &report["problem"])?;
    let set = terminal.set("openai", VALUE)?;
    calm(&set)?;
    if code.is_empty() {
        ensure!(set.code == Some(0), "it took nothing: {}", set.err);
    } else {
        ensure!(set.code == Some(1) && set.err.contains(code), "setting said {}", set.err);
    }
    no_plain_text(terminal)
}

/// `tonny doctor` marks its line about the keyring so, with the state in words and what to do about it. What it says of a
/// microphone and a display is not looked at: there is none here.
fn doctor(terminal: &Terminal, mark: &str, problem: &Value) -> Result<()> {
    let ran = terminal.tonny(&["doctor"], "")?;
    ensure!(
        !ran.err.contains("panicked") && !ran.out.contains(VALUE),
        "the doctor said {} {}",
        ran.out,
        ran.err
    );
    let line = ran.out.lines().find(|line| line.get(5..).is_some_and(|rest| rest.starts_with("keyring ")));
    let line =
        line.with_context(|| format!("the doctor says nothing of the keyring: {} {}", ran.out, ran.err))?;
    let says = |part: &str| problem[part].as_str().is_none_or(|text| line.contains(text));
    let told = ["message", "advice", "code"].into_iter().all(says);
    ensure!(line.starts_with(mark) && told, "the doctor says {line:?}");
    Ok(())
}

fn calm(ran: &Ran) -> Result<()> {
    ensure!(!ran.err.contains("panicked"), "it panicked: {}", ran.err);
    ensure!(ran.took <= CALL + PROGRAM, "it took {:?}", ran.took);
    ensure!(!ran.out.contains(VALUE) && !ran.err.contains(VALUE), "it printed the value");
    Ok(())
}

fn no_plain_text(terminal: &Terminal) -> Result<()> {
    ensure!(!is_below(&terminal.home, VALUE.as_bytes())?, "the value is in a file");
    Ok(())
}
