//! `tonny policy`: reads a contract on what may leave this machine and runs its examples; shows the one in force.

use std::path::Path;

use tonny_core::assistant::{check_contract, try_contract};
use tonny_core::problem::{Code, Problem};

use crate::arguments::Policy as Verb;
use crate::face::{Face, read_at_most};

/// Bytes of a file that is read.
const LONGEST: u64 = 200_000;

pub fn run(face: &Face, verb: Verb) -> Result<(), Problem> {
    match verb {
        Verb::Check { file } => check(face, &file),
        Verb::Show => face.block_on(async {
            let alone = super::ask::Alone::start(face).await?;
            let contract = alone.assistant.contract();
            alone.stop().await;
            let contract = contract?;
            face.show(&contract, || contract.text.trim_end().to_owned())
        }),
        Verb::Try { file, words, model } => {
            let text = read_at_most(&file, LONGEST, Code::PolicyFileWrong)?;
            let tried = try_contract(&text, &model, &words)?;
            face.show(&tried, || match (&tried.leaves, &tried.why) {
                (Some(leaves), _) => leaves.clone(),
                (None, Some(why)) => format!("It stays here ({}): {why}.", tried.rules.join(", ")),
                (None, None) => format!("You are asked first ({}).", tried.rules.join(", ")),
            })
        }
    }
}

fn check(face: &Face, file: &Path) -> Result<(), Problem> {
    let contract = check_contract(&read_at_most(file, LONGEST, Code::PolicyFileWrong)?)?;
    face.show(&contract, || {
        format!(
            "{} (version {}) loads, and every example of it comes out. Put it in force with: tonny settings set \
             privacy.contract \"$(cat {})\"",
            contract.name,
            contract.version,
            file.display()
        )
    })
}
