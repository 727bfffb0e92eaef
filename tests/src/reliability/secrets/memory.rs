//! Memory after a secret was used (K8): of a program with nothing but the vault, and of the real app.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tonny_core::ports::{Choice, Place};
use tonny_core::secrets::Typed;

use super::super::{Outcome, Size};
use super::flow::family;
use super::victims;
use super::window::Tour;
use crate::keyring::Bus;
use crate::process::run;
use crate::programs;
use crate::webdriver::DRIVER;

/// Every byte is turned, so that the program's own constants are no finding.
const TURNED: &[u8; 32] = b"\xd9\xc1\x87\xc9\xcb\xc4\xcb\xd8\xd3\x9a\x9b\x98\x99\x9e\x9f\x9c\x9d\x92\x93\xeb\xe8\xe9\xee\xef\xec\xed\xe2\xe3\xe0\xe1\xe6\xe7";
const TURN: u8 = 0xaa;

/// Of the message in which a value came in from the page: bytes of the request, and what they were read into. Tauri frees
/// them and does not wipe them (docs/threat-model.md).
const TAURIS_COPIES: u32 = 2;

/// Sets the value as the Secrets page does. Turned back in the page: what the driver hands over passes through the app, too.
const SET: &str = "
    const done = arguments[arguments.length - 1];
    const value = String.fromCharCode(...arguments[0].map((byte) => byte ^ arguments[1]));
    const told = (error) => done(error.code ?? String(error));
    window.__TAURI_INTERNALS__.invoke('secrets_set', { id: 'openai', value, tryIt: false }).then(() => done(true), told);";

/// K8: in a process of its own, so that no other row's memory is looked at.
pub fn clean(size: Size) -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let seconds = size.pick(1, 60);
    let bus = match Bus::with_gnome_keyring(folder.path()) {
        Ok(bus) => bus,
        Err(error) => return Ok(Outcome::Impossible(format!("{error:#}"))),
    };
    let mut command = Command::new(programs::beside("vault-writer")?);
    command.arg("memory").arg(folder.path().join("home")).arg(seconds.to_string());
    let said = run(command.env("DBUS_SESSION_BUS_ADDRESS", &bus.address))?;
    let found: u32 = said.trim().parse().context("a number")?;
    let text = format!("{found} after {seconds} s in a program that used keyring, file and session memory");
    match in_the_app(seconds)? {
        Ok((at_once, later)) => {
            let text = format!(
                "{text}; in the app's own process after a set in its window {at_once} at once, {later} after {seconds} s \
                 (exceptions: Tauri's copies of the message, as bytes and as JSON)"
            );
            Ok(Outcome::measured(found == 0 && later <= TAURIS_COPIES, text))
        }
        Err(why) => {
            Ok(Outcome::measured(found == 0, text).without(&[format!("the app's own memory: {why}")]))
        }
    }
}

/// A value set as the Secrets page does it: how often it is in the app's memory at once, and later; or why nobody knows.
fn in_the_app(seconds: u64) -> Result<Result<(u32, u32), String>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(Err("skipped: only root may read it".to_owned()));
    }
    let Some(tour) = Tour::begin("memory")? else {
        return Ok(Err(format!("skipped: {DRIVER} is not installed")));
    };
    let is_app = |pid: &u32| {
        std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "tonnytray")
    };
    let pid =
        family(tour.window.pid()).into_iter().find(is_app).context("the app below its driver")?.to_string();
    let set = tour.window.run_async(SET, &[json!(TURNED), json!(TURN)])?;
    ensure!(set == true, "it was not set: {set}");
    let at_once = count(&pid)?;
    std::thread::sleep(Duration::from_secs(seconds));
    let later = count(&pid)?;
    tour.end()?;
    Ok(Ok((at_once, later)))
}

/// Keeps a canary in every place, uses it, lets go of it, and counts it in this process' memory.
pub fn look(home: &Path, seconds: u64) -> Result<u32> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let secrets = victims::vault(home)?;
        for place in [Place::Keyring, Place::File, Place::Session] {
            let password = Some(victims::password());
            secrets.choose(Choice { place, password, understood: true, auto_lock_min: None }).await?;
            secrets.set("openai", Typed::new(canary()), false).await?;
            let secret = secrets.take("openai").await?;
            ensure!(secret.kind().id == "openai", "another secret");
        }
        ensure!(count("self")? > 0, "the search finds nothing even while the session holds it");
        secrets.forget().await?;
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        count("self")
    })
}

fn canary() -> String {
    TURNED.iter().map(|byte| char::from(byte ^ TURN)).collect()
}

/// In all memory that a process can write. Of this one's own, the search's buffers excepted: they hold the canary turned.
fn count(pid: &str) -> Result<u32> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let pages = File::open(format!("/proc/{pid}/pagemap"))?;
    let mut found = 0;
    for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("rw")))
    {
        let range = line.split(' ').next().and_then(|range| range.split_once('-')).context("a range")?;
        let range = u64::from_str_radix(range.0, 16)?..u64::from_str_radix(range.1, 16)?;
        for run in used(&pages, range)? {
            found += count_in(&memory, run)?;
        }
    }
    Ok(found)
}

fn count_in(memory: &File, run: Range<u64>) -> Result<u32> {
    let (mut at, mut found) = (run.start, 0);
    let mut window = vec![0; 64 * 1024];
    while at < run.end {
        let length = usize::try_from((run.end - at).min(window.len() as u64))?;
        // Guard pages and the kernel's own cannot be read.
        if memory.read_exact_at(&mut window[..length], at).is_err() {
            break;
        }
        // Turned at once: what is searched is never a plain copy.
        window[..length].iter_mut().for_each(|byte| *byte ^= TURN);
        let hit = |part: &&[u8]| part[0] == TURNED[0] && *part == TURNED;
        found += u32::try_from(window[..length].windows(TURNED.len()).filter(hit).count())?;
        // Windows overlap by all but one byte of a canary, so that none is cut in two or counted twice.
        at += if at + (length as u64) < run.end { length - TURNED.len() + 1 } else { length } as u64;
    }
    Ok(found)
}

/// The pages of this range that are in memory or swapped out, side by side in one: a web view reserves gigabytes that it never
/// touches, and to read those would take minutes. The form is the kernel's (Documentation/admin-guide/mm/pagemap.rst).
fn used(pages: &File, range: Range<u64>) -> Result<Vec<Range<u64>>> {
    const USED: u64 = 0b11 << 62;
    let size = rustix::param::page_size() as u64;
    let (mut page, last) = (range.start / size, range.end / size);
    let mut runs: Vec<Range<u64>> = Vec::new();
    let mut entries = vec![0; 64 * 1024];
    while page < last {
        let wanted = usize::try_from((last - page) * 8)?.min(entries.len());
        let read = pages.read_at(&mut entries[..wanted], page * 8)?;
        if read < 8 {
            break;
        }
        for entry in entries[..read].chunks_exact(8) {
            if u64::from_ne_bytes(entry.try_into()?) & USED != 0 {
                match runs.last_mut() {
                    Some(run) if run.end == page * size => run.end += size,
                    _ => runs.push(page * size..(page + 1) * size),
                }
            }
            page += 1;
        }
    }
    Ok(runs)
}
