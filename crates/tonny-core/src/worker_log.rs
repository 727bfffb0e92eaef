//! What mattered about workers, written down and asked for: takes the supervisor's records, adds them to the logs'
//! database in batches, answers questions about them. Owns that database; whatever happens to it, workers and the App
//! do not notice.

mod rows;

use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};
use tonny_store::{LogStore, NewLog, StoreError};
use tonny_supervisor::Record;

pub use rows::{WorkerLogOutput, WorkerLogPage, WorkerLogQuery, WorkerLogRow};

use crate::ports::Clock;
use crate::problem::{Code, Problem};

/// A row waits this long for others at most...
const BATCH_AGE: Duration = Duration::from_millis(250);
/// ...or until there are so many.
const BATCH_ROWS: usize = 500;
/// Rows kept while the database is locked or cannot be opened; at ten a second, minutes.
const KEPT: usize = 2_000;
/// Pause after a failed write or opening.
const AGAIN: Duration = Duration::from_secs(2);
/// Rows are kept for a month where nobody says otherwise; the file's own limit may end them sooner.
const AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How often old rows are looked for.
const PRUNE: Duration = Duration::from_secs(6 * 60 * 60);
/// ... and for the first time, when the app has settled.
const FIRST_PRUNE: Duration = Duration::from_secs(60);
/// After a panic of ours, so that one which comes back at once does not keep a core busy.
const BREATH: Duration = Duration::from_millis(10);
/// So many panics without a row written may be the rows' doing: they are given up.
const PATIENCE: u32 = 3;
/// Questions waiting: a window, a terminal or two.
const QUESTIONS: usize = 16;

type Answer<T> = oneshot::Sender<Result<T, Problem>>;

enum Ask {
    List(WorkerLogQuery, Answer<WorkerLogPage>),
    Output(u32, Answer<Option<WorkerLogOutput>>),
    Close(oneshot::Sender<()>),
}

/// The way to the log; cheap to clone.
#[derive(Clone, Debug)]
pub struct WorkerLog {
    asks: mpsc::Sender<Ask>,
}

impl WorkerLog {
    /// A page of rows, or the rows after one.
    ///
    /// # Errors
    /// When the database cannot be read now; the rows are not lost by that.
    pub async fn list(&self, query: WorkerLogQuery) -> Result<WorkerLogPage, Problem> {
        self.ask(|answer| Ask::List(query, answer)).await?
    }

    /// What the worker of an incident said; `None` for other rows.
    ///
    /// # Errors
    /// As [`WorkerLog::list`].
    pub async fn output(&self, id: u32) -> Result<Option<WorkerLogOutput>, Problem> {
        self.ask(|answer| Ask::Output(id, answer)).await?
    }

    /// Writes what is waiting and closes the database. To be given a deadline.
    pub async fn close(&self) {
        // Fails only when it is closed.
        self.ask(Ask::Close).await.ok();
    }

    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Result<T, Problem> {
        let (reply, answer) = oneshot::channel();
        self.asks.send(ask(reply)).await.map_err(|_| Problem::of(Code::ShuttingDown))?;
        answer.await.map_err(|_| Problem::of(Code::ShuttingDown))
    }
}

/// Starts the log with its database at `path`. The caller spawns the future; it ends with [`WorkerLog::close`], or when
/// nobody can ask or record any more.
pub fn start(
    path: PathBuf,
    clock: Arc<dyn Clock>,
    records: mpsc::Receiver<Record>,
) -> (WorkerLog, impl Future<Output = ()> + Send + 'static) {
    start_kept(path, clock, records, AGE)
}

/// As [`start`], with rows kept for `age`.
pub fn start_kept(
    path: PathBuf,
    clock: Arc<dyn Clock>,
    records: mpsc::Receiver<Record>,
    age: Duration,
) -> (WorkerLog, impl Future<Output = ()> + Send + 'static) {
    let (asks, inbox) = mpsc::channel(QUESTIONS);
    let now = Instant::now();
    let prune_at = now + FIRST_PRUNE;
    let log = Log {
        path,
        clock,
        age,
        store: None,
        rows: Vec::new(),
        lost: 0,
        panics: 0,
        due: None,
        prune_at,
        try_at: now,
    };
    (WorkerLog { asks }, log.run(Inbox { records: Some(records), asks: Some(inbox) }))
}

