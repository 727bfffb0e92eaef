//! Secrets as the App handles them: every ask is a task of its own, because a keyring may take its time.

use std::path::PathBuf;
use std::sync::Arc;

use super::ask::{Answer, Message};
use super::{App, Notification, recordings};
use crate::activity::{ActivityLog, Did};
use crate::ports::{AudioFiles, Choice, Migration, SecretsMoved, VaultReport};
use crate::problem::{Code, Problem};
use crate::secrets::{RECORDINGS, SecretKept, Secrets, Typed, kind};

/// What the faces ask about secrets.
pub enum SecretsAsk {
    /// Where they are and which are set.
    Report(Answer<Result<VaultReport, Problem>>),
    /// Keep a value: kind, value, whether to try it.
    Set(String, Typed, bool, Answer<Result<SecretKept, Problem>>),
    /// Delete a value.
    Clear(String, Answer<Result<bool, Problem>>),
    /// Delete all.
    Forget(Answer<Result<u32, Problem>>),
    /// Keep them elsewhere.
    Choose(Choice, Answer<Result<SecretsMoved, Problem>>),
    /// Open the place.
    Unlock(Option<Typed>, Answer<Result<(), Problem>>),
    /// Close the encrypted file.
    Lock(Answer<Result<(), Problem>>),
    /// Another password: old, new.
    ChangePassword(Typed, Typed, Answer<Result<(), Problem>>),
    /// Make sure that recordings can be encrypted.
    RecordingsKey(Answer<Result<(), Problem>>),
}

/// Plain text of an older set-up that may wait for the vault.
#[derive(Debug, Default)]
pub(super) struct OldSecrets {
    stage: Stage,
    was_told: bool,
}

#[derive(Debug, Default)]
enum Stage {
    /// There is none, or it was moved.
    #[default]
    Nothing,
    /// On its way; `again` where there was a reason to try it anew since.
    Moving { again: bool },
    /// It could not be moved; nobody is at it now.
    Waits,
}

impl App {
    pub(super) fn secrets(&self, ask: SecretsAsk) {
        let handle = self.handle.clone();
        let desk = Desk {
            secrets: self.parts.secrets.clone(),
            audio: self.parts.audio.clone(),
            folder: self.parts.audio_folder.clone(),
            activity: self.activity.clone(),
        };
        self.tasks.spawn(async move {
            if let Some(message) = desk.carry_out(ask).await {
                handle.send(message).await;
            }
        });
    }

    pub(super) fn secrets_changed(&mut self) {
        self.secrets_version += 1;
        if let Ok(assistant) = self.assistant.clone() {
            self.tasks.spawn(async move { assistant.user_acted().await });
        }
        self.ensure_recordings_key();
        self.retry_sealed();
        self.migrate_again();
    }

    /// The encrypted file may lock itself; whoever shows its state has to know.
    pub(super) fn watch_vault(&self) {
        let (secrets, handle) = (self.parts.secrets.clone(), self.handle.clone());
        self.tasks.spawn(async move {
            while secrets.locked_itself().await.is_ok() {
                if !handle.send(Message::SecretsChanged).await {
                    return;
                }
            }
        });
    }

    /// What waits for the vault is tried again.
    pub(super) fn migrate_again(&mut self) {
        match &mut self.old_secrets.stage {
            Stage::Nothing => {}
            Stage::Moving { again } => *again = true,
            Stage::Waits => self.migrate_secrets(),
        }
    }

    /// Told once; what is tried again fails silently.
    pub(super) fn migrated(&mut self, outcome: Result<Migration, Problem>) {
        let stage = std::mem::take(&mut self.old_secrets.stage);
        match outcome {
            Ok(migration) if migration.is_empty() => {}
            Ok(migration) => {
                tell(&migration);
                self.secrets_changed();
            }
            Err(problem) => {
                tracing::warn!(code = problem.code, "old plain-text secrets could not be moved yet");
                self.old_secrets.stage = Stage::Waits;
                if matches!(stage, Stage::Moving { again: true }) {
                    self.migrate_again();
                }
                if !std::mem::replace(&mut self.old_secrets.was_told, true) {
                    let told = Problem::with(Code::MigrationWaits, problem.message.trim_end_matches('.'));
                    let (title, body) = (told.message.clone(), told.advice.clone());
                    self.told(told, Notification { title, body });
                }
            }
        }
    }

