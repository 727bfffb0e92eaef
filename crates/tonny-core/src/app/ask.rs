//! Messages to the App, and the handle that sends them.

use std::path::PathBuf;
use std::time::Instant;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};
use tonny_supervisor::{Usage, WorkerState};

use super::export::{ExportText, ExportWish};
use super::history::{HistoryAsk, HistoryPage, HistoryQuery, HistoryRow};
use super::recordings;
use super::secrets::SecretsAsk;
use super::storage::{Checked, Cleaned, StorageAsk, StorageView};
use super::usage::UsagePoint;
use super::{DesktopWish, Notification};
use crate::activity::{ActivityPage, ActivityQuery, Did};
use crate::assistant::Assistant;
use crate::control::{Reply, Request, WorkerFacts};
use crate::history_files::Offset;
use crate::model::InstalledModel;
use crate::ports::{Delivery, InputDevice, Migration, Recording};
use crate::problem::{Code, Problem};
use crate::push_to_talk::Gesture;
use crate::settings::Settings;
use crate::snapshot::{Install, Snapshot, Status};
use crate::statistics::{StatisticsQuery, StatisticsView};
use crate::transcription::{Note, Transcript};
use crate::worker_log::{WorkerLog, WorkerLogOutput, WorkerLogPage, WorkerLogQuery};

pub(super) type Answer<T> = oneshot::Sender<T>;

/// A change of the settings document.
pub enum SettingsChange {
    /// One field.
    Field(String, Value),
    /// One field, or everything, back to its default.
    Reset(Option<String>),
    /// A whole document.
    All(Box<Settings>),
}

/// What a person may do with a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerCommand {
    /// Start one that rests: stopped, failed, or waiting to be tried again.
    Start,
    /// Stop it until it is started again.
    Stop,
    /// A new copy, with a fresh budget.
    Restart,
    /// Close both breakers; one that waits to be tried again starts.
    ResetBreaker,
    /// Keep requests away from it until it is released.
    Hold,
    /// Let requests through again.
    Release,
}

/// Everything that can reach the App.
#[allow(missing_docs, reason = "the names say it; the handle's methods are the documented way in")]
pub enum Message {
    Gesture(Gesture, Option<String>, Answer<Result<(), Problem>>),
    Opened(String, Result<Box<dyn Recording>, Problem>),
    Note(String, Note),
    Delivered(String, Delivery, Instant),
    CleanedText(String, Option<String>),
    Worker(u64, Box<WorkerState>),
    WorkerGone(u64),
    CommandWorker(String, WorkerCommand, Answer<Result<(), Problem>>),
    Usage(String, Usage),
    WorkerUsage(String, Answer<Result<Vec<UsagePoint>, Problem>>),
    WorkerLogs(String, Answer<Result<Vec<String>, Problem>>),
    Settings(Answer<Settings>),
    ChangeSettings(SettingsChange, Answer<Result<Settings, Problem>>),
    Reload,
    Install(String, Answer<Result<(), Problem>>),
    Installing(Install),
    Installed(String, Result<InstalledModel, Problem>),
    CancelInstall,
    ModelsChanged,
    Did(Did),
    History(HistoryAsk),
    Storage(StorageAsk),
    CleanedUp(Result<Cleaned, Problem>),
    Counted(u32, u32),
    Repaired(Problem),
    RoomSetAside,
    Secrets(SecretsAsk),
    SecretsChanged,
    VaultWorks,
    Migrated(Result<Migration, Problem>),
    NoRecordingsKey,
    Retranscribed(String, Result<Transcript, Problem>),
    MicrophoneTest(bool, Answer<Result<(), Problem>>),
    MicrophoneTestOpened(u64, Box<dyn Recording>),
    LookForMicrophones,
    Microphones(Vec<InputDevice>),
    Level(f32),
    HotkeyProblem(Option<Problem>),
    PauseHotkeys(bool),
    Dismiss,
    Told(Problem, Notification),
    Wish(DesktopWish),
    WantLanguage,
    Quit,
}

