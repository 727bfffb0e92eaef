//! The App: one task that owns all changing state. Everybody else sends it messages and reads its snapshots.
//!
//! ```text
//! hotkey, tray, window, control socket ──Message──▶ App ──watch──▶ snapshot, overlay, level
//!        microphone, engine, insertion ──Message──▶  │
//!                                                    └─spawns─▶ transcription, delivery, install (TaskTracker)
//! ```
//! Messages are handled one at a time and never wait: what may take long is spawned and answers with another message.
//! Utterances are delivered in the order they were spoken. Quit waits for what is under way, 5 s at most. Start reading
//! at [`App::handle`].

mod alerts;
mod ask;
mod delivery;
pub mod export;
pub mod history;
mod install;
mod keeping;
mod language;
mod long_text;
mod microphones;
mod quitting;
mod recording;
pub mod recordings;
mod recovery;
mod repair;
pub mod retry;
pub mod secrets;
pub mod storage;
mod usage;
mod utterance;
mod view;
mod workers;

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, watch};
use tokio_util::task::TaskTracker;
use tonny_egress::Downloads;
use tonny_store::Store;
use tonny_supervisor::{Base, LogLimits, Supervisor};

pub use ask::{AppHandle, Message, SettingsChange, WorkerCommand};
pub use history::{HistoryFilter, HistoryPage, HistoryQuery, HistoryRow};
pub use storage::{BackupView, Checked, Cleaned, StorageView};
pub use usage::UsagePoint;

use crate::activity::{self, ActivityLog};
use crate::assistant::{self, Assistant, Local};
use crate::engine::{Chain, Programs};
use crate::model::Catalogue;
use crate::outgoing;
use crate::overlay::OverlayView;
use crate::ports::{AudioFiles, Clock, Disk, LanguageFiles, Microphone, ModelFiles, TextInsertion};
use crate::problem::{Code, Problem};
use crate::push_to_talk::PushToTalk;
use crate::secrets::Secrets;
use crate::settings::{self, Settings};
use crate::snapshot::{Install, LastUtterance, Snapshot};
use crate::worker_log::{self, WorkerLog};
use crate::worker_view::Moment;
use utterance::Utterance;
use view::Notice;
use workers::{AppWorker, Leaving};

/// Messages waiting for the App. Audio does not pass here, so that 1,024 are minutes of the busiest use.
const MAILBOX: usize = 1_024;

/// How long a quit waits for deliveries and workers.
pub const QUIT_DEADLINE: Duration = Duration::from_secs(5);

/// Everything the App is made of.
pub struct Parts {
    /// Rows.
    pub store: Store,
    /// Sound in.
    pub microphone: Arc<dyn Microphone>,
    /// Text out.
    pub insertion: Arc<dyn TextInsertion>,
    /// Recordings on disk.
    pub audio: Arc<dyn AudioFiles>,
    /// Sizes on disk.
    pub disk: Arc<dyn Disk>,
    /// Models on disk.
    pub models: Arc<dyn ModelFiles>,
    /// Language models.
    pub language_models: Arc<dyn LanguageFiles>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Downloads.
    pub downloads: Downloads,
    /// Keys, tokens and addresses that nobody may see.
    pub secrets: Secrets,
    /// Where wheels are looked up, unless the settings name another index.
    pub package_index: Option<String>,
    /// Where recordings go.
    pub audio_folder: PathBuf,
    /// Where models are, for their size.
    pub models_folder: PathBuf,
    /// Where what workers say goes: segment files, and the database of what mattered.
    pub log_folder: PathBuf,
    /// The worker programs.
    pub programs: Programs,
}

/// What the desktop is asked to do; it is the only one who can.
#[derive(Clone, Debug, PartialEq)]
pub enum DesktopWish {
    /// Open the window, on this page if named.
    Show(Option<String>),
    /// Open the assistant's window on this conversation.
    ShowConversation(String),
    /// The settings changed: hotkey, autostart and theme may have.
    Apply(Box<Settings>),
    /// Tell the user by a notification of the desktop.
    Notify(Notification),
}

/// What a notification says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// What happened, in a few words.
    pub title: String,
    /// What it means and what to do.
    pub body: String,
}

