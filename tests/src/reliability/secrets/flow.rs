//! Canaries through every flow of the terminal and the vault, and a search for them everywhere but in their store (K1);
//! command lines and environments of all children meanwhile (K10).

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::super::{Outcome, Size};
use super::terminal::{Ran, Terminal, contains};
use super::victims;
use crate::keyring::Bus;
use crate::keyring::fake::{Fake, Manner};

const PASSWORD: &str = "canary password 0001+/==";

/// K1.
pub fn canaries(size: Size) -> Result<Outcome> {
    let count = size.pick(24, 200);
    let folder = tempfile::tempdir()?;
    let (good, bad) = (folder.path().join("good"), folder.path().join("bad"));
    std::fs::create_dir_all(&good)?;
    std::fs::create_dir_all(&bad)?;
    let bus = match Bus::with_gnome_keyring(&good) {
        Ok(bus) => bus,
        Err(error) => return Ok(Outcome::Impossible(format!("{error:#}"))),
    };
    let broken = Bus::start(&bad)?;
    let _fake = Fake::start(&broken.address, Manner::FailsMidCall)?;
    let terminal = Terminal::new(&folder.path().join("home"), Some(&bus.address))?;
    let without = Terminal::new(&folder.path().join("other home"), Some(&broken.address))?;
    let values: Vec<String> = (0..count).map(canary).collect();
    let mut said = Vec::new();
    for (number, value) in values.iter().enumerate() {
        tour(&terminal, &without, number, value, &mut said)?;
    }
    migrated(folder.path(), &bus.address, &values, &terminal, &mut said)?;
    let mut hits = Vec::new();
    let mut searched = 0_u64;
    for file in files(folder.path())? {
        let bytes = std::fs::read(&file)?;
        searched += bytes.len() as u64;
        hits.extend(values.iter().filter(|value| is_in(&bytes, value)).map(|_| file.display().to_string()));
    }
    let texts: Vec<u8> =
        said.iter().flat_map(|ran| [ran.out.as_bytes(), ran.err.as_bytes()].concat()).collect();
    searched += texts.len() as u64;
    hits.extend(values.iter().filter(|value| is_in(&texts, value)).map(|_| "what was printed".to_owned()));
    let kib = searched / 1024;
    let text = format!(
        "{} hits of {count} canaries in 12 encodings in {kib} KiB: files of home and keyring, all that {} commands printed{}",
        hits.len(),
        said.len(),
        hits.first().map_or(String::new(), |hit| format!("; first in {hit}"))
    );
    Ok(Outcome::measured(hits.is_empty() && searched > 0, text))
}

/// One canary: kept, refused, kept where it fails, moved, listed.
fn tour(
    terminal: &Terminal,
    without: &Terminal,
    number: usize,
    value: &str,
    said: &mut Vec<Ran>,
) -> Result<()> {
    let kinds = ["openai", "n8n-auth", "openai-compatible", "nanogpt"];
    let kind = kinds[number % kinds.len()];
    let kept = terminal.set(kind, value)?;
    ensure!(kept.code == Some(0), "{kind} was not kept: {}", kept.err);
    said.push(kept);
    // Values in the wrong place, in the wrong shape, as a name, and where nothing can be kept.
    said.push(terminal.set("n8n-webhook", &format!("http://user:{value}@host/{value}"))?);
    said.push(terminal.set("rabbitmq-url", &format!("javascript:{value}"))?);
    said.push(terminal.set("groq", &format!("{value}\nsecond line"))?);
    said.push(terminal.tonny(&["secrets", "clear", &format!("wrong{}", &value[..8])], "")?);
    said.push(without.set("openai", value)?);
    if number % 12 == 0 {
        let agreed = ["secrets", "store", "file", "--agree"];
        said.push(terminal.tonny(&agreed, &format!("{PASSWORD}\n"))?);
        let with_password = ["secrets", "set", "xai", "--no-test", "--password-first"];
        said.push(terminal.tonny(&with_password, &format!("{PASSWORD}\nxai-{value}"))?);
        let back = terminal.tonny(&["secrets", "store", "keyring"], &format!("{PASSWORD}\n"))?;
        ensure!(back.code == Some(0), "not moved back: {}", back.err);
        said.push(back);
        said.push(terminal.tonny(&["--json", "doctor"], "")?);
        said.push(terminal.tonny(&["secrets", "list"], "")?);
    }
    Ok(())
}

