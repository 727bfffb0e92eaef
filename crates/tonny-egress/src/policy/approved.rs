//! What the transports take: a request that was judged, with the very bytes that were judged.
//!
//! There is one way to such a value, [`Policy::evaluate`](super::Policy::evaluate), and none to change or copy it. These do
//! not compile, each for the reason that is named; the last block shows that nothing else is wrong with them.
//!
//! It is not made by hand:
//! ```compile_fail,E0451
//! use tonny_egress::chat::ChatRequest;
//! use tonny_egress::policy::{Approved, Receipt, Target};
//! fn forge(request: ChatRequest, target: Target, receipt: Receipt) -> Approved<ChatRequest> {
//!     Approved { request, target, body: Vec::new(), receipt }
//! }
//! ```
//! Nor by the function that the policy itself calls:
//! ```compile_fail,E0624
//! use tonny_egress::chat::ChatRequest;
//! use tonny_egress::policy::{Approved, Receipt, Target};
//! fn forge(request: ChatRequest, target: Target, receipt: Receipt) -> Approved<ChatRequest> {
//!     Approved::seal(request, target, Vec::new(), receipt)
//! }
//! ```
//! It is not copied, so that one verdict is one request:
//! ```compile_fail,E0599
//! use tonny_egress::chat::ChatRequest;
//! use tonny_egress::policy::Approved;
//! fn twice(approved: &Approved<ChatRequest>) -> Approved<ChatRequest> { Approved::clone(approved) }
//! ```
//! It is not pointed at another target:
//! ```compile_fail,E0616
//! use tonny_egress::chat::ChatRequest;
//! use tonny_egress::policy::{Approved, Target};
//! fn redirect(approved: &mut Approved<ChatRequest>, target: Target) { approved.target = target; }
//! ```
//! Its body is not changed:
//! ```compile_fail,E0594
//! use tonny_egress::chat::ChatRequest;
//! use tonny_egress::policy::Approved;
//! fn slip(approved: &mut Approved<ChatRequest>) { approved.body()[0] = b'x'; }
//! ```
//! It does not come from a file:
//! ```compile_fail,E0277
//! use tonny_egress::chat::ChatRequest;
//! use tonny_egress::policy::Approved;
//! fn load(text: &str) -> Approved<ChatRequest> { serde_json::from_str(text).unwrap() }
//! ```
//! Nor out of nothing:
//! ```compile_fail,E0277
//! use tonny_egress::chat::ChatRequest;
//! use tonny_egress::policy::Approved;
//! fn empty() -> Approved<ChatRequest> { Default::default() }
//! ```
//! A consent is not made up either; it is the answer to a question:
//! ```compile_fail,E0451
//! use tonny_egress::policy::Consent;
//! fn yes() -> Consent { Consent { digest: [0; 32] } }
//! ```
//! What may be done with one:
//! ```
//! use tonny_egress::chat::ChatRequest;
//! use tonny_egress::policy::{Approved, Consent, Question, Receipt, Target};
//! fn look(approved: &Approved<ChatRequest>) -> (&ChatRequest, &Target, &[u8], &Receipt) {
//!     (approved.request(), approved.target(), approved.body(), approved.receipt())
//! }
//! fn send(approved: Approved<ChatRequest>) -> (Vec<u8>, Receipt) { approved.take_body() }
//! fn yes(question: Question) -> Consent { question.agree() }
//! ```

use std::fmt;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::evaluate::Target;
use crate::cost::Cost;

/// A request that may leave, to one target, once, as exactly these bytes.
pub struct Approved<T> {
    request: T,
    target: Target,
    body: Vec<u8>,
    receipt: Receipt,
}

/// What was judged and how; without any word of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The profile it was for.
    pub profile: String,
    /// What it was for.
    pub purpose: String,
    /// The provider's id.
    pub provider: String,
    /// The host.
    pub host: String,
    /// The model's id.
    pub model: String,
    /// The contract that decided; none is needed for this machine.
    pub contract: Option<String>,
    /// Its version.
    pub contract_version: Option<u32>,
    /// The rules that found something, by name.
    pub rules: Vec<String>,
    /// How many finds there were, masked or sent with consent.
    pub finds: u32,
    /// Whether the user agreed to send finds as they are, or a price that is not known.
    pub consented: bool,
    /// What it costs at worst; `None` is not known.
    pub worst_cost: Option<Cost>,
    /// Bytes of the body.
    pub bytes: u64,
    /// The body's SHA-256, as hexadecimal digits.
    pub body_sha256: String,
}

impl<T> Approved<T> {
    pub(super) fn seal(request: T, target: Target, body: Vec<u8>, receipt: Receipt) -> Self {
        Self { request, target, body, receipt }
    }

    /// The request as it goes out, its finds masked.
    pub fn request(&self) -> &T {
        &self.request
    }

    /// Where it may go, and nowhere else.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The bytes that were judged.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// What stands in the ledger.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Whether `sent` are the bytes that were judged. A transport asks this of what it hands to the socket.
    pub fn body_matches(&self, sent: &[u8]) -> bool {
        self.receipt.bytes == sent.len() as u64 && self.receipt.body_sha256 == sha256(sent)
    }

    /// Whether it may go to this host; a redirect may not lead elsewhere.
    pub fn is_for(&self, host: &str) -> bool {
        self.target.host.eq_ignore_ascii_case(host)
    }

    /// The bytes to send, and what was judged.
    pub fn take_body(self) -> (Vec<u8>, Receipt) {
        (self.body, self.receipt)
    }
}

/// Without the conversation.
impl<T> fmt::Debug for Approved<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Approved").field("receipt", &self.receipt).finish_non_exhaustive()
    }
}

impl Receipt {
    /// The SHA-256 of the whole receipt, as hexadecimal digits: its name in the ledger.
    pub fn hash(&self) -> String {
        // A struct of text and numbers always has a JSON form.
        sha256(&serde_json::to_vec(self).unwrap_or_default())
    }
}

/// As hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let mut text = String::with_capacity(2 * digest.len());
    for byte in digest {
        for half in [byte >> 4, byte & 0xf] {
            text.extend(char::from_digit(half.into(), 16));
        }
    }
    text
}
