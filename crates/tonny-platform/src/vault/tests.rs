//! The vault as a whole, with a keyring that is a folder.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tonny_core::ports::{Choice, Place, Presence, SecretsMoved, VaultReport, VaultState};
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::{RECORDINGS, Reader, Typed, kind};
use zeroize::Zeroizing;

use super::keeping::Keeping;
use super::keyring::{Chest, Keyring};
use super::{Cost, DEADLINE, Until, VaultSet};
use crate::clock::since_boot;

const KEY: &str = "sk-proj-0123456789abcdefghij";

/// A keyring that is a folder: entries are its files, `.locked` locks it, `.deaf` swallows writes, `.silent` makes it
/// answer nothing, `.slow` has each write take a good part of a call's deadline.
struct Folder(PathBuf);

impl Folder {
    fn make(name: &str) -> Box<dyn Chest> {
        Box::new(Self(PathBuf::from(name)))
    }

    fn guard(&self) -> Result<(), VaultState> {
        if self.0.join(".silent").exists() {
            return Err(VaultState::Silent);
        }
        if self.0.join(".locked").exists() { Err(VaultState::Locked) } else { Ok(()) }
    }
}

impl Chest for Folder {
    fn is_open(&mut self) -> Result<bool, VaultState> {
        match self.guard() {
            _ if !self.0.exists() => Err(VaultState::NoKeyring),
            Err(VaultState::Locked) => Ok(false),
            open => open.map(|()| true),
        }
    }

    fn open(&mut self) -> Result<(), VaultState> {
        self.guard().map_err(|_| VaultState::Dismissed)
    }

    fn names(&mut self) -> Result<Vec<String>, VaultState> {
        if self.guard() == Err(VaultState::Silent) {
            return Err(VaultState::Silent);
        }
        let entries = std::fs::read_dir(&self.0).map_err(|_| VaultState::NoKeyring)?;
        let names = entries.map(|entry| entry.expect("entry").file_name().into_string().expect("text"));
        Ok(names.filter(|name| !name.starts_with('.')).collect())
    }

    fn read(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, VaultState> {
        self.guard()?;
        Ok(std::fs::read(self.0.join(name)).ok().map(Zeroizing::new))
    }

    #[allow(clippy::disallowed_methods, reason = "this keyring is slow")]
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), VaultState> {
        self.guard()?;
        if self.0.join(".slow").exists() {
            std::thread::sleep(DEADLINE * 2 / 5);
        }
        let is_swallowed = self.0.join(".deaf").exists() && name != "probe";
        let bytes = if is_swallowed { b"" } else { bytes };
        std::fs::write(self.0.join(name), bytes).map_err(|_| VaultState::Failing)
    }

    fn delete(&mut self, name: &str) -> Result<bool, VaultState> {
        self.guard()?;
        Ok(std::fs::remove_file(self.0.join(name)).is_ok())
    }
}

struct World {
    home: tempfile::TempDir,
    keeping: Keeping,
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("temp");
        std::fs::create_dir_all(home.path().join("ring")).expect("ring");
        std::fs::create_dir_all(home.path().join("config/tonnytray")).expect("config");
        let keeping = fresh(home.path(), true);
        Self { home, keeping }
    }

    fn ring(&self, name: &str) -> PathBuf {
        self.home.path().join("ring").join(name)
    }

    fn put(&mut self, id: &str, value: &str) -> Result<(), Problem> {
        self.keeping.put(kind(id).expect("known"), value, soon())
    }

    fn take(&mut self, id: &str) -> Result<Option<String>, Problem> {
        let taken = self.keeping.take(kind(id).expect("known"), soon())?;
        Ok(taken.map(|secret| secret.open_for(Reader::Egress).expect("may").to_owned()))
    }

    fn report(&mut self) -> VaultReport {
        self.keeping.report(soon()).expect("reported")
    }

    fn presence(&mut self, id: &str) -> Presence {
        self.report().secrets.into_iter().find(|kept| kept.id == id).expect("listed").presence
    }

    fn choose(&mut self, place: Place, password: &str, understood: bool) -> Result<SecretsMoved, Problem> {
        let password = Some(Typed::new(password.to_owned()));
        self.keeping.choose(&Choice { place, password, understood, auto_lock_min: Some(1) })
    }
}

