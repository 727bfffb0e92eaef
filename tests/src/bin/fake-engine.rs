//! A speech engine that only pretends, as a process: see `tonny_tests::fake_engine`.

fn main() -> std::process::ExitCode {
    tonny_tests::fake_engine::program::main()
}
