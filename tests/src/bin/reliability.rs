//! `make bench-reliability`: measures the rows of docs/reliability.md in full and writes that page after each of them.
//!
//! Ends with 1 when a row misses its limit; the page says which and by how much.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;
use tonny_tests::reliability::page::Page;
use tonny_tests::reliability::{BY_NAME_ONLY, Size, rows, run};

#[derive(Parser)]
struct Arguments {
    /// Rows to measure, by id; all of them but S18 when left out.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// A tenth of the tries.
    #[arg(long)]
    short: bool,
    /// The page to read and write.
    #[arg(long, default_value = "docs/reliability.md")]
    out: PathBuf,
    /// Measures nothing and shows what there is.
    #[arg(long)]
    list: bool,
}

fn main() -> Result<ExitCode> {
    let Arguments { only, short, out, list } = Arguments::parse();
    let all = rows();
    let is_wanted = |id: &str| {
        only.iter().any(|wanted| wanted.eq_ignore_ascii_case(id))
            || only.is_empty() && (short || !BY_NAME_ONLY.contains(&id))
    };
    if list {
        for row in all {
            println!("{} | {} | limit: {}", row.id, row.promise, row.limit);
        }
        return Ok(ExitCode::SUCCESS);
    }
    for id in &only {
        ensure!(all.iter().any(|row| row.id.eq_ignore_ascii_case(id)), "there is no row {id}: see --list");
    }
    let size = if short { Size::Short } else { Size::Full };
    let mut all_kept = true;
    for row in all.iter().filter(|row| is_wanted(row.id)) {
        let outcome = run(row, size);
        all_kept &= outcome.is_kept();
        // After each row: an hour's work must not hang on its last minute. Read anew, because somebody else may have
        // written meanwhile.
        let mut page = Page::read(&out)?;
        page.set(row, size, &outcome);
        page.write(&out, &all)?;
    }
    Ok(if all_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
