//! Files that the user asked for: saved under a name that is not taken, in the folder for downloads, for the owner only.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use tonny_core::problem::{Code, Problem};

/// More files of one name than anybody has; then something else is wrong.
const MOST_NUMBERS: u32 = 10_000;

/// Saves `text` as `stem.extension`, or `stem-2.extension` and so on; says where it is.
///
/// # Errors
/// [`Code::HomeUnwritable`] where the folder cannot be written; nothing half-written stays.
pub fn save(folder: &Path, stem: &str, extension: &str, text: &str) -> Result<PathBuf, Problem> {
    let failed = |path: &Path, error: io::Error| {
        let code =
            if error.kind() == io::ErrorKind::StorageFull { Code::DiskFull } else { Code::HomeUnwritable };
        Problem::with(code, format!("{}: {error}", path.display()))
    };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| failed(folder, error))?;
    for number in 1..MOST_NUMBERS {
        let name = if number == 1 { stem.to_owned() } else { format!("{stem}-{number}") };
        let path = folder.join(format!("{name}.{extension}"));
        let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(failed(&path, error)),
        };
        return match file.write_all(text.as_bytes()).and_then(|()| file.sync_all()) {
            Ok(()) => Ok(path),
            Err(error) => {
                // Half an export looks like a whole one; the error says why there is none.
                _ = std::fs::remove_file(&path);
                Err(failed(&path, error))
            }
        };
    }
    Err(Problem::with(Code::HomeUnwritable, format!("{} is full of exports", folder.display())))
}

/// The user's folder for downloads: what `user-dirs.dirs` in the configuration says, else `Downloads` below the home.
pub fn downloads(home: &Path, config: &Path) -> PathBuf {
    let said = std::fs::read_to_string(config.join("user-dirs.dirs")).unwrap_or_default();
    let value = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("XDG_DOWNLOAD_DIR="))
        .map(|text| text.trim_matches('"'));
    let path = value.map(|text| match text.strip_prefix("$HOME/") {
        Some(below) => home.join(below),
        None => PathBuf::from(text),
    });
    // "$HOME/" alone means that there is no such folder, and anything relative is a mistake.
    path.filter(|path| path.is_absolute() && path != home).unwrap_or_else(|| home.join("Downloads"))
}

/// Opens a folder in the desktop's own program for that.
///
/// # Errors
/// [`Code::DesktopFailed`] where the desktop has none.
#[allow(clippy::disallowed_methods, reason = "the desktop's opener ends at once and is no worker of ours")]
pub fn show(folder: &Path) -> Result<(), Problem> {
    let opened = std::process::Command::new("xdg-open")
        .arg(folder)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
    match opened {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Problem::with(Code::DesktopFailed, format!("The folder was not opened: {status}"))),
        Err(error) => Err(Problem::with(Code::DesktopFailed, format!("xdg-open: {error}"))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn no_file_that_is_there_is_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("new/one");
        let saved: Vec<_> =
            ["a", "b", "c"].map(|text| save(&folder, "history", "csv", text).unwrap()).into_iter().collect();
        let names: Vec<_> = saved.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["history.csv", "history-2.csv", "history-3.csv"]);
        assert_eq!(std::fs::read_to_string(&saved[0]).unwrap(), "a");
        assert_eq!(std::fs::metadata(&saved[1]).unwrap().permissions().mode() & 0o777, 0o600);
        let problem = save(&saved[0], "x", "txt", "a file is no folder").unwrap_err();
        assert!(problem.is(Code::HomeUnwritable) && problem.message.contains("history.csv"), "{problem}");
    }

    #[test]
    fn the_users_own_folder_for_downloads_is_found() {
        let config = tempfile::tempdir().unwrap();
        let home = Path::new("/home/ada");
        assert_eq!(downloads(home, config.path()), home.join("Downloads"));
        for (line, folder) in [
            ("XDG_DOWNLOAD_DIR=\"$HOME/Herunter geladen\"", "/home/ada/Herunter geladen"),
            ("# a comment\n XDG_DOWNLOAD_DIR=\"/big/disk\"\n", "/big/disk"),
            ("XDG_DOWNLOAD_DIR=\"$HOME/\"", "/home/ada/Downloads"),
            ("XDG_DOWNLOAD_DIR=\"over/there\"", "/home/ada/Downloads"),
        ] {
            std::fs::write(config.path().join("user-dirs.dirs"), line).unwrap();
            assert_eq!(downloads(home, config.path()), Path::new(folder), "{line}");
        }
    }
}
