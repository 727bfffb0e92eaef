//! The command line as values.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

/// Talk to TonnyTray from the terminal: dictate, transcribe files, manage models, history and settings.
#[derive(Debug, Parser)]
#[command(name = "tonny", version, about, propagate_version = true, arg_required_else_help = true)]
pub struct Arguments {
    /// Print data as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Talk to the running app.
    #[command(subcommand)]
    Ctl(Ctl),
    /// Turn an audio file into text.
    Transcribe {
        /// WAV, FLAC, MP3, OGG or M4A.
        file: PathBuf,
        /// Model to use instead of the one in the settings.
        #[arg(long, value_name = "ID")]
        model: Option<String>,
        /// Spoken language as ISO 639-1, or auto.
        #[arg(long, value_name = "L")]
        language: Option<String>,
    },
    /// Speech models: list, install, import, remove.
    #[command(subcommand)]
    Models(Models),
    /// Worker processes: list, start, stop, restart, reset, logs.
    #[command(subcommand)]
    Workers(Workers),
    /// What was said and done: list, search, show, stats, activity, retry, restore, delete, export, import.
    #[command(subcommand)]
    History(History),
    /// Settings: list, get, set, reset, export, import.
    #[command(subcommand)]
    Settings(Settings),
    /// The database: check, backup, restore, vacuum, stats.
    #[command(subcommand)]
    Db(Db),
    /// Keys, tokens and addresses: list, set, clear, forget, store, lock, unlock. Values are never printed.
    #[command(subcommand)]
    Secrets(Secrets),
    /// Ask the assistant; its answer streams to standard output.
    Ask(Question),
    /// Providers of language models: list, test, refresh.
    #[command(subcommand)]
    Providers(Providers),
    /// The contract on what may leave this machine: check, try, show.
    #[command(subcommand)]
    Policy(Policy),
    /// What left this machine, newest first; never a word of what was said.
    Ledger(Ledger),
    /// Show what the app wrote down about itself; it need not run.
    Logs(Logs),
    /// Check microphone, hotkey, insertion, keyring, model, workers and database.
    Doctor,
}

/// Verbs for the running app.
#[derive(Debug, Subcommand)]
pub enum Ctl {
    /// Press the dictation key.
    Press(Route),
    /// Let go of the dictation key.
    Release(Route),
    /// Start hands-free, or end it.
    Toggle(Route),
    /// End the recording without inserting its words.
    Cancel(Route),
    /// Print the app's state as one JSON object.
    Status,
    /// Open the window.
    Show {
        /// general, speech, history or about.
        page: Option<String>,
    },
    /// End the app.
    Quit,
}

/// A question to the assistant.
#[derive(Debug, clap::Args)]
pub struct Question {
    /// The question.
    pub text: String,
    /// Model to ask first, as provider/model.
    #[arg(long, value_name = "PROVIDER/MODEL")]
    pub model: Option<String>,
    /// Instructions of the new conversation.
    #[arg(long, value_name = "TEXT", conflicts_with = "resume")]
    pub system: Option<String>,
    /// Go on with this conversation, as --json names it.
    #[arg(long = "continue", value_name = "CONVERSATION")]
    pub resume: Option<String>,
}

/// Verbs for providers of language models.
#[derive(Debug, Subcommand)]
pub enum Providers {
    /// Show every provider, and why one cannot be asked now.
    List,
    /// Fetch the newer list of models and prices from the address that is set (assistant.models_address).
    Refresh,
    /// Ask one for its list of models: that costs nothing and needs a good address and key.
    Test {
        /// Its id, as `tonny providers list` shows it.
        name: String,
    },
}

/// Verbs for the contract.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Read a contract and run its examples.
    Check {
        /// A TOML file; `tonny policy show` prints one to begin with.
        file: PathBuf,
    },
    /// Show what a contract would let out of some words.
    Try {
        /// A TOML file.
        file: PathBuf,
        /// The words.
        words: String,
        /// To which model, as provider/model.
        #[arg(long, value_name = "PROVIDER/MODEL", default_value = "openai/gpt-4o")]
        model: String,
    },
    /// Print the contract in force.
    Show,
}

/// Which rows of the ledger.
#[derive(Debug, clap::Args)]
pub struct Ledger {
    /// How many.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: u32,
    /// Older than this place, as --json names it in `next`.
    #[arg(long, value_name = "PLACE")]
    pub before: Option<String>,
    /// Add up by day and host, over so many days.
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
}

/// Where the words go.
#[derive(Debug, clap::Args)]
pub struct Route {
    /// type, clipboard or assistant.
    #[arg(long, value_name = "NAME")]
    pub route: Option<String>,
}