/// A vault as another start of the program would have it.
fn fresh(home: &Path, has_session: bool) -> Keeping {
    let name = home.join("ring").display().to_string();
    let set = VaultSet {
        folder: home.join("vault"),
        keyring_name: name.clone(),
        old_config: home.join("config"),
        has_session,
        cost: Some(Cost { memory_kib: 64, passes: 1, lanes: 1 }),
    };
    Keeping::with_keyring(set, Keyring::new(name, Folder::make))
}

fn soon() -> Until {
    Until::Then(Instant::now() + DEADLINE)
}

#[test]
fn a_secret_is_kept_used_reported_and_deleted() {
    let mut world = World::new();
    assert_eq!(world.take("openai").expect("nothing"), None);
    world.put("openai", KEY).expect("kept");
    assert_eq!(world.take("openai").expect("there").as_deref(), Some(KEY));
    let report = world.report();
    let kept = report.secrets.iter().find(|kept| kept.id == "openai").expect("listed");
    assert_eq!((kept.presence, kept.place), (Presence::Set, Some(Place::Keyring)));
    assert!(kept.set_at.is_some() && kept.used_at.is_some());
    assert!(!serde_json::to_string(&report).expect("JSON").contains(KEY));
    assert!(
        !std::fs::read_to_string(world.home.path().join("vault/ledger.json")).expect("ledger").contains(KEY)
    );
    assert!(world.keeping.clear(kind("openai").expect("known"), soon()).expect("deleted"));
    assert_eq!(world.presence("openai"), Presence::Unset);
}

#[test]
fn what_is_not_kept_is_told_and_the_old_value_is_put_back() {
    let mut world = World::new();
    world.put("openai", KEY).expect("kept");
    std::fs::write(world.ring(".deaf"), b"").expect("deaf");
    assert!(world.put("xai", "xai-0123456789abcdefghij").expect_err("swallowed").is(Code::SecretNotKept));
    std::fs::remove_file(world.ring(".deaf")).expect("hears");
    assert_eq!(world.presence("xai"), Presence::Unset);
    assert_eq!(world.take("openai").expect("there").as_deref(), Some(KEY));
}

#[test]
fn a_locked_keyring_is_out_of_reach_and_a_dismissed_question_is_told() {
    let mut world = World::new();
    world.put("openai", KEY).expect("kept");
    std::fs::write(world.ring(".locked"), b"").expect("locked");
    let report = world.report();
    assert_eq!(report.state, VaultState::Locked);
    assert!(report.problem.expect("told").is(Code::VaultLocked));
    assert_eq!(world.presence("openai"), Presence::OutOfReach);
    assert!(world.take("openai").expect_err("dismissed").is(Code::VaultDismissed));
    assert!(world.put("openai", "sk-other").expect_err("dismissed").is(Code::VaultDismissed));
}

#[test]
fn another_keyring_is_noticed_and_taken_into_use_with_the_next_value() {
    let mut world = World::new();
    world.put("openai", KEY).expect("kept");
    std::fs::rename(world.home.path().join("ring"), world.home.path().join("the other desktop"))
        .expect("away");
    std::fs::create_dir(world.home.path().join("ring")).expect("new");
    assert_eq!(world.report().state, VaultState::Changed);
    assert!(world.take("openai").expect_err("lost").is(Code::VaultChanged));
    assert_eq!(world.take("xai").expect("was never set"), None);
    world.put("xai", "xai-0123456789abcdefghij").expect("kept in the new one");
    assert_eq!(world.report().state, VaultState::Working);
    assert_eq!(world.presence("openai"), Presence::Unset);
}

