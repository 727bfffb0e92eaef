//! The only room with SQL: one SQLite file that holds settings, utterances, people, activity, talks and what left the
//! machine.
//!
//! It owns the schema (`/migrations`), the connections and the durability of each write. It returns rows and makes no
//! decision: what a state means, when to retry and what the user is told is the core's business. It knows no clock but
//! SQLite's own, no folder but the one it is given, and none of the other rooms.
//!
//! Several programs (the tray app and `tonny`) open the same file at once; each keeps one connection that writes and a
//! few that read. Start reading in `store.rs`, then `utterances.rs`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

mod activity;
mod attachments;
mod backup;
mod conversations;
mod deltas;
mod error;
mod filter;
mod ledger;
mod logs;
mod messages;
mod model_list;
#[cfg(test)]
mod plans;
mod profiles;
mod search;
mod settings;
mod statements;
mod statistics;
mod store;
mod utterances;
mod waits;

pub use activity::{Activity, ActivityRow, Deed, Deeds};
pub use attachments::{Attachment, Attachments, NewAttachment};
pub use backup::{BackupFile, Recovery};
pub use conversations::{
    Conversation, ConversationDraft, ConversationHit, ConversationSearch, Conversations,
};
pub use error::StoreError;
pub use filter::Filter;
pub use ledger::{Allowance, HostDay, Ledger, LedgerEntry, LedgerRow, Settlement};
pub use logs::{LogLevel, LogOutput, LogQuery, LogRow, LogStore, NewLog};
pub use messages::{
    FinishReason, Message, MessageEnd, MessageNote, MessageState, Messages, NewMessage, Role,
};
pub use model_list::{ModelList, ModelLists};
pub use profiles::{Profile, Profiles};
pub use search::{Hit, Piece};
pub use settings::{Settings, SettingsRow};
pub use statistics::{By, Day, Size, Statistics, Totals};
pub use store::{CheckReport, Depth, NEWEST_SCHEMA, Store};
pub use utterances::{
    Fact, FinalText, NewUtterance, Outcome, Page, Search, Timings, Utterance, UtteranceState, Utterances,
    WebhookAnswer,
};
pub use waits::{Wait, WaitKind, Waits};