/// What the App publishes.
pub struct Outputs {
    /// The whole state, on every change.
    pub snapshot: watch::Receiver<Snapshot>,
    /// What the overlay shows.
    pub overlay: watch::Receiver<OverlayView>,
    /// The input level, 0.0 to 1.0.
    pub level: watch::Receiver<f32>,
    /// Wishes to the desktop.
    pub desktop: mpsc::UnboundedReceiver<DesktopWish>,
}

/// What leaves this machine beside questions to language models: both stop at once where the user went offline.
fn close_doors(parts: &Parts, settings: &Settings) {
    parts.downloads.switch().set(settings.privacy.offline);
    parts.secrets.set_offline(settings.privacy.offline);
}

/// Starts the App. The caller spawns the future; it ends after a quit.
pub async fn start(parts: Parts) -> (AppHandle, Outputs, impl Future<Output = ()> + Send) {
    let (messages, mailbox) = mpsc::channel(MAILBOX);
    let (snapshot, snapshot_out) = watch::channel(Snapshot::default());
    let (overlay, overlay_out) = watch::channel(OverlayView::Hidden);
    let (level, level_out) = watch::channel(0.0);
    let (desktop, desktop_out) = mpsc::unbounded_channel();
    let (settings, problem) = settings::load(&parts.store).await;
    let kept = &settings.logging;
    let (supervisor, records) = Supervisor::new(Base {
        keeper: parts.programs.keeper.clone(),
        logs: Some(LogLimits {
            total_bytes: u64::from(kept.worker_mb) << 20,
            max_age: days(kept.worker_days),
            ..LogLimits::new(parts.log_folder.join("workers"))
        }),
        run_folder: Some(parts.log_folder.join("running")),
    });
    // Before the first worker starts: what a dead app left holds memory, and perhaps a port.
    supervisor.sweep_leftovers().await;
    let (database, age) = (parts.log_folder.join("logs.db"), days(kept.incident_days));
    let (worker_log, write_log) = worker_log::start_kept(database, parts.clock.clone(), records, age);
    let (activity, write_activity) = activity::start(parts.store.clone(), parts.clock.clone());
    let handle = AppHandle::new(messages, snapshot_out.clone(), worker_log.clone());
    let (chain, _) = watch::channel(Chain::default());
    let (language, local) = watch::channel(Local::default());
    let (settings_out, settings_in) = watch::channel(settings.clone());
    close_doors(&parts, &settings);
    let tasks = TaskTracker::new();
    let want_local = Arc::new(Notify::new());
    let assistant = assistant::start(assistant::Parts {
        store: parts.store.clone(),
        secrets: parts.secrets.clone(),
        clock: parts.clock.clone(),
        settings: settings_in,
        local,
        want_local: want_local.clone(),
        tasks: tasks.clone(),
        stays: true,
    })
    .await;
    let assistant = assistant.map(|(assistant, run)| {
        tasks.spawn(run);
        assistant
    });
    let handle = handle.with(assistant.clone());
    tasks.spawn(pass_on(want_local, handle.clone()));
    let mut app = App {
        settings,
        problem,
        handle: handle.clone(),
        tasks,
        language,
        language_until: None,
        settings_out,
        assistant,
        catalogue: Catalogue::load(),
        key: PushToTalk::default(),
        utterances: VecDeque::new(),
        chain,
        supervisor,
        worker_log,
        activity,
        workers: Vec::new(),
        leaving: Vec::new(),
        runs: 0,
        installed: Vec::new(),
        languages: Vec::new(),
        install: None,
        install_task: None,
        last: None,
        notice: None,
        alerts: Default::default(),
        usages: Default::default(),
        hotkey_problem: None,
        hotkeys_paused: false,
        deletions: HashMap::new(),
        counted: None,
        recovered: Vec::new(),
        taken_up: HashSet::new(),
        typable: HashSet::new(),
        repaired: None,
        next_room: None,
        quitting: false,
        sealed: Vec::new(),
        retries: Default::default(),
        next_clean_up: None,
        cleaning: false,
        microphone_test: Default::default(),
        microphones: Vec::new(),
        history_version: 0,
        secrets_version: 0,
        old_secrets: Default::default(),
        snapshot,
        overlay,
        level,
        desktop,
        parts,
    };
    for witness in [app.parts.downloads.witness(), app.parts.secrets.witness()] {
        if let Some(seen) = witness.listen() {
            app.tasks.spawn(outgoing::follow(app.parts.store.clone(), app.parts.clock.clone(), seen));
        }
    }
    app.tasks.spawn(write_log);
    app.tasks.spawn(write_activity);
    let run = async move {
        app.prepare().await;
        app.run(mailbox).await;
    };
    let outputs =
        Outputs { snapshot: snapshot_out, overlay: overlay_out, level: level_out, desktop: desktop_out };
    (handle, outputs, run)
}

