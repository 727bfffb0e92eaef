//! Keeps any child process alive. Knows nothing of speech or language models, and nothing of the app that uses it.
//!
//! # Theory of operation
//!
//! [`Supervisor::worker`] takes a [`Spec`] and gives a [`Handle`] and a future. The caller spawns the future; nothing
//! here spawns a task of its own. One future is one worker: it owns the machine, the child, the three pipes and the log
//! tail. A [`Supervisor`] owns what workers share: the keeper's path, the channel of [`Record`]s.
//!
//! **Who owns what.** [`machine::Machine`] decides and touches nothing: events in, at most one effect out, `now` a
//! parameter. `run` carries out: it turns effects into processes and signals, and what happens into events.
//! `child` owns one live copy of the worker from spawn to reaping; it is polled by `run`, never spawned. `Handle`
//! owns nothing: it sends orders and reads the published [`WorkerState`]. [`Gate`] is the one thing that callers and
//! `run` share: the request breaker and the count of requests in flight, behind a lock that is never held across a wait.
//!
//! **What is ordered.** Orders are carried out in the order they were sent. Each event is decided and published
//! before the next one is looked at. A copy of the worker is reaped before the next one starts, so two never live at
//! once; every start has a number (`incarnation`) and a launch token of its own. Log lines of one stream keep
//! their order. Readers of state and log may miss intermediate values, never the newest.
//!
//! **Talking to the worker.** Ours get the launch token as their first line of standard input and say by a line of JSON
//! that they are ready; programs of others may get it in a variable ([`TokenBy`]) and say so by a line of their log, or
//! have to be asked ([`ReadyBy`]). Standard input stays open and closes when the worker is to end, or when the app died.
//! Everything it says is read at once and bounded here; a worker never waits for us.
//!
//! **Knowing how it is.** An exit is an event and never polled for. A ready worker answers [`Probe`]s, its processes' CPU
//! time and memory are read every 2 s ([`Usage`]), and requests that took a [`Permit`] tell of their progress: silence
//! of all of them is a hang, silence of the probes alone is not. [`Health`] is the worst that follows from all this.
//!
//! **When we are wrong.** A panic in a worker's future is caught where it happens; the worker lives on, and what was
//! decided but not done yet is done again.
//!
//! **What dropping means.** Dropping the last `Handle` ends the worker in peace: asked, given its grace, then killed,
//! and the future completes. [`Handle::close`] does the same on purpose. Dropping the *future* kills the worker and
//! all of its group at once, without grace; a process that dies without dropping anything is what the keeper
//! (`tonny-keeper`, see `src/bin/tonny-keeper.rs`) is for.
//!
//! **Nothing outlives the app.** The keeper watches the app and, through the leash, is told even of a death that pids
//! hide; it ends its worker and all that came from it. A keeper that was killed takes the worker along, and what else it
//! kept is found by the mark in its environment (`leftovers`): by the app at once, by the next app at its start.
//!
//! Start reading at `machine.rs`.

pub mod breaker;
mod child;
mod error;
mod handle;
pub mod health;
#[cfg_attr(unix, path = "leash/unix.rs")]
#[cfg_attr(windows, path = "leash/windows.rs")]
mod leash;
pub mod leftovers;
mod lines;
mod logs;
pub mod machine;
mod output;
mod permit;
mod probe;
mod ready;
mod record;
mod records;
mod remains;
mod run;
mod spec;
mod state;
mod supervisor;
mod sync;
mod token;
mod usage;

#[cfg_attr(unix, path = "group/unix.rs")]
#[cfg_attr(windows, path = "group/windows.rs")]
mod group;

pub use breaker::{CircuitLimits, Failure, Rejected, Rejection, Requests, Slow};
pub use error::SupervisorError;
pub use handle::Handle;
pub use health::{Health, Why};
pub use logs::{Entry, LogLimits, Said, Sieve, Splitter, Stored, Stream};
pub use machine::{Cause, Sign};
pub use permit::{Gate, Permit};
pub use probe::{At, How, Probe};
pub use ready::ReadyBy;
pub use record::{LastOutput, Level, Record, RecordKind};
pub use spec::{Restart, Spec, SpecError, TokenBy};
pub use state::{Breaker, Exit, LastExit, Phase, Ready, WorkerState};
pub use supervisor::{Base, Supervisor};
pub use token::Token;
pub use usage::{Usage, free_memory, memory_of_this_computer};
