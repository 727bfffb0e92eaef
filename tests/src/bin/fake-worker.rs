//! A worker that misbehaves on request: every way a child process can go wrong, by flags. Start reading at
//! `tonny_tests::fake_worker`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // First of all, so that a supervisor's delay is measured and not this program's.
    let main_ns = tonny_tests::fake_worker::now_ns();
    tonny_tests::fake_worker::main(main_ns)
}
