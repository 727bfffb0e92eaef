//! The settings window for real: the built app in its own web view, under its own content security policy, with every
//! page opened and looked at by axe, and a setting changed and seen in the app.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tonny_tests::app::{App, Build};
use tonny_tests::desktop::Desktop;
use tonny_tests::speech::jfk;
use tonny_tests::wait_for;
use tonny_tests::webdriver::Window;

/// Kept in the page from the first moment a test can reach it: what went wrong and would only be in the console.
const LISTEN: &str = "
    window.faults = [];
    for (const level of ['error', 'warn']) {
        const say = console[level];
        console[level] = (...words) => { window.faults.push(words.map(String).join(' ')); say(...words); };
    }
    addEventListener('error', (event) => window.faults.push(String(event.message)));
    addEventListener('unhandledrejection', (event) => window.faults.push(String(event.reason)));
    addEventListener('securitypolicyviolation', (event) =>
        window.faults.push(`policy ${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));";

/// Everything axe finds, as the rule and the element.
const AXE: &str = "
    const done = arguments[arguments.length - 1];
    window.axe.run().then(
        ({ violations }) => done(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))),
        (error) => done([String(error)]));";

/// A page that waits shows skeletons, one that failed a problem; a page has its title either way.
const DRAWN: &str = "document.querySelector('main h1') && !document.querySelector('main [aria-busy=true]')";

#[test]
fn the_real_window() -> Result<()> {
    let build = Build::from_environment()?;
    let desktop = Desktop::start()?;
    let app = App::with_model(&desktop, &build, "window")?;
    app.tonny_ok(&desktop, &["settings", "set", "startup.show_window", "true"])?;
    spoken(&desktop, &app)?;
    let window = Window::open(&desktop, &app)?;
    window.wait("the first page", DRAWN)?;
    window.run(LISTEN, &[])?;
    window.run(&axe()?, &[])?;
    app.wait_worker(&desktop, "ready")?;
    every_page(&window)?;
    a_setting(&desktop, &app, &window)?;
    a_recording(&window)?;
    closed_doors(&window)?;
    let faults = window.run("return window.faults", &[])?;
    ensure!(faults == json!([]), "the console: {faults:#}");
    window.close()?;
    app.tonny(&desktop, &["ctl", "quit"])?;
    Ok(())
}

/// The file that npm installs for the window's own tests, as the body of a function that leaves `window.axe` behind.
fn axe() -> Result<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&file).with_context(|| format!("{}: run `make ui`", file.display()))
}

fn every_page(window: &Window) -> Result<()> {
    let names = window
        .run("return [...document.querySelectorAll('nav button')].map((one) => one.innerText.trim())", &[])?;
    let names: Vec<&str> = names.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    ensure!(names.len() >= 4, "pages in the sidebar: {names:?}");
    for (index, name) in names.iter().enumerate() {
        println!("- {name}");
        window.click(&format!("nav button:nth-of-type({})", index + 1))?;
        let title = json!(name);
        window.wait(
            &format!("the page {name}"),
            &format!("{DRAWN} && document.querySelector('main h1').innerText === {title}"),
        )?;
        let alert =
            window.run("return document.querySelector('main [role=alert]')?.innerText ?? null", &[])?;
        ensure!(alert.is_null(), "{name}: {alert}");
        let found = window.run_async(AXE, &[])?;
        ensure!(found == json!([]), "{name}: {found:#}");
        let wide = window.run("return document.documentElement.scrollWidth - innerWidth", &[])?;
        ensure!(wide.as_i64() <= Some(0), "{name} is {wide} px wider than the window");
    }
    Ok(())
}

/// Changed by a click, drawn at once, and known to the app outside of the window.
fn a_setting(desktop: &Desktop, app: &App, window: &Window) -> Result<()> {
    window.click("nav button:first-of-type")?;
    window.wait("the General page", DRAWN)?;
    for theme in ["dark", "light"] {
        window.run(
            "document.querySelector(`main input[type=radio][value=${arguments[0]}]`).labels[0].click()",
            &[json!(theme)],
        )?;
        window.wait(
            "the colours",
            &format!("document.documentElement.dataset.mantineColorScheme === '{theme}'"),
        )?;
        wait_for("the app to know the theme", Duration::from_secs(5), || {
            let settings = app.tonny_ok(desktop, &["settings", "get", "appearance.theme"])?;
            Ok(settings.contains(theme).then_some(()))
        })?;
    }
    Ok(())
}

/// An utterance with its recording, as the app leaves them.
fn spoken(desktop: &Desktop, app: &App) -> Result<()> {
    let id = "01900000-0000-7000-8000-000000000001";
    let row = json!([{
        "id": id, "state": "delivered", "route": "type", "started_at": "2026-01-01T10:00:00Z", "text": "ask not",
        "audio_file": format!("{id}.wav"), "audio_ms": 11_000,
    }]);
    let file = desktop.path("row.json");
    std::fs::write(&file, row.to_string())?;
    app.tonny_ok(desktop, &["history", "import", file.to_str().context("a path")?])?;
    std::fs::copy(jfk(), app.home.join("audio").join(format!("{id}.wav")))?;
    Ok(())
}

/// Its bytes come through the border to the page, are read there, and are played.
fn a_recording(window: &Window) -> Result<()> {
    window.run("[...document.querySelectorAll('nav button')].find((one) => one.innerText.trim() === 'History').click()", &[])?;
    window.wait("the entry", "document.querySelector('main').innerText.includes('ask not')")?;
    window.run("[...document.querySelectorAll('main button')].find((one) => one.innerText.includes('ask not')).click()", &[])?;
    window.wait("the player", "document.querySelector('button[aria-label=Play]')")?;
    let length = window
        .run("return document.querySelector('button[aria-label=Play]').parentElement.innerText", &[])?;
    ensure!(
        length.as_str().is_some_and(|text| text.contains("11")),
        "it is as long as it was spoken: {length}"
    );
    window.click("button[aria-label=Play]")?;
    window
        .wait("the sound", "document.querySelector('button[aria-label=Pause]')")
        .with_context(|| format!("the console: {:?}", window.run("return window.faults", &[])))?;
    window.click("button[aria-label=Pause]")?;
    Ok(())
}

/// What a page could try if something foreign ever ran in it.
fn closed_doors(window: &Window) -> Result<()> {
    let script = "
        const done = arguments[arguments.length - 1];
        const attempt = (name, run) => Promise.resolve().then(run).then(() => name, () => null);
        const inline = () => {
            const tag = document.createElement('script');
            tag.textContent = 'window.ran = true';
            document.head.append(tag);
            if (!window.ran) throw new Error('refused');
        };
        Promise.all([
            attempt('an inline script', inline),
            attempt('a request to elsewhere', () => fetch('http://127.0.0.1:9/')),
            attempt('a changed prototype', () => { 'use strict'; Object.prototype.mine = 1; }),
            attempt('an unknown command', () => window.__TAURI_INTERNALS__.invoke('plugin:fs|read_file', { path: '/etc/hostname' })),
        ]).then((open) => done(open.filter((name) => name !== null)));";
    let open = window.run_async(script, &[])?;
    ensure!(open == json!([]), "open doors: {open}");
    // They were noticed, as they should be; they are not what the test looks for at its end.
    window.run("window.faults = window.faults.filter((fault) => !fault.startsWith('policy '))", &[])?;
    Ok(())
}
