//! Bad values, bad passwords and bad vault files against the real `tonny` on a keyring of its own: each is refused with a
//! sentence that does not repeat the value, nothing is changed, nobody is locked out for good.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tonny_platform::vault::{Cost, FileVault};
use tonny_tests::keyring::Bus;
use tonny_tests::keyring::fake::{Fake, Manner};
use tonny_tests::reliability::secrets::terminal::Terminal;

const GOOD: &str = "sk-proj-0123456789abcdefghijklmnop";
const PASSWORD: &str = "correct horse battery";

/// What is tried here is not the key's price: 100 wrong passwords must not take minutes.
const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

#[test]
fn values_that_no_secret_has_are_refused_and_the_old_one_stays() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let bus = Bus::start(folder.path())?;
    let _fake = Fake::start(&bus.address, Manner::Good)?;
    let terminal = Terminal::new(&folder.path().join("home"), Some(&bus.address))?;
    ensure!(terminal.set("openai", GOOD)?.code == Some(0), "the good one");
    ensure!(
        terminal.set("n8n-webhook", "https://n8n.example.org/hook/7")?.code == Some(0),
        "the good address"
    );
    let before = set_at(&terminal)?;
    let long = format!("sk-{}", "x".repeat(1 << 20));
    for (kind, value, why) in [
        ("openai", "", "empty"),
        ("openai", "   ", "empty"),
        ("openai", long.as_str(), "bytes long"),
        ("openai", "sk-abcdefghijklmnop\0qrstuvw", "NUL"),
        ("openai", "sk-abcdefghijklmnop\nqrstuvw", "line break"),
        ("openai", "sk-🗝️🧨🗝️🧨🗝️🧨🗝️🧨", "no key has"),
        ("n8n-webhook", "http://n8n.example.org/hook/7", "readable"),
        ("n8n-webhook", "https://user:pass@n8n.example.org/hook", "user and password"),
        ("n8n-webhook", "javascript:alert(document.title)", "neither"),
        ("n8n-webhook", "https://169.254.169.254/latest/meta-data", "link-local"),
    ] {
        let ran = terminal.set(kind, value)?;
        ensure!(ran.code == Some(1) && ran.err.contains("TT-SECRET-1021"), "{kind}, {why}: {}", ran.err);
        ensure!(ran.err.contains(why), "{kind} should say {why}: {}", ran.err);
        let is_repeated = value.trim().len() > 5 && (ran.err.contains(value) || ran.out.contains(value));
        ensure!(!is_repeated, "it repeats the value: {}", ran.err);
    }
    ensure!(set_at(&terminal)? == before, "a refused value changed something");
    for (value, note) in
        [("https://bücher.example/hook", "xn--bcher-kva"), ("https://203.0.113.7/hook", "bare address")]
    {
        let ran = terminal.set("n8n-webhook", value)?;
        ensure!(ran.code == Some(0) && ran.out.contains(note), "{value}: {}{}", ran.out, ran.err);
    }
    ensure!(
        terminal.set("rabbitmq-credentials", "tonny:pässwört 🔑")?.code == Some(0),
        "a password may hold anything"
    );
    Ok(())
}

fn set_at(terminal: &Terminal) -> Result<Vec<Value>> {
    let (report, _) = terminal.report()?;
    let secrets = report["secrets"].as_array().context("a list")?;
    Ok(secrets.iter().map(|one| one["set_at"].clone()).collect())
}

/// A home whose secrets are in an encrypted file with a cheap key.
fn with_file(folder: &tempfile::TempDir) -> Result<(Terminal, PathBuf)> {
    let terminal = Terminal::new(&folder.path().join("home"), None)?;
    let vault = terminal.home.join("vault");
    std::fs::create_dir_all(&vault)?;
    let path = vault.join("secrets.vault");
    FileVault::new(path.clone()).create(PASSWORD, CHEAP)?;
    // Without a ledger, the file says where secrets are kept.
    ensure!(set(&terminal, PASSWORD)?.0 == Some(0), "the right password");
    Ok((terminal, path))
}