    /// Plain-text secrets of an older set-up move into the vault; what cannot be done now is tried again when something
    /// about secrets changes, and at the next start.
    pub(super) fn migrate_secrets(&mut self) {
        self.old_secrets.stage = Stage::Moving { again: false };
        let (secrets, handle) = (self.parts.secrets.clone(), self.handle.clone());
        self.tasks.spawn(async move {
            let outcome = secrets.migrate().await;
            handle.send(Message::Migrated(outcome)).await;
        });
    }
}

fn tell(migration: &Migration) {
    for moved in &migration.moved {
        tracing::info!(kind = moved.id, file = moved.from, "a plain-text secret moved into the vault");
    }
    for left in &migration.left {
        tracing::warn!(file = left.file, why = left.why, "an old file with secrets was left alone");
    }
}

/// Only a kind that there is: what was typed in its place by mistake may be the secret itself.
fn noted<T>(activity: &ActivityLog, id: &str, did: fn(String) -> Did, result: &Result<T, Problem>) {
    if let Ok(kind) = kind(id) {
        activity.tried(did(kind.id.to_owned()), result);
    }
}

/// What one ask needs.
struct Desk {
    secrets: Secrets,
    audio: Arc<dyn AudioFiles>,
    folder: PathBuf,
    activity: ActivityLog,
}

impl Desk {
    /// What the App has to know of it: that something changed, or may have.
    async fn carry_out(self, ask: SecretsAsk) -> Option<Message> {
        let Self { secrets, audio, folder, activity } = &self;
        // Whoever asked may have gone; the work is done all the same.
        match ask {
            SecretsAsk::Report(reply) => {
                let report = secrets.report().await;
                let works = report.as_ref().is_ok_and(|report| report.state.works());
                let _ = reply.send(report);
                return works.then_some(Message::VaultWorks);
            }
            SecretsAsk::Set(id, value, try_it, reply) => {
                let set = secrets.set(&id, value, try_it).await;
                noted(activity, &id, Did::SecretSet, &set);
                let _ = reply.send(set);
            }
            SecretsAsk::Clear(id, reply) => {
                let cleared = self.clear(&id).await;
                noted(activity, &id, Did::SecretCleared, &cleared);
                let _ = reply.send(cleared);
            }
            SecretsAsk::Forget(reply) => {
                // While the setting is on, the next pair is made as soon as the App hears of it.
                let forgotten = recordings::unsealed(audio, secrets, folder.clone(), secrets.forget()).await;
                activity.tried(Did::SecretsForgotten, &forgotten);
                let _ = reply.send(forgotten);
            }
            SecretsAsk::Choose(choice, reply) => _ = reply.send(secrets.choose(choice).await),
            SecretsAsk::Unlock(password, reply) => _ = reply.send(secrets.unlock(password).await),
            SecretsAsk::Lock(reply) => _ = reply.send(secrets.lock().await),
            SecretsAsk::ChangePassword(old, new, reply) => {
                _ = reply.send(secrets.change_password(old, new).await)
            }
            SecretsAsk::RecordingsKey(reply) => {
                let _ = reply.send(recordings::make_key(audio, secrets, folder.clone()).await);
                return None;
            }
        }
        Some(Message::SecretsChanged)
    }

    async fn clear(&self, id: &str) -> Result<bool, Problem> {
        let clearing = self.secrets.clear(id);
        if kind(id).is_ok_and(|kind| kind.id == RECORDINGS) {
            return recordings::unsealed(&self.audio, &self.secrets, self.folder.clone(), clearing).await;
        }
        clearing.await
    }
}
