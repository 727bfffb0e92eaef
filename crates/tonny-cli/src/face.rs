//! What every verb shares: printing for people or as JSON, folders, a runtime, and the exit codes.

use std::fmt::Display;
use std::future::Future;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use serde::Serialize;
use tonny_core::activity::{self, Did};
use tonny_core::control::{Reply, Request};
use tonny_core::ports::Clock as _;
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::Secrets;
use tonny_core::{Store, store_problem};
use tonny_platform::clock::SystemClock;
use tonny_platform::folders::Folders;
use tonny_platform::vault::VaultThread;

/// The terminal.
pub struct Face {
    json: bool,
}

impl Face {
    /// `json` prints data as JSON.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether progress bars make sense.
    pub fn is_terminal(&self) -> bool {
        !self.json && std::io::stderr().is_terminal()
    }

    /// Prints `data` as JSON, or `text` for people.
    pub fn show(&self, data: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Problem> {
        if self.json {
            let json =
                serde_json::to_string_pretty(data).map_err(|e| Problem::with(Code::RequestInvalid, e))?;
            return self.line(json);
        }
        self.line(text())
    }

    /// As [`Face::show`], the JSON on one line: one value of many.
    pub fn show_line(&self, data: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Problem> {
        if self.json {
            let json = serde_json::to_string(data).map_err(|e| Problem::with(Code::RequestInvalid, e))?;
            return self.line(json);
        }
        self.line(text())
    }

    /// Prints one line; a reader that went away is no error.
    pub fn line(&self, text: impl Display) -> Result<(), Problem> {
        let mut out = std::io::stdout().lock();
        match writeln!(out, "{text}").and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Problem::with(Code::HomeUnwritable, format!("The output cannot be written: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Writes what is no text to standard output.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), Problem> {
        let mut out = std::io::stdout().lock();
        let written = out.write_all(bytes).and_then(|()| out.flush());
        written
            .map_err(|error| Problem::with(Code::RequestInvalid, format!("The output was cut off: {error}")))
    }

    /// Says something beside the data.
    pub fn remark(&self, text: impl Display) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Prints a problem to standard error and gives its exit code.
    pub fn complain(&self, problem: &Problem) -> ExitCode {
        if self.json {
            self.remark(serde_json::to_string(problem).unwrap_or_else(|_| problem.to_string()));
        } else {
            self.remark(problem);
        }
        exit_code(problem)
    }

    /// TonnyTray's folders, made if need be.
    pub fn folders(&self) -> Result<Folders, Problem> {
        let folders = Folders::from_environment()?;
        folders.create()?;
        Ok(folders)
    }

    /// The database, opened beside a running app.
    pub async fn store(&self) -> Result<Store, Problem> {
        Store::open(self.folders()?.database).await.map_err(|error| store_problem(&error))
    }

    /// Writes down what a verb did.
    pub async fn note_in(&self, store: &Store, did: Did) {
        activity::note(store, SystemClock.utc(), did).await;
    }

    /// As [`Face::note_in`], for a verb that has nothing else to do with the database: one that cannot be opened is no
    /// reason to fail.
    pub async fn note(&self, did: Did) {
        if let Ok(store) = self.store().await {
            self.note_in(&store, did).await;
        }
    }

    /// The secrets, through a vault of the terminal's own.
    pub fn secrets(&self) -> Result<Secrets, Problem> {
        let vault = VaultThread::start(self.folders()?.vault_set(false))
            .map_err(|error| Problem::with(Code::VaultFileUnusable, error))?;
        Ok(Secrets::new(Arc::new(vault), tonny_core::trials()?))
    }

    /// Whether data is printed as JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Asks the running app.
    pub fn ask(&self, request: &Request) -> Result<Reply, Problem> {
        tonny_platform::control::ask(&Folders::from_environment()?.socket(), request)
    }

    /// Tells a running app that the terminal changed something; without one there is nobody to tell.
    pub fn tell_app(&self) {
        let _ = self.ask(&Request::Reload);
    }

    /// Runs a future to its end.
    pub fn block_on<T>(&self, work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| Problem::with(Code::DesktopFailed, e))?;
        let result = runtime.block_on(work);
        runtime.shutdown_background();
        result
    }
}

/// A file's bytes; a device or a pipe without an end is too large as well.
pub fn bytes_at_most(file: &Path, most: u64, code: Code) -> Result<Vec<u8>, Problem> {
    let unreadable = |e: std::io::Error| Problem::with(code, format!("{}: {e}", file.display()));
    let mut bytes = Vec::new();
    let open = std::fs::File::open(file).map_err(unreadable)?;
    open.take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > most {
        let most = most / 1_000_000;
        return Err(Problem::with(code, format!("{} is larger than {most} MB", file.display())));
    }
    Ok(bytes)
}

/// A file's text, of at most so many bytes.
pub fn read_at_most(file: &Path, most: u64, code: Code) -> Result<String, Problem> {
    text_of(bytes_at_most(file, most, code)?, file, code)
}

/// The text that a file's bytes are.
pub fn text_of(bytes: Vec<u8>, file: &Path, code: Code) -> Result<String, Problem> {
    String::from_utf8(bytes)
        .map_err(|_| Problem::with(code, format!("{} is no text in UTF-8", file.display())))
}

/// 1 failed, 2 wrong usage, 3 app not running, 4 not permitted.
fn exit_code(problem: &Problem) -> ExitCode {
    let wrong_usage = [Code::SettingUnknown, Code::SecretUnknown, Code::RouteUnknown, Code::RequestInvalid];
    match problem {
        problem if problem.is(Code::AppNotRunning) => ExitCode::from(3),
        problem if wrong_usage.iter().any(|code| problem.is(*code)) => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    }
}
