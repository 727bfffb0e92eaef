//! `tonny secrets`: which are set, and setting them. A value comes from standard input or a hidden prompt and is never
//! printed.
//!
//! The terminal has a vault of its own beside the app's and only tells the app that something changed: no secret
//! crosses the control socket.

use std::sync::Arc;

use tonny_core::activity::Did;
use tonny_core::app::recordings;
use tonny_core::control::Request;
use tonny_core::outgoing;
use tonny_core::ports::{AudioFiles, Choice, Kept, Place, Presence, SecretsMoved, VaultReport, VaultState};
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::{RECORDINGS, Secrets, Tried, kind};
use tonny_platform::audio::RecordingsOnDisk;
use tonny_platform::clock::SystemClock;

use crate::arguments::{Secrets as Verb, Store};
use crate::face::Face;
use crate::input::Input;

pub fn run(face: &Face, verb: Verb) -> Result<(), Problem> {
    let secrets = face.secrets()?;
    face.block_on(async {
        match verb {
            Verb::List => list(face, &secrets.report().await?),
            Verb::Set { name, no_test, password_first } => {
                if !no_test {
                    secrets.set_offline(is_offline(face).await);
                }
                set(face, &secrets, &name, !no_test, password_first).await
            }
            Verb::Clear { name } => clear(face, &secrets, &name).await,
            Verb::Forget { yes } => forget(face, &secrets, yes).await,
            Verb::Store { place, change_password: true, .. } => change_password(face, &secrets, place).await,
            Verb::Store { place, agree, auto_lock, .. } => {
                store(face, &secrets, place, agree, auto_lock).await
            }
            Verb::Lock => lock(face),
            Verb::Unlock => {
                let mut input = Input::new(face, false);
                open_file(face, &secrets, &mut input).await?;
                secrets.unlock(None).await?;
                face.tell_app();
                list(face, &secrets.report().await?)
            }
        }
    })
}

/// A key can be kept where the settings cannot be read, too: then nobody said that nothing may leave.
async fn is_offline(face: &Face) -> bool {
    let Ok(store) = face.store().await else { return false };
    super::settings::load(face, &store).await.privacy.offline
}

async fn set(
    face: &Face,
    secrets: &Secrets,
    name: &str,
    try_it: bool,
    password_first: bool,
) -> Result<(), Problem> {
    let kind = kind(name)?;
    let mut input = Input::new(face, password_first);
    open_file(face, secrets, &mut input).await?;
    let value = input.ask(kind.label)?;
    let setting = secrets.set(kind.id, value, try_it);
    // A key can be kept where nothing can be written down, too.
    let kept = match face.store().await {
        Ok(store) => outgoing::noting(store, Arc::new(SystemClock), secrets.witness(), setting).await?,
        Err(_) => setting.await?,
    };
    face.note(Did::SecretSet(kind.id.to_owned())).await;
    if let Some(note) = &kept.note {
        face.remark(note);
    }
    if !face.is_json() && kept.tried == Tried::Good {
        face.remark("It was tried and is good.");
    }
    face.tell_app();
    face.show(&kept, || format!("{} is set.", kind.id))
}

async fn clear(face: &Face, secrets: &Secrets, name: &str) -> Result<(), Problem> {
    let kind = kind(name)?;
    open_file(face, secrets, &mut Input::new(face, false)).await?;
    let clearing = secrets.clear(kind.id);
    let was_there =
        if kind.id == RECORDINGS { unsealed(face, secrets, clearing).await? } else { clearing.await? };
    face.note(Did::SecretCleared(kind.id.to_owned())).await;
    changed(face, if was_there { "cleared" } else { "was not set" }, kind.id)
}

async fn forget(face: &Face, secrets: &Secrets, yes: bool) -> Result<(), Problem> {
    if !yes {
        return Err(Problem::with(Code::RequestInvalid, "This deletes every secret: say it with --yes"));
    }
    let gone = unsealed(face, secrets, secrets.forget()).await?;
    face.note(Did::SecretsForgotten).await;
    face.tell_app();
    face.show(&serde_json::json!({ "forgotten": gone }), || format!("{gone} secrets forgotten."))
}

/// Without what encrypts recordings, which comes back when the vault fails. A running app makes the next pair by itself.
async fn unsealed<T>(
    face: &Face,
    secrets: &Secrets,
    deletion: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let audio: Arc<dyn AudioFiles> = Arc::new(RecordingsOnDisk);
    recordings::unsealed(&audio, secrets, face.folders()?.audio, deletion).await
}

async fn store(
    face: &Face,
    secrets: &Secrets,
    place: Store,
    agree: bool,
    auto_lock_min: Option<u32>,
) -> Result<(), Problem> {
    let place = place_of(place);
    let mut input = Input::new(face, place == Place::Keyring);
    let wish = |password| Choice { place, password, understood: agree, auto_lock_min };
    // Without asking how the place in use does first: one that is silent would take its time twice.
    let mut outcome = secrets.choose(wish(None)).await;
    if outcome.as_ref().is_err_and(|problem| problem.is(Code::VaultFileLocked)) {
        let mut password = None;
        if place == Place::File {
            password = Some(input.new_password()?);
        } else {
            secrets.unlock(Some(input.password()?)).await?;
        }
        outcome = secrets.choose(wish(password)).await;
    }
    let moved = outcome.map_err(|problem| match problem {
        problem if problem.is(Code::VaultNotAgreed) => {
            let what = place.protection().trim_end_matches('.');
            Problem::with(Code::VaultNotAgreed, format!("{what}. Say that you agree with --agree"))
        }
        problem => problem,
    })?;
    face.tell_app();
    say_what_stayed(face, &moved);
    list(face, &secrets.report().await?)
}

