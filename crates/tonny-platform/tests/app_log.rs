//! The app's log and crash reports through the real subscriber and the real hook, in a process of their own: nothing
//! secret and nothing spoken in a file, on the terminal or in memory.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test starts the process that it looks at, and fails by panicking"
)]

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::{fmt, fs};

use tonny_core::app_log::{AppLogQuery, LogFormat, LogLevel, line_of};
use tonny_core::settings::Logging;
use tonny_platform::crash::{self, About, Report};
use tonny_platform::logging::{self, FileLimits, Log};

/// Parts of keys, so that the source itself holds none.
const KEY: &str = "canaryAbcdefgh0123456789";
const WORDS: &str = "heliotrope wombat";

/// Not a test: what the other tests start and look at.
#[test]
#[ignore = "is started by the other tests"]
fn the_process() {
    let folder = std::env::var("LOOKED_AT").expect("started by hand");
    let folder = Path::new(&folder);
    let pinned = std::env::var("PINNED").ok();
    let (log, guard) = logging::start_with(folder, FileLimits::default(), true, pinned.as_deref());
    match std::env::var("CASE").expect("a case").as_str() {
        "secrets" => say_secrets(),
        "words" => say_words(&log),
        "levels" => change_levels(&log),
        "panics" => panic_everywhere(folder, &log),
        case => panic!("no case {case}"),
    }
    let page = log.page(&AppLogQuery { limit: 500, ..AppLogQuery::default() });
    for row in page.rows {
        println!("RING {} {} {}", row.level.as_str(), row.target, row.text);
    }
    drop(guard);
}

/// Everything that came out, and the files.
struct Seen {
    ring: String,
    terminal: String,
    files: String,
    folder: tempfile::TempDir,
}

impl Seen {
    fn of(case: &str, pinned: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "the_process", "--nocapture"]);
        command.env("CASE", case).env("LOOKED_AT", folder.path()).env_remove("TONNYTRAY_LOG");
        if let Some(pinned) = pinned {
            command.env("PINNED", pinned);
        }
        let output = command.output().unwrap();
        let [out, terminal] = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
        assert!(output.status.success(), "{out}\n{terminal}");
        let ring = out.lines().filter(|line| line.starts_with("RING ")).collect::<Vec<_>>().join("\n");
        let files = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|file| file.extension().is_some_and(|ending| ending == "log"));
        let files = files.map(|file| fs::read_to_string(file).unwrap()).collect();
        Self { ring, terminal, files, folder }
    }

    /// In each of the three as often as this.
    fn count(&self, text: &str) -> [usize; 3] {
        [&self.files, &self.terminal, &self.ring].map(|place| place.matches(text).count())
    }
}

#[derive(Debug)]
struct Outer(Inner);

#[derive(Debug)]
struct Inner(String);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the provider refused")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the cause: {}", self.0)
    }
}

impl Error for Inner {}

fn say_secrets() {
    tracing::info!(target: "tonny", "a request with Authorization: Bearer {KEY}");
    tracing::warn!(target: "tonny", "sk-{KEY} was refused");
    tracing::info!(target: "tonny", url = format!("amqp://guest:{KEY}@127.0.0.1/"), "connecting");
    tracing::info!(target: "tonny", api_key = KEY, "a key");
    tracing::info!(target: "tonny", password = format!("two words {KEY}"), "a password");
    tracing::info!(target: "tonny", answer = ?Some(format!("token={KEY}")), "an answer");
    let body = format!("HTTP/1.1 401\nx-api-key: {KEY}\nghp_{KEY}");
    tracing::error!(target: "tonny", body, "several lines");
    tracing::error!(target: "tonny", body = ?body, "several lines, escaped");
    let error = Outer(Inner(format!("api_key={KEY} is not valid")));
    tracing::error!(target: "tonny", error = &error as &dyn Error, "a chain");
    tracing::error!(target: "tonny", ?error, "a chain as Debug has it");
    tracing::info!(target: "tonny", long = format!("{} Bearer {KEY}", "x".repeat(7_990)), "at the edge of what is kept");
    tracing::info!(target: "tonny", escape = "\u{1b}[31mred\u{1b}[0m", "said");
}

#[test]
fn no_secret_reaches_file_terminal_or_memory() {
    let seen = Seen::of("secrets", None);
    assert_eq!(seen.count(KEY), [0, 0, 0], "{}\n{}", seen.terminal, seen.ring);
    let part = &KEY[..12];
    assert_eq!(seen.count(part), [0, 0, 0], "{}", seen.terminal);
    for said in
        ["a request with", "several lines, escaped", "the provider refused: the cause: api_key=[redacted]"]
    {
        assert_eq!(seen.count(said), [1, 1, 1], "{said}: {}", seen.files);
    }
    assert!(seen.count("[redacted]").iter().all(|count| *count >= 10), "{}", seen.files);
    assert_eq!(seen.count("\u{1b}"), [0, 0, 0]);
    // Every record is one line of the file, however many lines it brought.
    assert_eq!(seen.files.lines().count(), 12, "{}", seen.files);
    assert!(seen.files.lines().all(|line| line_of(line).is_some()), "{}", seen.files);
}

fn say_words(log: &Log) {
    let say = || {
        tracing::info!(target: "tonny", text = WORDS, "heard");
        tracing::warn!(target: "tonny", committed = %WORDS, tentative = ?WORDS, "heard");
        tracing::error!(target: "tonny", answer = WORDS, "heard");
        tracing::debug!(target: "tonny", text = WORDS, "heard at debug");
    };
    say();
    log.apply(&Logging { level: LogLevel::Debug, format: LogFormat::Text, ..Logging::default() });
    say();
}

