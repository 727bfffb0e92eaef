//! The app's own memory after a secret was used (K8).

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tonny_core::ports::{Choice, Place};
use tonny_core::secrets::Typed;

use super::super::{Outcome, Size};
use super::terminal::contains;
use super::victims;
use crate::keyring::Bus;
use crate::process::run;
use crate::programs;

/// Every byte is turned, so that the program's own constants are no finding.
const TURNED: &[u8; 32] = b"\xd9\xc1\x87\xc9\xcb\xc4\xcb\xd8\xd3\x9a\x9b\x98\x99\x9e\x9f\x9c\x9d\x92\x93\xeb\xe8\xe9\xee\xef\xec\xed\xe2\xe3\xe0\xe1\xe6\xe7";
const TURN: u8 = 0xaa;

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
    Ok(Outcome::measured(
        found == 0,
        format!("{found} after {seconds} s, keyring, file and session memory used"),
    ))
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
        ensure!(count()? > 0, "the search finds nothing even while the session holds it");
        secrets.forget().await?;
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        count()
    })
}

fn canary() -> String {
    TURNED.iter().map(|byte| char::from(byte ^ TURN)).collect()
}

/// In all memory that this process can write, the search's own buffers excepted: they hold the canary's two halves only.
fn count() -> Result<u32> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let memory = File::open("/proc/self/mem")?;
    let mut found = 0;
    for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("rw")))
    {
        let range = line.split(' ').next().and_then(|range| range.split_once('-')).context("a range")?;
        let (from, to) = (u64::from_str_radix(range.0, 16)?, u64::from_str_radix(range.1, 16)?);
        let mut at = from;
        let mut window = vec![0; 64 * 1024];
        while at < to {
            let length = usize::try_from((to - at).min(window.len() as u64))?;
            // Guard pages and the kernel's own cannot be read.
            if memory.read_exact_at(&mut window[..length], at).is_err() {
                break;
            }
            // Turned at once: what is searched is never a plain copy.
            window[..length].iter_mut().for_each(|byte| *byte ^= TURN);
            found += u32::from(contains(&window[..length], TURNED));
            // Windows overlap by a canary, so that none is cut in two.
            at += if at + (length as u64) < to { length - TURNED.len() } else { length } as u64;
        }
    }
    Ok(found)
}
