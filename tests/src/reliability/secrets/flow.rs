//! Canaries through every flow of the terminal and the vault (the app's are in `everywhere.rs`), and a search for them
//! everywhere but in their store (K1);
//! command lines and environments of all children meanwhile (K10).

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::super::{Outcome, Size};
use super::hunt::{Found, Hunt, canary};
use super::terminal::{Ran, Terminal};
use super::{crashes, everywhere, providers};
use super::{victims, workers};
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
    let hunt = Hunt::new(values)?;
    let mut found = Found::default();
    found.look_below(&hunt, folder.path())?;
    for ran in &said {
        found.look(&hunt, "what was printed", ran.out.as_bytes());
        found.look(&hunt, "what was printed", ran.err.as_bytes());
    }
    let panics = folder.path().join("panics");
    std::fs::create_dir_all(&panics)?;
    let mut texts =
        vec![format!("terminal: files of home and keyring, all that {} commands printed", said.len())];
    let mut canaries = count;
    let Some(app) = everywhere::app(size)? else {
        return Ok(Outcome::Impossible("the app's window cannot be driven: no WebKitWebDriver".to_owned()));
    };
    let Some(providers) = providers::failing(size)? else {
        return Ok(Outcome::Impossible("the app's window cannot be driven: no WebKitWebDriver".to_owned()));
    };
    for other in [crashes::all(size, &panics)?, providers, app] {
        canaries += other.canaries;
        found.bytes += other.found.bytes;
        found.places.extend(other.found.places);
        texts.push(other.text);
    }
    let text = format!(
        "{} hits of {canaries} canaries in 12 encodings in {} KiB; {}{}",
        found.places.len(),
        found.bytes / 1024,
        texts.join("; "),
        found.first()
    );
    Ok(Outcome::measured(found.places.is_empty() && found.bytes > 0, text))
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
    if number.is_multiple_of(12) {
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
    let (mut looked, mut hits) = (0, 0_usize);
    for round in 0..rounds {
        let value = canary(round);
        let hunt = Hunt::new(vec![value.clone()])?;
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
                    hits += hunt.hits(&bytes).len();
                }
            }
            if let Some(mut stdin) = stdin.take() {
                std::io::Write::write_all(&mut stdin, value.as_bytes())?;
            }
        }
        ensure!(child.wait()?.success(), "nothing was kept");
    }
    let kinds = workers::look(size)?;
    let text = format!(
        "{hits} hits in {looked} looks at command lines and environments of {rounds} runs of the terminal and all they \
         start; app: {} hits in {} looks at {} kinds of workers{}; names in their environments beyond the list: {}. A \
         launch token (new with each start, worth nothing afterwards) reaches programs of others by their variable",
        kinds.hits,
        kinds.looks,
        kinds.kinds.len(),
        kinds.first(),
        if kinds.foreign.is_empty() { "none".to_owned() } else { kinds.foreign.join(", ") }
    );
    Ok(Outcome::measured(hits == 0 && looked > 0 && kinds.is_kept(), text))
}

/// A process and all that descend from it now.
pub fn family(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let mut next = 0;
    while let Some(parent) = all.get(next).copied() {
        // Each thread has children of its own.
        for thread in std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten() {
            let children = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
        next += 1;
    }
    all
}
