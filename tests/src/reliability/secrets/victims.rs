//! Writers that are killed: the encrypted file (K5) and moves between places (K7).

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tonny_core::ports::{Choice, Place, Presence};
use tonny_core::secrets::{Reader, Secrets, Typed};
use tonny_platform::vault::{Cost, FileVault, KDF_FLOOR, VaultSet, VaultThread};

use super::super::{Outcome, Size};
use super::leaving;
use crate::keyring::Bus;
use crate::process::Running;
use crate::programs;

const PASSWORD: &str = "a password for tests";

/// What the file's password is changed to, and back.
const OTHER: &str = "another password for tests";

/// Between two changes of the password, writes.
const CHANGE_EVERY: u64 = 3;

/// Kills are about the file, not about the key: a cheap one makes 500 of them quick.
const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

/// Moved to and fro.
const KINDS: [&str; 4] = ["openai", "xai", "groq", "mistral"];

/// K5: kills, bits, the key's price and the mode.
pub fn encrypted_file(size: Size) -> Result<Outcome> {
    let (kills, flips) = (size.pick(50, 500), 10_000);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("secrets.vault");
    let mut file = FileVault::new(path.clone());
    file.create(PASSWORD, CHEAP)?;
    file.write("number", &padded(0))?;
    let mut torn = 0;
    let mut last = 0;
    for round in 0..kills {
        let mut command = Command::new(programs::beside("vault-writer")?);
        let acknowledged =
            killed(command.arg("file").arg(&path), 1, Duration::from_micros(500 + round * 7_919 % 20_000))?;
        last = acknowledged.unwrap_or(last);
        let number = opened(&path)?;
        // The write under way when it was killed may be done.
        if number.is_none_or(|number| number != last && number != last + 1) {
            torn += 1;
        }
        last = number.unwrap_or(last);
    }
    let accepted = flipped(&path, flips)?;
    let mode = std::fs::metadata(&path)?.permissions().mode() & 0o777;
    let dear = (0..3).map(|_| Cost::calibrated().measured()).min().context("measured")?;
    let holds = torn == 0 && accepted == 0 && mode == 0o600 && last > 0;
    let text = format!(
        "{kills} kills over {last} writes and changes of the password: {torn} torn; {flips} bits: {accepted} accepted; key {} ms; mode {mode:o}",
        dear.as_millis()
    );
    Ok(Outcome::timed(holds, dear >= KDF_FLOOR, text))
}

/// The victim: counts upwards in the file, and changes its password meanwhile.
pub fn write_file(path: &Path, done: fn(u64) -> Result<()>) -> Result<()> {
    let mut file = FileVault::new(path.to_owned());
    let mut passwords = (PASSWORD, OTHER);
    if file.unlock(passwords.0).is_err() {
        passwords = (OTHER, PASSWORD);
        file.unlock(passwords.0)?;
    }
    let mut number = file.read("number")?.context("a number")?.trim_start_matches('.').parse::<u64>()?;
    loop {
        number += 1;
        file.write("number", &padded(number))?;
        done(number)?;
        if number.is_multiple_of(CHANGE_EVERY) {
            file.change_password(passwords.0, passwords.1, CHEAP)?;
            passwords = (passwords.1, passwords.0);
        }
    }
}

/// Long enough that a torn write would show.
fn padded(number: u64) -> String {
    format!("{number:.>6000}")
}

fn opened(path: &Path) -> Result<Option<u64>> {
    let mut file = FileVault::new(path.to_owned());
    if file.unlock(PASSWORD).is_err() && file.unlock(OTHER).is_err() {
        return Ok(None);
    }
    let text = file.read("number")?.context("a number")?;
    Ok(text.trim_start_matches('.').parse().ok())
}

/// How many of so many files with one flipped bit are opened.
fn flipped(path: &Path, flips: usize) -> Result<u32> {
    let good = std::fs::read(path)?;
    let twin = path.with_extension("flipped");
    let mut file = FileVault::new(twin.clone());
    let mut accepted = 0;
    for number in 0..flips {
        // Steps that share no divisor with the length: spread over the whole file, none twice for long.
        let bit = number * 7_919 % (good.len() * 8);
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&twin, &bytes)?;
        accepted += u32::from(file.unlock(PASSWORD).is_ok() || file.unlock(OTHER).is_ok());
    }
    Ok(accepted)
}

