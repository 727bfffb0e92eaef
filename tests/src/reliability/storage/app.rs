//! D1, D2, D6: the real app on a real desktop, killed, without its worker, and on a full disk.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use rustix::process::Signal;
use serde_json::Value;

use crate::app::{App, Build};
use crate::desktop::Desktop;
use crate::process::{run, signal_pid};
use crate::reliability::dice::Dice;
use crate::reliability::{Outcome, Size};
use crate::speech::{JFK, jfk};
use crate::target::{Kind, Target};
use crate::wait_for;
use crate::words::error_rate;

/// Of a WAV, bytes: without samples after it all sound is lost.
const HEADER: u64 = 44;

/// What may be lost of the end.
const TAIL: Duration = Duration::from_millis(100);

fn no_programs() -> Outcome {
    Outcome::Impossible("the programs and the model are not known here: run `make test`".to_owned())
}

fn rows(app: &App, desktop: &Desktop) -> Result<Vec<Value>> {
    let listed = app.tonny_ok(desktop, &["--json", "history", "list", "--limit", "500"])?;
    Ok(serde_json::from_str(&listed)?)
}

/// Recordings of each home whose words are compared with those of another hearing; all of a short measurement.
const COMPARED: usize = 20;

/// Presses of one home: a history of more than one page would only slow the look at it.
const IN_ONE_HOME: u32 = 100;

/// A window that gets no more words for so long has them all.
const QUIET: Duration = Duration::from_millis(300);

/// What the tries found.
#[derive(Default)]
struct Found {
    tail: Duration,
    missing: usize,
    unreadable: usize,
    /// Presses whose words came into the window more than once, with what was there.
    twice: Vec<String>,
    /// Bytes of the window's text that belong to earlier presses.
    seen: usize,
    /// Word error rates of what is in the history against what the same sound gives by `tonny transcribe`.
    rates: Vec<f64>,
}

/// Runs as many desktops at once: most of a try is waiting.
fn on_desktops<T: Send>(count: u32, tries: impl Fn(u32) -> Result<T> + Sync) -> Result<Vec<T>> {
    std::thread::scope(|scope| {
        let tries = &tries;
        let running: Vec<_> = (0..count).map(|number| scope.spawn(move || tries(number))).collect();
        running.into_iter().map(|tried| tried.join().map_err(|_| anyhow!("a try panicked"))?).collect()
    })
}

pub fn died(size: Size) -> Result<Outcome> {
    let Ok(build) = Build::from_environment() else { return Ok(no_programs()) };
    let (desktops, each) = size.pick((1, 12), (4, 250));
    let seed = Dice::seed();
    let found = on_desktops(desktops, |number| deaths(&build, each, seed + u64::from(number)))?;
    let pressed = desktops * each;
    let missing: usize = found.iter().map(|found| found.missing).sum();
    let unreadable: usize = found.iter().map(|found| found.unreadable).sum();
    let twice: Vec<&str> = found.iter().flat_map(|found| &found.twice).map(String::as_str).collect();
    let rates: Vec<f64> = found.iter().flat_map(|found| found.rates.iter().copied()).collect();
    let tail = found.iter().map(|found| found.tail).max().unwrap_or_default();
    let rate = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
    let mut text = format!(
        "{} of {pressed} presses in the history, {unreadable} recordings unreadable, at most {} ms of sound lost, {} typed \
         twice, {:.1} % of the words of {} recordings differ from another hearing of them (seed {seed})",
        pressed - u32::try_from(missing)?,
        tail.as_millis(),
        twice.len(),
        rate * 100.0,
        rates.len()
    );
    twice.iter().for_each(|what| text.push_str(&format!("; {what}")));
    let whole = missing == 0 && unreadable == 0 && twice.is_empty() && rate <= 0.1;
    Ok(Outcome::timed(whole, tail <= TAIL, text))
}

