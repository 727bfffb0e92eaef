//! What may leave this machine, and what did: providers, the contract, the ledger.

use tonny_core::assistant::{
    ContractView, LedgerDay, LedgerPage, ProviderTested, ProviderView, TriedOut, check_contract, try_contract,
};
use tonny_core::ports::Clock as _;
use tonny_core::problem::{Code, Problem};
use tonny_platform::clock::SystemClock;
use tonny_platform::zone;

use super::{Reach, checked, checked_some};

/// Bytes of a contract.
const CONTRACT_MAX: usize = 200_000;

fn contract_text(text: String) -> Result<String, Problem> {
    if text.len() > CONTRACT_MAX {
        return Err(Problem::with(Code::PolicyFileWrong, "It has more than 200,000 bytes"));
    }
    Ok(text)
}

/// Every provider, and whether it can be asked now.
#[tauri::command]
#[specta::specta]
pub async fn provider_list(face: Reach<'_>) -> Result<Vec<ProviderView>, Problem> {
    Ok(face.app.assistant()?.providers().await)
}

/// Asks a provider for its list of models.
#[tauri::command]
#[specta::specta]
pub async fn provider_test(face: Reach<'_>, id: String) -> Result<ProviderTested, Problem> {
    face.app.assistant()?.test_provider(&checked(id)?).await
}

/// The contract in force.
#[tauri::command]
#[specta::specta]
pub async fn contract_get(face: Reach<'_>) -> Result<ContractView, Problem> {
    face.app.assistant()?.contract()
}

/// Reads a contract and runs its examples.
#[tauri::command]
#[specta::specta]
pub async fn contract_check(_face: Reach<'_>, text: String) -> Result<ContractView, Problem> {
    check_contract(&contract_text(text)?)
}

/// What a contract would let out of some words.
#[tauri::command]
#[specta::specta]
pub async fn contract_try(
    _face: Reach<'_>,
    text: String,
    model: String,
    words: String,
) -> Result<TriedOut, Problem> {
    try_contract(&contract_text(text)?, &checked(model)?, &checked(words)?)
}

/// A page of what left this machine, newest first.
#[tauri::command]
#[specta::specta]
pub async fn ledger_list(face: Reach<'_>, before: Option<String>, limit: u32) -> Result<LedgerPage, Problem> {
    checked_some(&before)?;
    face.app.assistant()?.ledger(before.as_deref(), limit).await
}

/// The last days, by host.
#[tauri::command]
#[specta::specta]
pub async fn ledger_days(face: Reach<'_>, days: u32) -> Result<Vec<LedgerDay>, Problem> {
    let offset = zone::local_offset(SystemClock.utc().unix_timestamp() * 1_000);
    face.app.assistant()?.ledger_days(days, i64::from(offset.whole_seconds()) * 1_000).await
}
