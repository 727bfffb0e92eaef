//! The real microphone path against a private PulseAudio daemon: a null sink is the microphone, paplay speaks.
//!
//! The recording itself runs in a child (this same program, called again with `CHILD` set) because the address of the
//! sound server is an environment variable, and those belong to a whole process. Prints why and returns where
//! PulseAudio is not installed.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]
// A test program from its first line to its last, whose parent reads what it prints.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tonny_core::ports::{Heard, Microphone, RecordRequest};
use tonny_platform::audio::{SystemMicrophone, open_recording};

const CHILD: &str = "TONNY_TEST_MICROPHONE_WAV";

/// Loud enough that noise cannot be taken for it, in 16 bit units.
const LOUD: u16 = 4000;

struct Pulse {
    folder: TempDir,
    daemon: Child,
}

impl Drop for Pulse {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

impl Pulse {
    /// A null sink that nobody uses renders 2 s ahead, and a recording has to wait until that is used up; without rewinds
    /// it is 50 ms, as a real microphone's.
    ///
    /// `None` where PulseAudio is not installed; the reason is printed.
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("pulse.sock");
        let mut command = Command::new("pulseaudio");
        command.args([
            "--daemonize=no",
            "--exit-idle-time=-1",
            "--use-pid-file=no",
            "-n",
            "--load=module-null-sink sink_name=mic norewinds=1",
        ]);
        command.arg(format!("--load=module-native-protocol-unix socket={}", socket.display()));
        let spawned =
            private(&mut command, folder.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let daemon = match spawned {
            Ok(daemon) => daemon,
            Err(error) => {
                eprintln!("skipped: pulseaudio cannot be run: {error}");
                return None;
            }
        };
        let pulse = Self { folder, daemon };
        let deadline = Instant::now() + Duration::from_secs(20);
        while !pulse.answers() {
            assert!(Instant::now() < deadline, "the sound server did not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(pulse)
    }

    fn answers(&self) -> bool {
        let mut command = self.command("pactl");
        command.args(["set-default-source", "mic.monitor"]).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        private(&mut command, self.folder.path());
        command
    }

    /// Starts a recording in a child and waits until it has its first sample.
    fn record(&self) -> Recorder {
        let wav = self.folder.path().join("recorded.wav");
        let mut command = self.command(std::env::current_exe().unwrap().to_str().unwrap());
        command.args(["--exact", "the_child_records", "--nocapture", "--test-threads=1"]).env(CHILD, &wav);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut recorder = Recorder { child, lines, wav, first_ms: 0.0 };
        recorder.first_ms = recorder.wait_for("first");
        recorder
    }

    /// One tone of `ms`; returns when it has been played.
    fn play(&self, ms: u32) {
        let wav = self.folder.path().join("tone.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 44_100,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&wav, spec).unwrap();
        for n in 0..44_100 * ms / 1000 {
            let value = (f64::from(n) / 44_100.0 * 500.0 * std::f64::consts::TAU).sin();
            writer.write_sample((value * 16_000.0) as i16).unwrap();
        }
        writer.finalize().unwrap();
        let mut command = self.command("paplay");
        let status = command.args(["--device=mic", "--latency-msec=20"]).arg(&wav).status().unwrap();
        assert!(status.success());
    }
}

fn private<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command
        .env("HOME", folder)
        .env("XDG_RUNTIME_DIR", folder)
        .env_remove("XDG_CONFIG_HOME")
        .env("PULSE_RUNTIME_PATH", folder)
        .env("PULSE_SERVER", format!("unix:{}", folder.join("pulse.sock").display()))
        .env_remove("DISPLAY")
}

struct Recorder {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    wav: PathBuf,
    first_ms: f64,
}

impl Recorder {
    /// The number behind `word` in the child's next line that begins with it.
    fn wait_for(&mut self, word: &str) -> f64 {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the child ended before `{word}`");
            // The test harness prints its own beginning of a line first.
            if let Some((_, number)) = line.split_once(&format!("@{word} ")) {
                return number.trim().parse().unwrap();
            }
        }
    }

    fn release(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"release\n").unwrap();
    }

