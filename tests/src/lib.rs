//! A whole desktop for tests, the demo and the benchmarks: display, window manager, bus, keyring, sound, and the app on it.
//!
//! Nothing here replaces a part of the product: the model, the microphone device, the windows and the keyring are real.
//! Every wait is for a state, with a deadline that says what it waited for.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]

pub mod app;
pub mod asking;
pub mod bench;
pub mod chat_server;
pub mod desktop;
pub mod engines;
pub mod fake_engine;
pub mod fake_worker;
pub mod gguf;
pub mod keyring;
pub mod kill;
pub mod process;
pub mod programs;
pub mod providers;
pub mod reliability;
pub mod speech;
pub mod tap;
pub mod target;
pub mod webdriver;
pub mod words;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Waits until `check` gives something.
pub fn wait_for<T>(what: &str, within: Duration, mut check: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = check()? {
            return Ok(found);
        }
        if start.elapsed() > within {
            bail!("waited {within:?} in vain for {what}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
