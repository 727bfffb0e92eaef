//! The one door out: every byte that goes to or comes from another machine passes here: downloads, trials of keys, and
//! conversations with language models.
//!
//! Owns the HTTP client, the part files beside their destinations, the look-up in a Python package index, and the formats
//! of the providers of language models. What may be said to a model, and at what price, is judged by [`policy`] before a byte
//! leaves, and written down as a row of the [`ledger`]; what leaves without a word is seen by a [`witness`]. It does not know what is downloaded or said, or
//! why. Start reading at [`Downloads::fetch`]; for language models at [`router::Question::run`].

pub mod attempt;
pub mod budget;
pub mod chat;
pub mod classify;
pub mod client;
pub mod cost;
pub mod day;
mod downloads;
mod error;
pub mod fault;
pub mod framing;
pub mod ledger;
mod package_index;
mod part;
pub mod plan;
pub mod policy;
pub mod provider;
pub mod registry;
pub mod router;
mod seam;
mod switch;
mod trial;
pub mod turn;
mod unreachable;
pub mod wire;
pub mod witness;

pub use client::ChatClient;
pub use downloads::{Downloads, Progress, Request};
pub use error::EgressError;
pub use package_index::PackageIndex;
pub use switch::Switch;
pub use trial::{Trials, Verdict};
