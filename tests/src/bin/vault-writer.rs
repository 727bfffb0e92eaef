//! Writes into a vault until it is killed, and says after each write that it is done: the victim of rows K1, K5 to
//! K8 and K11.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use tonny_tests::reliability::secrets::{crashes, flow, hardened, leaving, memory, victims};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["file", path] => victims::write_file(&PathBuf::from(path), done),
        ["move", home] => victims::keep_moving(&PathBuf::from(home), done),
        ["migrate", home] => flow::migrate(&PathBuf::from(home)),
        ["memory", home, seconds] => {
            let found = memory::look(&PathBuf::from(home), seconds.parse().context("seconds")?)?;
            println!("{found}");
            Ok(())
        }
        ["unconfirmed", home] => {
            println!("{}", leaving::unconfirmed(&PathBuf::from(home))?);
            Ok(())
        }
        ["panic", home, number] => crashes::panic(&PathBuf::from(home), number.parse().context("a number")?),
        ["crash", home, number] => crashes::crash(&PathBuf::from(home), number.parse().context("a number")?),
        ["portal", bus, manner] => hardened::ask_portal(bus, *manner == "undumpable"),
        _ => bail!(
            "vault-writer file PATH | move HOME | migrate HOME | memory HOME SECONDS | unconfirmed HOME | panic HOME NUMBER | crash HOME NUMBER | portal BUS MANNER"
        ),
    }
}

fn done(number: u64) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{number}")?;
    Ok(out.flush()?)
}
