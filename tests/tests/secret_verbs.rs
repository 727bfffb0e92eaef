//! The verbs of `tonny secrets` on a keyring of their own: what each does, what it refuses, and that a vault that fails
//! half-way leaves everything as it was.

#![allow(clippy::disallowed_methods, reason = "a test starts programs")]

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tonny_tests::keyring::Bus;
use tonny_tests::keyring::fake::{Fake, Manner};
use tonny_tests::reliability::secrets::terminal::{Ran, Terminal};

const VALUE: &str = "sk-proj-0123456789abcdefghijklmnop";
const PASSWORD: &str = "correct horse battery";
const OTHER: &str = "another horse battery";

/// The half of a key that encrypts, as the app leaves it beside the recordings.
const SEAL: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n";

struct World {
    // Ended in this order.
    keyring: Fake,
    _bus: Bus,
    terminal: Terminal,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let bus = Bus::start(folder.path())?;
        let keyring = Fake::start(&bus.address, Manner::Good)?;
        let terminal = Terminal::new(&folder.path().join("home"), Some(&bus.address))?;
        Ok(Self { keyring, _bus: bus, terminal, _folder: folder })
    }

    fn run(&self, words: &str, input: &str) -> Result<Ran> {
        let words: Vec<&str> = ["secrets"].into_iter().chain(words.split(' ')).collect();
        self.terminal.tonny(&words, input)
    }

    /// It ends well, and says this.
    fn good(&self, words: &str, input: &str, says: &str) -> Result<()> {
        let ran = self.run(words, input)?;
        ensure!(
            ran.code == Some(0) && ran.out.contains(says),
            "{words}: {:?} {}{}",
            ran.code,
            ran.out,
            ran.err
        );
        Ok(())
    }

    /// It is refused, with this code.
    fn refused(&self, words: &str, input: &str, code: &str) -> Result<()> {
        let ran = self.run(words, input)?;
        let failed = matches!(ran.code, Some(1 | 2));
        ensure!(failed && ran.err.contains(code), "{words}: {:?} {}{}", ran.code, ran.out, ran.err);
        Ok(())
    }

    /// The vault remembers a key of recordings, as after the setting was turned on, and its other half lies there.
    fn encrypt_recordings(&self) -> Result<()> {
        let ledger = self.terminal.home.join("vault/ledger.json");
        let mut entries: Value = serde_json::from_slice(&std::fs::read(&ledger)?)?;
        entries["dates"]["recordings"] = entries["dates"]["openai"].clone();
        std::fs::write(&ledger, entries.to_string())?;
        Ok(std::fs::write(self.seal()?, SEAL)?)
    }

    fn presence(&self, kind: &str) -> Result<String> {
        let (report, _) = self.terminal.report()?;
        let all = report["secrets"].as_array().context("a list")?;
        let one = all.iter().find(|one| one["id"] == kind).context("listed")?;
        Ok(format!("{} {}", one["presence"].as_str().unwrap_or(""), one["place"].as_str().unwrap_or("-")))
    }

    fn seal(&self) -> Result<PathBuf> {
        let folder = self.terminal.home.join("audio");
        std::fs::create_dir_all(&folder)?;
        Ok(folder.join(".encrypted-for"))
    }

    fn is_sealed(&self) -> Result<bool> {
        Ok(std::fs::read_to_string(self.seal()?).is_ok_and(|seal| seal == SEAL))
    }
}

#[test]
fn a_value_is_kept_from_standard_input_listed_without_itself_and_cleared() -> Result<()> {
    let world = World::new()?;
    world.good("set openai --no-test", &format!("{VALUE}\n"), "openai is set")?;
    world.good("set OPENAI_API_KEY --no-test", &format!("{VALUE}\r\n"), "openai is set")?;
    let list = world.run("list", "")?;
    ensure!(!list.out.contains(VALUE) && !list.err.contains(VALUE), "the list holds a value");
    ensure!(
        world.presence("openai")? == "set keyring" && world.presence("groq")? == "unset -",
        "{}",
        list.out
    );
    world.good("clear openai", "", "openai: cleared")?;
    world.good("clear openai", "", "openai: was not set")?;
    world.refused("clear opnai", "", "TT-SECRET-1022")?;
    world.refused("set opnai --no-test", VALUE, "TT-SECRET-1022")?;
    ensure!(world.presence("openai")? == "unset -", "it is still there");
    Ok(())
}