fn say_what_stayed(face: &Face, moved: &SecretsMoved) {
    if moved.left_behind > 0 {
        let (count, were) = (moved.left_behind, if moved.left_behind == 1 { "secret" } else { "secrets" });
        face.remark(format!(
            "{count} {were} could not be read and stayed where they were: nothing was deleted. \
             They are listed as locked away."
        ));
    }
    if let Some(file) = &moved.set_aside {
        face.remark(format!("The encrypted file could not be read. It was set aside as {file}."));
    }
}

fn place_of(place: Store) -> Place {
    match place {
        Store::Keyring => Place::Keyring,
        Store::File => Place::File,
        Store::Session => Place::Session,
    }
}

async fn change_password(face: &Face, secrets: &Secrets, place: Store) -> Result<(), Problem> {
    if place != Store::File || secrets.report().await?.place != Place::File {
        let why = "Only the encrypted file has a password of its own, and secrets are kept in it then";
        return Err(Problem::with(Code::RequestInvalid, why));
    }
    let mut input = Input::new(face, true);
    let old = input.password()?;
    let new = input.new_password()?;
    secrets.change_password(old, new).await?;
    face.tell_app();
    face.show(&serde_json::json!({ "password": "changed" }), || "The file has its new password.".to_owned())
}

/// The terminal never keeps the file open: it is the running app that may have.
fn lock(face: &Face) -> Result<(), Problem> {
    match face.ask(&Request::LockSecrets) {
        Err(problem) if !problem.is(Code::AppNotRunning) => return Err(problem),
        _ => {}
    }
    face.show(&serde_json::json!({ "file": "locked" }), || "The encrypted file is locked.".to_owned())
}

/// Unlocks the encrypted file for this command, where secrets are kept in it. A place that will not work is told before
/// anybody types a value, and without waiting for it a second time.
async fn open_file(face: &Face, secrets: &Secrets, input: &mut Input<'_>) -> Result<(), Problem> {
    let report = secrets.report().await?;
    warn(face, &report);
    match (report.state, report.problem) {
        (VaultState::FileLocked, _) => {
            let password = input.password()?;
            secrets.unlock(Some(password)).await
        }
        // The keyring asks for its password itself; another one than before is taken into use.
        (VaultState::Locked | VaultState::Changed, _) | (_, None) => Ok(()),
        (state, Some(_)) if state.works() && report.place != Place::Session => Ok(()),
        (_, Some(problem)) => Err(problem),
    }
}

fn changed(face: &Face, what: &str, id: &str) -> Result<(), Problem> {
    face.tell_app();
    face.show(&serde_json::json!({ "id": id, "outcome": what }), || format!("{id}: {what}."))
}

/// What was mended and has to be known all the same.
fn warn(face: &Face, report: &VaultReport) {
    if let Some(at) = &report.exposed_at {
        face.remark(format!(
            "Other users of this machine could read the encrypted file until {}; they cannot any more. \
             Change its password: tonny secrets store file --change-password",
            day(Some(at))
        ));
    }
}

fn list(face: &Face, report: &VaultReport) -> Result<(), Problem> {
    warn(face, report);
    face.show(report, || {
        let mut lines = vec![report.protection.clone()];
        lines.extend(report.problem.iter().map(ToString::to_string));
        if let Some(migration) = &report.migration {
            lines.extend(
                migration
                    .moved
                    .iter()
                    .map(|moved| format!("{}: moved from {}, where it was plain text", moved.id, moved.from)),
            );
            lines.extend(migration.left.iter().map(|left| format!("{}: {}", left.file, left.why)));
        }
        lines.push(line(["NAME", "STATE", "KEPT IN", "SET", "LAST USED", "FOR"]));
        lines.extend(report.secrets.iter().map(row));
        lines.join("\n")
    })
}

fn row(kept: &Kept) -> String {
    let presence = match kept.presence {
        Presence::Set => "set",
        Presence::Unset => "-",
        Presence::OutOfReach => "locked away",
    };
    let place = match kept.place {
        None => "",
        Some(Place::Keyring) => "keyring",
        Some(Place::File) => "file",
        Some(Place::Session) => "memory",
    };
    let why =
        kept.trial_note.as_ref().filter(|_| kept.can_be_typed).map_or(String::new(), |why| format!(" {why}"));
    let purpose = format!("{}{why}", kept.purpose);
    line([&kept.id, presence, place, day(kept.set_at.as_ref()), day(kept.used_at.as_ref()), &purpose])
}

fn line(cells: [&str; 6]) -> String {
    let [id, presence, place, set, used, purpose] = cells;
    format!("{id:<22} {presence:<12} {place:<8} {set:<11} {used:<11} {purpose}")
}

fn day(at: Option<&String>) -> &str {
    at.map_or("", |at| at.get(..10).unwrap_or(at))
}