/// Old plain-text files full of canaries, taken in by the vault itself.
fn migrated(
    folder: &Path,
    bus: &str,
    values: &[String],
    terminal: &Terminal,
    said: &mut Vec<Ran>,
) -> Result<()> {
    let config = terminal.home.join("config/tonnytray");
    std::fs::create_dir_all(&config)?;
    let old = format!(
        r#"{{"elevenlabs":{{"api_key":"{}"}},"n8n":{{"webhook_url":"https://n8n.example.org/{}"}},"rabbitmq":{{"username":"tonny","password":"{}"}}}}"#,
        values[0], values[1], values[2]
    );
    std::fs::write(config.join("config.json"), old)?;
    let mut command = terminal.command("vault-writer")?;
    command.arg("migrate").arg(&terminal.home).env("DBUS_SESSION_BUS_ADDRESS", bus).current_dir(folder);
    let output = command.output()?;
    said.push(Ran {
        took: Duration::ZERO,
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    });
    ensure!(output.status.success(), "the migration failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// The migration, in a process of its own; prints its report.
pub fn migrate(home: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let migration =
        runtime.block_on(async { victims::vault(home)?.migrate().await.map_err(anyhow::Error::from) })?;
    ensure!(migration.moved.len() == 3, "moved {:?}, left {:?}", migration.moved, migration.left);
    println!("{}", serde_json::to_string(&migration)?);
    Ok(())
}

/// K10: the terminal with a secret on its standard input and one in its own environment, and whatever it starts.
pub fn children(size: Size) -> Result<Outcome> {
    let rounds = size.pick(5, 50);
    let folder = tempfile::tempdir()?;
    let bus = Bus::start(folder.path())?;
    let _fake = Fake::start(&bus.address, Manner::Good)?;
    let terminal = Terminal::new(&folder.path().join("home"), Some(&bus.address))?;
    let (mut looked, mut hits) = (0, 0);
    for round in 0..rounds {
        let value = canary(round);
        let mut command = terminal.command("tonny")?;
        command.args(["secrets", "set", "openai", "--no-test"]).stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let mut stdin = child.stdin.take();
        let began = Instant::now();
        while child.try_wait()?.is_none() && began.elapsed() < Duration::from_secs(10) {
            for pid in family(child.id()) {
                for name in ["cmdline", "environ"] {
                    let Ok(bytes) = std::fs::read(format!("/proc/{pid}/{name}")) else { continue };
                    looked += 1;
                    hits += u32::from(is_in(&bytes, &value));
                }
            }
            if let Some(mut stdin) = stdin.take() {
                std::io::Write::write_all(&mut stdin, value.as_bytes())?;
            }
        }
        ensure!(child.wait()?.success(), "nothing was kept");
    }
    let text = format!(
        "{hits} hits in {looked} looks at command lines and environments of {rounds} runs and all they start"
    );
    Ok(Outcome::measured(hits == 0 && looked > 0, text))
}

/// A process and all that descend from it now.
fn family(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let mut next = 0;
    while let Some(parent) = all.get(next).copied() {
        let tasks =
            std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
        all.extend(tasks.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        next += 1;
    }
    all
}

/// Letters that every encoding changes.
fn canary(number: usize) -> String {
    format!("sk-canary+{number:04}/Qx7+Vz9/example==")
}

fn is_in(bytes: &[u8], value: &str) -> bool {
    encodings(value).iter().any(|form| contains(bytes, form))
}

/// The value in 12 forms.
fn encodings(value: &str) -> Vec<Vec<u8>> {
    let raw = value.as_bytes();
    let hex = raw.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let percent = value.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let wide = |bytes: fn(u16) -> [u8; 2]| value.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    // The tail says which canary it is; a value that was cut must be found by its rest.
    let tail = value.get(7..).unwrap_or(value);
    vec![
        raw.to_vec(),
        STANDARD.encode(raw).into_bytes(),
        URL_SAFE_NO_PAD.encode(raw).into_bytes(),
        hex.clone().into_bytes(),
        hex.to_uppercase().into_bytes(),
        percent.into_bytes(),
        value.replace('/', "\\/").into_bytes(),
        wide(u16::to_le_bytes),
        wide(u16::to_be_bytes),
        raw.iter().rev().copied().collect(),
        STANDARD.encode(STANDARD.encode(raw)).into_bytes(),
        tail.as_bytes().to_vec(),
    ]
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            all.extend(files(&entry.path())?);
        } else if kind.is_file() {
            all.push(entry.path());
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_found_in_each_of_its_forms_and_no_other_is() {
        let forms = encodings(&canary(7));
        assert_eq!(forms.len(), 12);
        for form in forms {
            let hay = [b"before ".to_vec(), form, b" after".to_vec()].concat();
            assert!(is_in(&hay, &canary(7)) && !is_in(&hay, &canary(8)));
        }
    }
}
