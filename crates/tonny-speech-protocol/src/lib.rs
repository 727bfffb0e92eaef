//! The wire between the app and a speech engine: WhisperLiveKit's `/asr` in full mode, as types, with the rule for
//! the final text; and, behind the feature `client`, the client of that wire.
//!
//! Owns: message shapes, [`final_text`], [`live_text`], the worker's ready line. Must not know: which engine answers,
//! how it is started, what becomes of the text. Start reading at [`message`], then [`text`].

#[cfg(feature = "client")]
pub mod client;
pub mod clock;
#[cfg(feature = "client")]
mod deadline;
pub mod error;
mod half;
pub mod message;
#[cfg(feature = "client")]
mod pruned;
pub mod ready;
pub mod text;
#[cfg(feature = "client")]
mod voice;

#[cfg(feature = "client")]
pub use client::{Event, Session};
pub use error::SpeechError;
pub use message::{Config, Line, Mode, SILENCE_SPEAKER, ServerMessage, State, Status};
pub use ready::{Health, PROTOCOL_VERSION, ReadyLine};
pub use text::{final_text, live_text};
