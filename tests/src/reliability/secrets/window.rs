//! The border to the web view, looked at from inside it: every command of the real app called with good and with absurd
//! input while the keyring holds canaries, all answers, errors and events recorded, every request of the real pages too
//! (K2, and the IPC part of K1).

#[path = "../../../../src-tauri/src/answers/calls.rs"]
mod calls;

use std::process::{Output, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::super::dice::Dice;
use super::super::{Outcome, Size};
use super::doors::{ANSWERS, own_tests};
use super::hunt::{Found, Hunt, one_of_each};
use crate::app::{App, Build};
use crate::desktop::Desktop;
use crate::process::is_installed;
use crate::speech::jfk;
use crate::webdriver::{DRIVER, Window};
use calls::{SAID, amiss, nonsense, sensible};

/// A page of the window is drawn.
pub const DRAWN: &str =
    "document.querySelector('main h1') && !document.querySelector('main [aria-busy=true]')";

/// Keeps all that passes between page and app: requests, their answers, and what comes by itself.
const RECORD: &str = "
    window.traffic = [];
    const fetch = window.fetch;
    const text = (body) => typeof body === 'string' ? body : new TextDecoder().decode(body ?? new Uint8Array());
    window.fetch = async (...words) => {
        const sent = words[1]?.body;
        window.traffic.push(`> ${words[0]} ${text(sent)}`);
        const answer = await fetch(...words);
        answer.clone().text().then((body) => window.traffic.push(`< ${words[0]} ${body}`), () => {});
        return answer;
    };
    const tauri = window.__TAURI_INTERNALS__;
    for (const event of ['snapshot-changed', 'level-changed', 'page-requested']) {
        const handler = tauri.transformCallback((heard) => window.traffic.push(`! ${JSON.stringify(heard)}`));
        tauri.invoke('plugin:event|listen', { event, target: { kind: 'Any' }, handler });
    }";

/// Calls one command after the other; says of each whether it answered well, and what.
const CALL: &str = "
    const done = arguments[arguments.length - 1];
    const calls = arguments[0];
    const patience = (ms) => new Promise((_, no) => setTimeout(() => no('no answer in time'), ms));
    (async () => {
        const answers = [];
        for (const [command, input] of calls) {
            try {
                const answer = await Promise.race([window.__TAURI_INTERNALS__.invoke(command, input), patience(8000)]);
                answers.push([command, true, JSON.stringify(answer) ?? 'null']);
            } catch (error) {
                answers.push([command, false, typeof error === 'string' ? error : JSON.stringify(error)]);
            }
        }
        done(answers);
    })();";

/// Which of the reasons in `calls` are about the real window.
const WINDOW: usize = 1;

/// These end what the others need: called last, in this order.
const LAST: [&str; 4] = ["storage_restore", "vault_lock", "vault_choose", "secrets_forget"];

/// K2.
pub fn answers(size: Size) -> Result<Outcome> {
    let Some(tour) = Tour::begin("answers")? else {
        return Ok(Outcome::Impossible(format!("{DRIVER} is not installed")));
    };
    let mock = own_tests(&[ANSWERS])?;
    let rounds = size.pick(1, 10);
    let mut found = Found::default();
    let mut good = std::collections::BTreeSet::new();
    let (mut values, mut calls) = (Vec::new(), 0);
    for round in 0..rounds {
        values.extend(tour.keep(round * 40)?);
        let said = tour.call_all(size.pick(4, 12), round as u64)?;
        calls += said.answers.len();
        good.extend(said.answers.iter().filter(|answer| answer.good).map(|answer| answer.command.clone()));
        let hunt = Hunt::new(values.clone())?;
        for answer in &said.answers {
            found.look(&hunt, &answer.command, answer.text.as_bytes());
        }
        found.look(&hunt, "the window's traffic", said.traffic.as_bytes());
    }
    let all = commands().len();
    let amiss = amiss(&commands(), |command| good.contains(command), WINDOW);
    let text = format!(
        "{} hits of {} canaries in {} KiB: {calls} calls of {all} commands from the real window, {} of them answered \
         well at least once{}, all events and the pages' own traffic{}; through the mock runtime: {mock}",
        found.places.len(),
        values.len(),
        found.bytes / 1024,
        good.len(),
        if amiss.is_empty() { String::new() } else { format!(" ({})", amiss.join("; ")) },
        found.first()
    );
    tour.end()?;
    Ok(Outcome::measured(found.places.is_empty() && amiss.is_empty(), text))
}

/// The real app with its window open, on a desktop with a real keyring.
pub struct Tour {
    pub desktop: Desktop,
    pub app: App,
    pub window: Window,
}

/// What the window heard.
pub struct Said {
    pub answers: Vec<Answer>,
    /// Requests, answers and events as the page saw them, a line each.
    pub traffic: String,
}

/// One command's answer.
pub struct Answer {
    pub command: String,
    pub good: bool,
    pub text: String,
}

impl Tour {
    /// Nothing where a web view cannot be driven.
    pub fn begin(name: &str) -> Result<Option<Self>> {
        Self::begin_with(name, &[])
    }

    /// The same, with more in the environment of the app and of its terminal.
    pub fn begin_with(name: &str, variables: &[(String, String)]) -> Result<Option<Self>> {
        if !is_installed(DRIVER) {
            return Ok(None);
        }
        let build = Build::from_environment()?;
        let desktop = Desktop::start()?;
        let app = App::with_model(&desktop, &build, name)?.with_variables(variables);
        app.tonny_ok(&desktop, &["settings", "set", "startup.show_window", "true"])?;
        spoken(&desktop, &app)?;
        let window = Window::open(&desktop, &app)?;
        window.wait("the first page", DRAWN)?;
        window.run(RECORD, &[])?;
        app.wait_worker(&desktop, "ready")?;
        Ok(Some(Self { desktop, app, window }))
    }

    /// As [`keep`], so that none passes through the window.
    pub fn keep(&self, first: usize) -> Result<Vec<String>> {
        keep(&self.desktop, &self.app, first)
    }

    /// Every command once with good input and `absurd` times with other, then every page.
    pub fn call_all(&self, absurd: usize, seed: u64) -> Result<Said> {
        let mut dice = Dice::new(seed + 1);
        let mut said = Vec::new();
        let commands = commands();
        let first = commands.iter().filter(|command| !LAST.contains(command));
        let order: Vec<&str> =
            first.chain(LAST.iter().filter(|last| commands.contains(last))).copied().collect();
        let backup = self.called(&[("storage_back_up", json!({}))])?;
        let backup: Value = serde_json::from_str(&backup[0].text)?;
        for command in order {
            let mut calls = vec![(command, sensible(command, backup.as_str().unwrap_or_default()))];
            calls.extend((0..absurd).map(|_| (command, nonsense(&mut |limit| dice.below(limit)))));
            said.extend(self.called(&calls)?);
        }
        for page in 1..=self.pages()? {
            self.window.click(&format!("nav button:nth-of-type({page})"))?;
            self.window.wait("a page", DRAWN)?;
        }
        let traffic = self.window.run("return window.traffic.splice(0).join('\\n')", &[])?;
        Ok(Said { answers: said, traffic: traffic.as_str().unwrap_or_default().to_owned() })
    }

    fn pages(&self) -> Result<u64> {
        let count = self.window.run("return document.querySelectorAll('nav button').length", &[])?;
        count.as_u64().context("a number of pages")
    }

    /// Calls these and gives their answers.
    pub fn called(&self, calls: &[(&str, Value)]) -> Result<Vec<Answer>> {
        let calls: Vec<Value> = calls.iter().map(|(command, input)| json!([command, input])).collect();
        let answers = self.window.run_async(CALL, &[json!(calls)])?;
        let Some(answers) = answers.as_array() else { bail!("no answers: {answers}") };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(answers
            .iter()
            .map(|one| Answer { command: text(&one[0]), good: one[1] == true, text: text(&one[2]) })
            .collect())
    }

    /// Ends the app.
    pub fn end(self) -> Result<()> {
        self.window.close()?;
        self.app.tonny(&self.desktop, &["ctl", "quit"]).map(drop)
    }
}

/// An utterance with its recording, as the app leaves them, for the commands that ask for one.
fn spoken(desktop: &Desktop, app: &App) -> Result<()> {
    let row = json!([{
        "id": SAID, "state": "delivered", "route": "type", "started_at": "2026-11-21T10:00:00Z", "text": "ask not",
        "audio_file": format!("{SAID}.wav"), "audio_ms": 11_000,
    }]);
    let file = desktop.path("row.json");
    std::fs::write(&file, row.to_string())?;
    app.tonny_ok(desktop, &["history", "import", file.to_str().context("a path")?])?;
    std::fs::copy(jfk(), app.home.join("audio").join(format!("{SAID}.wav")))?;
    Ok(())
}

/// Keeps a canary of every kind by the terminal.
pub fn keep(desktop: &Desktop, app: &App, first: usize) -> Result<Vec<String>> {
    let mut values = Vec::new();
    for (kind, value) in one_of_each(first) {
        let output = set(desktop, app, &["secrets", "set", kind.id, "--no-test"], &value)?;
        ensure!(output.status.success(), "{}: {}", kind.id, String::from_utf8_lossy(&output.stderr));
        values.push(value);
    }
    Ok(values)
}

/// Runs the terminal with a value on its standard input.
pub fn set(desktop: &Desktop, app: &App, arguments: &[&str], value: &str) -> Result<Output> {
    let mut command = app.command(desktop, "tonny");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    std::io::Write::write_all(&mut child.stdin.take().context("piped")?, value.as_bytes())?;
    Ok(child.wait_with_output()?)
}

/// Every command that the app's manifest lists.
pub fn commands() -> Vec<&'static str> {
    let source = include_str!("../../../../src-tauri/build.rs");
    let list = source.split_once("COMMANDS: &[&str] = &[").and_then(|(_, rest)| rest.split_once("];"));
    let names = list.map_or("", |(list, _)| list).split(',').map(|name| name.trim().trim_matches('"'));
    names.filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_is_read_whole() {
        let commands = commands();
        assert!(commands.len() > 40 && commands.contains(&"secrets_list"), "{commands:?}");
        assert!(LAST.iter().all(|last| commands.contains(last)));
    }

    #[test]
    fn every_command_is_expected_to_answer_or_excused() {
        let excused = |command: &str| {
            let expected = calls::EXPECTED.iter().find(|expected| expected.command == command);
            expected.is_some_and(|expected| expected.not[WINDOW].is_some())
        };
        let missing = amiss(&commands(), |command| !excused(command), WINDOW);
        assert!(missing.is_empty(), "{missing:?}");
        let one_more: Vec<&str> = commands().into_iter().chain(["a_new_one"]).collect();
        assert_eq!(amiss(&one_more, |command| !excused(command), WINDOW).len(), 1);
    }
}