fn deaths(build: &Build, tries: u32, seed: u64) -> Result<Found> {
    let (mut desktop, mut dice) = (Desktop::start()?, Dice::new(seed));
    let target = Target::open(&mut desktop, Kind::Gtk)?;
    let (mut pressed, mut homes, mut found) = (0, 0, Found::default());
    while pressed < tries {
        let mut app = App::with_model(&desktop, build, &format!("dies{homes}"))?;
        homes += 1;
        let here = (tries - pressed).min(IN_ONE_HOME);
        for attempt in 0..here {
            // Half of the kills with words that are typed by themselves at the next start.
            let by_itself = if attempt % 2 == 0 { "true" } else { "false" };
            app.tonny_ok(&desktop, &["settings", "set", "dictation.type_recovered", by_itself])?;
            one_death(&desktop, &mut app, &target, &mut dice, &mut found)
                .with_context(|| format!("seed {seed}, try {}", pressed + attempt))?;
        }
        pressed += here;
        app.start(&desktop)?;
        let rows = settled(&app, &desktop, &target, &mut found)?;
        found.missing += usize::try_from(here)?.saturating_sub(rows.len());
        found.unreadable += rows.iter().filter(|row| row["error_code"] == "TT-AUDIO-111").count();
        compare(&app, &desktop, &rows, &mut found)?;
        app.quit(&desktop)?;
    }
    Ok(found)
}

/// Waits until nothing is under way; then nothing of the newest press may have come into the window twice. Words found
/// again are kept for a moment before they are typed, so that rows alone do not tell.
fn settled(app: &App, desktop: &Desktop, target: &Target, found: &mut Found) -> Result<Vec<Value>> {
    let mut before = None;
    let (rows, window) = wait_for("every utterance to be settled", Duration::from_secs(120), || {
        let rows = rows(app, desktop)?;
        let over = |row: &Value| {
            ["delivered", "kept", "failed", "cancelled"].contains(&row["state"].as_str().unwrap_or(""))
        };
        let now = target.text(desktop)?;
        let quiet = before.replace(now.clone()).as_ref() == Some(&now);
        if rows.iter().all(over) && app.status(desktop)?["state"] == "idle" && quiet {
            return Ok(Some((rows, now)));
        }
        std::thread::sleep(QUIET);
        Ok(None)
    })?;
    let newest = rows.first().and_then(|row| row["text"].as_str()).unwrap_or_default().trim();
    let new = window.get(found.seen..).unwrap_or_default();
    if !newest.is_empty() && new.matches(newest).count() > 1 {
        found.twice.push(format!("{newest:?} in {new:?}"));
    }
    found.seen = window.len();
    Ok(rows)
}

fn compare(app: &App, desktop: &Desktop, rows: &[Value], found: &mut Found) -> Result<()> {
    let with_words = rows.iter().filter(|row| row["audio_ms"].as_u64() > Some(1_500));
    for row in with_words.take(COMPARED) {
        let (id, text) = (row["id"].as_str().context("an id")?, row["text"].as_str().unwrap_or_default());
        let file = app.home.join(format!("audio/{id}.wav"));
        let heard = app.tonny_ok(desktop, &["transcribe", &file.display().to_string()])?;
        found.rates.push(error_rate(&heard, text).min(1.0));
    }
    Ok(())
}

/// Presses, speaks, maybe lets go, and kills at a random moment.
fn one_death(
    desktop: &Desktop,
    app: &mut App,
    target: &Target,
    dice: &mut Dice,
    found: &mut Found,
) -> Result<()> {
    app.launch(desktop)?;
    app.wait_status(desktop, "the app to answer", Duration::from_secs(30), |_| true)?;
    settled(app, desktop, target, found)?;
    let clip = jfk();
    let playing = desktop.command("paplay").args(["-d", "voice"]).arg(&clip).spawn();
    let pressed = SystemTime::now();
    app.tonny_ok(desktop, &["ctl", "press"])?;
    std::thread::sleep(Duration::from_millis(dice.below(2_500)));
    let held = dice.below(3) > 0;
    if !held {
        app.tonny_ok(desktop, &["ctl", "release"])?;
        std::thread::sleep(Duration::from_millis(dice.below(1_500)));
    }
    let newest = newest_recording(&app.home.join("audio"))?;
    app.running()?.signal(Signal::KILL)?;
    let killed = SystemTime::now();
    app.running()?.wait_end(Duration::from_secs(5))?;
    if let Ok(mut playing) = playing {
        playing.kill().ok();
        playing.wait().ok();
    }
    // Only while it is being recorded is the end of the file the end of what was said.
    if held {
        found.tail = found.tail.max(lost_sound(app, newest.as_deref(), pressed, killed)?);
    }
    Ok(())
}

