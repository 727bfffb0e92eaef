//! `tonny doctor`: one line per part, each with what to do.

use std::time::{Duration, Instant};

use serde::Serialize;
use tonny_core::control::Request;
use tonny_core::engine::Engine;
use tonny_core::model;
use tonny_core::ports::{
    AudioFiles as _, Heard, Microphone as _, ModelFiles as _, Place, Presence, RecordRequest, VaultState,
};
use tonny_core::problem::{Code, Problem};
use tonny_core::store_problem;
use tonny_platform::audio::{RecordingsOnDisk, SystemMicrophone};
use tonny_platform::crash;
use tonny_platform::insertion::X11Insertion;
use tonny_platform::installation::programs;
use tonny_platform::models::ModelFolder;

use super::transcribe::{ENGINE_WAIT, Worker};
use crate::face::Face;

/// A Bluetooth headset takes seconds to switch to its microphone.
const FIRST_SAMPLE_WAIT: Duration = Duration::from_secs(6);

/// One part's health. A problem of a part that is fine (`ok`) is one to know of, and no fault as things are.
#[derive(Serialize)]
struct Finding {
    part: &'static str,
    ok: bool,
    says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

impl Finding {
    fn of(part: &'static str, result: Result<String, Problem>) -> Self {
        match result {
            Ok(says) => Self { part, ok: true, says, problem: None },
            Err(problem) => Self { part, ok: false, says: problem.to_string(), problem: Some(problem) },
        }
    }

    fn mark(&self) -> &'static str {
        match (self.ok, &self.problem) {
            (true, None) => "ok  ",
            (true, Some(_)) => "note",
            (false, _) => "FAIL",
        }
    }
}

pub fn run(face: &Face) -> Result<(), Problem> {
    let app = face.ask(&Request::Status).ok().and_then(|reply| reply.status);
    let mut findings = vec![
        Finding::of("folders", face.folders().map(|folders| folders.data.display().to_string())),
        Finding::of("database", database(face)),
        Finding::of("microphone", microphone(face)),
        Finding::of("insertion", X11Insertion::connect().map(|_| "X11".to_owned())),
        keyring(face),
        Finding::of("model and worker", engine(face)),
    ];
    findings.push(crashes(face));
    findings.push(match app {
        None => Finding { part: "app", ok: true, says: "not running".to_owned(), problem: None },
        Some(status) => Finding::of(
            "hotkey",
            status.hotkey_problem.map_or_else(|| Ok("registered by the running app".to_owned()), Err),
        ),
    });
    face.show(&findings, || {
        let lines = findings
            .iter()
            .map(|finding| format!("{} {:<17} {}", finding.mark(), finding.part, finding.says));
        lines.collect::<Vec<_>>().join("\n")
    })?;
    match findings.into_iter().filter(|finding| !finding.ok).find_map(|finding| finding.problem) {
        Some(problem) => Err(problem),
        None => Ok(()),
    }
}

fn database(face: &Face) -> Result<String, Problem> {
    face.block_on(async {
        let report = face.store().await?.check_and_mend().await.map_err(|error| store_problem(&error))?;
        if report.is_clean() {
            let said = report.mended.join(" ");
            return Ok(if said.is_empty() { "clean".to_owned() } else { said });
        }
        Err(Problem::with(Code::DatabaseFailed, report.findings.join("; ")))
    })
}

/// Opens the chosen microphone and waits for its first sample: only that proves that it works.
fn microphone(face: &Face) -> Result<String, Problem> {
    let folders = face.folders()?;
    let (device, devices) = face.block_on(async {
        let settings = super::settings::load(face, &face.store().await?).await;
        Ok((settings.microphone.device, SystemMicrophone::new().devices()))
    })?;
    let wav = folders.audio.join("doctor.wav");
    RecordingsOnDisk.remove(&wav)?;
    let (events, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let request = RecordRequest { device: device.clone(), wav: wav.clone(), seal: false, events };
    let recording = SystemMicrophone::new().record(request)?;
    let first = face.block_on(async {
        let first = async {
            while let Some(event) = heard.recv().await {
                match event {
                    Heard::First { .. } => return Ok(()),
                    Heard::Lost(problem) => return Err(problem),
                    _ => {}
                }
            }
            Err(Problem::of(Code::MicrophoneFailed))
        };
        let waited = tokio::time::timeout(FIRST_SAMPLE_WAIT, first).await;
        waited.unwrap_or_else(|_| Err(Problem::with(Code::MicrophoneFailed, "It gave no sound")))
    });
    recording.finish(Instant::now(), Duration::ZERO);
    RecordingsOnDisk.remove(&wav)?;
    first?;
    let name = devices.unwrap_or_default().into_iter().find(|input| match &device {
        Some(device) => input.id == *device,
        None => input.is_default,
    });
    Ok(name.map_or_else(|| "the default input".to_owned(), |input| input.name))
}

/// Never a fault: what failed may have been mended since.
fn crashes(face: &Face) -> Finding {
    let newest = face.folders().map(|folders| crash::newest(&folders.crashes));
    let says = newest.map(|newest| match newest {
        None => "none".to_owned(),
        Some((path, report)) => {
            format!("the newest is {} ({}: {})", path.display(), report.place, report.message)
        }
    });
    Finding::of("crash reports", says)
}

/// A place that does not work is a fault where secrets are, or were, kept in it; else a note: the first secret would meet it.
fn keyring(face: &Face) -> Finding {
    const PART: &str = "keyring";
    let looked = face.secrets().and_then(|secrets| face.block_on(async { secrets.report().await }));
    let report = match looked {
        Ok(report) => report,
        Err(problem) => return Finding::of(PART, Err(problem)),
    };
    let known = report.secrets.iter().filter(|kept| kept.presence != Presence::Unset).count();
    let place = match report.place {
        Place::Keyring => "the keyring",
        Place::File => "the encrypted file",
        Place::Session => "the running app's memory",
    };
    match report.problem {
        None => Finding::of(PART, Ok(format!("{known} secrets in {place}"))),
        // The terminal's own vault does not hold what the running app has open.
        Some(_) if report.state == VaultState::FileLocked || report.place == Place::Session => {
            Finding::of(PART, Ok(format!("{known} secrets in {place}, which the terminal does not see into")))
        }
        Some(problem) if report.state.works() => {
            Finding::of(PART, Ok(format!("{known} secrets in {place}. {problem}")))
        }
        // Another keyring than before: they were kept, and are out of reach.
        Some(problem) if known == 0 && report.state != VaultState::Changed => {
            let says = format!("No secret is kept, and none could be now. {problem}");
            Finding { part: PART, ok: true, says, problem: Some(problem) }
        }
        Some(problem) => Finding::of(PART, Err(problem)),
    }
}

fn engine(face: &Face) -> Result<String, Problem> {
    face.block_on(async {
        let settings = super::settings::load(face, &face.store().await?).await;
        let installed = ModelFolder::new(&face.folders()?.models).installed()?;
        let chosen =
            model::choose(&settings.speech.model, &installed).ok_or_else(|| Problem::of(Code::ModelNone))?;
        let mut worker = Worker::start(&programs()?, chosen, &settings)?;
        let outcome = {
            let ready = worker.engine.wait_for(|engine| !matches!(engine, Engine::Away));
            match tokio::time::timeout(ENGINE_WAIT, ready).await {
                Ok(Ok(engine)) => match &*engine {
                    Engine::Absent(problem) => Err(problem.clone()),
                    _ => Ok(format!("{} is ready", chosen.id)),
                },
                _ => Err(Problem::of(Code::EngineDied)),
            }
        };
        worker.stop().await;
        outcome
    })
}