/// The way to the App; cheap to clone.
#[derive(Clone)]
pub struct AppHandle {
    messages: mpsc::Sender<Message>,
    snapshot: watch::Receiver<Snapshot>,
    worker_log: WorkerLog,
    assistant: Result<Assistant, Problem>,
}

impl AppHandle {
    pub(super) fn new(
        messages: mpsc::Sender<Message>,
        snapshot: watch::Receiver<Snapshot>,
        worker_log: WorkerLog,
    ) -> Self {
        Self { messages, snapshot, worker_log, assistant: Err(Problem::of(Code::ShuttingDown)) }
    }

    pub(super) fn with(self, assistant: Result<Assistant, Problem>) -> Self {
        Self { assistant, ..self }
    }

    /// The assistant.
    ///
    /// # Errors
    /// Why it could not start.
    pub fn assistant(&self) -> Result<&Assistant, Problem> {
        self.assistant.as_ref().map_err(Clone::clone)
    }

    /// The state now.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot.borrow().clone()
    }

    /// Sends a message; false when the App has ended.
    pub async fn send(&self, message: Message) -> bool {
        self.messages.send(message).await.is_ok()
    }

    /// Sends from a thread outside the runtime.
    pub fn send_blocking(&self, message: Message) -> bool {
        self.messages.blocking_send(message).is_ok()
    }

    /// The dictation key, a button or a command.
    pub async fn gesture(&self, gesture: Gesture, route: Option<String>) -> Result<(), Problem> {
        self.ask(|reply| Message::Gesture(gesture, route, reply)).await?
    }

    /// The settings now.
    pub async fn settings(&self) -> Result<Settings, Problem> {
        self.ask(Message::Settings).await
    }

    /// Changes the settings; they are in force when this returns.
    pub async fn change_settings(&self, change: SettingsChange) -> Result<Settings, Problem> {
        if matches!(&change, SettingsChange::Field(key, Value::Bool(true)) if key == recordings::SETTING) {
            // Refused where no key can be kept, instead of saying that recordings are encrypted when they are not.
            self.secrets(SecretsAsk::RecordingsKey).await?;
        }
        self.ask(|reply| Message::ChangeSettings(change, reply)).await?
    }

    /// Starts installing a model; progress is in the snapshot.
    pub async fn install(&self, id: String) -> Result<(), Problem> {
        self.ask(|reply| Message::Install(id, reply)).await?
    }

    /// Starts, stops, restarts or frees a worker.
    pub async fn command_worker(&self, name: String, command: WorkerCommand) -> Result<(), Problem> {
        self.ask(|reply| Message::CommandWorker(name, command, reply)).await?
    }

    /// CPU and memory of a worker over the last hour, oldest first.
    pub async fn worker_usage(&self, name: String) -> Result<Vec<UsagePoint>, Problem> {
        self.ask(|reply| Message::WorkerUsage(name, reply)).await?
    }

    /// What mattered about workers, a page of rows.
    pub async fn worker_log(&self, query: WorkerLogQuery) -> Result<WorkerLogPage, Problem> {
        self.worker_log.list(query).await
    }

    /// What the worker of an incident said first and last; `None` for other rows.
    pub async fn worker_output(&self, id: u32) -> Result<Option<WorkerLogOutput>, Problem> {
        self.worker_log.output(id).await
    }

    /// Starts or ends the level meter.
    pub async fn test_microphone(&self, on: bool) -> Result<(), Problem> {
        self.ask(|reply| Message::MicrophoneTest(on, reply)).await?
    }

    /// A page of the history, newest first.
    pub async fn history(&self, query: HistoryQuery) -> Result<HistoryPage, Problem> {
        self.ask(|reply| Message::History(HistoryAsk::List(query, reply))).await?
    }

    /// One row of the history.
    pub async fn history_row(&self, id: String) -> Result<HistoryRow, Problem> {
        self.ask(|reply| Message::History(HistoryAsk::Get(id, reply))).await?
    }

    /// Deletes a row; it can be taken back for a few seconds.
    pub async fn delete(&self, id: String) -> Result<(), Problem> {
        self.ask(|reply| Message::History(HistoryAsk::Delete(id, reply))).await?
    }

    /// Takes a deletion back.
    pub async fn restore(&self, id: String) -> Result<(), Problem> {
        self.ask(|reply| Message::History(HistoryAsk::Restore(id, reply))).await?
    }

    /// Transcribes a kept recording again, with another installed model if one is named; the row changes when it is done.
    pub async fn retry(&self, id: String, model: Option<String>) -> Result<(), Problem> {
        self.ask(|reply| Message::History(HistoryAsk::Retry(id, model, reply))).await?
    }

    /// A kept recording as a WAV file; one of more than half an hour is refused.
    pub async fn recording(&self, id: String) -> Result<Vec<u8>, Problem> {
        self.ask(|reply| Message::History(HistoryAsk::Recording(id, reply))).await?
    }

    /// Puts a row's text on the clipboard.
    pub async fn copy(&self, id: String) -> Result<(), Problem> {
        self.ask(|reply| Message::History(HistoryAsk::Copy(id, reply))).await?
    }

    /// Brings a cancelled utterance back: its words are kept, or worked out again from its recording.
    pub async fn bring_back(&self, id: String) -> Result<(), Problem> {
        self.ask(|reply| Message::History(HistoryAsk::BringBack(id, reply))).await?
    }

    /// The rows that fit as the contents of a file; `offset` is for the times people read.
    pub async fn export(&self, wish: ExportWish, offset: Offset) -> Result<ExportText, Problem> {
        self.ask(|reply| Message::History(HistoryAsk::Export(wish, offset, reply))).await?
    }

    /// What was done, a page of it, newest first.
    pub async fn activity(&self, query: ActivityQuery) -> Result<ActivityPage, Problem> {
        self.ask(|reply| Message::History(HistoryAsk::Activity(query, reply))).await?
    }

    /// How much was said, day by day.
    pub async fn statistics(
        &self,
        query: StatisticsQuery,
        offset: Offset,
    ) -> Result<StatisticsView, Problem> {
        self.ask(|reply| Message::History(HistoryAsk::Statistics(query, offset, reply))).await?
    }

    /// Sizes, counts and backups.
    pub async fn storage(&self) -> Result<StorageView, Problem> {
        self.ask(|reply| Message::Storage(StorageAsk::View(reply))).await?
    }

    /// Looks for damage, and mends what can be mended in place.
    pub async fn check_storage(&self) -> Result<Checked, Problem> {
        self.ask(|reply| Message::Storage(StorageAsk::Check(reply))).await?
    }

    /// Makes a backup now; gives its name.
    pub async fn back_up(&self) -> Result<String, Problem> {
        self.ask(|reply| Message::Storage(StorageAsk::BackUp(reply))).await?
    }

    /// Goes back to a backup; what there is now is kept as another one.
    pub async fn restore_backup(&self, name: String) -> Result<(), Problem> {
        self.ask(|reply| Message::Storage(StorageAsk::Restore(name, reply))).await?
    }

    /// Removes what is over the limits now.
    pub async fn clean_up(&self) -> Result<Cleaned, Problem> {
        self.ask(|reply| Message::Storage(StorageAsk::CleanUp(reply))).await?
    }

    /// Gives free room of the database back to the system.
    pub async fn vacuum(&self) -> Result<(), Problem> {
        self.ask(|reply| Message::Storage(StorageAsk::Vacuum(reply))).await?
    }

    /// Does something with secrets. No answer ever carries a value.
    pub async fn secrets<T>(
        &self,
        ask: impl FnOnce(oneshot::Sender<Result<T, Problem>>) -> SecretsAsk,
    ) -> Result<T, Problem> {
        self.ask(|reply| Message::Secrets(ask(reply))).await?
    }

    /// Every worker with what it uses now.
    async fn worker_facts(&self) -> Vec<WorkerFacts> {
        let mut facts = Vec::new();
        for worker in self.snapshot().workers {
            // A worker that does not run has used what it used; that is no fact about now.
            let usage = match worker.pid {
                Some(_) => self.worker_usage(worker.name.clone()).await.unwrap_or_default().pop(),
                None => None,
            };
            facts.push(WorkerFacts { worker, usage });
        }
        facts
    }

    /// Answers one line of the control socket.
    pub async fn control(&self, request: Request) -> Reply {
        let outcome = match request {
            Request::Press { route } => self.gesture(Gesture::Press, route).await,
            Request::Release { .. } => self.gesture(Gesture::Release, None).await,
            Request::Toggle { route } => self.gesture(Gesture::Toggle, route).await,
            Request::Cancel { .. } => self.gesture(Gesture::Cancel, None).await,
            Request::Status => {
                return Reply { status: Some(Status::from(&self.snapshot())), ..Reply::done() };
            }
            Request::Show { page } => self.tell(Message::Wish(DesktopWish::Show(page))).await,
            Request::LockSecrets => self.secrets(SecretsAsk::Lock).await,
            Request::Reload => self.tell(Message::Reload).await,
            Request::Retry { id, model } => self.retry(id, model).await,
            Request::BringBack { id } => self.bring_back(id).await,
            Request::RestartWorker { name } => self.command_worker(name, WorkerCommand::Restart).await,
            Request::StartWorker { name } => self.command_worker(name, WorkerCommand::Start).await,
            Request::StopWorker { name } => self.command_worker(name, WorkerCommand::Stop).await,
            Request::ResetWorker { name } => self.command_worker(name, WorkerCommand::ResetBreaker).await,
            Request::HoldWorker { name } => self.command_worker(name, WorkerCommand::Hold).await,
            Request::ReleaseWorker { name } => self.command_worker(name, WorkerCommand::Release).await,
            Request::ListWorkers => {
                return Reply { workers: Some(self.worker_facts().await), ..Reply::done() };
            }
            Request::WorkerLogs { name, query: None } => {
                return match self.ask(|reply| Message::WorkerLogs(name, reply)).await.flatten() {
                    Ok(lines) => Reply { lines: Some(lines), ..Reply::done() },
                    Err(problem) => problem.into(),
                };
            }
            Request::WorkerLogs { name, query: Some(query) } => {
                return match self.worker_log(WorkerLogQuery { worker: Some(name), ..query }).await {
                    Ok(page) => Reply { rows: Some(page.rows), ..Reply::done() },
                    Err(problem) => problem.into(),
                };
            }
            Request::Quit => self.tell(Message::Quit).await,
        };
        outcome.map_or_else(Reply::from, |()| Reply::done())
    }

    /// Forgets the newest trouble message.
    pub async fn dismiss(&self) -> Result<(), Problem> {
        self.tell(Message::Dismiss).await
    }

    /// Tells the user of something that happened before the App ran: in the window, and by a notification.
    pub async fn told(&self, problem: Problem, notification: Notification) -> Result<(), Problem> {
        self.tell(Message::Told(problem, notification)).await
    }

    async fn tell(&self, message: Message) -> Result<(), Problem> {
        if self.send(message).await { Ok(()) } else { Err(Problem::of(Code::ShuttingDown)) }
    }

    async fn ask<T>(&self, message: impl FnOnce(Answer<T>) -> Message) -> Result<T, Problem> {
        let (reply, answer) = oneshot::channel();
        self.tell(message(reply)).await?;
        answer.await.map_err(|_| Problem::of(Code::ShuttingDown))
    }
}

/// A recording's file in the audio folder. An id may come out of an imported file: whatever it is, it stays inside.
pub(super) fn wav(folder: &std::path::Path, id: &str) -> PathBuf {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' };
    folder.join(format!("{}.wav", id.chars().map(plain).collect::<String>()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn no_id_leads_out_of_the_folder() {
        for id in ["../../x", "/etc/x", "a/b", "..", "", "C:x", "a\\b", "a\0b", "é"] {
            let file = wav(Path::new("audio"), id);
            assert_eq!(file.parent(), Some(Path::new("audio")), "{id:?}");
            assert!(file.components().count() == 2 && !file.ends_with(".."), "{id:?}");
        }
        assert_eq!(wav(Path::new("audio"), "0190a-b"), Path::new("audio/0190a-b.wav"));
    }
}
