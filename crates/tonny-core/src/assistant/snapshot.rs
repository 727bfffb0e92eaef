//! A newer list of models than the one that came with the program: fetched from where the user says, looked at before it is
//! taken, and known to the next start. What is wrong with it is said, and the last good one stays.

use std::sync::Arc;

use tonny_egress::client::{ListAddress, Newer};
use tonny_egress::fault::{Fault, FaultCode};
use tonny_egress::registry::{Confirmed, Registry, Snapshot, judge};
use tonny_store::{ModelList, Store};

use super::{Assistant, told};
use crate::outgoing::wordless;
use crate::problem::{Code, Problem};
use crate::settings::ModelEdit;
use crate::store_problem;

/// What the ledger and errors call it.
const PURPOSE: &str = "models";

/// Puts the list that was taken last into the registry.
pub async fn recall(store: &Store, registry: &mut Registry) {
    let known = match store.model_list().get().await {
        Ok(known) => known,
        Err(error) => return tracing::warn!(%error, "the fetched list of models cannot be read"),
    };
    let Some((list, bundled)) = known.zip(Snapshot::bundled().ok()) else { return };
    match judge(&bundled, list.json.as_bytes(), &all(&list.json)) {
        Ok(snapshot) => registry.take_download(snapshot),
        // An update of the program brings a newer one.
        Err(refusal) => tracing::info!(%refusal, "the fetched list of models is not used any more"),
    }
}

/// Every model of a list that was looked at when it was taken.
fn all(json: &str) -> Confirmed {
    let read = Snapshot::read(json.as_bytes());
    read.map(|list| list.models.into_iter().map(|it| (it.provider, it.id)).collect()).unwrap_or_default()
}

/// Models whose price the user wrote himself: whatever a list says of it, that one counts.
fn priced_by_hand(edits: &[ModelEdit]) -> Confirmed {
    let priced = edits.iter().filter(|edit| edit.input.is_some() && edit.output.is_some());
    priced
        .filter_map(|edit| edit.model.split_once('/'))
        .map(|(provider, id)| (provider.to_owned(), id.to_owned()))
        .collect()
}

impl Assistant {
    /// Fetches the list from `assistant.models_address`; gives how many models it has, or nothing where there is no newer one.
    ///
    /// # Errors
    /// By the table of faults; [`Code::ModelListRefused`] with what is wrong with it.
    pub async fn refresh_snapshot(&self) -> Result<Option<usize>, Problem> {
        let settings = self.desk.settings.borrow().assistant.clone();
        let Some(address) = settings.models_address else { return Ok(None) };
        let known = self.desk.store.model_list().get().await.map_err(|error| store_problem(&error))?;
        let known = known.filter(|list| list.address == address);
        let fetched = self.fetch(&address, known.as_ref().and_then(|list| list.etag.as_deref())).await?;
        let Newer::List { etag, bytes } = fetched else { return Ok(None) };
        let refused = |why: &dyn std::fmt::Display| Problem::with(Code::ModelListRefused, why);
        let good = known.and_then(|list| Snapshot::read(list.json.as_bytes()).ok());
        let good = good.map_or_else(Snapshot::bundled, Ok).map_err(|it| refused(&it))?;
        let snapshot =
            judge(&good, &bytes, &priced_by_hand(&settings.model_edits)).map_err(|it| refused(&it))?;
        let json = String::from_utf8(bytes).map_err(|error| refused(&error))?;
        let (count, list) = (snapshot.models.len(), ModelList { address, etag, json });
        self.desk.store.model_list().put(&list).await.map_err(|error| store_problem(&error))?;
        self.desk.registry.send_modify(|registry| Arc::make_mut(registry).take_download(snapshot));
        Ok(Some(count))
    }

    async fn fetch(&self, address: &str, etag: Option<&str>) -> Result<Newer, Problem> {
        let from = ListAddress::new(address).map_err(|it| Problem::with(Code::ModelListRefused, it))?;
        let (host, leaves) = (from.host(), !from.is_here());
        let denied = || Fault::new(FaultCode::POLICY_DENIED, PURPOSE);
        if leaves && *self.desk.offline.borrow() {
            return Err(told::problem(&denied(), &host));
        }
        let mut offline = self.desk.offline.clone();
        let fetched = tokio::select! {
            fetched = self.desk.client.newer_list(&from, etag) => fetched,
            Ok(_) = offline.wait_for(|offline| *offline && leaves) => Err(denied()),
        };
        let fault = fetched.as_ref().err().map(|fault| fault.code);
        let row = wordless(&*self.desk.clock, PURPOSE, "", &host, fault);
        self.desk.write_down(&row, &(String::new(), String::new())).await;
        fetched.map_err(|fault| told::problem(&fault, &host))
    }
}
