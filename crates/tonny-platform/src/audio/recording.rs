//! The consumer of one recording: raw buffers in; samples, levels and a WAV out; exactly one `Finished` at the end.
//!
//! Owns its thread, the WAV file and a second thread that syncs it, because a sync may take longer than the ring is
//! deep and must never hold up samples. Does not own the stream: that lives on the thread that opened it
//! (`microphone.rs`), which is asked for another one when the sound server went away while somebody speaks.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use cpal::ErrorKind;
use tokio::sync::mpsc::UnboundedSender;
use tonny_core::ports::{Heard, Recording};
use tonny_core::problem::{Code, Problem};

use super::SAMPLE_RATE;
use super::ballast;
use super::capture::{Block, Outlet, Shared};
use super::encoding::Encoding;
use super::ending::Ending;
use super::level::{WINDOW, level};
use super::resample::ToSpeechRate;
use super::wav::WavFile;

/// Samples per append to the WAV, 40 ms: with the device's own buffer and the resampler's, the most that a crash costs.
const APPEND: usize = SAMPLE_RATE as usize / 25;

/// How often the WAV is forced to the disk.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// A device that delivered and then stays quiet this long is gone: silence has samples too.
const GONE_AFTER: Duration = Duration::from_secs(2);

/// The first buffer may take longer: Bluetooth headsets change their profile first.
const FIRST_WITHIN: Duration = Duration::from_secs(5);

/// A sound server that was restarted is back within a second; who speaks on for longer must be told.
const REOPENS_WITHIN: Duration = Duration::from_secs(2);

/// How often somebody who waits for the device looks whether the key was let go.
const BREATH: Duration = Duration::from_millis(50);

/// Words may be missing after an interruption of this length.
const NOTICED: Duration = Duration::from_millis(500);

/// The handle core holds.
pub(super) struct Running {
    pub(super) shared: Arc<Shared>,
}

impl Recording for Running {
    fn finish(self: Box<Self>, released: Instant, tail: Duration) {
        self.shared.end(Ending::after(released, tail, Instant::now()));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After `finish` this changes nothing: the first word counts.
        self.shared.end(Ending::at_once(Instant::now()));
    }
}

/// Where one stream's samples come out, and how they are read.
pub(super) struct Source {
    pub(super) outlet: Outlet,
    pub(super) encoding: Encoding,
    pub(super) channels: usize,
    pub(super) resampler: ToSpeechRate,
}

/// The consumer's hold on the stream: dropped, it closes the microphone.
pub(super) struct Hold {
    /// Asks for another stream.
    pub(super) again: Sender<()>,
    /// The other stream's, as soon as the device can be opened again.
    pub(super) reopened: Receiver<Source>,
}

/// Everything the consumer thread needs.
pub(super) struct Listener {
    pub(super) shared: Arc<Shared>,
    pub(super) source: Source,
    pub(super) wav: WavFile,
    pub(super) events: UnboundedSender<Heard>,
    pub(super) stream: Hold,
}

/// Why no samples come any more, and whether that may pass.
struct Loss {
    problem: Problem,
    may_pass: bool,
}

/// What changes while it runs.
struct Progress {
    /// When the device last gave a sign of life.
    alive: Instant,
    patience: Duration,
    heard_until: Option<Instant>,
    unwritten: Vec<i16>,
    metered: Vec<i16>,
    wav_works: bool,
    dropped_bytes: u64,
}

impl Listener {
    /// Runs until the end was reached or the device is lost.
    pub(super) fn run(mut self) {
        let syncing = self.start_syncing();
        let mut progress = Progress {
            alive: Instant::now(),
            patience: FIRST_WITHIN,
            heard_until: None,
            unwritten: Vec::with_capacity(APPEND * 2),
            metered: Vec::with_capacity(WINDOW * 2),
            wav_works: true,
            dropped_bytes: 0,
        };
        let mut synced = Instant::now();
        let lost = loop {
            if let Err(problem) = self.drain(&mut progress) {
                break Some(problem);
            }
            let now = Instant::now();
            if let Some(ending) = self.shared.ending()
                && ending.is_reached(progress.heard_until, now)
            {
                break None;
            }
            if let Some(loss) = self.loss(&progress, now)
                && let Err(problem) = self.make_up(loss, &mut progress)
            {
                break Some(problem);
            }
            if now.duration_since(synced) >= SYNC_EVERY {
                // A sync still under way covers this one, too.
                let _ = syncing.as_ref().map(|due| due.try_send(()));
                synced = now;
            }
            thread::park_timeout(self.nap(&progress, now));
        };
        self.close(progress, lost, syncing);
    }