#[test]
fn spoken_words_stay_below_info() {
    let seen = Seen::of("words", None);
    // The one line at debug, said when the level was debug.
    assert_eq!(seen.count("wombat"), [1, 1, 1], "{}", seen.files);
    assert_eq!(seen.count("text=\"[17 characters]\""), [2, 2, 2], "{}", seen.files);
}

fn change_levels(log: &Log) {
    let apply = |level, format| log.apply(&Logging { level, format, ..Logging::default() });
    tracing::debug!(target: "tonny", "hidden 1");
    apply(LogLevel::Debug, LogFormat::Json);
    tracing::debug!(target: "tonny_core::app", n = 1, "shown 1");
    tracing::info!(target: "hyper::client", "hidden 2");
    tracing::trace!(target: "tonny_core::app", "hidden 3");
    apply(LogLevel::Trace, LogFormat::Text);
    tracing::trace!(target: "tonny_core::app", "shown 2");
    tracing::trace!(target: "tungstenite::protocol", "hidden 4");
    apply(LogLevel::Error, LogFormat::Text);
    tracing::warn!(target: "tonny_core::app", "hidden 5");
    tracing::error!(target: "tonny_core::app", "shown 3");
}

#[test]
fn level_and_form_change_at_once_and_the_variable_goes_before_them() {
    let seen = Seen::of("levels", None);
    assert_eq!(seen.count("hidden"), [0, 0, 0], "{}", seen.files);
    assert_eq!(seen.count("shown"), [3, 3, 3], "{}", seen.files);
    let json: Vec<&str> = seen.files.lines().filter(|line| line.starts_with('{')).collect();
    assert_eq!(json.len(), 1, "{}", seen.files);
    assert_eq!(line_of(json[0]).unwrap().fields["n"], "1");
    let pinned = Seen::of("levels", Some("trace"));
    assert_eq!(pinned.count("shown"), [3, 3, 3]);
    // Not even then: the wire's own library would say what is spoken.
    assert_eq!(pinned.count("hidden 4"), [0, 0, 0]);
    assert_eq!(pinned.count("hidden"), [4, 4, 4], "{}", pinned.files);
}

fn panic_everywhere(folder: &Path, log: &Log) {
    let about = About { program: "looked-at", version: "1.2.3", commit: "abc" };
    crash::watch(&folder.join("crashes"), about, log);
    log.apply(&Logging { level: LogLevel::Debug, format: LogFormat::Text, ..Logging::default() });
    tracing::debug!(target: "tonny", text = WORDS, "at debug");
    tracing::info!(target: "tonny", password = KEY, "the last record");
    let slice = || drop(format!("é{WORDS} said `{WORDS}`")[1..].to_owned());
    let named = std::thread::Builder::new().name("named".to_owned()).spawn(slice).unwrap();
    assert!(named.join().is_err());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let task = runtime.spawn(async { failed(format!("{WORDS} {KEY}")).expect("sure of it") });
    assert!(runtime.block_on(task).is_err());
    for _ in 0..10 {
        assert!(std::thread::spawn(|| panic!("a plain sentence")).join().is_err());
    }
    // Somebody's Debug panics in the middle of a record.
    let quiet = std::thread::spawn(|| tracing::info!(target: "tonny", value = ?Panics, "never said"));
    assert!(quiet.join().is_err());
    tracing::info!(target: "tonny", "the process lives");
}

struct Panics;

impl fmt::Debug for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("while formatting")
    }
}

#[test]
fn a_panic_anywhere_leaves_a_report_without_words_or_secrets() {
    let seen = Seen::of("panics", None);
    assert_eq!(seen.count("the process lives"), [1, 1, 1], "{}", seen.terminal);
    assert_eq!(seen.count(KEY), [0, 0, 0], "{}", seen.terminal);
    // The line at debug, which the user asked for; nothing by way of the panics.
    assert_eq!(seen.count("wombat"), [1, 1, 1], "{}", seen.terminal);
    let mut reports: Vec<_> = fs::read_dir(seen.folder.path().join("crashes")).unwrap().collect();
    reports.sort_by_key(|entry| entry.as_ref().unwrap().file_name());
    let texts: Vec<String> =
        reports.into_iter().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    assert_eq!(texts.len(), 5, "a loop of panics writes no more");
    for text in &texts {
        assert!(!text.contains("wombat") && !text.contains(KEY), "{text}");
    }
    let reports: Vec<Report> = texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    assert_eq!(reports[0].thread, "named");
    assert_eq!((reports[0].program.as_str(), reports[0].commit.as_str()), ("looked-at", "abc"));
    assert!(reports[0].message.contains("char boundary"), "{}", reports[0].message);
    assert!(reports[0].log.iter().any(|line| line.contains("the last record password=[redacted]")));
    assert!(
        reports[0].backtrace.iter().any(|line| line.contains("slice_error_fail")),
        "{:?}",
        reports[0].backtrace
    );
    assert!(reports[1].message.starts_with("sure of it: "), "{}", reports[1].message);
    assert_eq!(reports[2].message, "a plain sentence");
    assert!(reports[2].place.contains("app_log.rs"), "{}", reports[2].place);
    let (path, newest) = crash::newest(&seen.folder.path().join("crashes")).unwrap();
    assert_eq!(Some(newest), reports.last().cloned());
    assert!(
        crash::untold(&seen.folder.path().join("crashes")).unwrap().message.contains(path.to_str().unwrap())
    );
}

fn failed(why: String) -> Result<(), String> {
    Err(why)
}
