//! An operating system of fakes around the real App and the real store.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tonny_core::app::{self, AppHandle, DesktopWish, Parts};
use tonny_core::engine::Programs;
use tonny_core::model::{CatalogueEntry, InstalledModel, Source};
use tonny_core::ports::{
    AudioFiles, Clock, Delivery, Heard, InputDevice, InsertionMethod, InsertionWish, Microphone, ModelFiles,
    RecordRequest, Recording, Target, TextInsertion, Vault, VaultAsk,
};
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::{RECORDINGS, Secret, Secrets};
use tonny_core::settings::Settings;
use tonny_core::snapshot::Snapshot;
use tonny_core::{Store, downloads, trials};
use tonny_platform::models::ModelFolder;
use tonny_store::Utterance;
use tonny_tests::engines::installed;
use tonny_tests::programs::beside;
use tonny_tests::speech::jfk;

/// No step takes longer than this on a slow machine: the longest loads a foreign engine from a cold disk.
const PATIENCE: Duration = Duration::from_secs(90);

/// What the microphone does.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Room {
    /// One second of silence.
    #[default]
    Quiet,
    /// A whole sentence, quicker than anybody speaks.
    Sentence,
    /// It does not open.
    NoMicrophone,
}

/// What a world begins with.
pub struct Setup {
    pub store: Option<Store>,
    pub room: Room,
    pub settings: Settings,
    /// With the real embedded worker where there is a model for it.
    pub models: Vec<InstalledModel>,
    /// Recordings that are there, by the ids of their utterances.
    pub recordings: Vec<String>,
}

/// The App and what it touched.
pub struct World {
    pub app: AppHandle,
    pub store: Store,
    pub files: Arc<Files>,
    /// The App's clock is so many milliseconds behind.
    pub behind_ms: Arc<AtomicU64>,
    snapshot: watch::Receiver<Snapshot>,
    desktop: mpsc::UnboundedReceiver<DesktopWish>,
    inserted: Arc<Mutex<Vec<String>>>,
    run: JoinHandle<()>,
    pub logs: tempfile::TempDir,
    pub drawer: Arc<Drawer>,
    _others: (watch::Receiver<tonny_core::overlay::OverlayView>, watch::Receiver<f32>),
}

impl World {
    pub async fn start(room: Room) -> Self {
        Self::with(room, Settings::default(), None).await
    }

    /// A world with these settings, and with the real embedded worker where there is a model for it.
    pub async fn with(
        room: Room,
        settings: Settings,
        models: impl IntoIterator<Item = InstalledModel>,
    ) -> Self {
        let models = models.into_iter().collect();
        Self::set_up(Setup { store: None, room, settings, models, recordings: Vec::new() }).await
    }

    /// The next start on what another world left.
    pub async fn again(store: Store, settings: Settings) -> Self {
        let room = Room::Sentence;
        let setup = Setup { store: Some(store), room, settings, models: Vec::new(), recordings: Vec::new() };
        Self::set_up(setup).await
    }

    pub async fn set_up(setup: Setup) -> Self {
        Self::set_up_behind(setup, 0).await
    }

    /// A world whose App starts with its clock so many milliseconds behind.
    pub async fn set_up_behind(setup: Setup, behind_ms: u64) -> Self {
        let Setup { store, room, settings, models, recordings } = setup;
        let store = match store {
            Some(store) => store,
            None => Store::in_memory().await.unwrap(),
        };
        store.settings().save(&settings.to_json(), 1).await.unwrap();
        let speech =
            if models.is_empty() { PathBuf::from("tonny-speech") } else { beside("tonny-speech").unwrap() };
        let inserted = Arc::new(Mutex::new(Vec::new()));
        let logs = tempfile::tempdir().unwrap();
        let files = Arc::new(Files { room, ids: recordings, ..Files::default() });
        let behind_ms = Arc::new(AtomicU64::new(behind_ms));
        let drawer = Arc::new(Drawer::default());
        let parts = Parts {
            store: store.clone(),
            microphone: Arc::new(FakeMicrophone(room)),
            insertion: Arc::new(Notebook(inserted.clone())),
            audio: files.clone(),
            disk: Arc::new(tonny_platform::disk::SystemDisk),
            models: Arc::new(Models(models)),
            language_models: Arc::new(ModelFolder::of_language(logs.path().join("language-models"))),
            clock: Arc::new(Wall(behind_ms.clone())),
            downloads: downloads().unwrap(),
            secrets: Secrets::new(drawer.clone(), trials().unwrap()),
            package_index: None,
            audio_folder: PathBuf::from("audio"),
            models_folder: logs.path().join("models"),
            log_folder: logs.path().to_owned(),
            programs: Programs { speech, keeper: None, engines: installed() },
        };
        let (app, outputs, run) = app::start(parts).await;
        let run = tokio::spawn(run);
        let app::Outputs { snapshot, overlay, level, desktop } = outputs;
        let _others = (overlay, level);
        Self { app, store, files, behind_ms, snapshot, desktop, inserted, drawer, run, _others, logs }
    }

