//! One app on one desktop, dictated to without end. Every wait strikes the faults that are due and looks for what must never
//! be: two engines, an app that does not come back, a dictation without its row, a process that outlives the end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::Signal;
use serde_json::Value;

use super::faults;
use crate::app::{App, Build};
use crate::desktop::Desktop;
use crate::process::Running;
use crate::reliability::dice::Dice;
use crate::words::error_rate;

const SENTENCE: &str = "The quick brown fox jumps over the lazy dog.";
/// A synthetic voice is heard with an error now and then; lost words are more.
const ERRORS: f64 = 0.34;
/// From the release or the last fault to the words.
const PATIENCE: Duration = Duration::from_secs(10);
/// Faults may follow each other; then the words must still come within this.
const LONGEST: Duration = Duration::from_secs(45);
/// For the app to answer and to be idle.
const BACK: Duration = Duration::from_secs(30);
/// What the terminal shows at most; twenty minutes give half as many.
const MOST_ROWS: u32 = 500;
const LOOK: Duration = Duration::from_millis(250);
const STEP: Duration = Duration::from_millis(15);

/// What became of a dictation.
#[derive(Debug)]
pub enum Heard {
    /// Its words, so many seconds after the release; heard wrongly where the sound itself suffered.
    Text { seconds: f64, wrong: Option<String> },
    /// None.
    Miss(String),
    /// The app was killed while it was recorded.
    Cut,
}

impl Heard {
    pub fn seconds(&self) -> Option<f64> {
        if let Self::Text { seconds, .. } = self { Some(*seconds) } else { None }
    }

    pub fn wrong(&self) -> Option<&str> {
        if let Self::Text { wrong, .. } = self { wrong.as_deref() } else { None }
    }

    pub fn miss(&self) -> Option<&str> {
        if let Self::Miss(why) = self { Some(why) } else { None }
    }
}

/// Everything that is broken and watched.
pub struct World {
    pub app: App,
    pub desktop: Desktop,
    pub dice: Dice,
    pub began: Instant,
    /// What struck, how often.
    pub faults: BTreeMap<&'static str, u32>,
    /// What must never be, and was.
    pub breaks: Vec<String>,
    /// When the engine of this app was ended.
    pub engine_ends: Vec<Instant>,
    /// Processes that stay until a moment.
    pub guests: Vec<(Instant, Running)>,
    voice: PathBuf,
    lives: u32,
    recorded: usize,
    last_fault: Instant,
    next_fault: Instant,
    next_look: Instant,
}

impl World {
    pub fn start(build: &Build, seed: u64) -> Result<Self> {
        let desktop = Desktop::start()?;
        let mut app = App::with_model(&desktop, build, "s18")?;
        app.start(&desktop)?;
        let voice = desktop.say_to_file(SENTENCE, "fox")?;
        let now = Instant::now();
        Ok(Self {
            app,
            desktop,
            dice: Dice::new(seed),
            began: now,
            faults: BTreeMap::new(),
            breaks: Vec::new(),
            engine_ends: Vec::new(),
            guests: Vec::new(),
            voice,
            lives: 1,
            recorded: 0,
            last_fault: now,
            next_fault: now + Duration::from_secs(2),
            next_look: now,
        })
    }

    /// One dictation, where the app can be reached at all.
    pub fn dictate(&mut self) -> Result<Option<Heard>> {
        let idle = |status: &Value| status["state"] == "idle";
        if self.wait_status(BACK, idle)?.is_none() {
            self.breaks.push(format!("not idle within {} s", BACK.as_secs()));
            return Ok(None);
        }
        let (life, before) = (self.lives, self.newest().map(|row| row["id"].clone()));
        let pressed = Instant::now();
        if !self.app.tonny(&self.desktop, &["ctl", "press"])?.status.success() {
            return Ok(None);
        }
        let recording = |status: &Value| status["state"] == "recording";
        let is_recorded = self.wait_status(PATIENCE, recording)?.is_some();
        if self.lives != life {
            return Ok(Some(Heard::Cut));
        }
        if !is_recorded {
            self.app.tonny(&self.desktop, &["ctl", "release"])?;
            return Ok(Some(Heard::Miss("not recording after the press".to_owned())));
        }
        self.recorded += 1;
        self.speak()?;
        let is_released = self.app.tonny(&self.desktop, &["ctl", "release"])?.status.success();
        let released = Instant::now();
        if self.lives != life {
            return Ok(Some(Heard::Cut));
        }
        if !is_released {
            return Ok(Some(Heard::Miss("the release was not taken".to_owned())));
        }
        self.hear(before, pressed, released).map(Some)
    }

    fn speak(&mut self) -> Result<()> {
        let mut command = self.desktop.command("paplay");
        command.args(["--latency-msec=20", "-d", "voice", &self.voice.display().to_string()]);
        let mut playing = Running::start(&mut command, &self.desktop.path("logs/paplay.log"))?;
        self.wait(LONGEST, |_| Ok(playing.has_ended()?.then_some(())))?
            .context("the voice did not end")
            .map(|_| ())
    }

