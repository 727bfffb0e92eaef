//! Logs: a rotating file set and the terminal, filtered by TONNYTRAY_LOG. No line above debug carries spoken text.

use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

/// What is logged unless TONNYTRAY_LOG says otherwise: our rooms at info, the libraries' warnings.
const DEFAULT_FILTER: &str = "warn,tonnytray=info,tonny=info,tonny_core=info,tonny_platform=info,tonny_store=info,\
                              tonny_supervisor=info,tonny_egress=info,tonny_speech_protocol=info";

/// At trace these write whole messages, token and spoken words included: no filter of a user's goes below this.
const CAPPED: [&str; 2] = ["tungstenite=debug", "tokio_tungstenite=debug"];

/// A week of days is enough to find what happened, and bounded.
const FILES_KEPT: usize = 7;

/// Starts logging into `folder` and, when a terminal is looking, to standard error. Keep the guard until the end: it
/// writes out what is still buffered.
pub fn start(folder: &Path, to_terminal: bool) -> Option<WorkerGuard> {
    let filter = || {
        let chosen =
            EnvFilter::try_from_env("TONNYTRAY_LOG").unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
        let caps = CAPPED.iter().filter_map(|cap| cap.parse().ok());
        caps.fold(chosen, EnvFilter::add_directive)
    };
    let file = Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix("tonnytray")
        .filename_suffix("log")
        .max_log_files(FILES_KEPT)
        .build(folder)
        .ok();
    let (file, guard) = file.map(tracing_appender::non_blocking).unzip();
    let file = file.map(|file| fmt::layer().with_ansi(false).with_writer(file));
    let terminal = to_terminal.then(|| fmt::layer().with_writer(std::io::stderr).compact());
    // A second start in one process (tests) keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(filter()).with(file).with(terminal).try_init();
    guard
}
