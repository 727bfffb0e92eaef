//! Starts an app, kills it at some moment, looks for what is left; again and again. Run as the first process of a PID
//! namespace there is nobody else to confuse with: whatever lives afterwards is an orphan. Start reading at
//! `tonny_tests::kill`.

use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    tonny_tests::kill::main()
}