    fn start_syncing(&self) -> Option<SyncSender<()>> {
        let file = self
            .wav
            .share()
            .inspect_err(|error| tracing::warn!(%error, "the recording is synced only at its end"))
            .ok()?;
        let (due, wanted) = sync_channel(1);
        let shared = Arc::clone(&self.shared);
        let spawned =
            thread::Builder::new().name("tonny-wav-sync".into()).spawn(move || sync(&file, &wanted, &shared));
        spawned
            .inspect_err(|error| tracing::warn!(%error, "the recording is synced only at its end"))
            .ok()
            .map(|_| due)
    }

    /// Takes all buffers that have come. An error means no further one can be used.
    fn drain(&mut self, progress: &mut Progress) -> Result<(), Problem> {
        let mut raw = Vec::new();
        let mut mono = Vec::new();
        let mut ready = Vec::new();
        while let Some(block) = self.source.outlet.next(&mut raw) {
            self.note(block, progress);
            mono.clear();
            self.source.encoding.mix(self.source.channels, &raw, &mut mono);
            self.source
                .resampler
                .push(&mono, &mut ready)
                .map_err(|error| Problem::with(Code::MicrophoneLost, error))?;
        }
        self.deliver(&ready, progress);
        let dropped = self.shared.dropped_bytes();
        if dropped > progress.dropped_bytes {
            let frame = (self.source.channels * self.source.encoding.bytes()) as u64;
            tracing::warn!(
                frames = (dropped - progress.dropped_bytes) / frame,
                "audio was lost: the consumer was too slow"
            );
            progress.dropped_bytes = dropped;
        }
        Ok(())
    }

    fn note(&self, block: Block, progress: &mut Progress) {
        if progress.heard_until.is_none() {
            self.tell(Heard::First { at: block.arrived });
        }
        progress.patience = GONE_AFTER;
        progress.alive = block.arrived;
        progress.heard_until = Some(block.captured_until);
    }

    fn deliver(&mut self, samples: &[i16], progress: &mut Progress) {
        if samples.is_empty() {
            return;
        }
        self.tell(Heard::Samples(samples.into()));
        progress.metered.extend_from_slice(samples);
        let whole = progress.metered.len() - progress.metered.len() % WINDOW;
        if whole > 0 {
            self.tell(Heard::Level(level(&progress.metered[whole - WINDOW..whole])));
            progress.metered.drain(..whole);
        }
        progress.unwritten.extend_from_slice(samples);
        if progress.unwritten.len() >= APPEND {
            self.write(progress);
        }
    }

    /// A full disk first costs the room that was set aside for it, and ends the WAV only after that; the dictation it never
    /// ends: samples go on to the engine.
    fn write(&mut self, progress: &mut Progress) {
        if progress.wav_works
            && let Err(error) = self.append(&progress.unwritten)
        {
            tracing::error!(path = %self.wav.path().display(), %error, code = Code::AudioNotKept.id(), "the recording is no longer written");
            self.tell(Heard::Trouble(Problem::with(Code::AudioNotKept, error)));
            progress.wav_works = false;
        }
        progress.unwritten.clear();
    }

    fn append(&mut self, samples: &[i16]) -> io::Result<()> {
        let Err(error) = self.wav.append(samples) else { return Ok(()) };
        let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let folder = self.wav.path().parent().map(Path::to_owned);
        if !full || !folder.is_some_and(|folder| ballast::release(&folder)) {
            return Err(error);
        }
        tracing::warn!("the disk is full: the recording goes on in the room set aside for it");
        self.tell(Heard::Trouble(Problem::of(Code::DiskFullRecording)));
        self.wav.append(samples)
    }