/// The owner of all changing state.
struct App {
    parts: Parts,
    settings: Settings,
    handle: AppHandle,
    tasks: TaskTracker,
    /// The local language model as the assistant finds it.
    language: watch::Sender<Local>,
    /// It stays in memory until then; none where nobody asked for it.
    language_until: Option<Instant>,
    /// For those who follow the settings.
    settings_out: watch::Sender<Settings>,
    /// Or why there is none.
    assistant: Result<Assistant, Problem>,
    catalogue: Catalogue,
    key: PushToTalk,
    /// In the order they were spoken; at most the last one is still being recorded.
    utterances: VecDeque<Utterance>,
    /// The speech engines as utterances find them.
    chain: watch::Sender<Chain>,
    supervisor: Supervisor,
    worker_log: WorkerLog,
    activity: ActivityLog,
    /// Speech engines first, in their order.
    workers: Vec<AppWorker>,
    leaving: Vec<Leaving>,
    /// Workers started so far.
    runs: u64,
    installed: Vec<crate::model::InstalledModel>,
    languages: Vec<crate::model::InstalledModel>,
    install: Option<Install>,
    install_task: Option<tokio::task::AbortHandle>,
    last: Option<LastUtterance>,
    problem: Option<Problem>,
    notice: Option<Notice>,
    alerts: alerts::Alerts,
    usages: usage::Usages,
    hotkey_problem: Option<Problem>,
    hotkeys_paused: bool,
    /// Rows the user deleted, until the time to take it back is over.
    deletions: HashMap<String, Instant>,
    /// The version of the history that was counted, and its utterances in all: a million of them take a moment.
    counted: Option<(u32, u32)>,
    /// Ids of utterances found again since the start, until the user has looked.
    recovered: Vec<String>,
    /// Of those, the ones that certainly went into no window, and that nobody left behind on purpose.
    typable: HashSet<String>,
    /// Left unfinished by the last run, and not at their end yet.
    taken_up: HashSet<String>,
    /// What happened to a damaged database, until the user has looked.
    repaired: Option<Problem>,
    /// When room for recordings is to be set aside again; present after it was needed.
    next_room: Option<Instant>,
    quitting: bool,
    /// Ids of utterances whose recordings wait for the vault to be opened.
    sealed: Vec<String>,
    retries: retry::Retries,
    next_clean_up: Option<Instant>,
    cleaning: bool,
    microphone_test: microphones::Test,
    /// The inputs there were at the last look.
    microphones: Vec<crate::ports::InputDevice>,
    history_version: u32,
    secrets_version: u32,
    old_secrets: secrets::OldSecrets,
    snapshot: watch::Sender<Snapshot>,
    overlay: watch::Sender<OverlayView>,
    level: watch::Sender<f32>,
    desktop: mpsc::UnboundedSender<DesktopWish>,
}

impl App {
    async fn run(&mut self, mut mailbox: mpsc::Receiver<Message>) {
        loop {
            self.publish();
            let wake = self.next_wake();
            let message = tokio::select! {
                message = mailbox.recv() => message,
                () = wake_at(wake) => { self.expire().await; continue }
            };
            match message {
                None | Some(Message::Quit) => break,
                Some(message) => self.handle(message).await,
            }
        }
        self.quit(&mut mailbox).await;
    }