/// What was said until the kill and is not in the file. Where the app has not told when the first sound came, all since the
/// press is lost.
fn lost_sound(app: &App, file: Option<&Path>, pressed: SystemTime, killed: SystemTime) -> Result<Duration> {
    let (mut first, mut there) = (pressed, Duration::ZERO);
    if let Some(file) = file
        && fs::metadata(file)?.modified()? >= pressed
    {
        let id = file.file_stem().and_then(|stem| stem.to_str()).context("a name")?;
        first = first_sound(&app.home.join("logs"), id)?.unwrap_or(pressed);
        let samples = fs::metadata(file)?.len().saturating_sub(HEADER) / 2;
        there = Duration::from_secs_f64(samples as f64 / 16_000.0);
    }
    Ok(killed.duration_since(first + there).unwrap_or_default())
}

/// What the app's own log says of it.
fn first_sound(logs: &Path, id: &str) -> Result<Option<SystemTime>> {
    for entry in fs::read_dir(logs)? {
        let path = entry?.path();
        if !path.is_file() {
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(path)?).into_owned();
        let about = |line: &&str| line.contains("the first sound of an utterance") && line.contains(id);
        let number = text.lines().find(about).and_then(|line| line.split_once("at_ms")).map(|(_, rest)| {
            let digits = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
            digits.chars().take_while(char::is_ascii_digit).collect::<String>()
        });
        if let Some(number) = number {
            return Ok(Some(SystemTime::UNIX_EPOCH + Duration::from_millis(number.parse()?)));
        }
    }
    Ok(None)
}

fn newest_recording(folder: &Path) -> Result<Option<std::path::PathBuf>> {
    let mut files: Vec<_> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "wav"));
    files.sort();
    Ok(files.pop())
}

pub fn worker_died(size: Size) -> Result<Outcome> {
    let Ok(build) = Build::from_environment() else { return Ok(no_programs()) };
    let (desktops, each) = size.pick((2, 3), (4, 125));
    let seed = Dice::seed();
    let found = on_desktops(desktops, |number| worker_deaths(&build, each, seed + u64::from(number)))?;
    let right: u32 = found.iter().map(|found| found.right).sum();
    let again: u32 = found.iter().map(|found| found.as_heard_again).sum();
    let (tries, wrong) = (desktops * each, found.into_iter().flat_map(|found| found.wrong).next());
    let again = match again {
        0 => String::new(),
        some => {
            format!(", {some} of them with what a whole worker hears in a recording that this machine cut")
        }
    };
    let first = wrong.map_or(String::new(), |wrong| format!("; first: {wrong}"));
    let text = format!("{right} of {tries} with the words of the reference{again} (seed {seed}){first}");
    Ok(Outcome::measured(right == tries, text))
}

#[derive(Default)]
struct Transcribed {
    right: u32,
    /// The player or the virtual microphone lost sound: the reference is another hearing of the same recording.
    as_heard_again: u32,
    wrong: Vec<String>,
}

impl Transcribed {
    fn add(&mut self, desktop: &Desktop, app: &App, last: &Value) -> Result<()> {
        let text = last["text"].as_str().unwrap_or_default();
        if error_rate(JFK, text) == 0.0 {
            self.right += 1;
            return Ok(());
        }
        let id = last["id"].as_str().context("an id")?;
        let file = app.home.join(format!("audio/{id}.wav"));
        let again = app.tonny_ok(desktop, &["transcribe", &file.display().to_string()])?;
        if !text.is_empty() && error_rate(&again, text) == 0.0 {
            self.right += 1;
            self.as_heard_again += 1;
        } else {
            self.wrong.push(format!("{text:?}, heard again {:?}", again.trim()));
        }
        Ok(())
    }
}

