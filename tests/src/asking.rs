//! Questions to the assistant as a person asks them: its hotkey held while a sentence is spoken into the microphone, the
//! real llama-server with its real model behind, and the answer read from the real window.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::app::{App, Build};
use crate::desktop::Desktop;
use crate::engines::installed_file;
use crate::wait_for;
use crate::webdriver::Window;

/// The assistant's keys, in the order they are pressed.
pub const HOTKEY: [&str; 4] = ["ctrl", "shift", "alt", "space"];

/// The same keys, in the order they are let go.
const HOTKEY_UP: [&str; 4] = ["space", "alt", "shift", "ctrl"];

/// From the release of the keys until something is written; the model of the first question is still being loaded.
const WORDS: Duration = Duration::from_secs(60);

/// A small model on two cores writes its longest answer in so long.
const WHOLE: Duration = Duration::from_secs(120);

/// Between two looks at the page: it is busy with the answer, and each look takes its time away from that.
const GLANCE: Duration = Duration::from_millis(200);

/// Notes when the first word of the next answer is on the screen, by the clock that the test has, too.
const WATCH: &str = "
    // The list draws what can be seen, so answers are not counted. Ids are in the order of time: a greater one is new,
    // also where it was complete before anybody looked.
    const answers = () => [...document.querySelectorAll('article[data-role=assistant]')];
    const last = answers().map((answer) => answer.dataset.id).sort().at(-1) ?? '';
    window.firstWord = new Promise((told) => {
        const watcher = new MutationObserver(() => {
            const answer = answers().find((answer) => answer.dataset.id > last);
            if (!answer?.querySelector('[data-words]')?.textContent.trim()) return;
            watcher.disconnect();
            requestAnimationFrame(() => told(Date.now()));
        });
        watcher.observe(document.body, { subtree: true, childList: true, characterData: true });
    });";

/// When that was; nothing after ten seconds, which is less than a driver waits for a script.
const NOTED: &str = "
    const told = arguments[0];
    window.firstWord.then(told);
    setTimeout(() => told(null), 10_000);";

/// The app with its assistant's window.
pub struct Asking {
    /// The app; its window is driven, so it ends with that.
    pub app: App,
    /// Shows the assistant.
    pub window: Window,
}

/// The folder of the engines that are installed; says why nothing is asked when there is no llama-server.
pub fn engines() -> Option<PathBuf> {
    let program = installed_file("llama/bin/llama-server", "engines-llama")?;
    program.ancestors().nth(3).map(Path::to_owned)
}

impl Asking {
    /// Starts the app with its engines, and opens the assistant from its tray.
    pub fn start(desktop: &Desktop, build: &Build, engines: &Path) -> Result<Self> {
        let variables = [("TONNYTRAY_ENGINES".to_owned(), engines.display().to_string())];
        let app = App::with_model(desktop, build, "asking")?.with_variables(&variables);
        app.tonny_ok(desktop, &["settings", "set", "startup.show_window", "true"])?;
        app.tonny_ok(desktop, &["settings", "set", "hotkeys.assistant", "Ctrl+Shift+Alt+Space"])?;
        let window = Window::open(desktop, &app)?;
        app.wait_worker(desktop, "ready")?;
        // Who asks has no settings open: their window, which the driver needed for its start, would draw beside the answer.
        desktop.run("xdotool", &["search", "--name", "^TonnyTray$", "windowminimize"])?;
        app.tonny_ok(desktop, &["ctl", "show", "assistant"])?;
        window.go_to("assistant")?;
        window.wait("the field for a question", "document.querySelector('textarea')")?;
        Ok(Self { app, window })
    }

    /// Holds the hotkey while `file` is played. Gives how long after the release the first word of the answer stood on the
    /// screen.
    pub fn speak(&self, desktop: &Desktop, file: &Path) -> Result<Duration> {
        self.window.run(WATCH, &[])?;
        desktop.keys_down(&HOTKEY)?;
        self.app.wait_state(desktop, "recording")?;
        desktop.play(file)?;
        let released = std::time::SystemTime::UNIX_EPOCH.elapsed()?;
        desktop.keys_up(&HOTKEY_UP)?;
        let at = wait_for("the first word of an answer", WORDS, || {
            Ok(self.window.run_async(NOTED, &[])?.as_u64())
        })
        .with_context(|| format!("the page shows: {}", self.window.text().unwrap_or_default()))?;
        Ok(Duration::from_millis(at).saturating_sub(released))
    }

    /// What stands in the last answer, and how it stands with it: `streaming`, `complete`, `interrupted`.
    pub fn last(&self) -> Result<(String, String)> {
        let script = "
            const answer = [...document.querySelectorAll('article[data-role=assistant]')].at(-1);
            return [answer?.dataset.state ?? '', answer?.querySelector('[data-words]')?.innerText ?? ''];";
        let both = self.window.run(script, &[])?;
        let text = |at: usize| both[at].as_str().unwrap_or_default().to_owned();
        Ok((text(0), text(1)))
    }

    /// Waits until the last answer stands so.
    pub fn wait_last(&self, what: &str, check: impl Fn(&str, &str) -> bool) -> Result<String> {
        let mut last = None;
        let found = wait_for(what, WHOLE, || {
            std::thread::sleep(GLANCE);
            let (state, text) = self.last()?;
            let is_so = check(&state, &text);
            last = Some(format!("{state}: {text}"));
            Ok(is_so.then_some(text))
        });
        found.with_context(|| format!("the last answer: {last:?}"))
    }

    /// Presses a button by what stands on it.
    pub fn press(&self, name: &str) -> Result<()> {
        let script = "
            const all = [...document.querySelectorAll('button')];
            const button = all.filter((one) => [one.innerText.trim(), one.ariaLabel].includes(arguments[0])).at(-1);
            button?.click();
            return Boolean(button);";
        wait_for(&format!("the button {name}"), Duration::from_secs(10), || {
            Ok((self.window.run(script, &[json!(name)])? == json!(true)).then_some(()))
        })
    }

    /// Stops what is still being written: a small model may come to no end.
    pub fn end_answer(&self) -> Result<()> {
        // It may end by itself meanwhile, and then there is no such button.
        let stop = "document.querySelector('button[aria-label=Stop]')?.click();";
        wait_for("the end of the answer", WHOLE, || {
            if self.last()?.0 != "streaming" {
                return Ok(Some(()));
            }
            self.window.run(stop, &[])?;
            std::thread::sleep(GLANCE);
            Ok(None)
        })
    }

    /// The process of the local model.
    pub fn model_pid(&self, desktop: &Desktop) -> Result<u32> {
        let status = self.app.status(desktop)?;
        let workers = status["workers"].as_array().context("workers")?;
        let pid =
            workers.iter().find(|worker| worker["name"] == "llama").and_then(|worker| worker["pid"].as_u64());
        ensure!(pid.is_some(), "no llama-server runs: {workers:?}");
        Ok(u32::try_from(pid.unwrap_or_default())?)
    }
}
