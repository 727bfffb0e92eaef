//! One live copy of a worker, from spawn to reaping: its process, its three pipes. Reads everything it says at once and
//! bounded, and reports; it decides nothing. Dropped while alive, it kills the whole group.

use crate::{
    ReadyBy, Spec, SupervisorError, Token, TokenBy, group,
    leash::Leash,
    leftovers::{self, Mark},
    logs::CopyLog,
    machine::End,
    output::Output,
    ready::ReadyWatch,
    supervisor::Shared,
};
use futures_util::FutureExt;
use std::{
    ffi::OsString,
    io,
    panic::AssertUnwindSafe,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStdin, Command},
    sync::mpsc,
    time::sleep,
};

/// After a panic of ours: long enough that one which comes back at once does not burn a core, short enough that nobody
/// notices.
pub(crate) const BREATH: Duration = Duration::from_millis(10);

/// What a live copy says.
#[derive(Debug)]
pub(crate) enum Report {
    ReadyLine { line: String, address: Option<String> },
    BadReadyLine(&'static str),
    Progress,
}

/// What a live copy is told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signal {
    Terminate,
    Force,
    Kill,
}

/// How it ended, and what is still to be read where a descendant holds the pipes.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) end: End,
    pub(crate) output: Output,
}

/// Its ends of the two channels to the runner.
#[derive(Debug)]
pub(crate) struct Wires {
    pub(crate) signals: mpsc::UnboundedReceiver<Signal>,
    pub(crate) reports: mpsc::Sender<Report>,
    pub(crate) log: CopyLog,
    pub(crate) ready: ReadyBy,
}

/// A spawned process with its group.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Where a keeper stands between.
    leash: Option<Leash>,
    mark: Mark,
    records: Option<leftovers::Records>,
    greeting: Option<Token>,
}

impl Process {
    pub(crate) fn spawn(spec: &Spec, shared: &Shared, token: &Token) -> Result<Self, SupervisorError> {
        let failed = |source| SupervisorError::Spawn { program: spec.program.clone(), source };
        let ends = shared.base.keeper.as_ref().map(|_| Leash::new()).transpose().map_err(failed)?;
        let (leash, keeper_end) = ends.unzip();
        let handed = keeper_end.as_ref().map(|end| end.hand_over()).transpose().map_err(failed)?;
        let mut command = command(spec, shared.base.keeper.as_deref(), handed.unwrap_or_default());
        let mark = Mark::fresh()?;
        group::own_group(&mut command, spec.background);
        command.env_clear().envs(inherited()).envs(spec.env.iter().map(|(name, value)| (name, value)));
        command.env(leftovers::VARIABLE, mark.as_str());
        if let TokenBy::Environment(name) = &spec.secret {
            command.env(name, token.expose());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().map_err(failed)?;
        if spec.background && leash.is_none() {
            group::step_back(&child);
        }
        drop(keeper_end);
        let records = shared.leftovers.clone();
        if let (Some(records), Some(pid)) = (&records, child.id())
            && let Err(error) = records.note(&mark, &spec.name, pid)
        {
            tracing::warn!(worker = %spec.name, %error, "not written down that it runs");
        }
        let greeting = (spec.secret == TokenBy::StandardInput).then(|| token.clone());
        Ok(Self { child, leash, mark, records, greeting })
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Lives with the process until it is reaped.
    pub(crate) async fn live(mut self, wires: Wires) -> Ended {
        let Wires { mut signals, reports, log, ready } = wires;
        let pid = self.child.id();
        let (stdin, stdout, stderr) =
            (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take());
        let mut output = Output::new(stdout, stderr, ReadyWatch::new(&ready), reports, log);
        let mut stdin = greet(stdin, self.greeting.take()).await;
        let status = loop {
            let attended = self.attend(&mut stdin, &mut signals, &mut output);
            match AssertUnwindSafe(attended).catch_unwind().await {
                Ok(status) => break status,
                // Reading what it says went wrong; the worker is none the worse for it.
                Err(_) => sleep(BREATH).await,
            }
        };
        drop(stdin);
        group::sweep(pid);
        self.leave_nothing().await;
        let exit = status.map(group::exit_of).unwrap_or_default();
        output.read_what_is_there();
        let end = End { exit, last_words: output.last_words(), out_of_memory: false };
        Ended { end, output }
    }

    /// Carries signals in and output out until it ends.
    async fn attend(
        &mut self,
        stdin: &mut Option<ChildStdin>,
        signals: &mut mpsc::UnboundedReceiver<Signal>,
        output: &mut Output,
    ) -> io::Result<ExitStatus> {
        loop {
            tokio::select! {
                status = self.child.wait() => return status,
                Some(signal) = signals.recv() => {
                    *stdin = None;
                    self.signal(signal);
                }
                () = output.read(), if !output.is_ended() => {}
            }
            tracing::trace!("attended");
        }
    }

    /// A keeper that ended without a word was killed: what it kept has lost its parent and is found by the mark.
    async fn leave_nothing(&mut self) {
        if self.leash.as_mut().is_some_and(|leash| !leash.is_swept()) {
            let mark = self.mark.clone();
            tokio::task::spawn_blocking(move || leftovers::end_copy(&mark)).await.ok();
        }
        if let Some(records) = &self.records {
            records.forget(&self.mark);
        }
    }

    fn signal(&mut self, signal: Signal) {
        match signal {
            Signal::Terminate => group::terminate(&mut self.child),
            Signal::Force => group::force(&mut self.child, self.leash.is_some()),
            Signal::Kill => group::kill(&mut self.child),
        }
    }
}

impl Drop for Process {
    /// After the reaping this does nothing. tokio reaps a child that was dropped alive.
    fn drop(&mut self) {
        group::force(&mut self.child, self.leash.is_some());
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place where workers are started")]
fn command(spec: &Spec, keeper: Option<&Path>, leash: Vec<OsString>) -> Command {
    let Some(keeper) = keeper else {
        let mut command = Command::new(&spec.program);
        command.args(&spec.args);
        return command;
    };
    let mut command = Command::new(keeper);
    command.arg("--app-pid").arg(std::process::id().to_string()).args(leash);
    if spec.background {
        command.args(group::step_back_arguments());
    }
    command.arg("--").arg(&spec.program).args(&spec.args);
    command
}

#[allow(clippy::disallowed_methods, reason = "the one place where a worker gets its environment")]
fn inherited() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| {
        name.to_str().is_some_and(|name| name.starts_with("LC_") || group::INHERITED.contains(&name))
    })
}

/// Sends the token. It fits the pipe, so this never waits for the worker; where it fails, the worker is ending and its
/// exit says more than the broken pipe.
async fn greet(stdin: Option<ChildStdin>, token: Option<Token>) -> Option<ChildStdin> {
    let mut stdin = stdin?;
    let Some(token) = token else { return Some(stdin) };
    stdin.write_all(format!("{}\n", token.expose()).as_bytes()).await.ok();
    stdin.flush().await.ok();
    Some(stdin)
}
