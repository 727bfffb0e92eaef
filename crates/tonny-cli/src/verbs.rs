//! One file per verb; this one only sends them their way.

mod ask;
mod ctl;
mod db;
mod doctor;
mod history;
mod ledger;
mod logs;
mod models;
mod policy;
mod providers;
mod secrets;
mod settings;
mod transcribe;
mod workers;

use tonny_core::problem::Problem;

use crate::arguments::Verb;
use crate::face::Face;

/// Carries out a verb.
pub fn run(face: &Face, verb: Verb) -> Result<(), Problem> {
    match verb {
        Verb::Ctl(verb) => ctl::run(face, verb),
        Verb::Transcribe { file, model, language } => transcribe::run(face, &file, model, language),
        Verb::Models(verb) => models::run(face, verb),
        Verb::Workers(verb) => workers::run(face, verb),
        Verb::History(verb) => history::run(face, verb),
        Verb::Settings(verb) => settings::run(face, verb),
        Verb::Db(verb) => db::run(face, verb),
        Verb::Secrets(verb) => secrets::run(face, verb),
        Verb::Ask(question) => ask::run(face, question),
        Verb::Providers(verb) => providers::run(face, verb),
        Verb::Policy(verb) => policy::run(face, verb),
        Verb::Ledger(wish) => ledger::run(face, &wish),
        Verb::Logs(wish) => logs::run(face, &wish),
        Verb::Doctor => doctor::run(face),
    }
}
