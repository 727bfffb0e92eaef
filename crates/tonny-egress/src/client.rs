//! The HTTP client of language models: one for other machines, which takes the system's proxy, and one for this machine,
//! which never does.
//!
//! No redirect is followed, so that neither a key nor a conversation reaches a host that was not judged. Answers are
//! streamed and have no deadline here: `attempt.rs` counts the time of each of their phases.

use std::time::Duration;

use reqwest::header::{ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH};
use reqwest::{Client, ClientBuilder, Method, Request, StatusCode, Url, redirect};

use crate::EgressError;
use crate::classify::{Refusal, classify};
use crate::downloads::{host, secure};
use crate::fault::{Fault, FaultCode};
use crate::provider::{Provider, is_loopback};
use crate::unreachable;
use crate::wire::ListedModel;

/// A host that does not answer a connection by then is asked no longer.
const CONNECT: Duration = Duration::from_secs(3);

/// A person waits for a list, with the settings open.
const LIST: Duration = Duration::from_secs(10);

/// Bytes of a list of models; the longest of today's have 2 MB.
const LONGEST_LIST: usize = 16 << 20;

/// The same, where nobody waits.
const SNAPSHOT: Duration = Duration::from_secs(60);

/// In place of a provider's id.
const LIST_OF_MODELS: &str = "models";

/// Where a list of models is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListAddress(Url);

impl ListAddress {
    /// An address that nobody on the way can read or change what comes from.
    ///
    /// # Errors
    /// `Insecure` for another one.
    pub fn new(address: &str) -> Result<Self, EgressError> {
        secure(address).map(Self)
    }

    /// Its host.
    pub fn host(&self) -> String {
        host(&self.0)
    }

    /// Whether that is this machine.
    pub fn is_here(&self) -> bool {
        is_loopback(&self.host())
    }
}

/// What there is at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Newer {
    /// The list that is known.
    Same,
    /// Another one.
    List {
        /// By what the server knows it again.
        etag: Option<String>,
        /// Whatever came; nobody has looked at it.
        bytes: Vec<u8>,
    },
}

/// Asks language models. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ChatClient {
    away: Client,
    here: Client,
}

impl ChatClient {
    /// Trusts the system's certificates, as downloads do.
    ///
    /// # Errors
    /// Where these cannot be read.
    pub fn new() -> Result<Self, EgressError> {
        let away = plain().build().map_err(EgressError::Client)?;
        let here = plain().no_proxy().build().map_err(EgressError::Client)?;
        Ok(Self { away, here })
    }

    /// The same client for all, made elsewhere: a test may know better where a host is.
    pub fn with(client: Client) -> Self {
        Self { away: client.clone(), here: client }
    }

    /// The client for a host of this machine, or for another one.
    pub(crate) fn http(&self, is_loopback: bool) -> &Client {
        if is_loopback { &self.here } else { &self.away }
    }

    /// The models that a provider lists. `None` where it has no list.
    ///
    /// # Errors
    /// What went wrong, by the same table as an answer's.
    pub async fn models(
        &self,
        provider: &Provider,
        key: Option<&str>,
    ) -> Result<Option<Vec<ListedModel>>, Fault> {
        let fault = |code| Fault::new(code, &*provider.id);
        let Some(call) = provider.list() else { return Ok(None) };
        let url: Url = call.url.parse().map_err(|_| fault(FaultCode::INVALID_REQUEST))?;
        let auth = key.and_then(|key| provider.auth(key));
        let mut request = Request::new(Method::GET, url);
        *request.headers_mut() =
            headers(&call.headers, auth.as_ref()).ok_or_else(|| fault(FaultCode::AUTH_INVALID))?;
        let listed = tokio::time::timeout(LIST, self.list(provider, request));
        listed.await.map_err(|_| fault(FaultCode::TIMEOUT_FIRST_TOKEN))?.map(Some)
    }

    /// The list of models at an address, unless it is the one that `etag` stands for.
    ///
    /// # Errors
    /// What went wrong, by the same table as an answer's; an address that is not secure is an invalid request.
    pub async fn newer_list(&self, from: &ListAddress, etag: Option<&str>) -> Result<Newer, Fault> {
        let late = |_| Fault::new(FaultCode::TIMEOUT_FIRST_TOKEN, LIST_OF_MODELS);
        tokio::time::timeout(SNAPSHOT, self.fetch_list(from, etag)).await.map_err(late)?
    }

    async fn fetch_list(&self, from: &ListAddress, etag: Option<&str>) -> Result<Newer, Fault> {
        let fault = |code| Fault::new(code, LIST_OF_MODELS);
        let mut request = Request::new(Method::GET, from.0.clone());
        if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
            request.headers_mut().insert(IF_NONE_MATCH, etag);
        }
        let sent = self.http(from.is_here()).execute(request).await;
        let mut response = sent.map_err(|error| unreachable::fault(LIST_OF_MODELS, &error))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED => return Ok(Newer::Same),
            status => {
                return Err(Fault { status: Some(status.as_u16()), ..fault(FaultCode::INVALID_REQUEST) });
            }
        }
        let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let mut bytes = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| unreachable::broken_off(LIST_OF_MODELS, &error))?
        {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LONGEST_LIST {
                return Err(fault(FaultCode::STREAM_PROTOCOL));
            }
        }
        Ok(Newer::List { etag, bytes })
    }

    async fn list(&self, provider: &Provider, request: Request) -> Result<Vec<ListedModel>, Fault> {
        let fault = |code| Fault::new(code, &*provider.id);
        let sent = self.http(provider.is_loopback()).execute(request).await;
        let mut response = sent.map_err(|error| unreachable::fault(&provider.id, &error))?;
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| unreachable::broken_off(&provider.id, &error))?
        {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_LIST {
                return Err(fault(FaultCode::STREAM_PROTOCOL));
            }
        }
        let status = response.status();
        if !status.is_success() {
            let (status, headers) = (status.as_u16(), response.headers());
            let now = std::time::UNIX_EPOCH;
            return Err(classify(&Refusal { provider: &provider.id, status, headers, body: &body, now }));
        }
        provider.listed(&body).ok_or_else(|| fault(FaultCode::STREAM_PROTOCOL))
    }
}

/// `None` if a value fits into no header.
pub(crate) fn headers(fixed: &[(String, String)], auth: Option<&(String, String)>) -> Option<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in fixed {
        map.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    if let Some((name, value)) = auth {
        let mut value = HeaderValue::try_from(value).ok()?;
        value.set_sensitive(true);
        map.insert(HeaderName::try_from(name).ok()?, value);
    }
    Some(map)
}

fn plain() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("TonnyTray/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .redirect(redirect::Policy::none())
}