#[test]
fn leaving_the_keyring_needs_a_word_and_moves_everything() {
    let mut world = World::new();
    world.put("openai", KEY).expect("kept");
    world.put("n8n-auth", "Bearer 🔑 pässwört").expect("kept");
    assert!(world.choose(Place::File, "ten letters", false).expect_err("asked").is(Code::VaultNotAgreed));
    assert!(world.choose(Place::File, "short", true).expect_err("weak").is(Code::VaultPasswordWeak));
    assert_eq!(world.report().place, Place::Keyring);
    world.choose(Place::File, "ten letters", true).expect("moved");
    assert_eq!(world.report().place, Place::File);
    assert_eq!(std::fs::read_dir(world.home.path().join("ring")).expect("ring").count(), 0);
    assert_eq!(world.take("n8n-auth").expect("there").as_deref(), Some("Bearer 🔑 pässwört"));

    world.keeping = fresh(world.home.path(), true);
    assert_eq!(world.report().state, VaultState::FileLocked);
    assert!(world.take("openai").expect_err("locked").is(Code::VaultFileLocked));
    assert!(world.choose(Place::Keyring, "", true).expect_err("locked").is(Code::VaultFileLocked));
    world.keeping.unlock(Some(&Typed::new("ten letters".to_owned())), soon()).expect("unlocked");
    world.choose(Place::Keyring, "", false).expect("back without a word");
    assert_eq!(world.take("openai").expect("there").as_deref(), Some(KEY));
    assert!(!world.home.path().join("vault/secrets.vault").exists());
}

