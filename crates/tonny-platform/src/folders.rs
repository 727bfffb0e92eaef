//! Where TonnyTray keeps its files: below TONNYTRAY_HOME when that is set, else in the platform's own folders (XDG).

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tonny_core::problem::{Code, Problem};

/// Every folder and file TonnyTray owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// Database, models and recordings lie below it.
    pub data: PathBuf,
    /// `tonnytray.db`.
    pub database: PathBuf,
    /// Speech models.
    pub models: PathBuf,
    /// Language models.
    pub language_models: PathBuf,
    /// Recordings.
    pub audio: PathBuf,
    /// Ledger and encrypted file of the vault.
    pub vault: PathBuf,
    /// What our entries in the keyring are called: a portable home has entries of its own.
    pub keyring_name: String,
    /// Where older set-ups kept their configuration.
    pub old_config: PathBuf,
    /// Log files.
    pub logs: PathBuf,
    /// Reports of panics.
    pub crashes: PathBuf,
    /// Where files go that the user asked for.
    pub exports: PathBuf,
    /// Control socket; gone after a reboot.
    pub run: PathBuf,
}

impl Folders {
    /// Reads the environment; creates nothing.
    #[allow(clippy::disallowed_methods, reason = "the folders are what the environment decides")]
    pub fn from_environment() -> Result<Self, Problem> {
        Self::of(|name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
    }

    fn of(variable: impl Fn(&str) -> Option<PathBuf>) -> Result<Self, Problem> {
        if let Some(home) = variable("TONNYTRAY_HOME") {
            let home = std::path::absolute(&home).map_err(|e| unwritable(&home, &e))?;
            let name = format!("tonnytray {}", home.display());
            let exports = home.join("exports");
            let below = Self::below(&home, home.join("logs"), home.join("run"), name, home.join("config"));
            return Ok(Self { exports, ..below });
        }
        let user = variable("HOME").ok_or_else(|| Problem::with(Code::HomeUnwritable, "HOME is not set"))?;
        let data = variable("XDG_DATA_HOME").unwrap_or_else(|| user.join(".local/share")).join("tonnytray");
        let state = variable("XDG_STATE_HOME").unwrap_or_else(|| user.join(".local/state")).join("tonnytray");
        // Without a runtime folder (a bare login) the state folder is as private.
        let run = variable("XDG_RUNTIME_DIR").map_or_else(|| state.join("run"), |run| run.join("tonnytray"));
        let config = variable("XDG_CONFIG_HOME").unwrap_or_else(|| user.join(".config"));
        let exports = crate::exports::downloads(&user, &config);
        Ok(Self { exports, ..Self::below(&data, state.join("logs"), run, "tonnytray".to_owned(), config) })
    }

    fn below(data: &Path, logs: PathBuf, run: PathBuf, keyring_name: String, old_config: PathBuf) -> Self {
        Self {
            database: data.join("tonnytray.db"),
            exports: data.join("exports"),
            models: data.join("models"),
            language_models: data.join("language-models"),
            audio: data.join("audio"),
            vault: data.join("vault"),
            keyring_name,
            old_config,
            data: data.to_owned(),
            crashes: logs.with_file_name("crashes"),
            logs,
            run,
        }
    }

    /// What the vault is made of. Only the app lives long enough for session memory.
    pub fn vault_set(&self, has_session: bool) -> crate::vault::VaultSet {
        crate::vault::VaultSet {
            folder: self.vault.clone(),
            keyring_name: self.keyring_name.clone(),
            old_config: self.old_config.clone(),
            has_session,
            cost: None,
        }
    }

    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        self.run.join("control.sock")
    }

    /// Makes every folder, for the owner only, and proves that the data folder can be written.
    pub fn create(&self) -> Result<(), Problem> {
        for folder in [&self.data, &self.models, &self.audio, &self.vault, &self.logs, &self.run] {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(|e| unwritable(folder, &e))?;
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
                .map_err(|e| unwritable(folder, &e))?;
        }
        let probe = self.data.join(".write-probe");
        fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe)).map_err(|e| unwritable(&self.data, &e))
    }
}

fn unwritable(folder: &Path, error: &std::io::Error) -> Problem {
    Problem::with(Code::HomeUnwritable, format!("{}: {error}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_puts_everything_below_itself_and_xdg_is_the_default() {
        let portable =
            Folders::of(|name| (name == "TONNYTRAY_HOME").then(|| PathBuf::from("/portable"))).expect("set");
        assert_eq!(portable.socket(), Path::new("/portable/run/control.sock"));
        assert_eq!(
            (portable.keyring_name.as_str(), portable.old_config.clone()),
            ("tonnytray /portable", "/portable/config".into())
        );
        assert_eq!(portable.crashes, Path::new("/portable/crashes"));
        assert_eq!(portable.database, Path::new("/portable/tonnytray.db"));
        let xdg = Folders::of(|name| match name {
            "HOME" => Some(PathBuf::from("/home/zoe")),
            "XDG_RUNTIME_DIR" => Some(PathBuf::from("/run/user/1000")),
            _ => None,
        })
        .expect("set");
        assert_eq!(
            (xdg.keyring_name.as_str(), xdg.old_config.clone()),
            ("tonnytray", "/home/zoe/.config".into())
        );
        assert_eq!(xdg.database, Path::new("/home/zoe/.local/share/tonnytray/tonnytray.db"));
        assert_eq!(xdg.crashes, Path::new("/home/zoe/.local/state/tonnytray/crashes"));
        assert_eq!(xdg.socket(), Path::new("/run/user/1000/tonnytray/control.sock"));
    }

    #[test]
    fn folders_are_for_the_owner_and_a_file_in_the_way_is_named() {
        let home = tempfile::tempdir().expect("temp");
        let at = home.path().to_owned();
        let folders = Folders::of(|name| (name == "TONNYTRAY_HOME").then(|| at.join("t"))).expect("set");
        folders.create().expect("created");
        assert_eq!(fs::metadata(&folders.audio).expect("there").permissions().mode() & 0o777, 0o700);
        fs::write(at.join("file"), b"").expect("file");
        let blocked = Folders::of(|name| (name == "TONNYTRAY_HOME").then(|| at.join("file"))).expect("set");
        let problem = blocked.create().expect_err("a file is no folder");
        assert_eq!(problem.code, "TT-STORE-601");
        assert!(problem.message.contains("file"));
    }
}
