//! What the fake worker can be asked to do. Times are milliseconds after its start unless they say otherwise.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Every behaviour; they can be mixed.
#[derive(Parser, Debug, Clone)]
#[command(name = "fake-worker", version, about = "A worker that misbehaves on request")]
pub struct Flags {
    /// What the worker starts itself as; not for supervisors.
    #[command(subcommand)]
    pub role: Option<Role>,

    /// Exits after this time.
    #[arg(long)]
    pub exit_after: Option<u64>,
    /// Exits with this code.
    #[arg(long, default_value_t = 0)]
    pub exit_code: i32,
    /// ... or by this signal.
    #[arg(long)]
    pub exit_signal: Option<i32>,
    /// Writes to address 0 after this time.
    #[arg(long)]
    pub segfault_after: Option<u64>,
    /// Sends SIGSTOP to itself after this time.
    #[arg(long)]
    pub stop_itself_after: Option<u64>,
    /// Closes standard output and standard error after this time, and lives on.
    #[arg(long)]
    pub close_pipes_after: Option<u64>,
    /// Is deaf to SIGTERM.
    #[arg(long)]
    pub ignore_sigterm: bool,
    /// Lives on when standard input closes.
    #[arg(long)]
    pub ignore_stdin: bool,
    /// Leaks this many MB each second, every page touched.
    #[arg(long)]
    pub leak: Option<usize>,
    /// Uses a whole core.
    #[arg(long)]
    pub burn: bool,

    /// Holds an exclusive lock on this file for life; exits with 99 when another copy has it.
    #[arg(long)]
    pub lock: Option<PathBuf>,
    /// Appends a JSON line for each process that is started: role, pid.
    #[arg(long)]
    pub diary: Option<PathBuf>,
    /// Prints the environment to standard error.
    #[arg(long)]
    pub print_env: bool,

    /// Where the launch token comes from: `stdin`, `none`, or `env:NAME`.
    #[arg(long, default_value = "stdin")]
    pub token: TokenFrom,
    /// Serves with another token than it was given.
    #[arg(long)]
    pub wrong_token: bool,
    /// Loads for this time before it is ready.
    #[arg(long)]
    pub load: Option<u64>,
    /// Says so on standard error each time this has passed.
    #[arg(long)]
    pub load_progress: Option<u64>,
    /// How it says that it is ready.
    #[arg(long, value_enum, default_value_t = ReadyLine::Good)]
    pub ready: ReadyLine,
    /// Says it again after this time.
    #[arg(long)]
    pub ready_again_after: Option<u64>,

    /// Child processes that only sleep.
    #[arg(long, default_value_t = 0)]
    pub children: u32,
    /// Generations of them: 2 is a child with a grandchild.
    #[arg(long, default_value_t = 1)]
    pub generations: u32,
    /// Descendants that forked twice, have a session of their own and closed every descriptor.
    #[arg(long, default_value_t = 0)]
    pub escaped: u32,
    /// Child processes keep the pipes of standard output and standard error.
    #[arg(long)]
    pub hold_pipes: bool,

    /// Serves HTTP on loopback.
    #[arg(long)]
    pub http: bool,
    /// On this port; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// One request at a time: health waits behind work.
    #[arg(long)]
    pub one_loop: bool,
    /// Accepts connections and never answers.
    #[arg(long)]
    pub stall: bool,
    /// From this time on.
    #[arg(long, default_value_t = 0)]
    pub stall_after: u64,
    /// Answers this much too late.
    #[arg(long, default_value_t = 0)]
    pub late: u64,
    /// Health is fine, work never ends.
    #[arg(long)]
    pub lie: bool,
    /// Health answers 503.
    #[arg(long)]
    pub unwell: bool,
    /// Health wants the token too.
    #[arg(long)]
    pub guard_health: bool,
    /// Prints a line on standard error each time this has passed while it works.
    #[arg(long)]
    pub heartbeat: Option<u64>,

    /// Lines each second on each stream, one write each; 0 is as many as possible.
    #[arg(long)]
    pub lines: Option<u64>,
    /// Bytes of a line, its end included.
    #[arg(long, default_value_t = 100)]
    pub line_bytes: usize,
    /// For this time.
    #[arg(long, default_value_t = 1000)]
    pub lines_for: u64,
    /// Which streams.
    #[arg(long, value_enum, default_value_t = Streams::Both)]
    pub streams: Streams,
    /// Writes lines, bytes, worst and 99th percentile write() to this file at the end, as JSON.
    #[arg(long)]
    pub lines_report: Option<PathBuf>,
    /// Output that breaks readers, on standard error.
    #[arg(long, value_enum)]
    pub hostile: Option<Hostile>,
    /// Prints one byte to standard error each time this has passed.
    #[arg(long)]
    pub dribble: Option<u64>,
}

#[derive(Subcommand, Debug, Clone)]
pub enum Role {
    /// Sleeps.
    Sleep(Sleeper),
    /// Leaves the session, starts a sleeper without any descriptor, ends.
    Escape(Sleeper),
    /// Binds ports one after the other and answers 200 to everything.
    Thief {
        /// How many at a time.
        #[arg(long, default_value_t = 500)]
        ports: usize,
    },
}

#[derive(Args, Debug, Clone)]
pub struct Sleeper {
    /// Generations from here on.
    #[arg(long, default_value_t = 1)]
    pub generations: u32,
    /// Is deaf to SIGTERM.
    #[arg(long)]
    pub deaf: bool,
    /// Closes every descriptor.
    #[arg(long)]
    pub bare: bool,
    /// As in the worker.
    #[arg(long)]
    pub diary: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenFrom {
    Stdin,
    Environment(String),
    None,
}

impl FromStr for TokenFrom {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "stdin" => Self::Stdin,
            "none" => Self::None,
            other => Self::Environment(other.trim_start_matches("env:").to_owned()),
        })
    }
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadyLine {
    /// One JSON object on standard output.
    Good,
    /// Two of them, which differ.
    Double,
    /// Words.
    Words,
    /// JSON, but a list.
    List,
    /// 10 MB without an end.
    Huge,
    /// An empty line first.
    Empty,
    /// Nothing.
    Never,
    /// No JSON: `listening on http://ADDRESS` on standard error.
    Log,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    Out,
    Err,
    Both,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hostile {
    /// 64 MiB without a line end.
    Endless,
    /// Bytes that are no UTF-8.
    BadUtf8,
    /// Zero bytes.
    Nul,
    /// Colours, cursor movements and window titles.
    Ansi,
    /// Progress bars that redraw themselves with carriage returns.
    Bars,
}