#[test]
fn wrong_passwords_are_counted_and_slowed_and_the_right_one_ends_that() {
    let mut world = World::new();
    world.choose(Place::File, "ten letters", true).expect("made");
    world.keeping = fresh(world.home.path(), true);
    let wrong = Typed::new("wrong letters".to_owned());
    for _ in 0..4 {
        let problem = world.keeping.unlock(Some(&wrong), soon()).expect_err("wrong");
        assert!(problem.is(Code::VaultPasswordWrong), "{problem}");
    }
    let right = Typed::new("ten letters".to_owned());
    assert!(world.keeping.unlock(Some(&right), soon()).expect_err("too soon").is(Code::VaultWait));
    let report = world.report();
    assert_eq!(report.wrong_passwords, 4);
    assert!((1..=2).contains(&report.retry_in_s));
    let began = Instant::now();
    while let Err(problem) = world.keeping.unlock(Some(&right), soon()) {
        assert!(problem.is(Code::VaultWait) && began.elapsed() < Duration::from_secs(10), "{problem}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    assert_eq!(world.report().wrong_passwords, 0);
}

#[test]
fn the_encrypted_file_locks_itself_and_changes_its_password() {
    let mut world = World::new();
    world.choose(Place::File, "ten letters", true).expect("made");
    world.put("openai", KEY).expect("kept");
    let (old, new) = (Typed::new("ten letters".to_owned()), Typed::new("other letters".to_owned()));
    world.keeping.change_password(&old, &new, soon()).expect("changed");
    let now = since_boot();
    assert!(world.keeping.locks_itself_in(now).is_some_and(|left| left <= Duration::from_secs(60)));
    assert!(!world.keeping.lock_if_due(now + Duration::from_secs(58)));
    assert!(world.keeping.lock_if_due(now + Duration::from_secs(61)));
    assert_eq!(world.report().state, VaultState::FileLocked);
    assert!(world.keeping.unlock(Some(&old), soon()).expect_err("old").is(Code::VaultPasswordWrong));
    world.keeping.unlock(Some(&new), soon()).expect("unlocked");
    assert_eq!(world.take("openai").expect("there").as_deref(), Some(KEY));
}

#[test]
fn session_memory_belongs_to_the_app_and_everything_is_forgotten_at_once() {
    let mut world = World::new();
    world.put("openai", KEY).expect("kept");
    world.choose(Place::Session, "", true).expect("moved");
    assert_eq!(world.take("openai").expect("there").as_deref(), Some(KEY));
    let mut terminal = fresh(world.home.path(), false);
    assert!(terminal.report(soon()).expect("reported").problem.expect("told").is(Code::VaultElsewhere));
    let refused = terminal.put(kind("xai").expect("known"), "xai-1", soon());
    assert!(refused.expect_err("refused").is(Code::VaultElsewhere));
    assert!(terminal.forget().expect_err("another's memory").is(Code::VaultElsewhere));
    assert_eq!(world.keeping.forget().expect("forgotten"), 1);
    let report = world.report();
    assert_eq!(report.place, Place::Keyring);
    assert!(report.secrets.iter().all(|kept| kept.presence == Presence::Unset));
}

#[test]
fn a_machine_without_keyring_says_so_and_keeps_nothing_anywhere_else() {
    let mut world = World::new();
    std::fs::remove_dir_all(world.home.path().join("ring")).expect("gone");
    assert!(world.put("openai", KEY).expect_err("nowhere").is(Code::VaultNoKeyring));
    assert!(!world.home.path().join("vault/secrets.vault").exists());
    world.choose(Place::File, "ten letters", true).expect("chosen");
    world.put("openai", KEY).expect("kept");
    assert_eq!(world.keeping.forget().expect("forgotten"), 1);
    assert!(!world.home.path().join("vault/secrets.vault").exists());
}

/// The old file's bytes are looked at through a second name of the same file.
#[test]
fn plain_text_of_an_older_set_up_moves_into_the_vault_once() {
    let mut world = World::new();
    let config = world.home.path().join("config/tonnytray/config.json");
    let key_file = world.home.path().join("config/nanogpt-chat/api_key");
    std::fs::create_dir_all(key_file.parent().expect("folder")).expect("folder");
    let old = r#"{"elevenlabs":{"api_key":"el-0123456789abcdef0123456789abcdef","voice_id":"v1"},
        "n8n":{"webhook_url":"http://n8n.example.org/hook/7"},
        "rabbitmq":{"host":"mq","username":"tonny","password":"hunter2hunter2"},"theme":"dark"}"#;
    std::fs::write(&config, old).expect("written");
    std::fs::write(&key_file, "nano-0123456789abcdef0123\n").expect("written");
    let twin = world.home.path().join("twin");
    std::fs::hard_link(&config, &twin).expect("linked");

    let migration = world.keeping.migrate().expect("moved");
    let moved: Vec<&str> = migration.moved.iter().map(|moved| moved.id.as_str()).collect();
    assert_eq!(moved, ["elevenlabs", "n8n-webhook", "rabbitmq-credentials", "nanogpt"]);
    assert_eq!(world.take("rabbitmq-credentials").expect("there").as_deref(), Some("tonny:hunter2hunter2"));
    assert_eq!(world.take("nanogpt").expect("there").as_deref(), Some("nano-0123456789abcdef0123"));
    let new = std::fs::read_to_string(&config).expect("rewritten");
    assert!(!new.contains("el-0") && !new.contains("hook/7") && !new.contains("hunter2"), "{new}");
    assert!(
        new.contains("\"api_key_configured\": true")
            && new.contains("\"voice_id\": \"v1\"")
            && new.contains("tonny")
    );
    assert_eq!(std::fs::read(&twin).expect("old bytes"), vec![0; old.len()]);
    assert_eq!(std::fs::read_to_string(&key_file).expect("rewritten"), "nanogpt_configured=true\n");

    assert!(world.keeping.migrate().expect("again").is_empty());
    assert_eq!(std::fs::read_to_string(&config).expect("untouched"), new);
    assert_eq!(world.report().migration.expect("remembered").moved.len(), 4);
}

#[test]
fn old_files_that_cannot_be_understood_are_left_alone_and_named() {
    let mut world = World::new();
    let config = world.home.path().join("config/tonnytray/config.json");
    for bad in [&b"{\"elevenlabs\":{\"api_key\":\"el-0123"[..], b"\xff\xfe", b"", &[b' '; 2 << 20]] {
        std::fs::write(&config, bad).expect("written");
        let migration = world.keeping.migrate().expect("survived");
        assert_eq!(migration.left.len(), 1, "{:?}", &bad[..bad.len().min(9)]);
        assert!(migration.left[0].file.ends_with("config.json") && !migration.left[0].why.contains("el-0"));
        assert_eq!(std::fs::read(&config).expect("there"), bad);
    }
    for harmless in [
        "[]",
        "null",
        "{\"elevenlabs\":{\"api_key\":\"\"}}",
        "{\"elevenlabs\":{\"api_key\":7}}",
        "{\"elevenlabs\":3}",
    ] {
        std::fs::write(&config, harmless).expect("written");
        assert!(world.keeping.migrate().expect("survived").is_empty(), "{harmless}");
    }
}

#[test]
fn a_value_that_is_set_already_stays_and_the_old_file_too() {
    let mut world = World::new();
    let config = world.home.path().join("config/tonnytray/config.json");
    world.put("elevenlabs", "the newer one, set by hand").expect("kept");
    let old = r#"{"elevenlabs":{"api_key":"el-0123456789abcdef0123456789abcdef"}}"#;
    std::fs::write(&config, old).expect("written");
    let migration = world.keeping.migrate().expect("survived");
    assert!(migration.moved.is_empty() && migration.left[0].why.contains("ElevenLabs"));
    assert_eq!(std::fs::read_to_string(&config).expect("there"), old);
    assert_eq!(world.take("elevenlabs").expect("there").as_deref(), Some("the newer one, set by hand"));
}

#[test]
fn what_an_old_file_holds_and_nothing_can_use_is_named_until_the_file_is_gone() {
    let mut world = World::new();
    let config = world.home.path().join("config/tonnytray/config.json");
    let long = "k".repeat(8_193);
    let old = format!(
        r#"{{"elevenlabs":{{"api_key":" el-0123456789abcdef0123456789abcdef\n"}},
        "openai":{{"api_key":"sk-one\ntwo"}},"xai":{{"api_key":"{long}"}},
        "n8n":{{"webhook_url":"https://a.example.org/1","url":"https://a.example.org/2"}}}}"#
    );
    std::fs::write(&config, &old).expect("written");
    let migration = world.keeping.migrate().expect("moved");
    let moved: Vec<&str> = migration.moved.iter().map(|moved| moved.id.as_str()).collect();
    assert_eq!(moved, ["elevenlabs", "n8n-webhook"]);
    assert_eq!(
        world.take("elevenlabs").expect("there").as_deref(),
        Some("el-0123456789abcdef0123456789abcdef")
    );
    let why: String = migration.left.iter().map(|left| left.why.as_str()).collect();
    assert_eq!(migration.left.len(), 3, "{why}");
    assert!(why.contains("line break") && why.contains("8193 bytes") && why.contains("two values"), "{why}");
    assert!(!why.contains("sk-one") && !why.contains("kkk") && !why.contains("a.example"), "{why}");
    assert_eq!(world.report().migration.expect("told").left.len(), 3);
    std::fs::remove_file(&config).expect("by hand");
    assert!(world.report().migration.expect("told").left.is_empty(), "a file that is gone");
    world.keeping = fresh(world.home.path(), true);
    assert!(world.keeping.migrate().expect("again").is_empty());
    assert!(world.keeping.ledger.migration.as_ref().expect("kept").left.is_empty());
}

