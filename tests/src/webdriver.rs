//! A web view driven from outside, as a person would: WebKitWebDriver starts the app and is spoken to in the W3C's
//! protocol, plain HTTP with JSON on this machine.
//!
//! It is spoken to directly. tauri-driver, which stands between elsewhere, renames one capability on Linux and does
//! nothing more; a test needs five requests, for which this is less than a client library.
//! Source: <https://www.w3.org/TR/webdriver2/>, and `webkitgtk:browserOptions` of WebKitWebDriver.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::app::App;
use crate::desktop::Desktop;
use crate::process::Running;
use crate::wait_for;

/// Name of the driver; Debian has it in `webkit2gtk-driver`.
pub const DRIVER: &str = "WebKitWebDriver";

/// What the page is given to answer one request; axe on a full page takes a few seconds on a busy machine.
const ANSWER: Duration = Duration::from_secs(60);

/// Whether an element stands still, which is when a click at its place meets it: a drawer that slides in, a list that
/// is being drawn move it away between the driver's look and its click.
const STANDS: &str = "
    const [selector, done] = arguments;
    const place = () => {
        const box = document.querySelector(selector)?.getBoundingClientRect();
        return box && JSON.stringify(box);
    };
    const before = place();
    requestAnimationFrame(() => requestAnimationFrame(() => done(before !== undefined && before === place())));";

/// A window that is made when it is first wanted loads its page from the program itself.
const WINDOW: Duration = Duration::from_secs(20);

/// The app's window, driven; the app ends with it.
pub struct Window {
    // Dropped after the session is closed, which ends the app.
    driver: Running,
    port: u16,
    session: String,
}

impl Window {
    /// Starts the app through the driver and waits for its window.
    pub fn open(desktop: &Desktop, app: &App) -> Result<Self> {
        let port = free_port()?;
        let mut command = app.command(desktop, "tonnytray");
        let program = command.get_program().to_string_lossy().into_owned();
        // The app inherits the driver's environment: its home, its display, and the leave to be driven.
        let mut driver = desktop.command(DRIVER);
        for (name, value) in command.env("TAURI_WEBVIEW_AUTOMATION", "true").get_envs() {
            if let Some(value) = value {
                driver.env(name, value);
            }
        }
        driver.arg(format!("--port={port}"));
        let driver = Running::start(&mut driver, &desktop.path("logs/webdriver.log"))?;
        wait_for("the driver", Duration::from_secs(10), || {
            Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok())
        })?;
        let wanted = json!({
            "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": { "binary": program, "args": [] } } }
        });
        let answer = request(port, "POST", "/session", Some(&wanted))?;
        let session = answer["sessionId"].as_str().context("a session")?.to_owned();
        Ok(Self { driver, port, session })
    }

    /// Runs the body of a function in the page and gives what it returns.
    pub fn run(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        self.post("execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// As [`Window::run`]; the function ends by calling its last argument.
    pub fn run_async(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        self.post("execute/async", &json!({ "script": script, "args": arguments }))
    }

    /// Waits until an expression is true in the page.
    pub fn wait(&self, what: &str, expression: &str) -> Result<()> {
        let script = format!("return Boolean({expression})");
        wait_for(what, Duration::from_secs(20), || {
            Ok((self.run(&script, &[])? == Value::Bool(true)).then_some(()))
        })
        .with_context(|| format!("the page shows: {}", self.text().unwrap_or_default()))
    }

    /// Clicks the first element that fits, where a person's pointer would, as soon as it stands there to be clicked.
    pub fn click(&self, selector: &str) -> Result<()> {
        let mut last = None;
        let clicked = wait_for(selector, Duration::from_secs(10), || {
            if self.run_async(STANDS, &[json!(selector)])? != json!(true) {
                return Ok(None);
            }
            let click = |id: String| self.post(&format!("element/{id}/click"), &json!({}));
            Ok(self.element(selector).and_then(click).map_err(|error| last = Some(error)).ok())
        });
        clicked.map(|_| ()).map_err(|error| last.unwrap_or(error))
    }

    /// Types into the first element that fits, key by key.
    pub fn type_into(&self, selector: &str, text: &str) -> Result<()> {
        let id = self.element(selector)?;
        self.post(&format!("element/{id}/value"), &json!({ "text": text })).map(|_| ())
    }

    fn element(&self, selector: &str) -> Result<String> {
        let found = self.post("element", &json!({ "using": "css selector", "value": selector }))?;
        let id = found.as_object().and_then(|keys| keys.values().next()).and_then(Value::as_str);
        id.map(str::to_owned).with_context(|| format!("no element fits {selector}"))
    }

    /// Goes on in the window of the app that shows this page, such as `assistant`, as soon as there is one.
    pub fn go_to(&self, page: &str) -> Result<()> {
        let mut seen = String::new();
        let found = wait_for(&format!("the window {page}"), WINDOW, || {
            let handles =
                request(self.port, "GET", &format!("/session/{}/window/handles", self.session), None)?;
            for handle in handles.as_array().into_iter().flatten() {
                self.post("window", &json!({ "handle": handle }))?;
                let address = self.run("return location.pathname", &[])?;
                if address.as_str().is_some_and(|address| address.contains(page)) {
                    return Ok(Some(()));
                }
                seen = format!("{seen} {address}");
            }
            Ok(None)
        });
        found.with_context(|| format!("there are only{seen}"))
    }

    /// Everything that can be read on the page.
    pub fn text(&self) -> Result<String> {
        let text = self.run("return document.body.innerText", &[])?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// The driver's process; the app and its web view are below it.
    pub fn pid(&self) -> u32 {
        self.driver.pid()
    }

    /// Closes the window by ending its session.
    pub fn close(self) -> Result<()> {
        request(self.port, "DELETE", &format!("/session/{}", self.session), None).map(|_| ())
    }

    fn post(&self, what: &str, body: &Value) -> Result<Value> {
        request(self.port, "POST", &format!("/session/{}/{what}", self.session), Some(body))
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// One request on a connection of its own; the `value` of the answer.
fn request(port: u16, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(ANSWER))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let answer: Value = serde_json::from_slice(&read_body(&mut stream)?)?;
    if let Some(error) = answer["value"]["error"].as_str() {
        bail!("{method} {path}: {error}: {}", answer["value"]["message"].as_str().unwrap_or_default());
    }
    Ok(answer["value"].clone())
}

/// The body of an answer. The driver keeps its connections open, so the length it names is what ends it.
fn read_body(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut part = [0; 16_384];
    loop {
        let count = stream.read(&mut part)?;
        bytes.extend_from_slice(&part[..count]);
        if let Some(body) = complete_body(&bytes)? {
            return Ok(body.to_vec());
        }
        ensure!(count > 0, "the driver ended its answer early");
    }
}

fn complete_body(bytes: &[u8]) -> Result<Option<&[u8]>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end])?.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).context("a length")?;
    let length: usize = length.trim().parse()?;
    Ok(bytes.get(end + 4..end + 4 + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_length_is_there() -> Result<()> {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcdrest";
        for cut in 0..answer.len() - 8 {
            ensure!(complete_body(&answer[..cut])?.is_none(), "at {cut}");
        }
        ensure!(complete_body(answer)? == Some(b"abcd".as_slice()), "whole");
        ensure!(complete_body(b"HTTP/1.1 200 OK\r\n\r\n").is_err(), "no length");
        Ok(())
    }
}
