//! Who can be asked: a provider is data, an entry of `providers.toml`, and its format.
//!
//! Makes the requests as bytes and headers; sends nothing. The key is no part of a [`Call`], so that a call can be
//! judged, hashed and logged; the one who sends it adds [`Provider::auth`].

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::chat::ChatRequest;
use crate::wire::{Answer, Format, ListedModel};

const BUNDLED: &str = include_str!("../providers.toml");

/// All providers, in the order in which they are offered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Providers {
    provider: Vec<Provider>,
}

/// One provider.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// What settings, faults and the ledger call it.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// How it speaks.
    pub format: Format,
    /// The address before the format's own paths; empty until the user gave one.
    #[serde(default)]
    pub base: String,
    /// `header: value` with `{key}` in it.
    #[serde(default)]
    auth: Option<String>,
    /// The kind of secret with the key.
    #[serde(default)]
    pub secret: Option<String>,
    /// Whether it wants a key.
    pub key: Key,
    /// The path of its list of models.
    #[serde(default)]
    models: Option<String>,
    /// Sent with every request.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Whether it usually runs on this machine.
    #[serde(default)]
    pub local: bool,
    /// Whether a last message of the assistant is gone on from, unless the registry says otherwise for a model.
    #[serde(default)]
    pub prefill: bool,
    /// Whether such a message has to be marked.
    #[serde(default)]
    pub prefill_marked: bool,
    /// Whether usage in a stream has to be asked for.
    #[serde(default)]
    pub stream_usage: bool,
    /// The field of the longest answer.
    #[serde(default = "max_tokens")]
    pub max_tokens: String,
    /// Over which time its limits count.
    pub limits: Limits,
}

/// Whether a provider wants a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Key {
    /// Nothing goes without.
    Required,
    /// Some servers of this kind do.
    Optional,
    /// Never.
    None,
}

/// Over which time limits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Of requests.
    pub requests: Period,
    /// Of tokens.
    pub tokens: Period,
}

/// A time over which a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// A burst inside of a minute is already too much.
    Second,
    /// The usual one.
    Minute,
    /// Until midnight of the provider, or 24 hours.
    Day,
}

/// Where a request goes and under which headers, without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The address.
    pub url: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
}

impl Providers {
    /// Those that this version knows.
    pub fn bundled() -> Result<Self, toml::de::Error> {
        toml::from_str(BUNDLED)
    }

    /// The one with this id.
    pub fn get(&self, id: &str) -> Option<&Provider> {
        self.provider.iter().find(|provider| provider.id == id)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.provider.iter()
    }
}

impl Provider {
    /// The same provider at the user's own address, another region or a server of one's own.
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.trim().trim_end_matches('/').to_owned(), ..self.clone() }
    }

    /// The host of its address, without a port; `None` until the user gave an address.
    pub fn host(&self) -> Option<String> {
        let url: reqwest::Url = self.base.parse().ok()?;
        url.host_str().map(str::to_owned)
    }

    /// Whether its address is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.host().is_some_and(|host| is_loopback(&host))
    }

    /// Where a model is asked for a streamed answer, by POST of [`Provider::body`].
    pub fn chat(&self, model: &str) -> Call {
        let mut headers = self.fixed_headers();
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        Call { url: format!("{}{}", self.base, self.format.wire().chat_path(model)), headers }
    }

    /// The exact bytes of a request for a streamed answer. The same request gives the same bytes, always.
    pub fn body(&self, request: &ChatRequest) -> Vec<u8> {
        self.format.wire().body(request, self).to_string().into_bytes()
    }

    /// Where the list of models is, by GET, where the provider has one.
    pub fn list(&self) -> Option<Call> {
        let path = self.models.as_ref()?;
        Some(Call { url: format!("{}{path}", self.base), headers: self.fixed_headers() })
    }

    /// The header that carries the key, sensitive.
    pub fn auth(&self, key: &str) -> Option<(String, String)> {
        let (name, value) = self.auth.as_ref()?.split_once(": ")?;
        Some((name.to_owned(), value.replace("{key}", key)))
    }

    /// A decoder for the answer to [`Provider::chat`].
    pub fn answer(&self) -> Answer {
        Answer::new(&*self.id, self.format)
    }

    /// The models of an answer to [`Provider::list`]; `None` if it is no list.
    pub fn listed(&self, body: &[u8]) -> Option<Vec<ListedModel>> {
        let list: Value = serde_json::from_slice(body).ok()?;
        self.format.wire().models(&list)
    }

    fn fixed_headers(&self) -> Vec<(String, String)> {
        self.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// Whether a host, without its port, is this machine.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What all but a few call it.
fn max_tokens() -> String {
    "max_tokens".to_owned()
}