    fn loss(&self, progress: &Progress, now: Instant) -> Option<Loss> {
        if let Some(error) = self.shared.fault() {
            let problem = Problem::with(Code::MicrophoneLost, detail(&error));
            return Some(Loss { problem, may_pass: error.kind() == ErrorKind::StreamInvalidated });
        }
        let quiet = now.saturating_duration_since(progress.alive);
        (quiet >= progress.patience).then(|| {
            let said = format_args!("It gave nothing for {} s", quiet.as_secs());
            Loss { problem: Problem::with(Code::MicrophoneLost, said), may_pass: false }
        })
    }

    /// Goes on with another stream where the sound server only went away for a moment, and nobody wants to end yet.
    fn make_up(&mut self, loss: Loss, progress: &mut Progress) -> Result<(), Problem> {
        let lost = Instant::now();
        let Loss { problem, may_pass } = loss;
        if !may_pass || self.shared.ending().is_some() || self.stream.again.send(()).is_err() {
            return Err(problem);
        }
        let fresh = loop {
            match self.stream.reopened.recv_timeout(BREATH) {
                Ok(source) => break source,
                Err(RecvTimeoutError::Timeout)
                    if lost.elapsed() < REOPENS_WITHIN && self.shared.ending().is_none() => {}
                _ => return Err(problem),
            }
        };
        let mut rest = Vec::new();
        if let Err(error) = self.source.resampler.finish(&mut rest) {
            tracing::error!(%error, "the last milliseconds before an interruption could not be converted");
        }
        self.deliver(&rest, progress);
        self.source = fresh;
        let away = lost.saturating_duration_since(progress.alive) + lost.elapsed();
        tracing::warn!(away_ms = away.as_millis(), %problem, "the microphone was opened again");
        if away >= NOTICED {
            self.tell(Heard::Trouble(Problem::with(
                Code::MicrophoneInterrupted,
                format_args!("It was away for {:.1} s", away.as_secs_f64()),
            )));
        }
        progress.alive = Instant::now();
        progress.patience = FIRST_WITHIN;
        Ok(())
    }

    fn nap(&self, progress: &Progress, now: Instant) -> Duration {
        let silence = (progress.alive + progress.patience).saturating_duration_since(now);
        self.shared.ending().map_or(silence, |ending| silence.min(ending.left(now)))
    }

    fn close(mut self, mut progress: Progress, lost: Option<Problem>, syncing: Option<SyncSender<()>>) {
        let mut rest = Vec::new();
        if let Err(error) = self.source.resampler.finish(&mut rest) {
            tracing::error!(%error, "the last milliseconds of a recording could not be converted");
        }
        self.deliver(&rest, &mut progress);
        self.write(&mut progress);
        drop(syncing);
        tracing::debug!(syncs = self.shared.syncs(), "the recording is over");
        if let Err(error) = self.wav.end() {
            tracing::warn!(path = %self.wav.path().display(), %error, "the recording will look cut off");
        }
        if let Some(problem) = lost {
            tracing::warn!(%problem, "the microphone was lost");
            self.tell(Heard::Lost(problem));
        }
        self.tell(Heard::Finished { samples: self.wav.samples() });
        drop(self.stream);
        // After that: a disk may take half a second, and the words must not wait for it.
        if let Err(error) = self.wav.sync() {
            tracing::error!(path = %self.wav.path().display(), %error, "the recording may not be on the disk yet");
        }
    }

    fn tell(&self, heard: Heard) {
        // Nobody may be listening any more; the WAV is written all the same.
        let _ = self.events.send(heard);
    }
}

fn sync(file: &File, wanted: &Receiver<()>, shared: &Shared) {
    while wanted.recv().is_ok() {
        match file.sync_data() {
            Ok(()) => shared.synced(),
            Err(error) => tracing::warn!(%error, "a recording could not be synced"),
        }
    }
}

