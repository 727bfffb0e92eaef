//! The real engines that tests run against where they are installed, and the reason why not where they are not.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

use tonny_core::engine::Programs;
use tonny_core::engine::kinds::{Site, wanted};
use tonny_core::settings::Settings;
use tonny_supervisor::{Base, Handle, LogLimits, Phase, Supervisor};

use crate::process::Running;
use crate::programs::beside;
use crate::wait_for;

/// The token of every engine started here.
pub const TOKEN: &str = "a-token-for-this-test-alone";

/// Importing its libraries from a cold disk takes WhisperLiveKit most of a minute.
const START: Duration = Duration::from_secs(180);

/// A process that serves.
pub struct Serving {
    /// `127.0.0.1:PORT`.
    pub address: String,
    /// Kept: its end is the process's.
    pub process: Running,
    /// Everything it said.
    pub log: PathBuf,
}

/// Folder of the engines that `make engines-wlk` and `make engines-llama` install.
pub fn installed() -> Option<PathBuf> {
    let named = std::env::var_os("TONNYTRAY_ENGINES").map(PathBuf::from);
    let data = || {
        let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
        let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/share"));
        Some(data.or_else(home)?.join("tonnytray-engines"))
    };
    named.or_else(data).filter(|folder| folder.is_dir())
}

/// A file of an installed engine; says why a test is skipped when it is not there.
pub fn installed_file(path: &str, target: &str) -> Option<PathBuf> {
    let file = installed().map(|folder| folder.join(path)).filter(|file| file.exists());
    if file.is_none() {
        eprintln!("skipped: {path} is not installed; run `make {target}`");
    }
    file
}

/// The real llama-server, but one whose model never finds an end by itself: a program in `folder` that becomes it. An answer
/// is then always there to be broken off. `None` where it is not installed, which is said.
pub fn endless_llama(folder: &Path) -> Result<Option<PathBuf>> {
    let Some(real) = installed_file("llama/bin/llama-server", "engines-llama") else { return Ok(None) };
    let program = folder.join("endless-llama");
    std::fs::write(&program, format!("#!/bin/sh\nexec '{}' \"$@\" --ignore-eos\n", real.display()))?;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
    Ok(Some(program))
}

/// The folder of the real model; says why a test is skipped when it is not there.
pub fn model() -> Option<PathBuf> {
    let folder = std::env::var_os("TONNYTRAY_TEST_MODEL_DIR").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: TONNYTRAY_TEST_MODEL_DIR names no folder with 15s.gguf and 30s.gguf");
    }
    folder
}

/// The embedded worker with the real model.
pub fn embedded(model: &Path) -> Result<Serving> {
    let mut command = Command::new(beside("tonny-speech")?);
    for window in [30, 15] {
        command.arg("--model");
        command.arg(format!("{window}:{}", model.join(format!("{window}s.gguf")).display()));
    }
    command.args(["--model-id", "whisper-tiny.en"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = Running::start_with_pipes(&mut command)?;
    let input = process.child().stdin.as_mut().context("piped")?;
    writeln!(input, "{TOKEN}")?;
    let mut line = String::new();
    BufReader::new(process.child().stdout.take().context("piped")?).read_line(&mut line)?;
    let ready: serde_json::Value = serde_json::from_str(&line)?;
    let address = ready["address"].as_str().context("an address")?.to_owned();
    Ok(Serving { address, process, log: PathBuf::new() })
}

/// A worker under the real supervisor.
pub struct Supervised {
    /// `127.0.0.1:PORT`.
    pub address: String,
    /// Of this launch.
    pub token: String,
    /// Ends it.
    pub worker: Handle,
    /// Where what it says is kept; gone with this.
    pub logs: tempfile::TempDir,
    /// Writes that down.
    pub supervisor: Supervisor,
}

/// The real WhisperLiveKit as the app runs it: by the product's own spec, behind the keeper.
pub async fn whisperlivekit(program: &Path, model: &Path) -> Result<Supervised> {
    let text = |path: &Path| serde_json::Value::from(path.display().to_string());
    let settings = Settings::default()
        .with("speech.engines", serde_json::json!(["whisperlivekit"]))?
        .with("speech.whisperlivekit_program", text(program))?
        .with("speech.whisperlivekit_model", text(model))?;
    let keeper = Some(beside("tonny-keeper")?);
    let programs = Programs { speech: beside("tonny-speech")?, keeper: keeper.clone(), engines: None };
    let memory = tonny_supervisor::memory_of_this_computer();
    let site = Site {
        settings: &settings,
        programs: &programs,
        installed: &[],
        memory,
        language: false,
        languages: &[],
        unfit: None,
    };
    let spec = wanted(&site).pop().context("it is in the order")?.spec?;
    let logs = tempfile::tempdir()?;
    let limits = LogLimits::new(logs.path().join("segments"));
    let (supervisor, _records) = Supervisor::new(Base { keeper, logs: Some(limits), run_folder: None });
    let (worker, future) = supervisor.worker(spec)?;
    tokio::spawn(future);
    let mut states = worker.state();
    let served =
        states.wait_for(|state| state.ready.is_some() || matches!(state.phase, Phase::Failed { .. }));
    let state = tokio::time::timeout(START, served).await.context("it is ready in time")??.clone();
    let ready = state.ready.with_context(|| format!("{:?}: {:?}", state.phase, worker.log_tail()))?;
    let address = ready.address.context("an address")?;
    Ok(Supervised { address, token: ready.token.expose().to_owned(), worker, logs, supervisor })
}

/// Starts a program that writes its address into its log, behind `marker`.
pub fn serving(command: &mut Command, marker: &str, log: &Path) -> Result<Serving> {
    let process = Running::start(command, log)?;
    let address = wait_for(&format!("{marker:?} in {}", log.display()), START, || {
        let text = std::fs::read_to_string(log)?;
        let after = text.split_once(marker).map(|(_, after)| after.to_owned());
        Ok(after.and_then(|after| Some(after.split_once([' ', '\n'])?.0.to_owned())))
    })?;
    Ok(Serving { address, process, log: log.to_owned() })
}