/// What comes in, until nobody can send it any more.
struct Inbox {
    records: Option<mpsc::Receiver<Record>>,
    asks: Option<mpsc::Receiver<Ask>>,
}

async fn received<T>(from: &mut Option<mpsc::Receiver<T>>) -> Option<T> {
    match from {
        Some(receiver) => receiver.recv().await,
        None => std::future::pending().await,
    }
}

struct Log {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    /// How long rows are kept.
    age: Duration,
    /// Absent until it could be opened.
    store: Option<LogStore>,
    rows: Vec<NewLog>,
    /// Records that were too many while the database was away.
    lost: u64,
    /// Panics of ours since rows were last written.
    panics: u32,
    /// When the waiting rows are to be written.
    due: Option<Instant>,
    prune_at: Instant,
    try_at: Instant,
}

impl Log {
    /// A panic of ours costs the question in hand, at worst the rows that caused it.
    async fn run(mut self, mut inbox: Inbox) {
        loop {
            match AssertUnwindSafe(self.turn(&mut inbox)).catch_unwind().await {
                Ok(ControlFlow::Break(())) => return,
                Ok(ControlFlow::Continue(())) => {}
                Err(_) => {
                    tracing::error!("the workers' log panicked and goes on");
                    self.panics += 1;
                    if self.panics >= PATIENCE {
                        self.lost += self.rows.drain(..).count() as u64;
                        self.panics = 0;
                    } else if !self.rows.is_empty() {
                        self.due.get_or_insert(Instant::now() + BATCH_AGE);
                    }
                    sleep(BREATH).await;
                }
            }
        }
    }

    async fn turn(&mut self, inbox: &mut Inbox) -> ControlFlow<()> {
        if inbox.records.is_none() && inbox.asks.is_none() {
            self.close().await;
            return ControlFlow::Break(());
        }
        let due = self.due.unwrap_or(self.prune_at);
        tokio::select! {
            record = received(&mut inbox.records) => match record {
                Some(record) => self.keep(record),
                None => inbox.records = None,
            },
            ask = received(&mut inbox.asks) => match ask {
                Some(Ask::Close(done)) => {
                    while let Some(Ok(record)) = inbox.records.as_mut().map(mpsc::Receiver::try_recv) {
                        self.keep(record);
                    }
                    self.close().await;
                    // Fails when nobody waits any more.
                    done.send(()).ok();
                    return ControlFlow::Break(());
                }
                Some(ask) => self.answer(ask).await,
                None => inbox.asks = None,
            },
            () = sleep_until(due) => {}
        }
        if self.rows.len() >= BATCH_ROWS || self.due.is_some_and(|due| due <= Instant::now()) {
            self.write().await;
        }
        if self.prune_at <= Instant::now() {
            self.prune().await;
        }
        ControlFlow::Continue(())
    }

    fn keep(&mut self, record: Record) {
        if self.rows.len() >= KEPT {
            self.lost += 1;
            return;
        }
        self.rows.push(rows::row(record));
        self.due.get_or_insert(Instant::now().max(self.try_at) + BATCH_AGE);
    }

    async fn write(&mut self) {
        self.due = None;
        if self.rows.is_empty() {
            return;
        }
        tracing::trace!(rows = self.rows.len(), "worker log: writing rows");
        let Some(store) = self.open().await else { return self.later() };
        if self.lost > 0 {
            self.rows.push(rows::missed(self.lost, self.rows.last()));
        }
        match store.append(&self.rows).await {
            Ok(()) => {
                self.rows.clear();
                (self.lost, self.panics) = (0, 0);
            }
            Err((done, error)) => {
                tracing::warn!(%error, rows = self.rows.len() - done, "worker log: not written");
                self.rows.drain(..done);
                if self.lost > 0 {
                    // Told anew with the count of then.
                    self.rows.pop();
                }
                self.mend(&error).await;
                self.later();
            }
        }
    }

    fn later(&mut self) {
        self.try_at = Instant::now() + AGAIN;
        self.due = Some(self.try_at);
    }

