//! The app's own log: one set of files, the terminal, and the newest records in memory for the Logs page.
//!
//! ```text
//! tracing ─▶ filter (reload) ─▶ Recorder ─▶ core's Redaction ─┬▶ queue ─▶ thread: LogFiles
//!                                                             ├▶ standard error
//!                                                             └▶ Ring
//! ```
//! What is said is redacted once, before it goes anywhere. [`Log`] is the way in for who reads or changes the log;
//! TONNYTRAY_LOG, where it is set, goes before the settings. Start reading at [`start`].

mod files;
mod recorder;

use std::path::Path;
use std::sync::Arc;

use tonny_core::app_log::{self, AppLogPage, AppLogQuery, AppLogRow, LogLevel, Redaction};
use tonny_core::settings::Logging;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, reload};

pub use files::{FileLimits, LogReader};
use files::{LiveLimits, LogFiles};
use recorder::{Recorder, Sinks};

/// Our rooms; of all other libraries only warnings are kept, whatever level is chosen.
const ROOMS: [&str; 8] = [
    "tonnytray",
    "tonny",
    "tonny_core",
    "tonny_platform",
    "tonny_store",
    "tonny_supervisor",
    "tonny_egress",
    "tonny_speech_protocol",
];

/// Lines waiting for the disk; more are lost and counted. A thousand lines are said in the worst second.
const QUEUE: usize = 4_096;

/// The way to the log; cheap to clone. Keep the guard of [`start`] until the end, not this.
#[derive(Clone)]
pub struct Log {
    sinks: Arc<Sinks>,
    filter: reload::Handle<EnvFilter, Registry>,
    limits: Arc<LiveLimits>,
    /// TONNYTRAY_LOG names the filter.
    is_pinned: bool,
}

/// Starts logging into `folder` and, where wished, to standard error. Keep the guard until the end: it writes out what
/// is still buffered. A folder that cannot be written costs the files only.
#[allow(clippy::disallowed_methods, reason = "TONNYTRAY_LOG is part of the contract")]
pub fn start(folder: &Path, to_terminal: bool) -> (Log, Option<WorkerGuard>) {
    let pinned = std::env::var("TONNYTRAY_LOG").ok().filter(|wish| !wish.is_empty());
    start_with(folder, FileLimits::default(), to_terminal, pinned.as_deref())
}

/// As [`start`], with everything named.
pub fn start_with(
    folder: &Path,
    limits: FileLimits,
    to_terminal: bool,
    pinned: Option<&str>,
) -> (Log, Option<WorkerGuard>) {
    let queue = NonBlockingBuilder::default().buffered_lines_limit(QUEUE).thread_name("app-log");
    let limits = Arc::new(LiveLimits::new(limits));
    let files = LogFiles::open(folder, limits.clone()).map(|files| queue.finish(files));
    let (files, failed) = match files {
        Ok(files) => (Some(files), None),
        Err(error) => (None, Some(error)),
    };
    let (writer, guard) = files.unzip();
    let sinks = Arc::new(Sinks::new(writer, to_terminal));
    // A filter that cannot be read is as good as none; the settings then decide.
    let pinned = pinned.and_then(|wish| EnvFilter::try_new(wish).ok());
    let is_pinned = pinned.is_some();
    let filter = pinned.unwrap_or_else(|| filter_of(LogLevel::default()));
    let (filter, handle) = reload::Layer::new(filter);
    // A second start in one process (tests) keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(filter).with(Recorder(sinks.clone())).try_init();
    if let Some(error) = failed {
        tracing::warn!(%error, "the log is not kept in files");
    }
    (Log { sinks, filter: handle, limits, is_pinned }, guard)
}

impl Log {
    /// Brings level, form and size in line with the settings, at once.
    pub fn apply(&self, settings: &Logging) {
        self.sinks.set_format(settings.format);
        let files = usize::try_from(settings.files).unwrap_or(usize::MAX);
        self.limits.set(FileLimits {
            file_bytes: u64::from(settings.file_mb) << 20,
            files,
            days: settings.days,
        });
        if self.is_pinned {
            return;
        }
        if let Err(error) = self.filter.reload(filter_of(settings.level)) {
            tracing::warn!(%error, "the log keeps its level");
        }
    }

    /// Some of the newest records, newest first.
    pub fn page(&self, query: &AppLogQuery) -> AppLogPage {
        app_log::page(&self.sinks.rows(), query)
    }

    /// The newest records that matter at least as much as `level`, oldest first; for a thread that panics and may be in
    /// the middle of a record.
    pub(crate) fn last_words(&self, level: LogLevel, most: usize) -> Vec<Arc<AppLogRow>> {
        let mut rows = self.sinks.rows_if_free();
        rows.retain(|row| row.level <= level);
        rows.split_off(rows.len().saturating_sub(most))
    }

    pub(crate) fn redaction(&self) -> &Redaction {
        self.sinks.redaction()
    }
}

/// Our rooms at `level`; everybody else at warnings, or at errors where only errors are wanted.
fn filter_of(level: LogLevel) -> EnvFilter {
    let (level, others) = (level.as_str(), level.min(LogLevel::Warn).as_str());
    let rooms = ROOMS.iter().map(|room| format!(",{room}={level}")).collect::<String>();
    // What workers say has its own log; here it is a step like any other.
    let workers = if level == "trace" { ",worker=trace" } else { "" };
    EnvFilter::new(format!("{others}{rooms}{workers}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_never_say_more_than_warnings() {
        for (level, wanted) in
            [(LogLevel::Error, "error"), (LogLevel::Info, "warn"), (LogLevel::Trace, "warn")]
        {
            let filter = filter_of(level).to_string();
            assert!(filter.split(',').any(|part| part == wanted), "{filter}");
            assert!(filter.contains(&format!("tonny_core={}", level.as_str())), "{filter}");
        }
    }
}