/// A backend's words without the full stop that our own sentence adds.
pub(super) fn detail(error: &cpal::Error) -> String {
    error.to_string().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::super::capture::{Inlet, ring};
    use super::super::file::open_recording;
    use super::*;

    const RATE: usize = 48_000;

    struct Rig {
        inlet: Inlet,
        wanted: Receiver<()>,
        reopened: Sender<Source>,
        shared: Arc<Shared>,
        events: UnboundedReceiver<Heard>,
        thread: thread::JoinHandle<()>,
        path: std::path::PathBuf,
        _folder: tempfile::TempDir,
    }

    /// A recording of a device of 48 kHz stereo, with the test as the device.
    fn rig() -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.wav");
        let shared = Arc::new(Shared::default());
        let (inlet, source) = stereo(&shared);
        let (again, wanted) = channel();
        let (reopened, fresh) = channel();
        let (events_in, events) = unbounded_channel();
        let listener = Listener {
            shared: Arc::clone(&shared),
            source,
            wav: WavFile::create(&path).unwrap(),
            events: events_in,
            stream: Hold { again, reopened: fresh },
        };
        let thread = thread::spawn(move || listener.run());
        shared.wakes(thread.thread().clone());
        Rig { inlet, wanted, reopened, shared, events, thread, path, _folder: folder }
    }

    fn stereo(shared: &Arc<Shared>) -> (Inlet, Source) {
        let (inlet, outlet) = ring(RATE * 4, Arc::clone(shared));
        let resampler = ToSpeechRate::new(RATE as u32).unwrap();
        (inlet, Source { outlet, encoding: Encoding::I16, channels: 2, resampler })
    }

    impl Rig {
        fn feed(&mut self, frames: usize, value: i16, arrived: Instant) {
            let bytes: Vec<u8> = (0..frames * 2).flat_map(|_| value.to_le_bytes()).collect();
            self.inlet.take(&bytes, arrived, Duration::from_secs_f64(frames as f64 / RATE as f64));
        }

        /// All events after the end; the samples in the WAV must be those that were sent.
        fn end(mut self) -> (Vec<i16>, Vec<Heard>) {
            self.thread.join().unwrap();
            let mut sent = Vec::new();
            let mut others = Vec::new();
            while let Ok(heard) = self.events.try_recv() {
                match heard {
                    Heard::Samples(part) => sent.extend_from_slice(&part),
                    other => others.push(other),
                }
            }
            assert_eq!(open_recording(&self.path, None).unwrap(), sent);
            assert_eq!(hound::WavReader::open(&self.path).unwrap().len() as usize, sent.len());
            assert!(
                matches!(others.last(), Some(Heard::Finished { samples }) if *samples == sent.len() as u64)
            );
            assert_eq!(others.iter().filter(|heard| matches!(heard, Heard::Finished { .. })).count(), 1);
            (sent, others)
        }
    }

    #[test]
    fn the_end_waits_for_audio_captured_at_the_release() {
        let mut rig = rig();
        let released = Instant::now();
        let arrived = released + Duration::from_millis(20);
        rig.feed(RATE / 10, 8000, released - Duration::from_millis(10));
        Box::new(Running { shared: Arc::clone(&rig.shared) }).finish(released, Duration::ZERO);
        rig.feed(RATE / 10, 8000, arrived);
        let (sent, others) = rig.end();
        assert_eq!(sent.len(), 3200, "both buffers, to the last sample");
        assert!(sent[1600..3100].iter().all(|s| (7900..8100).contains(s)));
        assert!(matches!(others[0], Heard::First { .. }));
        assert!(others.iter().any(|heard| matches!(heard, Heard::Level(level) if *level > 0.5)));
    }

    /// What a power cut costs of a long recording.
    #[test]
    fn a_recording_is_on_the_disk_to_its_last_second() {
        let mut rig = rig();
        let began = Instant::now();
        let mut syncs = Vec::new();
        while syncs.len() < 2 {
            rig.feed(RATE / 50, 5000, Instant::now());
            // At a device's pace; nobody asks for another stream.
            let _ = rig.wanted.recv_timeout(Duration::from_millis(20));
            if rig.shared.syncs() as usize > syncs.len() {
                syncs.push(began.elapsed());
            }
            assert!(began.elapsed() < Duration::from_secs(10), "synced after {syncs:?}");
        }
        assert!(syncs[0] >= SYNC_EVERY && syncs[1] >= SYNC_EVERY * 2, "not with every append: {syncs:?}");
        drop(Running { shared: Arc::clone(&rig.shared) });
        rig.end();
    }

    #[test]
    fn a_silent_device_is_given_up_after_a_bounded_wait() {
        let mut rig = rig();
        rig.feed(480, 1, Instant::now());
        let released = Instant::now();
        Box::new(Running { shared: Arc::clone(&rig.shared) }).finish(released, Duration::ZERO);
        let (sent, _) = rig.end();
        assert_eq!(sent.len(), 160);
        let took = released.elapsed();
        assert!((Duration::from_millis(450)..Duration::from_millis(1500)).contains(&took), "{took:?}");
    }

    #[test]
    fn a_lost_device_keeps_what_was_said() {
        let mut rig = rig();
        rig.feed(RATE, 5000, Instant::now());
        rig.shared.fail(cpal::Error::new(cpal::ErrorKind::DeviceNotAvailable));
        let (sent, others) = rig.end();
        assert_eq!(sent.len(), 16_000);
        let [.., Heard::Lost(problem), Heard::Finished { .. }] = &others[..] else { panic!("{others:?}") };
        assert!(problem.is(Code::MicrophoneLost));
    }

    #[test]
    fn a_sound_server_that_comes_back_is_heard_on() {
        let mut rig = rig();
        rig.feed(RATE, 5000, Instant::now());
        rig.shared.fail(cpal::Error::new(ErrorKind::StreamInvalidated));
        rig.wanted.recv_timeout(REOPENS_WITHIN).unwrap();
        rig.shared.mend();
        let (inlet, source) = stereo(&rig.shared);
        rig.inlet = inlet;
        rig.reopened.send(source).unwrap();
        rig.feed(RATE, -5000, Instant::now());
        let released = Instant::now();
        Box::new(Running { shared: Arc::clone(&rig.shared) }).finish(released, Duration::ZERO);
        let (sent, others) = rig.end();
        assert_eq!(sent.len(), 32_000, "both halves, to the last sample");
        assert!(sent[100] > 4900 && sent[31_900] < -4900);
        assert!(!others.iter().any(|heard| matches!(heard, Heard::Lost(_))), "{others:?}");
    }

    #[test]
    fn one_that_does_not_come_back_is_lost_with_its_own_reason() {
        let mut rig = rig();
        rig.feed(RATE, 5000, Instant::now());
        rig.shared.fail(cpal::Error::with_message(ErrorKind::StreamInvalidated, "the server left"));
        let (sent, others) = rig.end();
        assert_eq!(sent.len(), 16_000);
        let [.., Heard::Lost(problem), Heard::Finished { .. }] = &others[..] else { panic!("{others:?}") };
        assert!(problem.message.contains("the server left"), "{problem}");
    }

    #[test]
    fn nobody_waits_for_a_server_after_the_release() {
        let mut rig = rig();
        rig.feed(RATE, 5000, Instant::now());
        rig.shared.fail(cpal::Error::new(ErrorKind::StreamInvalidated));
        rig.wanted.recv_timeout(REOPENS_WITHIN).unwrap();
        let released = Instant::now();
        Box::new(Running { shared: Arc::clone(&rig.shared) }).finish(released, Duration::ZERO);
        let (sent, _) = rig.end();
        assert_eq!(sent.len(), 16_000);
    }

    #[test]
    fn dropping_the_handle_ends_it_at_once() {
        let mut rig = rig();
        rig.feed(4800, 5000, Instant::now());
        drop(Running { shared: Arc::clone(&rig.shared) });
        let (sent, _) = rig.end();
        assert!(
            sent.len() == 1600 || sent.is_empty(),
            "the buffer that had come, if it was seen in time: {}",
            sent.len()
        );
    }
}
