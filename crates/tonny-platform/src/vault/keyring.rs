//! The keyring on a thread of its own, with a deadline on every call.
//!
//! A call whose deadline has passed in the queue is not made any more: what was told to be undone must not be done
//! later. The question for the keyring's password has another thread: people take longer than 3 s to type.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tonny_core::ports::VaultState;
use zeroize::Zeroizing;

use super::Until;

/// The operating system's store of secrets. Calls may hang; errors are states and never carry a value.
pub(super) trait Chest {
    /// Whether it is open; never asks a person.
    fn is_open(&mut self) -> Result<bool, VaultState>;
    /// Asks the person to open it, for as long as that takes.
    fn open(&mut self) -> Result<(), VaultState>;
    /// Names of the entries, readable while it is locked.
    fn names(&mut self) -> Result<Vec<String>, VaultState>;
    /// The bytes of an entry.
    fn read(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, VaultState>;
    /// Makes or replaces an entry.
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), VaultState>;
    /// Deletes an entry; says whether there was one.
    fn delete(&mut self, name: &str) -> Result<bool, VaultState>;
}

/// Makes a chest on the thread that will use it.
pub(super) type Maker = fn(&str) -> Box<dyn Chest>;

/// The entry that proves that reading and writing work.
const PROBE: &str = "probe";

/// No text: what keeps it keeps everything.
const PROBE_BYTES: &[u8] = &[0xff, 0x00, 0xfe, b'T', b'T'];

type Work = Box<dyn FnOnce(&mut dyn Chest) + Send>;

struct Job {
    until: Instant,
    work: Work,
}

/// The way to the keyring's thread.
pub(super) struct Keyring {
    name: String,
    make: Maker,
    jobs: Option<mpsc::Sender<Job>>,
    opening: Option<mpsc::Receiver<Result<(), VaultState>>>,
    /// Whether the keyring takes text only, once that was tried.
    proven: Option<bool>,
}

impl Keyring {
    pub(super) fn new(name: String, make: Maker) -> Self {
        Self { name, make, jobs: None, opening: None, proven: None }
    }

    /// Proves once that reading and writing work; after that only looks whether it is open.
    pub(super) fn state(&mut self, until: Until) -> VaultState {
        let proven = self.proven;
        let outcome = self.call(until, move |chest| {
            if !chest.is_open()? {
                return Err(VaultState::Locked);
            }
            proven.map_or_else(|| prove(chest), Ok)
        });
        match outcome {
            Ok(text_only) => {
                self.proven = Some(text_only);
                if text_only { VaultState::TextOnly } else { VaultState::Working }
            }
            Err(state) => {
                // After trouble it may be another keyring.
                self.proven = self.proven.filter(|_| state == VaultState::Locked);
                state
            }
        }
    }

    /// Has the person asked to open it. When the deadline passes first, the question stays, and the next call waits
    /// for the same one.
    pub(super) fn open(&mut self, until: Until) -> Result<(), VaultState> {
        let waiting = match self.opening.take() {
            Some(waiting) => waiting,
            None => self.ask_to_open()?,
        };
        match waiting.recv_timeout(until.deadline().saturating_duration_since(Instant::now())) {
            Ok(outcome) => outcome,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                self.opening = Some(waiting);
                Err(VaultState::Silent)
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(VaultState::Failing),
        }
    }

    fn ask_to_open(&self) -> Result<mpsc::Receiver<Result<(), VaultState>>, VaultState> {
        let (name, make) = (self.name.clone(), self.make);
        let (done, waiting) = mpsc::channel();
        let thread = std::thread::Builder::new().name("keyring question".to_owned());
        let spawned = thread.spawn(move || {
            let outcome = catch_unwind(|| make(&name).open()).unwrap_or(Err(VaultState::Failing));
            let _ = done.send(outcome);
        });
        spawned.map(|_| waiting).map_err(|_| VaultState::Failing)
    }