    /// Ends the App between two instructions; gives what it had in its database.
    pub async fn crash(self) -> Store {
        self.run.abort();
        let _ = self.run.await;
        self.store.as_another_program()
    }

    /// Nothing is inserted as long as this lives.
    pub fn hold_insertion(&self) -> MutexGuard<'_, Vec<String>> {
        self.inserted.lock().unwrap()
    }

    /// Waits for a notification; gives its text.
    pub async fn wait_notification(&mut self, title: &str) -> String {
        let found = async {
            loop {
                if let DesktopWish::Notify(told) = self.desktop.recv().await.expect("the App runs")
                    && told.title.contains(title)
                {
                    return told.body;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("in time")
    }

    /// Waits until the row of this utterance is so.
    pub async fn wait_row(&self, id: &str, check: impl Fn(&Utterance) -> bool) -> Utterance {
        let found = async {
            loop {
                if let Some(row) = self.store.utterances().get(id).await.unwrap().filter(|row| check(row)) {
                    return row;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("the row changes")
    }

    pub async fn wait(&self, check: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let mut snapshot = self.snapshot.clone();
        let found = tokio::time::timeout(PATIENCE, snapshot.wait_for(|snapshot| check(snapshot))).await;
        match found {
            Ok(snapshot) => snapshot.expect("the App runs").clone(),
            Err(_) => panic!("waited in vain: {:?}", self.app.snapshot()),
        }
    }

    /// Quits as the tray does; how long that took, and the folder of the logs.
    pub async fn quit(self) -> (Duration, tempfile::TempDir) {
        let start = Instant::now();
        self.app.send(app::Message::Quit).await;
        tokio::time::timeout(PATIENCE, self.run).await.expect("it ends").expect("without a panic");
        (start.elapsed(), self.logs)
    }

    pub async fn wait_wish(&mut self, check: impl Fn(&DesktopWish) -> bool) {
        let found = async { while !check(&self.desktop.recv().await.expect("the App runs")) {} };
        tokio::time::timeout(PATIENCE, found).await.expect("in time");
    }

    pub fn inserted(&self) -> Vec<String> {
        self.inserted.lock().unwrap().clone()
    }
}

struct FakeMicrophone(Room);

impl Microphone for FakeMicrophone {
    fn devices(&self) -> Result<Vec<InputDevice>, Problem> {
        Ok(Vec::new())
    }

    fn record(&self, request: RecordRequest) -> Result<Box<dyn Recording>, Problem> {
        if self.0 == Room::NoMicrophone {
            return Err(Problem::of(Code::MicrophoneMissing));
        }
        let samples = match self.0 {
            Room::Sentence => sentence(),
            _ => vec![0; 16_000],
        };
        let count = samples.len() as u64;
        let _ = request.events.send(Heard::First { at: Instant::now() });
        let _ = request.events.send(Heard::Samples(samples.into()));
        Ok(Box::new(FakeRecording(request.events, count)))
    }
}

fn sentence() -> Vec<i16> {
    let mut reader = hound::WavReader::open(jfk()).unwrap();
    reader.samples::<i16>().map(Result::unwrap).collect()
}

struct FakeRecording(mpsc::UnboundedSender<Heard>, u64);

impl Recording for FakeRecording {
    fn finish(self: Box<Self>, _released: Instant, _tail: Duration) {
        let _ = self.0.send(Heard::Finished { samples: self.1 });
    }
}

struct Notebook(Arc<Mutex<Vec<String>>>);

impl TextInsertion for Notebook {
    fn target(&self) -> Option<Target> {
        None
    }

    fn insert(&self, text: &str, _wish: &InsertionWish) -> Delivery {
        self.0.lock().unwrap().push(text.to_owned());
        Delivery::Inserted { by: InsertionMethod::Paste }
    }

    fn copy(&self, _text: &str) -> Result<(), Problem> {
        Ok(())
    }
}

/// What the microphone heard can be read again where it was a sentence.
#[derive(Default)]
pub struct Files {
    room: Room,
    ids: Vec<String>,
    removed: Mutex<Vec<String>>,
    mended: Mutex<Vec<String>>,
}

impl Files {
    /// Names of the recordings that were removed.
    pub fn removed(&self) -> Vec<String> {
        self.removed.lock().unwrap().clone()
    }

    /// Names of those whose header was looked at.
    pub fn mended(&self) -> Vec<String> {
        self.mended.lock().unwrap().clone()
    }
}

fn name(wav: &Path) -> String {
    wav.file_stem().unwrap().to_str().unwrap().to_owned()
}

impl AudioFiles for Files {
    fn read(&self, wav: &Path, _key: Option<&Secret>) -> Result<Arc<[i16]>, Problem> {
        if self.room == Room::Sentence {
            return Ok(sentence().into());
        }
        Err(Problem::with(Code::AudioUnreadable, wav.display()))
    }

    fn set_seal(&self, _folder: &Path, _public: Option<&str>) -> Result<(), Problem> {
        Ok(())
    }

    fn has_seal(&self, _folder: &Path) -> bool {
        false
    }

    fn seal_all(&self, _folder: &Path) -> Result<u32, Problem> {
        Ok(0)
    }

    fn ids(&self, _folder: &Path) -> Result<Vec<String>, Problem> {
        Ok(self.ids.clone())
    }

    fn size(&self, _folder: &Path) -> Result<(u64, u64), Problem> {
        Ok((0, 0))
    }

    fn set_room_aside(&self, _folder: &Path) -> Result<bool, Problem> {
        Ok(true)
    }

    fn mend(&self, wav: &Path) -> Result<bool, Problem> {
        self.mended.lock().unwrap().push(name(wav));
        Ok(true)
    }

    fn remove(&self, wav: &Path) -> Result<(), Problem> {
        self.removed.lock().unwrap().push(name(wav));
        Ok(())
    }
}

struct Models(Vec<InstalledModel>);

impl ModelFiles for Models {
    fn installed(&self) -> Result<Vec<InstalledModel>, Problem> {
        Ok(self.0.clone())
    }

    fn staging(&self, _id: &str) -> Result<PathBuf, Problem> {
        Err(Problem::of(Code::HomeUnwritable))
    }

    fn assemble(
        &self,
        _entry: &CatalogueEntry,
        _source: &Source,
        _downloads: &[PathBuf],
        _step: &dyn Fn(&str),
    ) -> Result<InstalledModel, Problem> {
        Err(Problem::of(Code::ModelBroken))
    }

    fn import(&self, _path: &Path, _step: &dyn Fn(&str)) -> Result<InstalledModel, Problem> {
        Err(Problem::of(Code::ModelNotImportable))
    }

    fn remove(&self, _id: &str) -> Result<(), Problem> {
        Err(Problem::of(Code::ModelUnknown))
    }
}

/// A vault that is a map; it never answers a report, as a keyring may that hangs.
#[derive(Default)]
pub struct Drawer {
    kept: Mutex<HashMap<&'static str, String>>,
    unanswered: Mutex<Vec<VaultAsk>>,
}

impl Drawer {
    /// Waits until the vault was asked such a thing, and hands that ask over.
    pub async fn asked(&self, fits: impl Fn(&VaultAsk) -> bool) -> VaultAsk {
        let waiting = async {
            loop {
                let found = {
                    let mut unanswered = self.unanswered.lock().unwrap();
                    unanswered.iter().position(&fits).map(|at| unanswered.remove(at))
                };
                match found {
                    Some(ask) => return ask,
                    None => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("asked in time")
    }
}

impl Vault for Drawer {
    fn ask(&self, ask: VaultAsk) {
        let mut kept = self.kept.lock().unwrap();
        match ask {
            VaultAsk::Put(kind, value, answer) => {
                kept.insert(kind.id, format!("{} bytes", value.len()));
                let _ = answer.send(Ok(()));
            }
            VaultAsk::Clear(kind, answer) => _ = answer.send(Ok(kept.remove(kind.id).is_some())),
            VaultAsk::Forget(answer) => _ = answer.send(Ok(kept.drain().count() as u32)),
            // Nobody ever entered a provider's key here.
            VaultAsk::Take(kind, answer) if kind.id != RECORDINGS => _ = answer.send(Ok(None)),
            other => self.unanswered.lock().unwrap().push(other),
        }
    }
}

struct Wall(Arc<AtomicU64>);

impl Clock for Wall {
    fn now(&self) -> Instant {
        Instant::now() - Duration::from_millis(self.0.load(Ordering::Relaxed))
    }

    fn utc(&self) -> time::OffsetDateTime {
        time::OffsetDateTime::UNIX_EPOCH
    }
}
