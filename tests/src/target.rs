//! Windows that text is typed into, and what arrived there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};

use crate::desktop::Desktop;
use crate::process::is_installed;
use crate::wait_for;

/// Kinds of windows that take text in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A terminal with `cat` in it.
    Xterm,
    /// A GTK 3 text window.
    Gtk,
    /// A text area in Chromium.
    Chromium,
}

/// One open window.
pub struct Target {
    kind: Kind,
    pub window: String,
    pub pid: u32,
    file: PathBuf,
}

impl Target {
    /// Opens a window and gives it the focus.
    pub fn open(desktop: &mut Desktop, kind: Kind) -> Result<Self> {
        let file = desktop.path(&format!("{kind:?}.txt"));
        let _ = std::fs::remove_file(&file);
        let (pid, class) = match kind {
            Kind::Xterm => (open_xterm(desktop, &file)?, "xterm"),
            Kind::Gtk => (open_gtk(desktop, &file)?, "gtk_text.py"),
            Kind::Chromium => (open_chromium(desktop)?, "chromium"),
        };
        let window = wait_for("the window", Duration::from_secs(30), || {
            let found =
                desktop.run("xdotool", &["search", "--onlyvisible", "--class", class]).unwrap_or_default();
            Ok(found.lines().last().map(str::to_owned))
        })?;
        let target = Self { kind, window, pid, file };
        target.focus(desktop)?;
        if kind == Kind::Chromium {
            wait_for("Chromium's page", Duration::from_secs(30), || {
                Ok(target.title(desktop)?.contains("text:").then_some(()))
            })?;
        } else {
            wait_for("the window's file", Duration::from_secs(10), || {
                Ok(target.file.exists().then_some(()))
            })?;
        }
        Ok(target)
    }

    /// Gives the window the focus and waits until it has it.
    pub fn focus(&self, desktop: &Desktop) -> Result<()> {
        wait_for("the focus", Duration::from_secs(10), || {
            let _ = desktop.run("xdotool", &["windowactivate", "--sync", &self.window]);
            let active = desktop.run("xdotool", &["getactivewindow"]).unwrap_or_default();
            Ok((active.trim() == self.window).then_some(()))
        })
    }

    /// All text that arrived so far.
    pub fn text(&self, desktop: &Desktop) -> Result<String> {
        match self.kind {
            Kind::Xterm | Kind::Gtk => Ok(std::fs::read_to_string(&self.file).unwrap_or_default()),
            Kind::Chromium => {
                let title = self.title(desktop)?;
                let Some((_, value)) = title.split_once("text:") else { bail!("a strange title: {title}") };
                let value = value.rfind('"').map_or("", |end| &value[..=end]);
                Ok(serde_json::from_str(value).unwrap_or_default())
            }
        }
    }

    /// Ends the line, as a person does between two dictations.
    pub fn end_line(&self, desktop: &Desktop) -> Result<()> {
        desktop.key("Return")
    }

    fn title(&self, desktop: &Desktop) -> Result<String> {
        desktop.run("xdotool", &["getwindowname", &self.window])
    }
}

fn open_xterm(desktop: &mut Desktop, file: &Path) -> Result<u32> {
    let cat = format!("stty -icanon min 1; cat > '{}'", file.display());
    desktop.spawn("xterm", &["-u8", "-geometry", "80x20+40+60", "-e", "sh", "-c", &cat])
}

fn open_gtk(desktop: &mut Desktop, file: &Path) -> Result<u32> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/gtk_text.py");
    // The system's interpreter: it is the one with the system's GTK bindings.
    desktop.spawn("/usr/bin/python3", &[&script.display().to_string(), &file.display().to_string()])
}

fn open_chromium(desktop: &mut Desktop) -> Result<u32> {
    if !is_installed("chromium") {
        bail!("chromium is not installed");
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/textarea.html");
    let profile = format!("--user-data-dir={}", desktop.path("chromium").display());
    let app = format!("--app=file://{}", page.display());
    desktop.spawn(
        "chromium",
        &[
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--no-default-browser-check",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-quic",
            "--password-store=basic",
            "--window-size=720,420",
            &profile,
            &app,
        ],
    )
}
