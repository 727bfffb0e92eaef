//! The only room with SQL: one SQLite file that holds settings and utterances.
//!
//! It owns the schema (`/migrations`), the connections and the durability of each write. It returns rows and makes no
//! decision: what a state means, when to retry and what the user is told is the core's business. It knows no clock but
//! SQLite's own, no folder but the one it is given, and none of the other rooms.
//!
//! Several programs (the tray app and `tonny`) open the same file at once; each keeps one connection that writes and a
//! few that read. Start reading in `store.rs`, then `utterances.rs`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

mod error;
mod search;
mod settings;
mod store;
mod utterances;

pub use error::StoreError;
pub use search::{Hit, Piece};
pub use settings::{Settings, SettingsRow};
pub use store::{CheckReport, NEWEST_SCHEMA, Store};
pub use utterances::{
    FinalText, NewUtterance, Outcome, Page, Timings, Utterance, UtteranceState, Utterances,
};
