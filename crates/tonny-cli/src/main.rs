//! `tonny`: the terminal face. Parses, calls one verb, prints; exit codes are a contract (see [`face::exit_code`]).
//!
//! It starts in milliseconds: no runtime and no file is touched before a verb needs it.

mod arguments;
mod face;
mod input;
mod verbs;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    tonny_platform::hardening::no_core_files();
    let arguments = arguments::Arguments::parse();
    let face = face::Face::new(arguments.json);
    match verbs::run(&face, arguments.verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => face.complain(&problem),
    }
}
