//! What to run and by which limits. A plain value; the caller fills it and may swap it with `Handle::respec`.
//! `spec/limits.rs` has the numbers of restarts, `spec/check.rs` what is refused.

mod check;
mod limits;

pub use check::SpecError;
pub use limits::Restart;

use crate::{
    Probe, ReadyBy, Token,
    breaker::CircuitLimits,
    machine::{Policy, Sign},
};
use std::{ffi::OsString, path::PathBuf, time::Duration};

/// How the worker learns the launch token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenBy {
    /// As its first line of standard input.
    StandardInput,
    /// As a variable of its environment, which every program of the same user can read: for foreign programs that
    /// know no other way.
    Environment(String),
    /// Not at all.
    None,
}

/// One worker: program, arguments, environment, limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// The worker's name in states and logs.
    pub name: String,
    /// The program: a path, or a bare name that is looked up in PATH.
    pub program: PathBuf,
    /// Its arguments, passed on as they are: there is no shell. Visible to every program of the machine: no secrets.
    pub args: Vec<OsString>,
    /// Environment on top of the few inherited names (PATH, HOME, LANG, LC_*, XDG_RUNTIME_DIR, TMPDIR).
    pub env: Vec<(String, String)>,
    /// Names that `env` may hold, each a whole name or `PREFIX_*`.
    pub allowed_env: Vec<String>,
    /// How it learns the launch token.
    pub secret: TokenBy,
    /// How it says that it serves.
    pub ready: ReadyBy,
    /// What a ready worker is asked, to know that it is well; every one must be answered.
    pub health: Vec<Probe>,
    /// From one round of these questions to the next.
    pub probe_every: Duration,
    /// Bytes of memory its processes may use together (resident pages, a model mapped into memory included); a worker that
    /// grows beyond is killed and started again.
    pub memory_ceiling: Option<u64>,
    /// Whether it loads so much that two of its kind should not start at the same time.
    pub heavy: bool,
    /// Whether it leaves the processor to whoever else wants it: loading and thinking must not hold up speech or a window.
    pub background: bool,
    /// Longest silence before it is ready. A line of output is progress and starts it anew.
    pub ready_deadline: Duration,
    /// Longest silence with a request in flight (no token, line, CPU time) before it counts as hung.
    pub stall_limit: Duration,
    /// Health probes an idle worker may miss in a row; one more and it is hung.
    pub misses: u32,
    /// From the request to end until SIGKILL.
    pub stop_grace: Duration,
    /// From the request to end until it is made once more, for programs that wait for open connections until then.
    pub ask_again: Option<Duration>,
    /// Exit codes that mean "set up wrongly": the worker is Failed and not tried again.
    pub do_not_retry: Vec<i32>,
    /// What this kind of worker says before it ends for a reason of its own.
    pub signs: Vec<Sign>,
    /// How eagerly it is started again.
    pub restart: Restart,
    /// When it is not asked any more.
    pub breaker: CircuitLimits,
}

impl Spec {
    /// A spec with the usual limits: 60 s of silence while starting, 2 min with a request in flight, 3 missed probes,
    /// 5 s grace, exit codes 2 and 3 not retried.
    pub fn new(name: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            allowed_env: Vec::new(),
            secret: TokenBy::StandardInput,
            ready: ReadyBy::JsonLine,
            health: Vec::new(),
            // With three misses an idle hang is found within 5.5 s ([`Spec::finds_idle_hang_within`]).
            probe_every: Duration::from_millis(1500),
            memory_ceiling: None,
            heavy: false,
            background: false,
            ready_deadline: Duration::from_secs(60),
            stall_limit: Duration::from_secs(120),
            misses: 3,
            stop_grace: Duration::from_secs(5),
            ask_again: None,
            do_not_retry: vec![2, 3],
            signs: Vec::new(),
            restart: Restart::default(),
            breaker: CircuitLimits::default(),
        }
    }

    /// The rules of this worker for [`crate::machine::Machine`].
    pub fn policy(&self) -> Policy {
        Policy {
            ready_deadline: self.ready_deadline,
            stop_grace: self.stop_grace,
            ask_again: self.ask_again,
            stall_limit: self.stall_limit,
            misses: self.misses,
            do_not_retry: self.do_not_retry.clone(),
            signs: self.signs.clone(),
            restart: self.restart.clone(),
        }
    }

    /// Longest time from the moment an idle worker hangs to the decision, where it is asked anything: a probe was just
    /// answered, and the last of those it misses is noticed by the end of its timeout.
    pub fn finds_idle_hang_within(&self) -> Option<Duration> {
        let longest = self.health.iter().map(|probe| probe.timeout).max()?;
        Some(self.probe_every * self.misses + longest)
    }

    /// What must never be in a log: the launch token, and what the environment passes under the name of a secret.
    pub(crate) fn secrets<'a>(&'a self, token: &'a Token) -> Vec<&'a str> {
        let words = ["KEY", "TOKEN", "SECRET", "PASSWORD"];
        let named = |name: &str| words.iter().any(|word| name.to_ascii_uppercase().contains(word));
        let given = self.env.iter().filter(|(name, _)| named(name)).map(|(_, value)| value.as_str());
        given.chain([token.expose()]).collect()
    }
}