    /// Waits for the end; the WAV's samples, which must be as many as were reported.
    fn end(mut self) -> Vec<i16> {
        let samples = self.wait_for("finished");
        assert!(self.child.wait().unwrap().success());
        let reader = hound::WavReader::open(&self.wav).unwrap();
        assert_eq!(f64::from(reader.len()), samples, "the header counts what was reported");
        open_recording(&self.wav, None).unwrap()
    }
}

fn loud(samples: &[i16]) -> usize {
    samples.chunks(16).filter(|part| part.iter().any(|s| s.unsigned_abs() > LOUD)).count() * 16
}

/// Says `@word number` on the real standard output, which the parent reads.
fn say(word: &str, number: f64) {
    let mut out = std::io::stdout();
    writeln!(out, "@{word} {number:.1}").unwrap();
    out.flush().unwrap();
}

#[test]
fn the_child_records() {
    let Some(wav) = std::env::var_os(CHILD) else { return };
    let devices = SystemMicrophone::new().devices().unwrap();
    let [only] = &devices[..] else { panic!("{devices:?}") };
    assert!(only.is_default && only.id == "pulseaudio:mic.monitor", "{only:?}");
    let (events, mut heard) = unbounded_channel();
    let pressed = Instant::now();
    let request = RecordRequest { device: None, wav: wav.into(), seal: false, events };
    let recording = SystemMicrophone::new().record(request).unwrap();
    say("opened", ms_since(pressed));
    let Some(Heard::First { at }) = heard.blocking_recv() else {
        panic!("something came before the first sample")
    };
    say("first", at.duration_since(pressed).as_secs_f64() * 1000.0);
    let mut recording = Some(recording);
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_line(&mut String::new());
        let _ = tell.send(());
    });
    let mut released = None;
    loop {
        if released.is_none() && told.try_recv().is_ok() {
            released = Some(Instant::now());
            recording.take().unwrap().finish(Instant::now(), Duration::ZERO);
        }
        match next(&mut heard) {
            Some(Heard::Lost(problem)) => say("lost", f64::from(problem.code.ends_with("103"))),
            Some(Heard::Finished { samples }) => {
                say("stop_ms", released.map_or(0.0, ms_since));
                say("finished", samples as f64);
                assert!(heard.blocking_recv().is_none(), "nothing comes after the end");
                return;
            }
            _ => {}
        }
    }
}

/// The next event, if one comes soon.
fn next(heard: &mut UnboundedReceiver<Heard>) -> Option<Heard> {
    let deadline = Instant::now() + Duration::from_millis(1);
    while Instant::now() < deadline {
        if let Ok(heard) = heard.try_recv() {
            return Some(heard);
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    None
}

fn ms_since(moment: Instant) -> f64 {
    moment.elapsed().as_secs_f64() * 1000.0
}

#[test]
fn what_was_spoken_before_the_release_is_recorded_to_its_end() {
    let Some(pulse) = Pulse::start() else { return };
    for _ in 0..5 {
        let mut recorder = pulse.record();
        pulse.play(700);
        recorder.release();
        let stop_ms = recorder.wait_for("stop_ms");
        let first_ms = recorder.first_ms;
        let samples = recorder.end();
        eprintln!("first sample after {first_ms} ms, finished {stop_ms} ms after the release");
        let heard = loud(&samples);
        assert!((11_000..11_500).contains(&heard), "{heard} loud samples of 11200");
        assert!(stop_ms < 450.0, "the end came only because patience ran out: {stop_ms} ms");
        std::fs::remove_file(pulse.folder.path().join("recorded.wav")).unwrap();
    }
}

#[test]
fn a_sound_server_that_dies_loses_nothing_that_was_said() {
    let Some(mut pulse) = Pulse::start() else { return };
    let mut recorder = pulse.record();
    pulse.play(500);
    pulse.daemon.kill().unwrap();
    assert_eq!(recorder.wait_for("lost"), 1.0, "the loss has its code");
    let heard = loud(&recorder.end());
    assert!(heard > 7_000, "{heard} loud samples of 8000");
}
