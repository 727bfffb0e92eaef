//! Trying a key or an address before it is kept: one small request, or only a connection.
//!
//! No redirect is followed, so that a key never travels to another host than the one it was tried at, and nothing of
//! the answer but its status is read.

use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, StatusCode, Url, redirect};
use tokio::net::TcpStream;

use crate::downloads::{host, secure};
use crate::fault::FaultCode;
use crate::witness::Witness;
use crate::{EgressError, Switch};

/// A person waits for it with a form open.
const DEADLINE: Duration = Duration::from_secs(10);

/// What the ledger calls it.
const PURPOSE: &str = "trial";

/// Why nothing was learned while nothing leaves this machine.
const OFFLINE: &str = "TonnyTray is switched to offline";

/// Tries keys and addresses. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Trials {
    client: Client,
    switch: Switch,
    witness: Witness,
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The other side took it.
    Good,
    /// The other side refused it, with this HTTP status.
    Refused(u16),
    /// Nothing was learned; a word on why.
    Unknown(String),
}

impl Trials {
    /// Trusts the system's certificates, as downloads do.
    pub fn new() -> Result<Self, EgressError> {
        let client = Client::builder()
            .user_agent(concat!("TonnyTray/", env!("CARGO_PKG_VERSION")))
            .timeout(DEADLINE)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(EgressError::Client)?;
        Ok(Self { client, switch: Switch::default(), witness: Witness::default() })
    }

    /// What closes it to other machines.
    pub fn switch(&self) -> &Switch {
        &self.switch
    }

    /// What sees everything that is tried.
    pub fn witness(&self) -> &Witness {
        &self.witness
    }

    /// A GET with these headers. Only 401 and 403 say that a key is wrong: anything else may have other reasons.
    pub async fn get(&self, url: &str, headers: &[(&str, &str)]) -> Verdict {
        let Ok(url) = secure(url) else { return unknown("the address is not encrypted") };
        let host = host(&url);
        let mut request = self.client.get(url);
        for (name, value) in headers {
            let (Ok(name), Ok(mut value)) = (HeaderName::try_from(*name), HeaderValue::try_from(*value))
            else {
                return unknown("the value fits into no header");
            };
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        if self.switch.bars(Some(&host)) {
            return unknown(OFFLINE);
        }
        let going = self.witness.begin(PURPOSE, host.clone());
        let Some(sent) = self.switch.pass(Some(&host), request.send()).await else {
            going.ended(Some(FaultCode::POLICY_DENIED));
            return unknown(OFFLINE);
        };
        going.ended(sent.as_ref().err().map(|_| FaultCode::CONNECT_FAILED));
        match sent.map(|answer| answer.status()) {
            Ok(status) if status.is_success() => Verdict::Good,
            Ok(status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)) => {
                Verdict::Refused(status.as_u16())
            }
            Ok(status) => unknown(&format!("the answer was {status}")),
            // The error would name the whole address.
            Err(error) if error.is_timeout() => unknown("there was no answer in time"),
            Err(_) => unknown("there was no connection"),
        }
    }

    /// Whether something listens at the address's host and port. Nothing is sent.
    pub async fn reach(&self, address: &str) -> Verdict {
        let Some((host, port)) = endpoint(address) else { return unknown("the address has no port") };
        let in_time = tokio::time::timeout(DEADLINE, connect(&host, port));
        if self.switch.bars(Some(&host)) {
            return unknown(OFFLINE);
        }
        let going = self.witness.begin(PURPOSE, host.clone());
        let Some(ended) = self.switch.pass(Some(&host), in_time).await else {
            going.ended(Some(FaultCode::POLICY_DENIED));
            return unknown(OFFLINE);
        };
        let reached = matches!(ended, Ok(Ok(_)));
        going.ended((!reached).then_some(FaultCode::CONNECT_FAILED));
        match ended {
            Ok(Ok(_)) => Verdict::Good,
            Ok(Err(error)) => unknown(&format!("nothing answered there ({})", error.kind())),
            Err(_) => unknown("there was no answer in time"),
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the door that bytes leave through")]
async fn connect(host: &str, port: u16) -> std::io::Result<TcpStream> {
    TcpStream::connect((host, port)).await
}

/// Host without brackets, and the port, by default that of the scheme.
fn endpoint(address: &str) -> Option<(String, u16)> {
    let url = Url::parse(address).ok()?;
    let port = url.port_or_known_default().or(match url.scheme() {
        "amqp" => Some(5672),
        "amqps" => Some(5671),
        _ => None,
    })?;
    Some((url.host_str()?.trim_matches(['[', ']']).to_owned(), port))
}

fn unknown(why: &str) -> Verdict {
    Verdict::Unknown(why.to_owned())
}
