//! The table `model_list`: the newest list of language models that was fetched and taken, so that the next start knows it, too.

use crate::StoreError;
use crate::statements::statements;
use crate::store::{Durability, Store};

statements! {
    GET = "SELECT address, etag, json FROM model_list WHERE one = 1";

    PUT = "INSERT INTO model_list (one, address, etag, json) VALUES (1, ?1, ?2, ?3) \
        ON CONFLICT (one) DO UPDATE SET address = excluded.address, etag = excluded.etag, json = excluded.json";
}

/// A list as it was fetched.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ModelList {
    /// Where it came from.
    pub address: String,
    /// By what the server knows it again.
    pub etag: Option<String>,
    /// The list itself.
    pub json: String,
}

/// The queries of the table.
#[derive(Debug)]
pub struct ModelLists<'a> {
    store: &'a Store,
}

impl<'a> ModelLists<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        ModelLists { store }
    }

    /// The one that was taken last.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn get(&self) -> Result<Option<ModelList>, StoreError> {
        self.store.row("load the list of models", sqlx::query(GET)).await
    }

    /// Takes its place.
    ///
    /// # Errors
    /// `is_refused_value` for more than 8 MiB.
    pub async fn put(&self, list: &ModelList) -> Result<(), StoreError> {
        let query = sqlx::query(PUT).bind(&list.address).bind(&list.etag).bind(&list.json);
        self.store.change(Durability::Process, "keep the list of models", query).await.map(drop)
    }
}
