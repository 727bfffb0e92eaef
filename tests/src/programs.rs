//! Where the built programs are: beside the running one, whoever started it.

use std::path::PathBuf;

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
