//! What to run and by which limits. A plain value; the caller fills it and may swap it with `Handle::respec`.

use crate::machine::Policy;
use std::{ffi::OsString, path::PathBuf, time::Duration};

/// Exit codes of the keeper (and of every shell) for "not executable" and "not found": trying again cannot help.
const NOT_STARTABLE: [i32; 2] = [126, 127];

/// One worker: program, arguments, environment, limits.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The worker's name in states and logs.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments. Visible to every program of the machine: no secrets here.
    pub args: Vec<OsString>,
    /// Environment on top of the few inherited names (PATH, HOME, LANG, LC_*, XDG_RUNTIME_DIR, TMPDIR).
    pub env: Vec<(String, String)>,
    /// Longest silence before the ready line. A line on standard error is progress and starts it anew.
    pub ready_deadline: Duration,
    /// From the request to end until SIGKILL.
    pub stop_grace: Duration,
    /// Exit codes that mean "set up wrongly": the worker is Failed and not tried again.
    pub do_not_retry: Vec<i32>,
    /// `tonny-keeper`, put in front of the worker where given.
    pub keeper: Option<PathBuf>,
}

impl Spec {
    /// A spec with the usual limits: 60 s of silence while starting, 5 s grace, exit codes 2 and 3 not retried.
    pub fn new(name: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            ready_deadline: Duration::from_secs(60),
            stop_grace: Duration::from_secs(5),
            do_not_retry: vec![2, 3],
            keeper: None,
        }
    }

    pub(crate) fn policy(&self) -> Policy {
        let mut do_not_retry = self.do_not_retry.clone();
        if self.keeper.is_some() {
            do_not_retry.extend(NOT_STARTABLE);
        }
        Policy { ready_deadline: self.ready_deadline, stop_grace: self.stop_grace, do_not_retry }
    }
}