#[test]
fn nothing_is_moved_or_overwritten_while_the_keyring_is_locked() {
    let mut world = World::new();
    let config = world.home.path().join("config/tonnytray/config.json");
    let old = r#"{"elevenlabs":{"api_key":"el-0123456789abcdef0123456789abcdef"}}"#;
    std::fs::write(&config, old).expect("written");
    std::fs::write(world.ring(".locked"), b"").expect("locked");
    assert!(world.keeping.migrate().expect_err("locked").is(Code::VaultDismissed));
    assert_eq!(std::fs::read_to_string(&config).expect("there"), old);
}

#[test]
fn the_key_of_recordings_is_made_once_moves_with_the_others_and_is_never_in_memory_alone() {
    let mut world = World::new();
    assert!(world.report().secrets.iter().all(|kept| kept.id != RECORDINGS), "listed before there is one");
    let first = world.keeping.recordings_key(soon()).expect("made");
    assert_eq!(world.keeping.recordings_key(soon()).expect("kept"), first);
    assert_eq!(world.presence(RECORDINGS), Presence::Set);
    let kept = world.report().secrets.into_iter().find(|kept| kept.id == RECORDINGS).expect("listed");
    assert!(!kept.can_be_typed && !kept.can_be_tried);
    let session = world.choose(Place::Session, "", true).expect_err("it would be lost");
    assert!(session.is(Code::RecordingsKeyLost));
    world.choose(Place::File, "correct horse", true).expect("moved");
    assert_eq!(world.keeping.recordings_key(soon()).expect("moved"), first);
    world.keeping.lock();
    assert!(world.keeping.recordings_key(soon()).expect_err("locked").is(Code::VaultFileLocked));
    let secret = kind(RECORDINGS).and_then(|kind| world.keeping.take(kind, soon()));
    assert!(secret.expect_err("locked").is(Code::VaultFileLocked));
    world.keeping.forget().expect("forgotten");
    assert_ne!(world.keeping.recordings_key(soon()).expect("made anew"), first);
}