fn worker_deaths(build: &Build, tries: u32, seed: u64) -> Result<Transcribed> {
    let (mut desktop, mut dice) = (Desktop::start()?, Dice::new(seed));
    let _target = Target::open(&mut desktop, Kind::Gtk)?;
    let mut app = App::with_model(&desktop, build, "worker-dies")?;
    app.start(&desktop)?;
    let mut found = Transcribed::default();
    for attempt in 0..tries {
        let ready = app.wait_worker(&desktop, "ready")?;
        let worker = ready["workers"][0]["pid"].as_u64().context("a worker")?;
        app.tonny_ok(&desktop, &["ctl", "press"])?;
        app.wait_state(&desktop, "recording")?;
        desktop.play(&jfk())?;
        let early = dice.below(2) == 0;
        if early {
            signal_pid(u32::try_from(worker)?, Signal::KILL)?;
        }
        app.tonny_ok(&desktop, &["ctl", "release"])?;
        if !early {
            std::thread::sleep(Duration::from_millis(dice.below(150)));
            // It may have answered already; then the next request meets a new one.
            signal_pid(u32::try_from(worker)?, Signal::KILL).ok();
        }
        let last = app.wait_last(&desktop, &ready).with_context(|| format!("seed {seed}, try {attempt}"))?;
        found.add(&desktop, &app, &last)?;
        // The budget of restarts is for crashes, not for measurements.
        app.tonny_ok(&desktop, &["workers", "restart", "speech"])?;
    }
    app.quit(&desktop)?;
    Ok(found)
}

/// A folder on a small disk of its own; unmounted when dropped.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: &Path, megabytes: u32) -> Result<Self> {
        fs::create_dir_all(at)?;
        let size = format!("size={megabytes}m");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at))?;
        Ok(Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

pub fn disk_full(size: Size) -> Result<Outcome> {
    let Ok(build) = Build::from_environment() else { return Ok(no_programs()) };
    let desktop = Desktop::start()?;
    let tries = size.pick(3, 50);
    let home = desktop.path("small-disk");
    let disk = match SmallDisk::mount(&home, 500) {
        Ok(disk) => disk,
        Err(error) => return Ok(Outcome::Impossible(format!("a small disk cannot be mounted: {error}"))),
    };
    let mut app = App::with_model(&desktop, &build, "small-disk")?;
    app.start(&desktop)?;
    let (mut slowest, mut kept, mut recovered) = (Duration::ZERO, 0, 0);
    for _ in 0..tries {
        let before = app.status(&desktop)?;
        wait_for("the room for recordings", Duration::from_secs(40), || {
            Ok(home.join("audio/.room-for-recordings").exists().then_some(()))
        })?;
        app.tonny_ok(&desktop, &["ctl", "press"])?;
        app.wait_state(&desktop, "recording")?;
        let filler = home.join("filler");
        fill_up(&filler)?;
        let full = Instant::now();
        let told = |status: &Value| status["problem"]["code"] == "TT-AUDIO-114";
        app.wait_status(&desktop, "the full disk to be told", Duration::from_secs(5), told)?;
        slowest = slowest.max(full.elapsed());
        desktop.play(&jfk())?;
        app.tonny_ok(&desktop, &["ctl", "release"])?;
        let last = app.wait_last(&desktop, &before)?;
        let id = last["id"].as_str().context("an id")?;
        let bytes = fs::metadata(home.join(format!("audio/{id}.wav")))?.len();
        let right = error_rate(JFK, last["text"].as_str().unwrap_or_default()) <= 0.1;
        // The clip alone is 11 s.
        kept += u32::from(right && bytes > 11 * 32_000);
        fs::remove_file(&filler)?;
        // No restart: the same app sets room aside again, keeps the next words, and the database works.
        let row: Value = serde_json::from_str(&app.tonny_ok(&desktop, &["--json", "history", "show", id])?)?;
        recovered += u32::from(row["text"] == last["text"] && row["audio_ms"].as_u64() >= Some(11_000));
    }
    app.quit(&desktop)?;
    drop(disk);
    let text = format!(
        "{kept} of {tries} recordings kept whole, told after at most {} ms; the same app had room and a whole row again \
             {recovered} times",
        slowest.as_millis()
    );
    Ok(Outcome::timed(kept == tries && recovered == tries, slowest <= Duration::from_secs(1), text))
}

/// Writes until nothing more fits.
fn fill_up(file: &Path) -> Result<()> {
    use std::io::Write as _;
    let mut file = fs::File::create(file)?;
    for block in [1 << 20, 4_096, 64] {
        let zeros = vec![0_u8; block];
        loop {
            match file.write(&zeros) {
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => break,
                Err(error) => bail!(error),
            }
        }
    }
    ensure!(file.metadata()?.len() > 0, "nothing was written");
    Ok(())
}
