//! Kept recordings: the one way to read one, and the key of those that are encrypted.
//!
//! A recording is encrypted while it grows, with the half of a key that lies beside it; the vault is asked only when one is
//! read. Turned on while the vault is out of reach, recordings are kept as they are until the clean-up finds the key.

use std::path::PathBuf;
use std::sync::Arc;

use super::App;
use super::ask::Message;
use crate::ports::{AudioFiles, Presence};
use crate::problem::{Code, Problem};
use crate::secrets::{RECORDINGS, Secrets};

/// The setting that [`App::change_settings`] must not turn on without a key.
pub(super) const SETTING: &str = "storage.encrypt_audio";

/// Reads a kept recording: 16 kHz mono. One that is encrypted is opened with its key from the vault.
pub async fn read(
    audio: &Arc<dyn AudioFiles>,
    secrets: &Secrets,
    wav: PathBuf,
) -> Result<Arc<[i16]>, Problem> {
    let (plain, path) = (audio.clone(), wav.clone());
    match blocking(move || plain.read(&path, None)).await {
        Err(problem) if problem.is(Code::AudioSealed) => {
            let key = secrets.take(RECORDINGS).await?;
            let sealed = audio.clone();
            blocking(move || sealed.read(&wav, Some(&key))).await
        }
        read => read,
    }
}

/// Makes sure that recordings in `folder` can be encrypted.
pub(super) async fn make_key(
    audio: &Arc<dyn AudioFiles>,
    secrets: &Secrets,
    folder: PathBuf,
) -> Result<(), Problem> {
    let audio = audio.clone();
    match secrets.recordings_key().await {
        Ok(public) => blocking(move || audio.set_seal(&folder, Some(&public))).await,
        // What was made before goes on sealing: that needs no vault.
        Err(problem) => blocking(move || if audio.has_seal(&folder) { Ok(()) } else { Err(problem) }).await,
    }
}

/// Carries out what deletes the key that opens. What encrypts goes first, so that nothing is ever encrypted for a key that
/// is gone; it comes back when the vault failed, unless the vault says that the key is gone all the same.
pub async fn unsealed<T>(
    audio: &Arc<dyn AudioFiles>,
    secrets: &Secrets,
    folder: PathBuf,
    deletion: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let (files, place) = (audio.clone(), folder.clone());
    let before = blocking(move || {
        let before = files.seal(&place);
        files.set_seal(&place, None).map(|()| before)
    });
    let before = before.await?;
    let deleted = deletion.await;
    if let (Err(_), Some(public)) = (&deleted, before)
        && may_be_there(secrets).await
    {
        let files = audio.clone();
        if let Err(problem) = blocking(move || files.set_seal(&folder, Some(&public))).await {
            tracing::warn!(code = problem.code, "recordings are not encrypted until the vault works again");
        }
    }
    deleted
}

/// A vault that cannot say it has most likely not deleted anything either.
async fn may_be_there(secrets: &Secrets) -> bool {
    match secrets.report().await {
        Ok(report) => {
            report.secrets.iter().any(|one| one.id == RECORDINGS && one.presence != Presence::Unset)
        }
        Err(_) => true,
    }
}

impl App {
    /// At the start, and whenever settings or secrets changed.
    pub(super) fn ensure_recordings_key(&self) {
        if !self.settings.storage.encrypt_audio {
            return;
        }
        let (audio, secrets) = (self.parts.audio.clone(), self.parts.secrets.clone());
        let (folder, handle) = (self.parts.audio_folder.clone(), self.handle.clone());
        self.tasks.spawn(async move {
            if let Err(problem) = make_key(&audio, &secrets, folder).await {
                tracing::warn!(code = problem.code, "recordings are not encrypted yet");
                handle.send(Message::NoRecordingsKey).await;
            }
        });
    }

    /// Transcribes again what could not be opened before; the vault may be open now.
    pub(super) fn retry_sealed(&mut self) {
        for id in std::mem::take(&mut self.sealed) {
            self.retranscribe(&id);
        }
    }
}

/// Whether a recording could not be read only because its key is out of reach.
pub(super) fn waits_for_the_vault(problem: &Problem) -> bool {
    problem.code.starts_with("TT-SECRET-")
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Problem::with(Code::AudioUnreadable, e))?
}
