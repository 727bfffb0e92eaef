//! A hostile page (K9): what each window may call is a table of the built app, asked by the app's own tests; here the
//! real window tries what something foreign in it would try.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tonny_core::problem::Code;

use super::super::{Outcome, Size};
use super::window::{Answer, Tour};
use crate::process::run;
use crate::programs;
use crate::webdriver::DRIVER;

/// The app's own tests that are this row's other half, and those of K2.
const TABLE: [&str; 3] = [
    "answers::a_window_that_was_granted_nothing_can_call_nothing",
    "access::every_window_may_call_what_it_was_granted_and_nothing_else",
    "access::the_window_runs_under_a_policy_that_names_no_host_and_no_inline_code",
];
pub const ANSWERS: &str = "answers::no_command_returns_a_secret";

/// Commands of Tauri and its plugins that no window was granted, and some that nobody has.
const FOREIGN: [&str; 24] = [
    "plugin:event|emit",
    "plugin:event|emit_to",
    "plugin:window|create",
    "plugin:window|get_all_windows",
    "plugin:window|close",
    "plugin:webview|create_webview_window",
    "plugin:webview|internal_toggle_devtools",
    "plugin:app|version",
    "plugin:app|set_app_theme",
    "plugin:path|resolve_directory",
    "plugin:resources|close",
    "plugin:menu|new",
    "plugin:tray|new",
    "plugin:image|from_path",
    "plugin:global-shortcut|register",
    "plugin:global-shortcut|unregister_all",
    "plugin:autostart|enable",
    "plugin:shell|execute",
    "plugin:fs|read_file",
    "plugin:http|fetch",
    "plugin:process|exit",
    "secrets_get",
    "secrets_take",
    "vault_read",
];

/// Each door by its name; the names of those that were open come back.
const DOORS: &str = "
    const done = arguments[arguments.length - 1];
    const attempt = (name, run) => Promise.resolve().then(run).then(() => name, () => null);
    const soon = (promise) => Promise.race([promise, new Promise((_, no) => setTimeout(no, 3000))]);
    const script = (source) => {
        window.ran = false;
        const tag = document.createElement('script');
        if (source === null) tag.textContent = 'window.ran = true';
        else tag.src = source;
        return soon(new Promise((yes, no) => {
            tag.onload = yes;
            tag.onerror = no;
            document.head.append(tag);
            if (source === null) window.ran ? yes() : no();
        }));
    };
    const image = (source) => soon(new Promise((yes, no) => {
        const picture = new Image();
        picture.onload = yes;
        picture.onerror = no;
        picture.src = source;
    }));
    const frame = () => soon(new Promise((yes, no) => {
        const inner = document.createElement('iframe');
        inner.src = 'http://127.0.0.1:9/';
        document.addEventListener('securitypolicyviolation', no, { once: true });
        document.body.append(inner);
    }));
    const here = location.href;
    Promise.all([
        attempt('an inline script', () => script(null)),
        attempt('a script from elsewhere', () => script('http://127.0.0.1:9/x.js')),
        attempt('a script made of text', () => { new Function('return 1')(); }),
        attempt('an inline handler', () => {
            window.ran = false;
            const tag = document.createElement('div');
            tag.setAttribute('onclick', 'window.ran = true');
            tag.click();
            if (!window.ran) throw new Error('refused');
        }),
        attempt('a request to elsewhere', () => soon(fetch('http://127.0.0.1:9/'))),
        attempt('a socket to elsewhere', () => soon(new Promise((yes, no) => {
            const socket = new WebSocket('ws://127.0.0.1:9/');
            socket.onopen = yes;
            socket.onerror = no;
        }))),
        attempt('a picture from elsewhere', () => image('http://127.0.0.1:9/x.png')),
        attempt('a file as a picture', () => image('asset://localhost/etc/hostname')),
        attempt('a frame from elsewhere', frame),
        attempt('a changed prototype', () => { 'use strict'; Object.prototype.mine = 1; }),
        attempt('another window', () => { if (window.open('https://example.org/') === null) throw new Error('refused'); }),
    ]).then((open) => {
        location.href = 'https://example.org/';
        setTimeout(() => done([...open.filter(Boolean), ...(location.href === here ? [] : ['another page'])]), 500);
    });";

const DOOR_COUNT: usize = 12;

/// Asks for something slow so many times at once; how often it was answered, and how often refused with which code. Then
/// once more.
const FLOOD: &str = "
    const done = arguments[arguments.length - 1];
    const call = () => window.__TAURI_INTERNALS__.invoke('storage_check', {}).then(() => 'answered', (error) => error.code ?? 'lost');
    Promise.all(Array.from({ length: arguments[0] }, call)).then(async (answers) => {
        const counts = {};
        for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
        done([counts, await call()]);
    });";

