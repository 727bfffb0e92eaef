//! The real window with a million utterances behind it: how soon its History is there, how smoothly it scrolls, how fast it
//! finds, what its web view takes; and how soon the death of an engine is seen on the Engines page.
//!
//! Times are taken inside the page, by its own clock: what a driver adds to each request is no concern of a user.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};
use tonny_store::Store;

use super::{Report, percentile, processes};
use crate::app::{App, Build};
use crate::desktop::Desktop;
use crate::process::signal_pid;
use crate::reliability::dice::Dice;
use crate::reliability::storage::rows::fill;
use crate::webdriver::Window;

/// As many as the issue says.
const UTTERANCES: u64 = 1_000_000;

/// Loads of the page, for the time to its first rows.
const LOADS: usize = 10;

/// Searches, each typed key by key.
const SEARCHES: u64 = 20;

/// Deaths of the engine.
const DEATHS: usize = 10;

/// Scrolling, each way.
const SCROLLING: Duration = Duration::from_secs(20);

/// A page that waits shows skeletons; a page has its title either way.
const DRAWN: &str = "document.querySelector('main h1') && !document.querySelector('main [aria-busy=true]')";

/// Clicks the entry of the sidebar and answers, in ms, when rows are drawn: after the frame that has them.
const FIRST_ROWS: &str = "
    const done = arguments[arguments.length - 1];
    const name = [...document.querySelectorAll('nav button')].find((one) => one.innerText.trim() === 'History');
    const begun = performance.now();
    name.click();
    const look = () => document.querySelector('main li time')
        ? requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)))
        : requestAnimationFrame(look);
    look();";

/// Scrolls by so many pixels a frame for so many ms. Answers the times between frames, the longest time in which the page
/// did nothing else, the frames in which the list had no more rows to show, and the rows of the list.
const SCROLL: &str = "
    const [step, lasting, done] = arguments;
    const list = document.querySelector('main li').parentElement;
    const box = list.parentElement;
    const frames = [];
    let [last, pinged, longest, stuck] = [performance.now(), performance.now(), 0, 0];
    const until = last + lasting;
    const ping = new MessageChannel();
    ping.port1.onmessage = () => {
        longest = Math.max(longest, performance.now() - pinged);
        pinged = performance.now();
        if (pinged < until) setTimeout(() => ping.port2.postMessage(0), 1);
    };
    ping.port2.postMessage(0);
    const frame = (now) => {
        frames.push(now - last);
        last = now;
        const before = box.scrollTop;
        box.scrollTop += step;
        if (box.scrollTop === before) stuck += 1;
        if (now < until) requestAnimationFrame(frame);
        else done({ frames: frames.slice(1), longest, stuck, rows: list.offsetHeight / 60 });
    };
    requestAnimationFrame(frame);";

/// From here on the page remembers when a key was last typed, and when a text was first to be seen in a row.
const LISTEN: &str = "
    const box = document.querySelector('main input[type=search]');
    box.addEventListener('input', () => { window.typed = performance.now(); });
    const look = () => {
        const rows = [...document.querySelectorAll('main li button')];
        const here = window.wanted && rows.length > 0 && rows.every((row) => row.innerText.includes(window.wanted));
        if (here && window.found === null) window.found = performance.now();
        requestAnimationFrame(look);
    };
    look();";

/// Every change of the page from here on, with what the first engine's state says then.
const WATCH: &str = "
    const state = () => document.querySelector('main article [role=status]')?.innerText ?? '';
    window.states = [];
    window.watching?.disconnect();
    let before = state();
    window.watching = new MutationObserver(() => {
        const now = state();
        if (now !== before) window.states.push([Date.now(), now]);
        before = now;
    });
    window.watching.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    return before;";

/// Adds the window's rows.
pub fn measure(desktop: &Desktop, build: &Build, report: &mut Report) -> Result<()> {
    let app = App::with_model(desktop, build, "window")?;
    app.tonny_ok(desktop, &["settings", "set", "startup.show_window", "true"])?;
    // What is measured is the list: not a clean-up that misses a million recordings, not the hourly backup.
    for (setting, value) in [("storage.audio_mb", "0"), ("storage.backups", "false")] {
        app.tonny_ok(desktop, &["settings", "set", setting, value])?;
    }
    filled(&app)?;
    let window = Window::open(desktop, &app)?;
    window.wait("the first page", DRAWN)?;
    app.wait_worker(desktop, "ready")?;
    first_rows(&window, report)?;
    scroll(&window, report)?;
    search(&window, report)?;
    memory(&window, report)?;
    states(desktop, &app, &window, report)?;
    window.close()?;
    app.tonny(desktop, &["ctl", "quit"])?;
    Ok(())
}

/// A million utterances, written by the store's own code.
fn filled(app: &App) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let store = Store::open(app.home.join("tonnytray.db")).await?;
        fill(&store, 0, UTTERANCES, &mut Dice::new(12)).await?;
        Ok(store.close().await?)
    })
}

