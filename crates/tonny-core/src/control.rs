//! The control socket's language: one JSON object per line in and out, spoken by `tonny ctl` and by a second instance.

use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use crate::snapshot::Status;
use crate::worker_log::{WorkerLogQuery, WorkerLogRow};

/// Longest line accepted, bytes; a request is a few words.
pub const MAX_LINE: usize = 4_096;

/// What can be asked of the running app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// The dictation key goes down.
    Press {
        /// Where the words go; the default route when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        route: Option<String>,
    },
    /// The dictation key comes up.
    Release {
        /// Accepted for symmetry; the route was fixed by the press.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        route: Option<String>,
    },
    /// Starts hands-free, or ends it.
    Toggle {
        /// Where the words go; the default route when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        route: Option<String>,
    },
    /// Ends the recording without inserting its words.
    Cancel {
        /// Accepted for symmetry.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        route: Option<String>,
    },
    /// Asks for the state.
    Status,
    /// Opens the window.
    Show {
        /// A page's id, such as "general" or "history".
        #[serde(default, skip_serializing_if = "Option::is_none")]
        page: Option<String>,
    },
    /// Closes the encrypted file of secrets.
    LockSecrets,
    /// Reads settings and models again, because the terminal changed them.
    Reload,
    /// Transcribes a kept recording again.
    Retry {
        /// The utterance's id.
        id: String,
        /// Another model, by its id; the one in use when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
    },
    /// Restarts a worker.
    RestartWorker {
        /// Its name.
        name: String,
    },
    /// Starts a worker that is stopped.
    StartWorker {
        /// Its name.
        name: String,
    },
    /// Stops a worker until it is started again.
    StopWorker {
        /// Its name.
        name: String,
    },
    /// Closes both breakers of a worker.
    ResetWorker {
        /// Its name.
        name: String,
    },
    /// The last lines a worker wrote; with a query, what mattered about it.
    WorkerLogs {
        /// Its name.
        name: String,
        /// Which rows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        query: Option<WorkerLogQuery>,
    },
    /// Ends the app.
    Quit,
}

impl Request {
    /// The request of a line. Only an object is one: serde would take an array too.
    ///
    /// # Errors
    /// What is wrong with the line.
    pub fn of_line(line: &str) -> serde_json::Result<Self> {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line)?;
        serde_json::from_value(object.into())
    }
}

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Whether it was done.
    pub ok: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// The answer to `status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The answer to `worker_logs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<String>>,
    /// The answer to `worker_logs` with a query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<WorkerLogRow>>,
}

impl Reply {
    /// Done, with nothing more to say.
    pub fn done() -> Self {
        Self { ok: true, problem: None, status: None, lines: None, rows: None }
    }
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        Self { ok: false, problem: Some(problem), status: None, lines: None, rows: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_short_lines_and_unknown_verbs_are_refused() {
        let press: Request = serde_json::from_str(r#"{"verb":"press"}"#).expect("press");
        assert_eq!(press, Request::Press { route: None });
        assert_eq!(serde_json::to_string(&Request::Status).expect("line"), r#"{"verb":"status"}"#);
        assert!(serde_json::from_str::<Request>(r#"{"verb":"run","command":"ls"}"#).is_err());
        assert!(serde_json::from_str::<Request>(r#"{"verb":"press","path":"/"}"#).is_err());
        assert!(Request::of_line(r#"["quit"]"#).is_err());
        assert_eq!(Request::of_line(r#"{"verb":"quit"}"#).expect("quit"), Request::Quit);
    }
}