    /// A damaged file is begun anew.
    async fn mend(&mut self, error: &StoreError) {
        if error.is_damaged()
            && let Some(store) = self.store.take()
        {
            store.close().await;
            self.store = begun(LogStore::begin_anew(&self.path).await, &self.path);
        } else if error.is_refused_value() {
            // Texts are shortened before, so this is a mistake of ours; it must not stop the rows to come.
            self.lost += self.rows.drain(..).count() as u64;
        }
    }

    async fn open(&mut self) -> Option<LogStore> {
        if self.store.is_none() && self.try_at <= Instant::now() {
            self.store = begun(LogStore::open(&self.path).await, &self.path);
            if self.store.is_none() {
                self.try_at = Instant::now() + AGAIN;
            }
        }
        self.store.clone()
    }

    async fn prune(&mut self) {
        self.prune_at = Instant::now() + PRUNE;
        let before =
            crate::utc_ms(self.clock.utc()) - i64::try_from(self.age.as_millis()).unwrap_or(i64::MAX);
        if let Some(store) = self.open().await
            && let Err(error) = store.prune(before).await
        {
            tracing::warn!(%error, "worker log: old rows stay");
        }
    }

    async fn answer(&mut self, ask: Ask) {
        // What was recorded before the question belongs into the answer.
        self.write().await;
        let store = self.open().await.ok_or_else(|| Problem::of(Code::DatabaseFailed));
        let failed = |error: StoreError| crate::store_problem(&error);
        match ask {
            Ask::List(query, answer) => {
                let page = async { rows::list(&store?, &query).await.map_err(failed) }.await;
                answer.send(page).ok();
            }
            Ask::Output(id, answer) => {
                let output =
                    async { Ok(store?.output(i64::from(id)).await.map_err(failed)?.map(rows::output)) }.await;
                answer.send(output).ok();
            }
            Ask::Close(_) => {}
        }
    }

    async fn close(&mut self) {
        self.try_at = Instant::now();
        self.write().await;
        if let Some(store) = self.store.take() {
            store.close().await;
        }
    }
}