/// Calls at once of a page that asks without end.
const FLOODING: u64 = 3_000;

/// What one call costs, ms: groups of ten calls one after the other, because the page's clock ticks in milliseconds.
const PRICE: &str = "
    const done = arguments[arguments.length - 1];
    (async () => {
        const groups = [];
        for (let group = 0; group < 105; group += 1) {
            const began = performance.now();
            for (let call = 0; call < 10; call += 1) await window.__TAURI_INTERNALS__.invoke('app_facts', {});
            groups.push((performance.now() - began) / 10);
        }
        done(groups.slice(5));
    })();";

/// K9.
pub fn closed(_: Size) -> Result<Outcome> {
    let table = own_tests(&TABLE)?;
    let Some(tour) = Tour::begin("doors")? else {
        return Ok(Outcome::Impossible(format!("the window cannot be driven: no {DRIVER}; {table}")));
    };
    let calls: Vec<(&str, Value)> = FOREIGN.iter().map(|command| (*command, json!({}))).collect();
    let answers = tour.called(&calls)?;
    let mut open: Vec<String> =
        answers.iter().filter(|answer| !is_refused(answer)).map(|answer| answer.command.clone()).collect();
    // Somebody is there and would answer: what is not refused arrives.
    let elsewhere = Elsewhere::listen()?;
    let script = DOORS.replace("127.0.0.1:9/", &format!("127.0.0.1:{}/", elsewhere.port));
    let doors = tour.window.run_async(&script, &[])?;
    let found = doors.as_array().context("a list of doors")?;
    open.extend(found.iter().filter_map(Value::as_str).map(str::to_owned));
    let (refused, price) = (flooded(&tour)?, price(&tour)?);
    tour.end()?;
    let arrived = elsewhere.arrived.load(Ordering::Relaxed);
    if arrived > 0 {
        open.push(format!("{arrived} connections that arrived elsewhere"));
    }
    let tried = FOREIGN.len() + DOOR_COUNT;
    let text = format!(
        "{table}; in the real window {} of {tried} forbidden commands and doors open{}; of {FLOODING} calls at once \
         {refused} refused with a code, none lost; {price}",
        open.len(),
        if open.is_empty() { String::new() } else { format!(": {}", open.join(", ")) }
    );
    Ok(Outcome::measured(open.is_empty(), text))
}

/// A page that asks without end is refused most of it, and is heard again when it is done.
fn flooded(tour: &Tour) -> Result<u64> {
    let said = tour.window.run_async(FLOOD, &[json!(FLOODING)])?;
    let count = |name: &str| said[0][name].as_u64().unwrap_or(0);
    let (answered, refused) = (count("answered"), count(Code::TooManyCalls.id()));
    ensure!(answered + refused == FLOODING && refused > 0 && said[1] == "answered", "a flood: {said}");
    Ok(refused)
}

/// What a cheap call takes from the page and back.
fn price(tour: &Tour) -> Result<String> {
    let groups = tour.window.run_async(PRICE, &[])?;
    let mut times: Vec<f64> = groups.as_array().context("times")?.iter().filter_map(Value::as_f64).collect();
    times.sort_by(f64::total_cmp);
    ensure!(times.len() == 100, "{groups}");
    Ok(format!("a cheap call takes {:.2} ms (p50), {:.2} ms (p95) of 1,000", times[49], times[94]))
}

/// Refused by the table of grants, not by a command that found its input odd.
fn is_refused(answer: &Answer) -> bool {
    !answer.good && answer.text.contains("not allowed by ACL")
}

/// A server that lets everybody in and counts them.
struct Elsewhere {
    port: u16,
    arrived: Arc<AtomicUsize>,
}

impl Elsewhere {
    /// Ends with the process: it waits for somebody who should never come.
    fn listen() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (port, arrived) = (listener.local_addr()?.port(), Arc::new(AtomicUsize::new(0)));
        let count = arrived.clone();
        std::thread::spawn(move || {
            for peer in listener.incoming() {
                let Ok(mut peer) = peer else { return };
                count.fetch_add(1, Ordering::Relaxed);
                let _ = peer.write_all(WELCOME);
            }
        });
        Ok(Self { port, arrived })
    }
}

/// An answer that a browser lets any page have.
const WELCOME: &[u8] =
    b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Type: text/javascript\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";

/// Runs these tests of the desktop face, all of which must exist and pass.
pub fn own_tests(names: &[&str]) -> Result<String> {
    let said = run(Command::new(programs::tests_of("tonnytray")?).arg("--exact").args(names))?;
    let passed = format!("{} passed; 0 failed", names.len());
    anyhow::ensure!(said.contains(&passed), "the app's own tests: {said}");
    Ok(format!("{} tests of the app's own crate passed", names.len()))
}