#[test]
fn a_keyring_that_does_not_answer_is_left_and_nothing_in_it_is_deleted() {
    for how in ["silent", "gone", "changed"] {
        let mut world = World::new();
        for (id, value) in [("openai", KEY), ("n8n-auth", "Bearer abcdef")] {
            world.put(id, value).expect("kept");
        }
        let (ring, away) = (world.home.path().join("ring"), world.home.path().join("away"));
        match how {
            "silent" => std::fs::write(world.ring(".silent"), b"").expect("silent"),
            "gone" => std::fs::rename(&ring, &away).expect("gone"),
            _ => {
                std::fs::rename(&ring, &away).expect("gone");
                std::fs::create_dir(&ring).expect("another");
            }
        }
        let moved = world.choose(Place::File, "ten letters", true).expect("left");
        assert_eq!((moved.moved, moved.left_behind), (0, 2), "{how}");
        world.put("xai", "xai-0123456789abcdefghij").expect("kept in the file");
        world.put("n8n-auth", "Bearer newer").expect("entered again");
        let report = world.report();
        let openai = report.secrets.iter().find(|kept| kept.id == "openai").expect("listed");
        assert_eq!((openai.presence, openai.place), (Presence::OutOfReach, Some(Place::Keyring)), "{how}");
        assert!(world.take("openai").expect_err("behind").is(Code::VaultLeftBehind));
        assert!(world.keeping.clear(kind("openai").expect("known"), soon()).is_err(), "cleared unseen");

        // It answers again, and an hour passes: nothing is cleared in it.
        match how {
            "silent" => std::fs::remove_file(world.ring(".silent")).expect("answers"),
            _ => {
                let _ = std::fs::remove_dir_all(&ring);
                std::fs::rename(&away, &ring).expect("back");
            }
        }
        world.keeping = fresh(world.home.path(), true);
        assert_eq!(world.report().state, VaultState::FileLocked);
        assert!(world.ring("openai").exists() && world.ring("n8n-auth").exists(), "{how}: deleted uncopied");
        world.keeping.unlock(Some(&Typed::new("ten letters".to_owned())), soon()).expect("unlocked");
        assert!(world.keeping.recordings_key(soon()).is_ok(), "none is behind");
        let moved = world.choose(Place::Keyring, "", true).expect("back");
        assert_eq!((moved.moved, moved.left_behind), (3, 0));
        for (id, value) in
            [("openai", KEY), ("n8n-auth", "Bearer newer"), ("xai", "xai-0123456789abcdefghij")]
        {
            assert_eq!(world.take(id).expect("there").as_deref(), Some(value), "{how}: {id}");
        }
        assert!(world.report().secrets.iter().all(|kept| kept.presence != Presence::OutOfReach));
    }
}

#[test]
fn one_that_stayed_behind_is_cleared_where_it_is_and_the_key_of_recordings_is_not_made_twice() {
    let mut world = World::new();
    world.put("openai", KEY).expect("kept");
    world.keeping.recordings_key(soon()).expect("made");
    std::fs::write(world.ring(".silent"), b"").expect("silent");
    assert!(
        world.choose(Place::Session, "", true).expect_err("it would be lost").is(Code::RecordingsKeyLost)
    );
    world.choose(Place::File, "ten letters", true).expect("left");
    assert!(world.keeping.recordings_key(soon()).expect_err("there is one").is(Code::VaultLeftBehind));
    std::fs::remove_file(world.ring(".silent")).expect("answers");
    assert!(world.keeping.clear(kind("openai").expect("known"), soon()).expect("deleted"));
    assert!(!world.ring("openai").exists() && world.ring(RECORDINGS).exists());
    assert_eq!(world.presence("openai"), Presence::Unset);
    assert_eq!(world.keeping.forget().expect("forgotten"), 1);
    assert!(!world.ring(RECORDINGS).exists());
}

#[test]
fn a_keyring_that_falls_silent_while_it_is_cleared_loses_only_what_was_copied() {
    let mut world = World::new();
    world.put("openai", KEY).expect("kept");
    world.choose(Place::File, "ten letters", true).expect("moved");
    // Cleared; then another program's entry and a stale wish to clear.
    std::fs::write(world.ring("xai"), b"bm90IG91cnM=").expect("written");
    world.keeping.ledger.to_clear =
        vec![super::ledger::NamesAt { place: Place::Keyring, names: vec!["openai".to_owned()] }];
    world.keeping.finish_clearing(soon());
    assert!(world.ring("xai").exists(), "deleted unread");
}