fn begun(store: Result<LogStore, StoreError>, path: &Path) -> Option<LogStore> {
    let told = |error: &StoreError| tracing::warn!(%error, path = %path.display(), "worker log: no database");
    store.inspect_err(told).ok()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use tonny_store::LogQuery;
    use tonny_supervisor::{LastOutput, Level, RecordKind};

    use super::*;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> std::time::Instant {
            std::time::Instant::now()
        }

        fn utc(&self) -> time::OffsetDateTime {
            time::OffsetDateTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
        }
    }

    fn record(second: u64, level: Level, kind: RecordKind) -> Record {
        let at = UNIX_EPOCH + Duration::from_secs(1_800_000_000 + second);
        Record { at, worker: "w".to_owned(), incarnation: 1, level, kind, text: format!("at {second}") }
    }

    struct Room {
        log: WorkerLog,
        records: mpsc::Sender<Record>,
        path: PathBuf,
        _folder: tempfile::TempDir,
    }

    #[allow(clippy::disallowed_methods, reason = "a test spawns its own task")]
    fn room(spoil: impl FnOnce(&Path)) -> Room {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs.db");
        spoil(&path);
        let (records, inbox) = mpsc::channel(4_096);
        let (log, run) = start(path.clone(), Arc::new(Still), inbox);
        tokio::spawn(run);
        Room { log, records, path, _folder: folder }
    }

    fn all() -> WorkerLogQuery {
        WorkerLogQuery { limit: 1_000, ..WorkerLogQuery::default() }
    }

    async fn texts(log: &WorkerLog, query: WorkerLogQuery) -> Vec<String> {
        log.list(query).await.unwrap().rows.into_iter().map(|row| row.text).collect()
    }

    #[tokio::test]
    async fn what_was_recorded_before_a_question_is_in_its_answer() {
        let room = room(|_| {});
        for second in 0..5 {
            let level = if second % 2 == 0 { Level::Error } else { Level::Info };
            room.records.send(record(second, level, RecordKind::State)).await.unwrap();
        }
        // The question may overtake records that are still in their channel.
        while texts(&room.log, all()).await.len() < 5 {
            tokio::task::yield_now().await;
        }
        let errors = WorkerLogQuery { level: Some("error".to_owned()), ..all() };
        assert_eq!(texts(&room.log, errors).await, ["at 4", "at 2", "at 0"]);
        let since = WorkerLogQuery { since: Some(1_800_000_003), ..all() };
        assert_eq!(texts(&room.log, since).await, ["at 4", "at 3"]);
        let first = room.log.list(WorkerLogQuery { limit: 2, ..all() }).await.unwrap();
        let second = WorkerLogQuery { before: first.next, limit: 2, ..all() };
        assert_eq!(texts(&room.log, second).await, ["at 2", "at 1"]);
        let after = WorkerLogQuery { after: Some(first.rows[1].id), ..all() };
        assert_eq!(texts(&room.log, after).await, ["at 4"]);
    }

    #[tokio::test]
    async fn an_incident_has_its_output_and_closing_writes_everything() {
        let room = room(|_| {});
        let said = LastOutput { stderr_tail: "the end\n".to_owned(), ..LastOutput::default() };
        room.records.send(record(1, Level::Error, RecordKind::Incident(said))).await.unwrap();
        room.log.close().await;
        assert!(room.log.list(all()).await.is_err(), "closed");
        let store = LogStore::open(&room.path).await.unwrap();
        let rows = store.list(&LogQuery::default()).await.unwrap();
        assert_eq!((rows.len(), rows[0].kind.as_str()), (1, "incident"));
        assert_eq!(store.output(rows[0].seq).await.unwrap().unwrap().stderr_tail, "the end\n");
    }

    #[tokio::test]
    async fn a_damaged_database_costs_its_old_rows_only() {
        let room = room(|path| std::fs::write(path, "rubbish ".repeat(1_000)).unwrap());
        room.records.send(record(1, Level::Warn, RecordKind::Line)).await.unwrap();
        while texts(&room.log, all()).await.is_empty() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_database_that_cannot_be_opened_is_an_error_and_no_more() {
        let room = room(|path| std::fs::create_dir(path).unwrap());
        for second in 0..3_000 {
            room.records.send(record(second, Level::Warn, RecordKind::Line)).await.unwrap();
        }
        assert!(room.log.list(all()).await.is_err());
        room.log.close().await;
    }

    /// Panics at a message that begins so, as often as it is told.
    struct Trap(std::sync::atomic::AtomicU32);

    impl tracing::Subscriber for Trap {
        fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
            metadata.target().starts_with("tonny_core::worker_log")
                && *metadata.level() == tracing::Level::TRACE
        }

        fn new_span(&self, _span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }

        fn record(&self, _span: &tracing::span::Id, _values: &tracing::span::Record<'_>) {}

        fn record_follows_from(&self, _span: &tracing::span::Id, _follows: &tracing::span::Id) {}

        fn event(&self, _event: &tracing::Event<'_>) {
            let left = &self.0;
            let order = std::sync::atomic::Ordering::SeqCst;
            if left.fetch_update(order, order, |left| left.checked_sub(1)).is_ok() {
                std::panic::resume_unwind(Box::new("a trap"));
            }
        }

        fn enter(&self, _span: &tracing::span::Id) {}

        fn exit(&self, _span: &tracing::span::Id) {}
    }

    #[tokio::test]
    async fn a_panic_costs_no_row_and_a_row_that_always_panics_costs_itself() {
        for (panics, kept) in [(1, true), (PATIENCE, false)] {
            let _listening = tracing::subscriber::set_default(Trap(panics.into()));
            let room = room(|_| {});
            room.records.send(record(1, Level::Warn, RecordKind::Line)).await.unwrap();
            let written = async {
                loop {
                    match room.log.list(all()).await {
                        Ok(page) if !page.rows.is_empty() => return page.rows,
                        _ => tokio::task::yield_now().await,
                    }
                    if !kept && room.records.capacity() == room.records.max_capacity() {
                        room.records.send(record(2, Level::Warn, RecordKind::Line)).await.unwrap();
                    }
                }
            };
            let rows = tokio::time::timeout(Duration::from_secs(10), written).await.expect("it goes on");
            assert_eq!(rows.iter().any(|row| row.text == "at 1"), kept, "{rows:?}");
        }
    }
}