/// Sets a value with this password; the exit code, and what it said.
fn set(terminal: &Terminal, password: &str) -> Result<(Option<i32>, String)> {
    let arguments = ["secrets", "set", "openai", "--no-test", "--password-first"];
    let ran = terminal.tonny(&arguments, &format!("{password}\n{GOOD}"))?;
    Ok((ran.code, ran.err))
}

#[test]
fn a_hundred_wrong_passwords_are_counted_and_slowed_and_lock_nobody_out() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (terminal, _) = with_file(&folder)?;
    let ledger = terminal.home.join("vault/ledger.json");
    let mut refused = 0;
    for number in 1..=100 {
        let (code, said) = set(&terminal, &format!("wrong horse {number}"))?;
        ensure!(code == Some(1) && said.contains("TT-SECRET-1012"), "number {number}: {said}");
        ensure!(said.contains(&format!("number {number} in a row")), "{said}");
        if number >= 5 {
            // At once again: not even looked at, nor counted. The right one has to wait, too.
            let (code, said) = set(&terminal, PASSWORD)?;
            ensure!(code == Some(1) && said.contains("TT-SECRET-1018"), "number {number}: {said}");
            refused += 1;
        }
        let (report, _) = terminal.report()?;
        ensure!(report["wrong_passwords"] == number, "{}", report["wrong_passwords"]);
        ensure!(report["retry_in_s"].as_u64() <= Some(60), "more than a minute: {}", report["retry_in_s"]);
        // The time of the pause goes by.
        let mut entries: Value = serde_json::from_slice(&std::fs::read(&ledger)?)?;
        entries["last_wrong_ms"] = Value::from(entries["last_wrong_ms"].as_i64().context("a time")? - 61_000);
        std::fs::write(&ledger, entries.to_string())?;
    }
    ensure!(refused == 96, "{refused} of 96 were slowed");
    ensure!(set(&terminal, PASSWORD)?.0 == Some(0), "locked out");
    ensure!(terminal.report()?.0["wrong_passwords"] == 0, "still counted");
    Ok(())
}

#[test]
fn a_vault_file_that_is_cut_off_or_newer_is_named_and_left_alone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (terminal, path) = with_file(&folder)?;
    let good = std::fs::read(&path)?;
    let newer = [&good[..8], &[9, 0], &good[10..]].concat();
    for (bytes, state, code) in [
        (good[..good.len() / 2].to_vec(), "file_damaged", "TT-SECRET-1013"),
        (Vec::new(), "file_damaged", "TT-SECRET-1013"),
        (newer, "file_newer", "TT-SECRET-1014"),
    ] {
        std::fs::write(&path, &bytes)?;
        ensure!(terminal.report()?.0["state"] == state, "{}", terminal.report()?.0["state"]);
        let (exit, said) = set(&terminal, PASSWORD)?;
        ensure!(exit == Some(1) && said.contains(code), "{said}");
        ensure!(std::fs::read(&path)? == bytes, "{state}: it was touched");
    }
    std::fs::write(&path, &good)?;
    ensure!(set(&terminal, PASSWORD)?.0 == Some(0), "the file put back is not taken");
    Ok(())
}

#[test]
fn a_vault_file_of_everybody_or_of_somebody_else_is_mended_or_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (terminal, path) = with_file(&folder)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644))?;
    let ran = terminal.tonny(
        &["secrets", "set", "openai", "--no-test", "--password-first"],
        &format!("{PASSWORD}\n{GOOD}"),
    )?;
    ensure!(ran.code == Some(0), "{}", ran.err);
    ensure!(path.metadata()?.permissions().mode() & 0o777 == 0o600, "everybody can still read it");
    ensure!(ran.err.contains("could read the encrypted file"), "nobody is told: {}", ran.err);
    ensure!(terminal.report()?.0["exposed_at"].is_string(), "the window is not told");
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can give a file away");
        return Ok(());
    }
    std::os::unix::fs::chown(&path, Some(12_345), None)?;
    ensure!(set(&terminal, PASSWORD)?.0 == Some(0), "root can read it: a copy of its own is taken");
    let owner = std::os::unix::fs::MetadataExt::uid(&path.metadata()?);
    ensure!(owner == 0, "it still belongs to {owner}");
    Ok(())
}
