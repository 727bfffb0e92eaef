//! What the end of a worker means: exit status, last words and what we had asked for in, a cause out. Pure.

use crate::Exit;
use std::fmt;

/// Why a copy of a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// We had asked it to.
    AskedFor,
    /// By itself, with exit code 0.
    Clean,
    /// By an exit code or a signal that says no more than that.
    Crashed,
    /// By an exit code that means "set up wrongly".
    Configuration,
    /// By an instruction that this CPU does not have.
    WrongCpu,
    /// The system killed it to get memory back.
    OutOfMemory,
    /// We killed it because it grew beyond its ceiling.
    MemoryCeiling,
    /// The port or socket it wanted is taken.
    PortTaken,
    /// A shared library it needs is missing or does not fit.
    MissingLibrary,
    /// Its program is not there or cannot be executed.
    NotExecutable,
    /// The model it was to load is damaged or of a wrong kind.
    BadModel,
    /// We killed it because it did not answer any more.
    Hung,
    /// We killed it because it stood still before it was ready.
    StartTimeout,
    /// We killed it because what it said instead of its ready line makes no sense.
    BadReadyLine,
    /// It never became a process.
    NotStarted,
}

impl Cause {
    /// The cause as one snake_case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AskedFor => "asked_for",
            Self::Clean => "clean",
            Self::Crashed => "crashed",
            Self::Configuration => "configuration",
            Self::WrongCpu => "wrong_cpu",
            Self::OutOfMemory => "out_of_memory",
            Self::MemoryCeiling => "memory_ceiling",
            Self::PortTaken => "port_taken",
            Self::MissingLibrary => "missing_library",
            Self::NotExecutable => "not_executable",
            Self::BadModel => "bad_model",
            Self::Hung => "hung",
            Self::StartTimeout => "start_timeout",
            Self::BadReadyLine => "bad_ready_line",
            Self::NotStarted => "not_started",
        }
    }

    /// Whether the same start could go better next time.
    pub fn is_transient(self) -> bool {
        !matches!(
            self,
            Self::Configuration
                | Self::WrongCpu
                | Self::MissingLibrary
                | Self::NotExecutable
                | Self::BadModel
                | Self::BadReadyLine
        )
    }

    /// Whether starting again at once is wise: what took the memory or the port is still there.
    pub(super) fn is_eager(self) -> bool {
        !matches!(self, Self::OutOfMemory | Self::PortTaken | Self::NotStarted)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AskedFor => "it was asked to end",
            Self::Clean => "it ended by itself",
            Self::Crashed => "it crashed",
            Self::Configuration => "it is set up wrongly",
            Self::WrongCpu => "this build does not fit this CPU",
            Self::OutOfMemory => "the computer ran out of memory",
            Self::MemoryCeiling => "it used more memory than it may",
            Self::PortTaken => "another program has its port",
            Self::MissingLibrary => "a library it needs is missing",
            Self::NotExecutable => "its program cannot be executed",
            Self::BadModel => "its model cannot be loaded",
            Self::Hung => "it did not answer any more",
            Self::StartTimeout => "it stood still while starting",
            Self::BadReadyLine => "it did not say that it is ready as agreed",
            Self::NotStarted => "it could not be started",
        })
    }
}

/// What a kind of worker says before it ends for a reason of its own; part of its spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// The exit code, or any.
    pub code: Option<i32>,
    /// Words on its last line, in any case; empty for any.
    pub words: String,
    /// What that means.
    pub means: Cause,
}

/// All that is known about one end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct End {
    /// What the system said.
    pub exit: Exit,
    /// Its last line on standard error.
    pub last_words: Option<String>,
    /// Whether the system counted a kill for want of memory while this copy lived.
    pub out_of_memory: bool,
}

/// Signal numbers are the same on every unix we know of, for these.
const ILLEGAL_INSTRUCTION: i32 = 4;
const KILLED: i32 = 9;
/// A shell (and so any wrapper script) ends with this much more than the signal that ended its child.
const SHELL: i32 = 128;
/// What Windows gives as exit code for the same two things: STATUS_ILLEGAL_INSTRUCTION, STATUS_DLL_NOT_FOUND.
const WINDOWS_ILLEGAL_INSTRUCTION: i32 = 0xC000_001D_u32.cast_signed();
const WINDOWS_MISSING_LIBRARY: i32 = 0xC000_0135_u32.cast_signed();
/// Exit codes of the keeper and of every shell for "not executable" and "not found".
const NOT_EXECUTABLE: [i32; 2] = [126, 127];

/// The words of the C libraries' loaders (glibc, musl, macOS) about a library.
const LIBRARY: [&str; 4] = [
    "error while loading shared libraries",
    "symbol lookup error",
    "error loading shared library",
    "library not loaded",
];
/// `strerror(EADDRINUSE)` on Linux and macOS, Windows' own, and what servers make of it.
const PORT: [&str; 4] =
    ["address already in use", "eaddrinuse", "only one usage of each socket address", "couldn't bind"];
const MODEL: [&str; 6] = [
    "failed to load model",
    "unable to load model",
    "error loading model",
    "could not load model",
    "invalid model",
    "model is damaged",
];

/// What this end means. `signs` are the worker kind's own, `do_not_retry` its codes for "set up wrongly";
/// `has_served` whether this copy had answered a request: a build that does not fit the CPU never does.
pub fn classify(end: &End, do_not_retry: &[i32], signs: &[Sign], has_served: bool) -> Cause {
    let code = end.exit.code;
    let signal = end.exit.signal.or_else(|| code.and_then(|code| code.checked_sub(SHELL)));
    let words = end.last_words.as_deref().unwrap_or_default().to_lowercase();
    let says = |all: &[&str]| all.iter().any(|known| words.contains(known));
    let own = signs.iter().find(|sign| {
        sign.code.is_none_or(|wanted| code == Some(wanted)) && words.contains(&sign.words.to_lowercase())
    });
    if let Some(sign) = own {
        return sign.means;
    }
    if signal == Some(KILLED) && end.out_of_memory {
        return Cause::OutOfMemory;
    }
    if !has_served && (signal == Some(ILLEGAL_INSTRUCTION) || code == Some(WINDOWS_ILLEGAL_INSTRUCTION)) {
        return Cause::WrongCpu;
    }
    if code == Some(WINDOWS_MISSING_LIBRARY) || (end.exit != success() && says(&LIBRARY)) {
        return Cause::MissingLibrary;
    }
    match code {
        Some(0) => Cause::Clean,
        Some(_) if says(&PORT) => Cause::PortTaken,
        Some(_) if says(&MODEL) => Cause::BadModel,
        Some(code) if NOT_EXECUTABLE.contains(&code) => Cause::NotExecutable,
        Some(code) if do_not_retry.contains(&code) => Cause::Configuration,
        _ => Cause::Crashed,
    }
}

fn success() -> Exit {
    Exit { code: Some(0), signal: None }
}