/// Runs the command until `after` so many of its lines, kills it, and gives the last number that it said.
fn killed(command: &mut Command, lines_first: u64, after: Duration) -> Result<Option<u64>> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut victim = Running::start_with_pipes(command)?;
    let mut lines = BufReader::new(victim.child().stdout.take().context("piped")?);
    let mut first = String::new();
    for _ in 0..lines_first {
        first.clear();
        lines.read_line(&mut first)?;
        if first.is_empty() {
            bail!("the victim ended by itself");
        }
    }
    std::thread::sleep(after);
    victim.child().kill()?;
    victim.child().wait()?;
    let rest: Vec<String> = lines.lines().map_while(std::io::Result::ok).collect();
    let numbers = std::iter::once(first.as_str()).chain(rest.iter().map(String::as_str));
    // The last line may be cut off.
    Ok(numbers.filter_map(|line| line.trim().parse().ok()).max())
}

/// K7: moves between a real keyring and the file.
pub fn moves(size: Size) -> Result<Outcome> {
    let kills: u64 = size.pick(20, 500);
    let folder = tempfile::tempdir()?;
    let bus = match Bus::with_gnome_keyring(folder.path()) {
        Ok(bus) => bus,
        Err(error) => return Ok(Outcome::Impossible(format!("{error:#}"))),
    };
    let home = folder.path().join("home");
    let program = programs::beside("vault-writer")?;
    let (mut missing, mut moved) = (0_u32, 0);
    for round in 0..kills {
        let mut command = Command::new(&program);
        command.arg("move").arg(&home).env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
        // The victim looks for every secret at its start, before it moves anything.
        // Counted in moves, so that a slow machine is killed in the midst of them too.
        let after = Duration::from_micros(round * 7_919 % 40_000);
        match killed(&mut command, 1 + round % 4, after) {
            Ok(said) => moved = said.unwrap_or(0).max(moved),
            Err(_) => missing += 1,
        }
    }
    // What the last kill left, looked at by one more.
    let mut command = Command::new(&program);
    command.arg("move").arg(&home).env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    missing += u32::from(killed(&mut command, 1, Duration::ZERO).is_err());
    leaving::silent(&folder.path().join("silent"))?;
    let text = format!(
        "{kills} kills, at most {moved} moves in one run: a secret missing or another value in {missing} of them; \
         a keyring that was silent when it was left still has what it had"
    );
    Ok(Outcome::measured(missing == 0 && moved > 1, text))
}

/// The victim: looks whether all secrets are there, then moves them to and fro.
pub fn keep_moving(home: &Path, done: fn(u64) -> Result<()>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let secrets = vault(home)?;
        let first = !home.exists();
        let _ = secrets.unlock(Some(password())).await;
        if first {
            for kind in KINDS {
                secrets.set(kind, Typed::new(value(kind)), false).await?;
            }
        }
        let report = secrets.report().await?;
        for kind in KINDS {
            let there = report.secrets.iter().any(|one| one.id == kind && one.presence == Presence::Set);
            ensure!(there, "{kind} is in neither place: {report:?}");
            let secret = secrets.take(kind).await?;
            ensure!(secret.open_for(Reader::Egress)? == value(kind), "{kind} has another value");
        }
        let mut place = report.place;
        for number in 1.. {
            done(number)?;
            place = if place == Place::File { Place::Keyring } else { Place::File };
            let password = Some(password());
            secrets.choose(Choice { place, password, understood: true, auto_lock_min: Some(0) }).await?;
        }
        Ok(())
    })
}

/// A vault in that home, with keys that cost nothing.
pub fn vault(home: &Path) -> Result<Secrets> {
    let set = VaultSet {
        folder: home.to_owned(),
        keyring_name: format!("tonnytray {}", home.display()),
        old_config: home.join("config"),
        has_session: true,
        cost: Some(CHEAP),
    };
    Ok(Secrets::new(Arc::new(VaultThread::start(set)?), tonny_core::trials()?))
}

pub fn password() -> Typed {
    Typed::new(PASSWORD.to_owned())
}

fn value(kind: &str) -> String {
    let prefix = match kind {
        "openai" => "sk-",
        "xai" => "xai-",
        "groq" => "gsk_",
        _ => "",
    };
    format!("{prefix}0123456789abcdefghij{kind}")
}