/// Verbs for models.
#[derive(Debug, Subcommand)]
pub enum Models {
    /// Show the catalogue and what is installed.
    List {
        /// The language models of the assistant instead of the speech models.
        #[arg(long)]
        language: bool,
    },
    /// Download and install a model of the catalogue, of speech or of language.
    Install {
        /// Its id, as `tonny models list` shows it.
        id: String,
    },
    /// Take in a .gguf or ggml file, or a faster-whisper folder.
    Import {
        /// The file or folder; it stays where it is.
        path: PathBuf,
        /// It is a language model for the assistant, as a .gguf file.
        #[arg(long)]
        language: bool,
    },
    /// Delete an installed model.
    Remove {
        /// Its id.
        id: String,
    },
}

/// Verbs for workers.
#[derive(Debug, Subcommand)]
pub enum Workers {
    /// Show every worker: its state, since when it runs, what it uses.
    List,
    /// Start a worker that is stopped, failed or waiting to be tried again.
    Start {
        /// Its name.
        name: String,
    },
    /// Stop a worker until it is started again.
    Stop {
        /// Its name.
        name: String,
    },
    /// Restart a worker, with a fresh restart budget.
    Restart {
        /// Its name.
        name: String,
    },
    /// Close a worker's breakers and release it: it is started and asked again at once.
    Reset {
        /// Its name.
        name: String,
    },
    /// Keep requests away from a worker until it is released; speech goes to the next engine.
    Hold {
        /// Its name.
        name: String,
    },
    /// Let requests to a worker through again.
    Release {
        /// Its name.
        name: String,
    },
    /// Show the last lines a worker wrote; with a level or a time, what mattered about it.
    Logs {
        /// Its name.
        name: String,
        /// Only what matters as much or more: info, warn, error.
        #[arg(long, value_parser = ["info", "warn", "error"])]
        level: Option<String>,
        /// Not older than this: 90s, 10m, 2h, 3d.
        #[arg(long, value_parser = ago)]
        since: Option<Duration>,
        /// Go on showing what comes, until interrupted.
        #[arg(long)]
        follow: bool,
    },
}

/// Which lines of the app's own log.
#[derive(Debug, clap::Args)]
pub struct Logs {
    /// Only what matters as much or more: error, warn, info, debug, trace.
    #[arg(long, value_parser = ["error", "warn", "info", "debug", "trace"])]
    pub level: Option<String>,
    /// Not older than this: 90s, 10m, 2h, 3d.
    #[arg(long, value_parser = ago)]
    pub since: Option<Duration>,
    /// Go on showing what comes, until interrupted.
    #[arg(long)]
    pub follow: bool,
}

/// Verbs for the history.
#[derive(Debug, Subcommand)]
pub enum History {
    /// Show the newest utterances.
    List {
        /// How many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
        #[command(flatten)]
        filter: Filter,
    },
    /// Find utterances by words or beginnings of words.
    Search {
        /// What to look for.
        text: String,
        /// How many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
        #[command(flatten)]
        filter: Filter,
    },
    /// Show one utterance with its timings.
    Show {
        /// Its id.
        id: String,
    },
    /// Transcribe a kept recording again (in the running app).
    Retry {
        /// Its id.
        id: String,
        /// With another installed model, by its id.
        #[arg(long)]
        model: Option<String>,
    },
    /// Bring a cancelled utterance back (in the running app).
    Restore {
        /// Its id.
        id: String,
    },
    /// Count words, minutes and successes, day by day.
    Stats {
        /// How many days, today the last of them.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_660))]
        days: u32,
    },
    /// Show what was done: settings changed, models installed, engines that gave up, ...
    Activity {
        /// How many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
        /// Done then or later: 2026-11-21, or with a time.
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Only of this kind, such as settings.change.
        #[arg(long, value_name = "NAME")]
        action: Option<String>,
    },
    /// Save a kept recording as a WAV file.
    Audio {
        /// Its id.
        id: String,
        /// The file; one that exists is not overwritten.
        #[arg(long)]
        out: PathBuf,
    },
    /// Delete an utterance and its recording.
    Delete {
        /// Its id.
        id: String,
    },
    /// Take in an export: JSON or CSV of TonnyTray, or the CSV exports of an old PostgreSQL set-up
    /// (transcriptions.csv, logs.csv). All of the file comes in, or nothing.
    Import {
        /// The file.
        file: PathBuf,
    },
    /// Print the history, or what of it fits.
    Export {
        /// Form of the output.
        #[arg(long, value_enum, default_value_t = Format::Json)]
        format: Format,
        #[command(flatten)]
        filter: Filter,
        /// Encrypt it with a password, from a hidden prompt or standard input; `tonny history import` takes it back.
        #[arg(long)]
        encrypt: bool,
    },
}