#[test]
fn everything_is_forgotten_only_after_yes() -> Result<()> {
    let world = World::new()?;
    for kind in ["openai", "mistral"] {
        world.good(&format!("set {kind} --no-test"), VALUE, "is set")?;
    }
    world.encrypt_recordings()?;
    world.refused("forget", "yes\n", "--yes")?;
    ensure!(
        world.presence("openai")? == "set keyring" && world.is_sealed()?,
        "an unconfirmed wish did something"
    );
    world.good("forget --yes", "", "2 secrets forgotten")?;
    ensure!(
        world.presence("openai")? == "unset -" && world.presence("mistral")? == "unset -",
        "not forgotten"
    );
    ensure!(!world.seal()?.exists(), "recordings are encrypted with a key that is gone");
    Ok(())
}

#[test]
fn secrets_move_to_the_file_and_back_under_its_password() -> Result<()> {
    let world = World::new()?;
    world.good("set openai --no-test", VALUE, "is set")?;
    world.refused("store file", &format!("{PASSWORD}\n"), "TT-SECRET-1019")?;
    world.refused("store file --agree", "short\n", "TT-SECRET-1017")?;
    ensure!(world.presence("openai")? == "set keyring", "it moved without a word");
    world.good("store file --agree", &format!("{PASSWORD}\n"), "")?;
    // The terminal never keeps the file open: each command needs the password.
    ensure!(world.presence("openai")? == "out_of_reach file", "{}", world.presence("openai")?);
    world.refused("set groq --no-test", "gsk_0123456789abcdefghijklmnop", "TT-SECRET-1011")?;
    world.refused("unlock", "", "TT-SECRET-1011")?;
    let both = format!("{OTHER}\ngsk_0123456789abcdefghijklmnop");
    world.refused("set groq --no-test --password-first", &both, "TT-SECRET-1012")?;
    let both = format!("{PASSWORD}\ngsk_0123456789abcdefghijklmnop");
    world.good("set groq --no-test --password-first", &both, "groq is set")?;
    world.good("store file --change-password", &format!("{PASSWORD}\n{OTHER}\n"), "new password")?;
    world.refused("store keyring", &format!("{PASSWORD}\n"), "TT-SECRET-1012")?;
    world.good("store keyring", &format!("{OTHER}\n"), "")?;
    ensure!(
        world.presence("openai")? == "set keyring" && world.presence("groq")? == "set keyring",
        "lost on the way"
    );
    Ok(())
}

#[test]
fn locking_needs_no_app_and_unlocking_no_password_of_a_keyring_that_is_open() -> Result<()> {
    let world = World::new()?;
    world.good("set openai --no-test", VALUE, "is set")?;
    world.good("lock", "", "locked")?;
    world.good("unlock", "", "openai")?;
    world.refused("store keyring --change-password", &format!("{PASSWORD}\n{OTHER}\n"), "TT-APP-803")?;
    ensure!(world.presence("openai")? == "set keyring", "it is gone");
    Ok(())
}

#[test]
fn a_keyring_that_falls_silent_leaves_secrets_and_encryption_as_they_were() -> Result<()> {
    let world = World::new()?;
    for kind in ["openai", "mistral"] {
        world.good(&format!("set {kind} --no-test"), VALUE, "is set")?;
    }
    world.encrypt_recordings()?;
    world.keyring.silence(true);
    world.refused("forget --yes", "", "TT-SECRET-1006")?;
    ensure!(world.is_sealed()?, "recordings are not encrypted any more, and nothing was forgotten");
    world.refused("clear recordings", "", "TT-SECRET-1006")?;
    ensure!(world.is_sealed()?, "recordings are not encrypted any more, and no key was cleared");
    world.keyring.silence(false);
    ensure!(
        world.presence("openai")? == "set keyring" && world.presence("mistral")? == "set keyring",
        "half forgotten"
    );
    Ok(())
}

#[test]
fn a_file_that_stays_locked_and_a_keyring_that_fails_after_it_leave_everything_as_it_was() -> Result<()> {
    let world = World::new()?;
    world.good("set openai --no-test", VALUE, "is set")?;
    world.good("store file --agree", &format!("{PASSWORD}\n"), "")?;
    world.encrypt_recordings()?;
    let file = world.terminal.home.join("vault/secrets.vault");
    let before = std::fs::read(&file)?;
    world.refused("clear recordings", "", "TT-SECRET-1011")?;
    ensure!(world.is_sealed()? && std::fs::read(&file)? == before, "a locked file was enough");
    // The keyring was used once, so that it has to be asked; it does not answer.
    world.keyring.silence(true);
    let ran = world.run("forget --yes", "")?;
    if ran.code == Some(1) {
        ensure!(
            std::fs::read(&file)? == before && world.is_sealed()?,
            "half of it was forgotten: {}",
            ran.err
        );
    } else {
        ensure!(!file.exists() && !world.seal()?.exists(), "it says that all is forgotten: {}", ran.out);
    }
    Ok(())
}