    /// Waits for the words of the newest row. Wrong ones are a miss where nothing was broken while they were spoken.
    fn hear(&mut self, before: Option<Value>, pressed: Instant, released: Instant) -> Result<Heard> {
        let is_quiet = pressed > self.last_fault + faults::STAYS;
        let words = self.wait(LONGEST, |world| {
            let row = world.newest().filter(|row| Some(&row["id"]) != before.as_ref());
            let text = row.as_ref().and_then(|row| row["text"].as_str()).unwrap_or_default();
            if !text.trim().is_empty() {
                return Ok(Some(Ok(text.to_owned())));
            }
            let late = released.max(world.last_fault).elapsed() > PATIENCE;
            Ok(late.then(|| Err(row.map_or("no row".to_owned(), |row| format!("state {}", row["state"])))))
        })?;
        let at = self.began.elapsed().as_secs();
        Ok(match words {
            Some(Ok(text)) if is_quiet && error_rate(SENTENCE, &text) > ERRORS => {
                Heard::Miss(format!("after {at} s heard {text:?} though nothing broke"))
            }
            Some(Ok(text)) => {
                let is_wrong = error_rate(SENTENCE, &text) > ERRORS;
                let wrong = is_wrong.then(|| format!("after {at} s heard {text:?}"));
                Heard::Text { seconds: released.elapsed().as_secs_f64(), wrong }
            }
            Some(Err(why)) => Heard::Miss(format!("after {at} s no text in time: {why}")),
            None => Heard::Miss(format!("after {at} s no text at all")),
        })
    }

    /// Lets everything come to rest and checks what must be true then.
    pub fn end(&mut self) -> Result<()> {
        self.guests.clear();
        self.next_fault = Instant::now() + Duration::from_secs(3600);
        if self.wait_status(BACK, |status| status["state"] == "idle")?.is_none() {
            self.breaks.push("not idle at the end".to_owned());
        }
        let rows = self.rows(MOST_ROWS).len();
        if rows < self.recorded {
            self.breaks.push(format!("{rows} rows of {} recordings", self.recorded));
        }
        if let Err(error) = self.app.quit(&self.desktop) {
            self.breaks.push(format!("the quit: {error:#}"));
        }
        let left =
            self.wait(Duration::from_secs(3), |world| Ok(world.processes("").is_empty().then_some(())))?;
        if left.is_none() {
            self.breaks.push(format!("{} processes outlived the app", self.processes("").len()));
        }
        Ok(())
    }

    /// Kills the app and starts it again at once.
    pub fn relaunch(&mut self) -> Result<()> {
        self.lives += 1;
        self.engine_ends.clear();
        self.app.running()?.signal(Signal::KILL)?;
        self.app.launch(&self.desktop)
    }

    /// Processes of this app's home by the end of their program's path. The second copies and the terminal count too
    /// where everything is asked for.
    pub fn processes(&self, program: &str) -> Vec<u32> {
        let home = self.app.home.display().to_string();
        let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
        let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.filter(|pid| {
            let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.contains(&home) && line.split('\0').next().is_some_and(|path| path.ends_with(program))
        })
        .collect()
    }

    fn wait_status(&mut self, within: Duration, check: impl Fn(&Value) -> bool) -> Result<Option<Value>> {
        self.wait(within, |world| Ok(world.app.status(&world.desktop).ok().filter(|status| check(status))))
    }

    /// Waits, and breaks things meanwhile.
    fn wait<T>(
        &mut self,
        within: Duration,
        mut check: impl FnMut(&mut Self) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let began = Instant::now();
        loop {
            if let Some(found) = check(self)? {
                return Ok(Some(found));
            }
            if began.elapsed() > within {
                return Ok(None);
            }
            self.tick()?;
            std::thread::sleep(STEP);
        }
    }

    fn tick(&mut self) -> Result<()> {
        let now = Instant::now();
        if now >= self.next_fault {
            faults::strike(self)?;
            self.last_fault = Instant::now();
            self.next_fault = self.last_fault + Duration::from_millis(1000 + self.dice.below(9000));
        }
        if now >= self.next_look {
            self.next_look = now + LOOK;
            let engines = self.processes("/tonny-speech").len();
            if engines > 1 {
                self.breaks.push(format!("{engines} engines at once"));
            }
        }
        Ok(())
    }

    fn newest(&self) -> Option<Value> {
        self.rows(1).into_iter().next()
    }

    fn rows(&self, limit: u32) -> Vec<Value> {
        let arguments = ["--json", "history", "list", "--limit", &limit.to_string()];
        let printed = self.app.tonny_ok(&self.desktop, &arguments).unwrap_or_default();
        let found: Value = serde_json::from_str(&printed).unwrap_or_default();
        found.as_array().or_else(|| found["utterances"].as_array()).cloned().unwrap_or_default()
    }
}
