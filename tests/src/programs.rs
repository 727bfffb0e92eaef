//! Where the built programs are: beside the running one, whoever started it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// A program of this build by its name.
pub fn beside(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().context("a program lies in a folder")?;
    // Tests lie one folder deeper than the programs they test.
    let folder =
        if folder.ends_with("deps") { folder.parent().context("deps lies in a folder")? } else { folder };
    let program = folder.join(name);
    if !program.is_file() {
        bail!("{} is not built: run `make build-tests`", program.display());
    }
    Ok(program)
}

/// The unit tests of a crate of this build, as a program: the newest of those that cargo left.
pub fn tests_of(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().context("a program lies in a folder")?;
    let folder = if folder.ends_with("deps") { folder.to_owned() } else { folder.join("deps") };
    let is_one = |path: &PathBuf| {
        let rest = path.file_name().and_then(|file| file.to_str()).and_then(|file| file.strip_prefix(name));
        // `name-0123456789abcdef`, and not its list of sources.
        rest.is_some_and(|rest| rest.len() == 17 && rest.starts_with('-') && !rest.contains('.'))
    };
    let mut found: Vec<PathBuf> = std::fs::read_dir(&folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(is_one)
        .filter(|path| lists_tests(path))
        .collect();
    found.sort_by_key(|path| path.metadata().and_then(|data| data.modified()).ok());
    found.pop().with_context(|| format!("the tests of {name} are not built: run `make build-tests`"))
}

/// The program itself lies there under a name of the same form; it knows no `--list`.
fn lists_tests(path: &Path) -> bool {
    let listed = Command::new(path).arg("--list").stdin(Stdio::null()).output();
    listed.is_ok_and(|output| output.status.success() && output.stdout.ends_with(b"benchmarks\n"))
}
