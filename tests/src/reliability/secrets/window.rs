//! The border to the web view, looked at from inside it: every command of the real app called with good and with absurd
//! input while the keyring holds canaries, all answers, errors and events recorded, every request of the real pages too
//! (K2, and the IPC part of K1).

use std::process::Stdio;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::super::dice::Dice;
use super::super::{Outcome, Size};
use super::doors::{ANSWERS, own_tests};
use super::hunt::{Found, Hunt, one_of_each};
use crate::app::{App, Build};
use crate::desktop::Desktop;
use crate::process::is_installed;
use crate::webdriver::{DRIVER, Window};

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
    let text = format!(
        "{} hits of {} canaries in {} KiB: {calls} calls of {all} commands from the real window, {} of them answered \
         well at least once, all events and the pages' own traffic{}; through the mock runtime: {mock}",
        found.places.len(),
        values.len(),
        found.bytes / 1024,
        good.len(),
        found.first()
    );
    tour.end()?;
    Ok(Outcome::measured(found.places.is_empty() && good.len() * 2 > all, text))
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
        if !is_installed(DRIVER) {
            return Ok(None);
        }
        let build = Build::from_environment()?;
        let desktop = Desktop::start()?;
        let app = App::with_model(&desktop, &build, name)?;
        app.tonny_ok(&desktop, &["settings", "set", "startup.show_window", "true"])?;
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
            let mut calls = vec![(command, good(command, backup.as_str().unwrap_or_default()))];
            calls.extend((0..absurd).map(|_| (command, nonsense(&mut dice))));
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

/// Keeps a canary of every kind by the terminal.
pub fn keep(desktop: &Desktop, app: &App, first: usize) -> Result<Vec<String>> {
    let mut values = Vec::new();
    for (kind, value) in one_of_each(first) {
        let mut command = app.command(desktop, "tonny");
        command.args(["secrets", "set", kind.id, "--no-test"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        std::io::Write::write_all(&mut child.stdin.take().context("piped")?, value.as_bytes())?;
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "{}: {}", kind.id, String::from_utf8_lossy(&output.stderr));
        values.push(value);
    }
    Ok(values)
}

/// Every command that the app's manifest lists.
pub fn commands() -> Vec<&'static str> {
    let source = include_str!("../../../../src-tauri/build.rs");
    let list = source.split_once("COMMANDS: &[&str] = &[").and_then(|(_, rest)| rest.split_once("];"));
    let names = list.map_or("", |(list, _)| list).split(',').map(|name| name.trim().trim_matches('"'));
    names.filter(|name| !name.is_empty()).collect()
}

/// Input that a page could send. Every argument's name is there for every command: each takes its own, so that a new
/// command is called without a line here.
fn good(command: &str, backup: &str) -> Value {
    let id = match command {
        "secrets_set" | "secrets_clear" => json!("ollama"),
        "worker_output" => json!(1),
        _ => json!("01890000-0000-7000-8000-000000000000"),
    };
    let query = json!({
        "text": "", "before": null, "limit": 100, "filter": {}, "worker": null, "level": null, "since": null, "after": null
    });
    json!({
        "id": id,
        "name": if command.starts_with("storage") { backup } else { "speech" },
        "query": query,
        "patch": { "key": "appearance.theme", "value": "dark" },
        "key": "appearance.theme",
        "path": "/nowhere/at/all.gguf",
        "on": false,
        "value": "a token of no account",
        "tryIt": false,
        "choice": { "place": "session", "password": null, "understood": true, "auto_lock_min": null },
        "password": null,
        "old": "the old password",
        "next": "the next password",
    })
}

/// Input that no page sends. Nothing in it makes the app try a key on its provider.
fn nonsense(dice: &mut Dice) -> Value {
    let mut input = json!({});
    for name in
        ["id", "name", "query", "patch", "key", "path", "on", "value", "choice", "password", "old", "next"]
    {
        input[name] = absurd(dice);
    }
    input["tryIt"] = if dice.below(2) == 0 { json!(false) } else { json!("yes") };
    input
}

fn absurd(dice: &mut Dice) -> Value {
    const TEXTS: [&str; 12] = [
        "",
        "\0",
        "\n\r\t",
        "../../etc/passwd",
        "openai",
        "speech",
        "%s%n%x",
        "'; DROP TABLE utterances; --",
        "🗝️🧨",
        "{\"openai\":1}",
        "\u{202e}gnp",
        "storage.keep_text",
    ];
    match dice.below(9) {
        0 => Value::Null,
        1 => json!(dice.below(2) == 0),
        2 => json!(u64::MAX),
        3 => json!(-1.5e300),
        4 => json!("x".repeat(100_000)),
        5 => json!([[[]], {}, null]),
        6 => json!({ "key": dice.pick(&TEXTS), "value": null, "text": "*", "limit": 0, "place": "file" }),
        _ => json!(dice.pick(&TEXTS)),
    }
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
}