/// Only utterances that fit.
#[derive(Debug, Default, clap::Args)]
pub struct Filter {
    /// Spoken then or later: 2026-11-21, or with a time. Without a zone it is yours.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Spoken before then.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Spoken under this profile.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Sent this way.
    #[arg(long, value_name = "NAME")]
    pub route: Option<String>,
    /// Heard by this engine.
    #[arg(long, value_name = "NAME")]
    pub engine: Option<String>,
    /// In this state.
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
    /// Spoken by this person.
    #[arg(long, value_name = "NAME")]
    pub speaker: Option<String>,
}

/// Verbs for the database.
#[derive(Debug, Subcommand)]
pub enum Db {
    /// Look for damage: pages, references, search indexes.
    Check,
    /// Make a backup, checked before it counts.
    Backup,
    /// Go back to a backup; what there is now is kept as another one.
    Restore {
        /// The backup.
        file: PathBuf,
    },
    /// Remove what is over the limits of the settings now; the app does it by itself.
    Clean,
    /// Give free room back to the system.
    Vacuum,
    /// Show sizes, counts and backups.
    Stats,
}

/// Forms the history can be exported in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Everything, as an array of objects.
    Json,
    /// Time, state, text and what belongs to it, with a header.
    Csv,
    /// Time and text, a line each.
    Txt,
    /// Subtitles, one utterance after the other.
    Srt,
}

/// Verbs for settings.
#[derive(Debug, Subcommand)]
pub enum Settings {
    /// Show every setting with its value, range and meaning.
    List,
    /// Print one setting.
    Get {
        /// Its key, such as dictation.tail_ms.
        key: String,
    },
    /// Change one setting; a running app applies it at once.
    Set {
        /// Its key.
        key: String,
        /// Its new value; null where the setting allows none.
        value: String,
    },
    /// Put one setting, or everything, back to its default.
    Reset {
        /// Its key; everything without one.
        key: Option<String>,
    },
    /// Print all settings as commented TOML.
    Export,
    /// Read settings from a TOML file; what it does not mention stays.
    Import {
        /// The file.
        file: PathBuf,
    },
}

/// Verbs for secrets.
#[derive(Debug, Subcommand)]
pub enum Secrets {
    /// Show every kind: whether it is set, since when, last used, where it is kept. Never a value.
    List,
    /// Keep a value; it comes from standard input or a hidden prompt.
    Set {
        /// Its kind; `tonny secrets list` shows them.
        name: String,
        /// Keep it without trying it against its provider.
        #[arg(long)]
        no_test: bool,
        /// The first line of standard input is the password of the encrypted file, the value follows.
        #[arg(long)]
        password_first: bool,
    },
    /// Delete a value.
    Clear {
        /// Its kind.
        name: String,
    },
    /// Delete every secret, in every place.
    Forget {
        /// Really.
        #[arg(long)]
        yes: bool,
    },
    /// Keep secrets in another place, and move what there is.
    Store {
        /// Where.
        #[arg(value_enum)]
        place: Store,
        /// You have read what protects them there.
        #[arg(long)]
        agree: bool,
        /// Give the encrypted file another password: from prompts, or two lines of standard input, the old one first.
        #[arg(long, conflicts_with_all = ["agree", "auto_lock"])]
        change_password: bool,
        /// The encrypted file locks itself after so many minutes without use; 0 is never.
        #[arg(long, value_name = "MIN", value_parser = clap::value_parser!(u32).range(0..=1440))]
        auto_lock: Option<u32>,
    },
    /// Lock the encrypted file in the running app.
    Lock,
    /// Have the keyring ask for its password.
    Unlock,
}

/// Places for secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Store {
    /// The operating system's keyring.
    Keyring,
    /// A file encrypted with a password.
    File,
    /// Nowhere: in the running app's memory.
    Session,
}

/// A time span as `90s`, `10m`, `2h` or `3d`.
fn ago(text: &str) -> Result<Duration, String> {
    let unit = text.chars().last().and_then(|unit| match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(60 * 60),
        'd' => Some(24 * 60 * 60),
        _ => None,
    });
    let number = unit.and_then(|unit| text[..text.len() - 1].parse::<u64>().ok()?.checked_mul(unit));
    number.map(Duration::from_secs).ok_or_else(|| "write it as 90s, 10m, 2h or 3d".to_owned())
}