    pub(super) fn names(&mut self, until: Until) -> Result<Vec<String>, VaultState> {
        self.call(until, |chest| chest.names())
    }

    /// The text of an entry.
    pub(super) fn read(&mut self, name: &str, until: Until) -> Result<Option<Zeroizing<String>>, VaultState> {
        let name = name.to_owned();
        let Some(coded) = self.call(until, move |chest| chest.read(&name))? else { return Ok(None) };
        let bytes = Zeroizing::new(BASE64.decode(&*coded).map_err(|_| VaultState::Failing)?);
        let text = std::str::from_utf8(&bytes).map_err(|_| VaultState::Failing)?;
        Ok(Some(Zeroizing::new(text.to_owned())))
    }

    /// Keeps text as base64: some keyrings take text only, and some of those stop at a NUL.
    pub(super) fn write(&mut self, name: &str, text: &str, until: Until) -> Result<(), VaultState> {
        let (name, coded) = (name.to_owned(), Zeroizing::new(BASE64.encode(text)));
        self.call(until, move |chest| chest.write(&name, coded.as_bytes()))
    }

    pub(super) fn delete(&mut self, name: &str, until: Until) -> Result<bool, VaultState> {
        let name = name.to_owned();
        self.call(until, move |chest| chest.delete(&name))
    }

    fn call<T: Send + 'static>(
        &mut self,
        until: Until,
        work: impl FnOnce(&mut dyn Chest) -> Result<T, VaultState> + Send + 'static,
    ) -> Result<T, VaultState> {
        let until = until.deadline();
        let (done, waiting) = mpsc::channel();
        let work: Work = Box::new(move |chest| _ = done.send(work(chest)));
        self.hand_over(Job { until, work })?;
        let left = until.saturating_duration_since(Instant::now());
        waiting.recv_timeout(left).unwrap_or_else(|error| match error {
            mpsc::RecvTimeoutError::Timeout => Err(VaultState::Silent),
            // Dropped without an answer: too late, or it panicked.
            mpsc::RecvTimeoutError::Disconnected if Instant::now() >= until => Err(VaultState::Silent),
            mpsc::RecvTimeoutError::Disconnected => Err(VaultState::Failing),
        })
    }

    fn hand_over(&mut self, job: Job) -> Result<(), VaultState> {
        if self.jobs.is_none() {
            let (jobs, mailbox) = mpsc::channel();
            let (name, make) = (self.name.clone(), self.make);
            let thread = std::thread::Builder::new().name("keyring".to_owned());
            thread.spawn(move || run(&name, make, &mailbox)).map_err(|_| VaultState::Failing)?;
            self.jobs = Some(jobs);
        }
        let sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        if sent { Ok(()) } else { Err(VaultState::Failing) }
    }
}

fn run(name: &str, make: Maker, mailbox: &mpsc::Receiver<Job>) {
    let mut chest = make(name);
    while let Ok(Job { until, work }) = mailbox.recv() {
        if Instant::now() >= until {
            continue;
        }
        // What a library does when it is surprised must not end the thread.
        if catch_unwind(AssertUnwindSafe(|| work(chest.as_mut()))).is_err() {
            tracing::error!("the keyring's library panicked");
            chest = make(name);
        }
    }
}

/// Writes, reads and deletes an entry; gives whether only text is kept.
fn prove(chest: &mut dyn Chest) -> Result<bool, VaultState> {
    let bytes = chest.write(PROBE, PROBE_BYTES).and_then(|()| chest.read(PROBE));
    let takes_bytes = match bytes {
        Ok(back) => back.is_some_and(|back| back.as_slice() == PROBE_BYTES),
        Err(VaultState::Failing) => false,
        Err(state) => return Err(state),
    };
    if takes_bytes {
        return chest.delete(PROBE).map(|_| false);
    }
    let text = BASE64.encode(PROBE_BYTES);
    chest.write(PROBE, text.as_bytes())?;
    let back = chest.read(PROBE)?;
    chest.delete(PROBE)?;
    if back.is_some_and(|back| back.as_slice() == text.as_bytes()) {
        Ok(true)
    } else {
        Err(VaultState::Failing)
    }
}

