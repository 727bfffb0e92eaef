//! An operating system of fakes around the real App and the real store.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tonny_core::app::{self, AppHandle, DesktopWish, Parts};
use tonny_core::engine::Programs;
use tonny_core::model::{CatalogueEntry, InstalledModel, Source};
use tonny_core::ports::{
    AudioFiles, Clock, Delivery, Heard, InputDevice, InsertionMethod, InsertionWish, Microphone, ModelFiles,
    RecordRequest, Recording, Target, TextInsertion, Vault, VaultAsk,
};
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::{Secret, Secrets};
use tonny_core::settings::Settings;
use tonny_core::snapshot::Snapshot;
use tonny_core::{Store, downloads, trials};
use tonny_tests::engines::installed;
use tonny_tests::programs::beside;
use tonny_tests::speech::jfk;

/// No step takes longer than this on a slow machine: the longest loads a foreign engine from a cold disk.
const PATIENCE: Duration = Duration::from_secs(90);

/// What the microphone does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// One second of silence.
    Quiet,
    /// A whole sentence, quicker than anybody speaks.
    Sentence,
    /// It does not open.
    NoMicrophone,
}

/// The App and what it touched.
pub struct World {
    pub app: AppHandle,
    pub store: Store,
    snapshot: watch::Receiver<Snapshot>,
    desktop: mpsc::UnboundedReceiver<DesktopWish>,
    inserted: Arc<Mutex<Vec<String>>>,
    pub drawer: Arc<Drawer>,
    _logs: tempfile::TempDir,
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
        let models: Vec<InstalledModel> = models.into_iter().collect();
        let store = Store::in_memory().await.unwrap();
        store.settings().save(&settings.to_json(), 1).await.unwrap();
        let speech =
            if models.is_empty() { PathBuf::from("tonny-speech") } else { beside("tonny-speech").unwrap() };
        let inserted = Arc::new(Mutex::new(Vec::new()));
        let logs = tempfile::tempdir().unwrap();
        let drawer = Arc::new(Drawer::default());
        let parts = Parts {
            store: store.clone(),
            microphone: Arc::new(FakeMicrophone(room)),
            insertion: Arc::new(Notebook(inserted.clone())),
            audio: Arc::new(Files(room)),
            disk: Arc::new(tonny_platform::disk::SystemDisk),
            models: Arc::new(Models(models)),
            clock: Arc::new(Wall),
            downloads: downloads().unwrap(),
            secrets: Secrets::new(drawer.clone(), trials().unwrap()),
            package_index: None,
            audio_folder: PathBuf::from("audio"),
            models_folder: logs.path().join("models"),
            log_folder: logs.path().to_owned(),
            programs: Programs { speech, keeper: None, engines: installed() },
        };
        let (app, outputs, run) = app::start(parts).await;
        tokio::spawn(run);
        let app::Outputs { snapshot, overlay, level, desktop } = outputs;
        Self { app, store, snapshot, desktop, inserted, drawer, _others: (overlay, level), _logs: logs }
    }

    pub async fn wait(&self, check: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let mut snapshot = self.snapshot.clone();
        let found = tokio::time::timeout(PATIENCE, snapshot.wait_for(|snapshot| check(snapshot))).await;
        match found {
            Ok(snapshot) => snapshot.expect("the App runs").clone(),
            Err(_) => panic!("waited in vain: {:?}", self.app.snapshot()),
        }
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
struct Files(Room);

impl AudioFiles for Files {
    fn read(&self, wav: &Path, _key: Option<&Secret>) -> Result<Arc<[i16]>, Problem> {
        if self.0 == Room::Sentence {
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
        Ok(Vec::new())
    }

    fn size(&self, _folder: &Path) -> Result<(u64, u64), Problem> {
        Ok((0, 0))
    }

    fn set_room_aside(&self, _folder: &Path) -> Result<(), Problem> {
        Ok(())
    }

    fn remove(&self, _wav: &Path) -> Result<(), Problem> {
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
            other => self.unanswered.lock().unwrap().push(other),
        }
    }
}

struct Wall;

impl Clock for Wall {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn utc(&self) -> time::OffsetDateTime {
        time::OffsetDateTime::UNIX_EPOCH
    }
}
