//! `tonny secrets`: which are set, and setting them. A value comes from standard input or a hidden prompt and is never
//! printed.
//!
//! The terminal has a vault of its own beside the app's and only tells the app that something changed: no secret
//! crosses the control socket.

use tonny_core::activity::Did;
use tonny_core::ports::{AudioFiles as _, Choice, Place, Presence, VaultReport, VaultState};
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::{RECORDINGS, Secrets, Tried, kind};
use tonny_platform::audio::RecordingsOnDisk;

use crate::arguments::{Secrets as Verb, Store};
use crate::face::Face;
use crate::input::Input;

pub fn run(face: &Face, verb: Verb) -> Result<(), Problem> {
    let secrets = face.secrets()?;
    face.block_on(async {
        match verb {
            Verb::List => list(face, &secrets.report().await?),
            Verb::Set { name, no_test, password_first } => {
                set(face, &secrets, &name, !no_test, password_first).await
            }
            Verb::Clear { name } => {
                let kind = kind(&name)?;
                if kind.id == RECORDINGS {
                    drop_seal(face)?;
                }
                let mut input = Input::new(face, false);
                open_file(&secrets, &mut input).await?;
                let was_there = secrets.clear(kind.id).await?;
                face.note(Did::SecretCleared(kind.id.to_owned())).await;
                changed(face, if was_there { "cleared" } else { "was not set" }, kind.id)
            }
            Verb::Forget { yes } => forget(face, &secrets, yes).await,
            Verb::Store { place, agree } => store(face, &secrets, place, agree).await,
            Verb::Unlock => {
                let mut input = Input::new(face, false);
                open_file(&secrets, &mut input).await?;
                secrets.unlock(None).await?;
                face.tell_app();
                list(face, &secrets.report().await?)
            }
        }
    })
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
    open_file(secrets, &mut input).await?;
    let value = input.ask(kind.label)?;
    let kept = secrets.set(kind.id, value, try_it).await?;
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

async fn forget(face: &Face, secrets: &Secrets, yes: bool) -> Result<(), Problem> {
    if !yes {
        return Err(Problem::with(Code::RequestInvalid, "This deletes every secret: say it with --yes"));
    }
    drop_seal(face)?;
    let gone = secrets.forget().await?;
    face.note(Did::SecretsForgotten).await;
    face.tell_app();
    face.show(&serde_json::json!({ "forgotten": gone }), || format!("{gone} secrets forgotten."))
}

/// What encrypts recordings goes before the key that opens them. A running app makes the next pair by itself.
fn drop_seal(face: &Face) -> Result<(), Problem> {
    RecordingsOnDisk.set_seal(&face.folders()?.audio, None)
}

async fn store(face: &Face, secrets: &Secrets, place: Store, agree: bool) -> Result<(), Problem> {
    let place = match place {
        Store::Keyring => Place::Keyring,
        Store::File => Place::File,
        Store::Session => Place::Session,
    };
    if place != Place::Keyring && !agree {
        let what = place.protection().trim_end_matches('.');
        return Err(Problem::with(Code::VaultNotAgreed, format!("{what}. Say that you agree with --agree")));
    }
    let mut input = Input::new(face, place == Place::Keyring);
    let report = secrets.report().await?;
    if report.state == VaultState::FileLocked {
        secrets.unlock(Some(input.password()?)).await?;
    }
    let password = if place == Place::File { Some(input.new_password()?) } else { None };
    secrets.choose(Choice { place, password, understood: agree, auto_lock_min: None }).await?;
    face.tell_app();
    list(face, &secrets.report().await?)
}

/// Unlocks the encrypted file for this command, where secrets are kept in it. A place that will not work is told before
/// anybody types a value, and without waiting for it a second time.
async fn open_file(secrets: &Secrets, input: &mut Input<'_>) -> Result<(), Problem> {
    let report = secrets.report().await?;
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

fn list(face: &Face, report: &VaultReport) -> Result<(), Problem> {
    face.show(report, || {
        let mut lines = vec![report.protection.clone()];
        lines.extend(report.problem.iter().map(ToString::to_string));
        if let Some(migration) = &report.migration {
            lines.extend(migration.left.iter().map(|left| format!("{}: {}", left.file, left.why)));
        }
        lines.extend(report.secrets.iter().map(|kept| {
            let presence = match kept.presence {
                Presence::Set => "set",
                Presence::Unset => "-",
                Presence::OutOfReach => "locked away",
            };
            let day =
                |at: &Option<String>| at.as_deref().map_or("", |at| at.get(..10).unwrap_or(at)).to_owned();
            format!(
                "{:<22} {:<12} {:<11} {:<11} {}",
                kept.id,
                presence,
                day(&kept.set_at),
                day(&kept.used_at),
                kept.purpose
            )
        }));
        lines.join("\n")
    })
}
