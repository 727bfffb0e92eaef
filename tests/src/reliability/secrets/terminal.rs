//! The real `tonny` in a home of its own, on a bus of its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::programs;

/// A home, and the bus its programs see.
pub struct Terminal {
    pub home: PathBuf,
    bus: Option<String>,
    variables: Vec<(String, String)>,
}

/// What one command did.
pub struct Ran {
    pub took: Duration,
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Terminal {
    /// Without a bus where none is given.
    pub fn new(home: &Path, bus: Option<&str>) -> Result<Self> {
        std::fs::create_dir_all(home)?;
        Ok(Self { home: home.to_owned(), bus: bus.map(str::to_owned), variables: Vec::new() })
    }

    /// With these in the environment of what it runs.
    pub fn with_variables(mut self, variables: Vec<(String, String)>) -> Self {
        self.variables = variables;
        self
    }

    /// A command with this home and bus, and nothing else of ours.
    pub fn command(&self, program: &str) -> Result<Command> {
        let mut command = Command::new(programs::beside(program)?);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", &self.home);
        command.env("TONNYTRAY_HOME", &self.home).env("LANG", "C.UTF-8");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.envs(self.bus.as_ref().map(|bus| ("DBUS_SESSION_BUS_ADDRESS", bus)));
        Ok(command)
    }

    /// Runs `tonny` with `input` on its standard input.
    pub fn tonny(&self, arguments: &[&str], input: &str) -> Result<Ran> {
        let mut command = self.command("tonny")?;
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let began = Instant::now();
        let mut child = command.spawn()?;
        let mut stdin = child.stdin.take().context("piped")?;
        // A command that takes no input may have ended already.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output()?;
        Ok(Ran {
            took: began.elapsed(),
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Keeps a value.
    pub fn set(&self, kind: &str, value: &str) -> Result<Ran> {
        self.tonny(&["--json", "secrets", "set", kind, "--no-test"], value)
    }

    /// The report.
    pub fn report(&self) -> Result<(Value, Ran)> {
        let ran = self.tonny(&["--json", "secrets", "list"], "")?;
        let report = serde_json::from_str(&ran.out).with_context(|| ran.err.clone())?;
        Ok((report, ran))
    }
}

/// Whether `needle` is in any file below `folder`.
pub fn is_below(folder: &Path, needle: &[u8]) -> Result<bool> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && is_below(&entry.path(), needle)? {
            return Ok(true);
        }
        if kind.is_file() && contains(&std::fs::read(entry.path())?, needle) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether `needle` is in `hay`.
pub fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}
