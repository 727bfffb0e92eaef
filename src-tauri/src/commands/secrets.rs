//! Secrets: which are set, and setting them. A value comes in and never goes out: nothing here returns one.

use serde::Deserialize;
use specta::Type;
use tonny_core::app::secrets::SecretsAsk;
use tonny_core::ports::{Choice, Place, SecretsMoved, VaultReport};
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::{SecretKept, Typed};

use super::{Reach, checked};

/// No secret and no password is longer, bytes. Longer ones never reach the vault.
const VALUE_MAX: usize = 8_192;

/// A wish to keep secrets elsewhere.
#[derive(Debug, Deserialize, Type)]
pub struct VaultChoice {
    /// Where.
    place: Place,
    /// For the encrypted file: the password it gets, or has.
    password: Option<Typed>,
    /// What protects secrets in the new place was read and agreed to.
    understood: bool,
    /// The encrypted file locks itself after so many minutes without use; 0 is never.
    auto_lock_min: Option<u32>,
}

/// Where secrets are kept, how that place does, and which are set.
#[tauri::command]
#[specta::specta]
pub async fn secrets_list(face: Reach<'_>) -> Result<VaultReport, Problem> {
    face.app.secrets(SecretsAsk::Report).await
}

/// Keeps a value; tries it first where `try_it`. Whatever fails, the old value stays.
#[tauri::command]
#[specta::specta]
pub async fn secrets_set(
    face: Reach<'_>,
    id: String,
    value: Typed,
    try_it: bool,
) -> Result<SecretKept, Problem> {
    let (id, value) = (checked(id)?, short(value)?);
    face.app.secrets(|reply| SecretsAsk::Set(id, value, try_it, reply)).await
}

/// Deletes a value; says whether there was one.
#[tauri::command]
#[specta::specta]
pub async fn secrets_clear(face: Reach<'_>, id: String) -> Result<bool, Problem> {
    let id = checked(id)?;
    face.app.secrets(|reply| SecretsAsk::Clear(id, reply)).await
}

/// Deletes every value in every place; says how many there were.
#[tauri::command]
#[specta::specta]
pub async fn secrets_forget(face: Reach<'_>) -> Result<u32, Problem> {
    face.app.secrets(SecretsAsk::Forget).await
}

/// Keeps secrets in another place from now on, and moves what there is.
#[tauri::command]
#[specta::specta]
pub async fn vault_choose(face: Reach<'_>, choice: VaultChoice) -> Result<SecretsMoved, Problem> {
    let VaultChoice { place, password, understood, auto_lock_min } = choice;
    let choice = Choice { place, password: password.map(short).transpose()?, understood, auto_lock_min };
    face.app.secrets(|reply| SecretsAsk::Choose(choice, reply)).await
}

/// Opens the encrypted file with its password, or has the keyring ask for its own.
#[tauri::command]
#[specta::specta]
pub async fn vault_unlock(face: Reach<'_>, password: Option<Typed>) -> Result<(), Problem> {
    let password = password.map(short).transpose()?;
    face.app.secrets(|reply| SecretsAsk::Unlock(password, reply)).await
}

/// Closes the encrypted file.
#[tauri::command]
#[specta::specta]
pub async fn vault_lock(face: Reach<'_>) -> Result<(), Problem> {
    face.app.secrets(SecretsAsk::Lock).await
}

/// Gives the encrypted file another password. Not `new`: the window's language keeps that word for itself.
#[tauri::command]
#[specta::specta]
pub async fn vault_password(face: Reach<'_>, old: Typed, next: Typed) -> Result<(), Problem> {
    let (old, next) = (short(old)?, short(next)?);
    face.app.secrets(|reply| SecretsAsk::ChangePassword(old, next, reply)).await
}

fn short(value: Typed) -> Result<Typed, Problem> {
    if value.len() <= VALUE_MAX {
        return Ok(value);
    }
    Err(Problem::with(Code::SecretInvalid, format!("It is {} bytes long, {VALUE_MAX} at most", value.len())))
}