/// The chest of this operating system.
#[cfg(target_os = "linux")]
pub(super) fn system() -> Maker {
    |name| Box::new(super::freedesktop::SecretService::new(name))
}

/// The chest of this operating system.
#[cfg(not(target_os = "linux"))]
pub(super) fn system() -> Maker {
    |name| Box::new(super::native::Native::new(name, super::native::store()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use super::*;

    /// Behaves as its name says.
    struct Fake {
        name: String,
        kept: HashMap<String, Vec<u8>>,
    }

    impl Fake {
        fn chest(name: &str) -> Box<dyn Chest> {
            Box::new(Self { name: name.to_owned(), kept: HashMap::new() })
        }
    }

    impl Chest for Fake {
        fn is_open(&mut self) -> Result<bool, VaultState> {
            match self.name.as_str() {
                "panics" => panic!("surprise"),
                "hangs" => {
                    std::thread::park_timeout(Duration::from_secs(600));
                    Ok(true)
                }
                name => Ok(name != "locked"),
            }
        }

        fn open(&mut self) -> Result<(), VaultState> {
            Err(VaultState::Dismissed)
        }

        fn names(&mut self) -> Result<Vec<String>, VaultState> {
            Ok(self.kept.keys().cloned().collect())
        }

        fn read(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, VaultState> {
            Ok(self.kept.get(name).cloned().map(Zeroizing::new))
        }

        fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), VaultState> {
            let kept = match self.name.as_str() {
                "text only" => String::from_utf8_lossy(bytes).into_owned().into_bytes(),
                "liar" => Vec::new(),
                _ => bytes.to_vec(),
            };
            self.kept.insert(name.to_owned(), kept);
            Ok(())
        }

        fn delete(&mut self, name: &str) -> Result<bool, VaultState> {
            Ok(self.kept.remove(name).is_some())
        }
    }

    fn soon() -> Until {
        Until::Then(Instant::now() + Duration::from_millis(400))
    }

    #[test]
    fn every_way_to_behave_is_a_state() {
        for (name, state) in [
            ("good", VaultState::Working),
            ("text only", VaultState::TextOnly),
            ("locked", VaultState::Locked),
            ("liar", VaultState::Failing),
            ("panics", VaultState::Failing),
            ("hangs", VaultState::Silent),
        ] {
            let mut keyring = Keyring::new(name.to_owned(), Fake::chest);
            assert_eq!(keyring.state(soon()), state, "{name}");
        }
        assert_eq!(Keyring::new("locked".to_owned(), Fake::chest).open(soon()), Err(VaultState::Dismissed));
    }

    #[test]
    fn a_hanging_keyring_costs_a_caller_its_deadline_and_never_works_late() {
        let mut keyring = Keyring::new("hangs".to_owned(), Fake::chest);
        let began = Instant::now();
        assert_eq!(keyring.state(soon()), VaultState::Silent);
        assert_eq!(keyring.write("openai", "sk-1", soon()), Err(VaultState::Silent));
        assert!(began.elapsed() < Duration::from_millis(1_500), "{:?}", began.elapsed());
    }

    #[test]
    fn text_survives_a_keyring_that_takes_text_only() {
        let mut keyring = Keyring::new("text only".to_owned(), Fake::chest);
        keyring.write("openai", "pässwört 🔑", soon()).expect("kept");
        assert_eq!(*keyring.read("openai", soon()).expect("read").expect("there"), "pässwört 🔑");
        assert!(keyring.delete("openai", soon()).expect("deleted"));
        assert!(keyring.read("openai", soon()).expect("read").is_none());
    }
}