fn first_rows(window: &Window, report: &mut Report) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..LOADS {
        // What was asked before is not asked again: only a fresh page begins with nothing.
        window.click("nav button:first-of-type")?;
        window.run("window.old = true; location.reload()", &[])?;
        window.wait("the page again", &format!("!window.old && {DRAWN}"))?;
        times.push(window.run_async(FIRST_ROWS, &[])?.as_f64().context("a time")?);
    }
    let how = format!("{LOADS} fresh pages, {UTTERANCES} utterances");
    report.row("History chosen to its first rows, p50", "ms", percentile(&mut times, 50), Some(200.0), &how);
    report.row("the same, worst", "ms", percentile(&mut times, 100), None, "");
    Ok(())
}

fn scroll(window: &Window, report: &mut Report) -> Result<()> {
    // A row a frame is reading speed and more; ten are a hand that throws the list as far as it goes.
    for (step, what) in [
        (60, "scrolling down, a row a frame"),
        (600, "scrolling down, ten rows a frame"),
        (-600, "scrolling up again"),
    ] {
        let millis = SCROLLING.as_millis() as u64;
        let seen = window.run_async(SCROLL, &[json!(step), json!(millis)])?;
        let mut frames: Vec<f64> =
            seen["frames"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        ensure!(frames.len() > 100, "it was not drawn: {seen}");
        let (count, stuck) = (frames.len(), seen["stuck"].as_u64().unwrap_or_default());
        let rows = seen["rows"].as_f64().unwrap_or_default();
        let how = format!("{count} frames, {rows:.0} rows loaded, {stuck} frames waited for rows");
        report.row(&format!("{what}: frame, p95"), "ms", percentile(&mut frames, 95), Some(33.0), &how);
        report.row(
            "of it: longest the page did not answer",
            "ms",
            seen["longest"].as_f64().unwrap_or(f64::NAN),
            Some(100.0),
            "",
        );
    }
    Ok(())
}

fn search(window: &Window, report: &mut Report) -> Result<()> {
    window.run(LISTEN, &[])?;
    let (mut times, mut dice) = (Vec::new(), Dice::new(7));
    for _ in 0..SEARCHES {
        let wanted = format!("number{}", 100_000 + dice.below(UTTERANCES - 100_000));
        window.run("window.found = null; window.wanted = arguments[0]", &[json!(wanted)])?;
        window.type_into("main input[type=search]", &wanted)?;
        window.wait(&wanted, "window.found !== null")?;
        times.push(window.run("return window.found - window.typed", &[])?.as_f64().context("a time")?);
        window.run("window.wanted = null", &[])?;
        window.click("main button[aria-label='Clear search']")?;
        window.wait("everything again", "document.querySelectorAll('main li button').length > 3")?;
    }
    let how = format!("{SEARCHES} words typed key by key; the field waits 150 ms for another key");
    report.row(
        "last key of a search to its result, p50",
        "ms",
        percentile(&mut times, 50),
        Some(300.0),
        &how,
    );
    report.row("the same, worst", "ms", percentile(&mut times, 100), None, "");
    Ok(())
}

fn memory(window: &Window, report: &mut Report) -> Result<()> {
    let view = processes::child_named(window.pid(), "WebKitWebProces")?.context("a web view")?;
    // A page of text takes some 150 MB in WebKitGTK; what this limits is what the list adds.
    report.row(
        "its web view afterwards, PSS",
        "MB",
        processes::pss_mb(view)?,
        Some(400.0),
        "after all the scrolling above",
    );
    Ok(())
}

fn states(desktop: &Desktop, app: &App, window: &Window, report: &mut Report) -> Result<()> {
    window.run("[...document.querySelectorAll('nav button')].find((one) => one.innerText.trim() === 'Engines').click()", &[])?;
    window.wait("the engines", "document.querySelector('main article [role=status]')")?;
    let mut times = Vec::new();
    for _ in 0..DEATHS {
        // A worker that has its whole budget is started again at once.
        let name = app.status(desktop)?["workers"][0]["name"].as_str().context("a worker")?.to_owned();
        app.tonny_ok(desktop, &["workers", "restart", &name])?;
        let status = app.wait_worker(desktop, "ready")?;
        let pid = status["workers"][0]["pid"].as_u64().context("a pid")? as u32;
        window.wait(
            "the page to know",
            "document.querySelector('main article [role=status]').innerText.trim() === 'Ready'",
        )?;
        // The page has drawn whatever came with that.
        std::thread::sleep(Duration::from_secs(1));
        window.run(WATCH, &[])?;
        let killed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() * 1_000.0;
        signal_pid(pid, Signal::KILL)?;
        window.wait("another state", "window.states.length > 0")?;
        let seen = window.run("return window.states[0]", &[])?;
        times.push(seen[0].as_f64().context("a time")? - killed);
    }
    let how = format!("{DEATHS} kills, Engines page open");
    report.row("death of an engine to the page, p50", "ms", percentile(&mut times, 50), Some(200.0), &how);
    report.row("the same, worst", "ms", percentile(&mut times, 100), Some(200.0), "");
    Ok(())
}
