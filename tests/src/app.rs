//! The real app on a desktop, driven from outside: its programs, its folder, its status.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::desktop::Desktop;
use crate::process::{Running, finish};
use crate::wait_for;

/// The dictation hotkey's keys, in the order they go down.
pub const HOTKEY: [&str; 3] = ["ctrl", "shift", "space"];

/// The same keys in the order they come up.
pub const HOTKEY_UP: [&str; 3] = ["space", "shift", "ctrl"];

/// Between two looks at the status.
const GLANCE: Duration = Duration::from_millis(20);

/// Where the built programs and the installed test model are.
#[derive(Clone, Debug)]
pub struct Build {
    pub bin: PathBuf,
    /// A TONNYTRAY_HOME with the default model.
    pub models: PathBuf,
}

impl Build {
    /// As `make` gives it; an error says what to run.
    pub fn from_environment() -> Result<Self> {
        let get = |name: &str| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .with_context(|| format!("{name} is not set: run `make test`"))
        };
        Ok(Self { bin: get("TONNYTRAY_BIN")?, models: get("TONNYTRAY_TEST_HOME")? })
    }
}

/// A home of one app; several copies can run in it one after the other.
pub struct App {
    build: Build,
    pub home: PathBuf,
    /// In the environment of all its programs.
    variables: Vec<(String, String)>,
    running: Option<Running>,
}

impl App {
    /// A fresh home with the default model in it.
    pub fn with_model(desktop: &Desktop, build: &Build, name: &str) -> Result<Self> {
        let app = Self::without_model(desktop, build, name)?;
        let (from, to) =
            (build.models.join("models/whisper-tiny.en"), app.home.join("models/whisper-tiny.en"));
        std::fs::create_dir_all(&to)?;
        for entry in
            std::fs::read_dir(&from).with_context(|| format!("no test model in {}", from.display()))?
        {
            let entry = entry?;
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
        Ok(app)
    }

    /// A fresh, empty home.
    pub fn without_model(desktop: &Desktop, build: &Build, name: &str) -> Result<Self> {
        let home = desktop.path(name);
        std::fs::create_dir_all(&home)?;
        Ok(Self { build: build.clone(), home, variables: Vec::new(), running: None })
    }

    /// With these in the environment of all its programs.
    pub fn with_variables(mut self, variables: &[(String, String)]) -> Self {
        self.variables.extend_from_slice(variables);
        self
    }

    /// Starts the app without waiting.
    pub fn launch(&mut self, desktop: &Desktop) -> Result<()> {
        self.launch_with(desktop, &[])
    }

    /// As [`App::launch`], with this in its environment besides.
    pub fn launch_with(&mut self, desktop: &Desktop, variables: &[(&str, &str)]) -> Result<()> {
        let mut command = self.command(desktop, "tonnytray");
        command.envs(variables.iter().copied());
        self.run(desktop, &mut command)
    }

    /// As [`App::launch`], by a program that makes the app's process something else first.
    pub fn launch_under(&mut self, desktop: &Desktop, wrapper: &[&str]) -> Result<()> {
        let (program, arguments) = wrapper.split_first().context("a wrapper")?;
        let mut command = desktop.command(program);
        command.args(arguments).arg(self.build.bin.join("tonnytray")).env("TONNYTRAY_HOME", &self.home);
        self.run(desktop, &mut command)
    }

    fn run(&mut self, desktop: &Desktop, command: &mut Command) -> Result<()> {
        let log = desktop.path("logs/tonnytray.log");
        self.running = Some(Running::start(command.arg("--hidden"), &log)?);
        Ok(())
    }

    /// Starts the app and waits until its engine is ready.
    pub fn start(&mut self, desktop: &Desktop) -> Result<()> {
        self.launch(desktop)?;
        self.wait_worker(desktop, "ready").map(|_| ())
    }

    /// One of the built programs with this home.
    pub fn command(&self, desktop: &Desktop, program: &str) -> Command {
        let mut command = desktop.command(self.build.bin.join(program));
        command.env("TONNYTRAY_HOME", &self.home);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// `tonny` to its end.
    pub fn tonny(&self, desktop: &Desktop, arguments: &[&str]) -> Result<Output> {
        finish(self.command(desktop, "tonny").args(arguments))
    }

    /// `tonny` to its end; anything but success is an error.
    pub fn tonny_ok(&self, desktop: &Desktop, arguments: &[&str]) -> Result<String> {
        let output = self.tonny(desktop, arguments)?;
        if !output.status.success() {
            bail!("tonny {arguments:?}: {} {}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    pub fn status(&self, desktop: &Desktop) -> Result<Value> {
        Ok(serde_json::from_str(&self.tonny_ok(desktop, &["ctl", "status"])?)?)
    }

    /// Waits until the status fulfils `check`.
    pub fn wait_status(
        &self,
        desktop: &Desktop,
        what: &str,
        within: Duration,
        check: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let look = || {
            // The app answers fifty questions a second, and what is waited for here is often asked something next.
            std::thread::sleep(GLANCE);
            Ok(self.status(desktop).ok().filter(|status| check(status)))
        };
        wait_for(what, within, look).with_context(|| format!("last status: {:?}", self.status(desktop)))
    }

    pub fn wait_state(&self, desktop: &Desktop, state: &str) -> Result<Value> {
        self.wait_status(desktop, &format!("the state {state}"), Duration::from_secs(30), |status| {
            status["state"] == state
        })
    }

    pub fn wait_worker(&self, desktop: &Desktop, state: &str) -> Result<Value> {
        let what = format!("the worker to be {state}");
        self.wait_status(desktop, &what, Duration::from_secs(30), |status| {
            status["workers"][0]["state"] == state
        })
    }

    /// Waits for an utterance that is not `before` to be over.
    pub fn wait_last(&self, desktop: &Desktop, before: &Value) -> Result<Value> {
        let old = before["last"]["id"].clone();
        let over = |status: &Value| {
            status["state"] == "idle" && !status["last"].is_null() && status["last"]["id"] != old
        };
        Ok(self.wait_status(desktop, "the utterance to be over", Duration::from_secs(90), over)?["last"]
            .clone())
    }

    /// Holds the hotkey while `file` is played, and lets it go: one dictation. Gives the last utterance and the moment
    /// of the release.
    pub fn dictate(&self, desktop: &Desktop, file: &Path) -> Result<(Value, Instant)> {
        let before = self.status(desktop)?;
        desktop.keys_down(&HOTKEY)?;
        self.wait_state(desktop, "recording")?;
        desktop.play(file)?;
        let released = Instant::now();
        desktop.keys_up(&HOTKEY_UP)?;
        Ok((self.wait_last(desktop, &before)?, released))
    }

    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(Running::pid)
    }

    pub fn running(&mut self) -> Result<&mut Running> {
        self.running.as_mut().context("the app is running")
    }

    /// Ends it as a user would.
    pub fn quit(&mut self, desktop: &Desktop) -> Result<()> {
        self.tonny_ok(desktop, &["ctl", "quit"])?;
        let status = self.running()?.wait_end(Duration::from_secs(7))?;
        self.running = None;
        if !status.success() {
            bail!("the app ended with {status}");
        }
        Ok(())
    }
}