    async fn handle(&mut self, message: Message) {
        match message {
            Message::Gesture(gesture, route, reply) => {
                let _ = reply.send(self.gesture(gesture, route).await);
            }
            Message::Opened(id, opened) => self.opened(&id, opened),
            Message::Note(id, note) => self.note(&id, note).await,
            Message::Delivered(id, delivery, at) => self.delivered(&id, delivery, at).await,
            Message::CleanedText(id, cleaned) => self.cleaned_text(&id, cleaned).await,
            Message::Worker(run, state) => self.worker_changed(run, &state),
            Message::WorkerGone(run) => self.worker_gone(run),
            Message::CommandWorker(name, command, reply) => {
                let _ = reply.send(self.command_worker(&name, command));
            }
            Message::Usage(worker, usage) => self.note_usage(&worker, usage),
            Message::WorkerUsage(name, reply) => {
                let _ = reply.send(self.worker_usage(&name));
            }
            Message::WorkerLogs(name, reply) => {
                let _ = reply.send(self.worker_logs(&name));
            }
            Message::Settings(reply) => {
                let _ = reply.send(self.settings.clone());
            }
            Message::ChangeSettings(change, reply) => {
                let _ = reply.send(self.change_settings(change).await);
            }
            Message::Reload => self.reload().await,
            Message::Install(id, reply) => {
                let _ = reply.send(self.begin_install(&id));
            }
            Message::Did(did) => self.activity.done(did),
            Message::Installing(progress) => self.install = Some(progress),
            Message::Installed(id, outcome) => self.installed(&id, outcome).await,
            Message::CancelInstall => self.cancel_install(),
            Message::ModelsChanged => self.refresh_models().await,
            Message::History(ask) => self.history(ask).await,
            Message::Storage(ask) => self.storage(ask),
            Message::CleanedUp(done) => self.cleaned_up(done),
            Message::Counted(version, total) => self.counted = Some((version, total)),
            Message::Repaired(problem) => self.repair_ended(problem),
            Message::RoomSetAside => self.next_room = None,
            Message::Secrets(ask) => self.secrets(ask),
            Message::SecretsChanged => self.secrets_changed(),
            Message::VaultWorks => self.migrate_again(),
            Message::Migrated(outcome) => self.migrated(outcome),
            Message::NoRecordingsKey => self.trouble(Problem::of(Code::AudioNotSealed)),
            Message::Retranscribed(id, result) => self.retranscribed(&id, result).await,
            Message::MicrophoneTest(on, reply) => self.test_microphone(on, reply),
            Message::MicrophoneTestOpened(test, recording) => self.microphone_test_opened(test, recording),
            Message::LookForMicrophones => self.look_for_microphones(),
            Message::Microphones(known) => self.microphones = known,
            Message::Level(level) => _ = self.level.send_replace(level),
            Message::HotkeyProblem(problem) => self.hotkey_problem = problem,
            Message::PauseHotkeys(pause) => self.hotkeys_paused = pause,
            Message::Dismiss => self.dismiss(),
            Message::Told(problem, notification) => self.told(problem, notification),
            Message::Wish(wish) => self.wish(wish),
            Message::WantLanguage => self.want_language(),
            Message::Quit => {}
        }
    }

    fn wish(&self, wish: DesktopWish) {
        if self.desktop.send(wish).is_err() {
            tracing::debug!("the desktop is gone; a wish was dropped");
        }
    }

    fn moment(&self) -> Moment {
        Moment { now: self.parts.clock.now(), utc_ms: crate::utc_ms(self.parts.clock.utc()) }
    }

    fn alert(&self, notification: Notification) {
        if self.settings.notifications.enabled {
            self.wish(DesktopWish::Notify(notification));
        }
    }

    /// Trouble that is there already is newer and needs the user sooner.
    fn told(&mut self, problem: Problem, notification: Notification) {
        self.problem.get_or_insert(problem);
        self.alert(notification);
    }
}

/// The assistant's wish for the local model becomes a message.
async fn pass_on(want_local: Arc<Notify>, app: AppHandle) {
    loop {
        want_local.notified().await;
        if !app.send(Message::WantLanguage).await {
            return;
        }
    }
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 60 * 60)
}

async fn wake_at(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
