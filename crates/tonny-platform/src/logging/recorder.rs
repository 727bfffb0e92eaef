//! Takes events from tracing, has core redact them, and hands the record on: to the files' queue, the terminal, the ring.
//!
//! Spans are not recorded: nobody of ours opens any, and those of libraries carry whole requests.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use tonny_core::app_log::{AppLogRow, LogFormat, LogLevel, Record, Redaction, Ring, Said};
use tonny_core::ports::Clock as _;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_appender::non_blocking::NonBlocking;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::clock::SystemClock;

/// At trace these write whole messages, token and spoken words included: no filter of a user's gets them.
const CAPPED: [&str; 2] = ["tungstenite", "tokio_tungstenite"];

/// Of one message or value before it is looked through, bytes. What is kept of it is far less, so that a secret cut in
/// two here is not among that.
const LONGEST: usize = 64 * 1_024;

/// Another thread needs the ring for microseconds at a time.
const TRIES: usize = 1_000;

/// Where records go.
pub(super) struct Sinks {
    redaction: Redaction,
    ring: Mutex<Ring>,
    files: Option<NonBlocking>,
    is_json: AtomicBool,
    to_terminal: bool,
}

impl Sinks {
    pub(super) fn new(files: Option<NonBlocking>, to_terminal: bool) -> Self {
        let redaction = Redaction::default();
        Self { redaction, ring: Mutex::default(), files, is_json: AtomicBool::new(false), to_terminal }
    }

    pub(super) fn set_format(&self, format: LogFormat) {
        self.is_json.store(format == LogFormat::Json, Ordering::Relaxed);
    }

    pub(super) fn rows(&self) -> Vec<Arc<AppLogRow>> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).rows()
    }

    /// None where the ring stays in use: it may be this very thread that panicked over it.
    pub(super) fn rows_if_free(&self) -> Vec<Arc<AppLogRow>> {
        for _ in 0..TRIES {
            match self.ring.try_lock() {
                Ok(ring) => return ring.rows(),
                Err(TryLockError::Poisoned(ring)) => return ring.into_inner().rows(),
                Err(TryLockError::WouldBlock) => std::thread::yield_now(),
            }
        }
        Vec::new()
    }

    pub(super) fn redaction(&self) -> &Redaction {
        &self.redaction
    }

    fn take(&self, record: &Record) {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        let is_json = self.is_json.load(Ordering::Relaxed);
        let text = record.line(LogFormat::Text);
        if let Some(files) = &self.files {
            let line = if is_json { &record.line(LogFormat::Json) } else { &text };
            // The queue never waits; what finds no room is lost rather than the app's time.
            _ = files.clone().write_all(line.as_bytes());
        }
        if self.to_terminal {
            // A terminal that is gone is no reason to stop.
            _ = std::io::stderr().lock().write_all(text.as_bytes());
        }
    }
}

/// The layer itself.
pub(super) struct Recorder(pub(super) Arc<Sinks>);

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut heard = Heard::default();
        event.record(&mut heard);
        // Events of the log crate say here where they are from.
        let target = heard.target.as_deref().unwrap_or(metadata.target());
        let level = level_of(*metadata.level());
        let room = target.split("::").next().unwrap_or_default();
        if level == LogLevel::Trace && CAPPED.contains(&room) {
            return;
        }
        let utc = SystemClock.utc();
        let at_ms = i64::try_from(utc.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX);
        self.0.take(&self.0.redaction.record(at_ms, level, target, heard.said));
    }
}

fn level_of(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        Level::TRACE => LogLevel::Trace,
    }
}

/// An event's values as text.
#[derive(Default)]
struct Heard {
    said: Said,
    target: Option<String>,
}

impl Heard {
    fn take(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let mut text = Bounded(String::new());
        // Fails only where the bound was reached; what came before it is kept.
        _ = text.write_fmt(value);
        match field.name() {
            "message" => self.said.message = text.0,
            "log.target" => self.target = Some(text.0),
            name if name.starts_with("log.") => {}
            name => self.said.fields.push((name, text.0)),
        }
    }
}

impl Visit for Heard {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let (mut causes, mut cause) = (String::new(), value.source());
        while let Some(error) = cause {
            causes.push_str(&format!(": {error}"));
            cause = error.source();
        }
        self.take(field, format_args!("{value}{causes}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field, format_args!("{value:?}"));
    }
}

/// Text that ends at [`LONGEST`].
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LONGEST - self.0.len();
        self.0.push_str(&text[..text.floor_char_boundary(room)]);
        if text.len() <= room { Ok(()) } else { Err(fmt::Error) }
    }
}