#[test]
fn a_keyring_that_cannot_be_emptied_leaves_the_file_too() {
    let mut world = World::new();
    world.put("openai", KEY).expect("kept");
    let silent = world.ring(".silent");
    std::fs::write(&silent, b"").expect("silent");
    let moved = world.choose(Place::File, "ten letters", true).expect("left");
    assert_eq!(moved.left_behind, 1);
    world.put("groq", "gsk_0123456789abcdefghij").expect("kept in the file");
    assert!(world.keeping.forget().expect_err("silent").is(Code::VaultSilent));
    assert_eq!(world.take("groq").expect("still open").as_deref(), Some("gsk_0123456789abcdefghij"));
    std::fs::remove_file(silent).expect("heard again");
    assert_eq!(world.keeping.forget().expect("forgotten"), 2);
    assert!(!world.ring("openai").exists() && !world.home.path().join("vault/secrets.vault").exists());
}

#[test]
fn an_encrypted_file_that_cannot_be_read_is_set_aside_and_never_deleted() {
    let mut world = World::new();
    let file = world.home.path().join("vault/secrets.vault");
    world.choose(Place::File, "ten letters", true).expect("made");
    world.put("openai", KEY).expect("kept");
    let mut bytes = std::fs::read(&file).expect("bytes");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    bytes.truncate(20);
    std::fs::write(&file, &bytes).expect("damaged");
    assert_eq!(world.report().state, VaultState::FileDamaged);
    let moved = world.choose(Place::Keyring, "", true).expect("left");
    assert_eq!((moved.moved, moved.left_behind), (0, 1));
    let aside = PathBuf::from(moved.set_aside.expect("set aside"));
    assert_eq!(std::fs::read(&aside).expect("there"), bytes);
    assert!(aside.ends_with("secrets.vault.broken") && !file.exists());
    // A second one does not take the first one's place.
    std::fs::write(&file, b"damaged too").expect("written");
    world.choose(Place::File, "ten letters", true).expect("made anew");
    assert_eq!(std::fs::read(&aside).expect("there"), bytes);
    assert_eq!(std::fs::read(aside.with_extension("broken1")).expect("there"), b"damaged too");
    // One that may be read again in a moment is not left at all.
    std::fs::remove_file(&file).expect("away");
    std::fs::create_dir(&file).expect("in its place");
    assert_eq!(world.report().state, VaultState::Failing);
    assert!(world.report().problem.expect("told").is(Code::VaultFileUnusable));
    assert!(world.choose(Place::Keyring, "", true).expect_err("refused").is(Code::VaultFileUnusable));
    assert!(file.exists());
}

#[test]
fn a_file_that_others_could_read_is_told_until_it_has_another_password() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut world = World::new();
    let file = world.home.path().join("vault/secrets.vault");
    world.choose(Place::File, "ten letters", true).expect("made");
    assert_eq!(world.report().exposed_at, None);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("opened");
    assert!(world.report().exposed_at.is_some());
    assert_eq!(file.metadata().expect("meta").permissions().mode() & 0o777, 0o600);
    world.keeping = fresh(world.home.path(), true);
    assert!(world.report().exposed_at.is_some(), "forgotten with the process");
    let (old, new) = (Typed::new("ten letters".to_owned()), Typed::new("other letters".to_owned()));
    world.keeping.change_password(&old, &new, soon()).expect("changed");
    assert_eq!(world.report().exposed_at, None);
}

#[test]
fn a_move_takes_as_long_as_a_slow_keyring_needs() {
    let mut world = World::new();
    world.choose(Place::File, "a long password", true).expect("moved");
    for id in ["openai", "anthropic"] {
        world.put(id, KEY).expect("kept");
    }
    std::fs::write(world.ring(".slow"), "").expect("slow");
    let moved = world.choose(Place::Keyring, "", false).expect("moved");
    assert_eq!(moved.moved, 2);
    assert_eq!(world.take("anthropic").expect("there").as_deref(), Some(KEY));
}
