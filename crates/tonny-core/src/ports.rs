//! What core asks of the world outside, as traits with two fillings each: the operating system and a test's fake.
//!
//! Every call here may block; the App loop makes them from blocking tasks. Times are monotonic [`Instant`]s, audio is
//! 16 kHz mono signed 16-bit samples wherever it crosses a port.

mod audio_files;
mod disk;
mod insertion;
mod microphone;
mod model_files;
mod vault;

pub use audio_files::AudioFiles;
pub use disk::Disk;
pub use insertion::{Delivery, InsertionMethod, InsertionWish, Target, TextInsertion};
pub use microphone::{Heard, InputDevice, Microphone, RecordRequest, Recording};
pub use model_files::{LanguageFiles, ModelFiles};
pub use vault::{
    Choice, Kept, LeftAlone, Migration, Moved, Place, Presence, SecretsMoved, Vault, VaultAnswer, VaultAsk,
    VaultReport, VaultState,
};

use std::time::Instant;

/// Samples per second of all audio that crosses a port.
pub const SAMPLE_RATE: u32 = 16_000;

/// The only source of time in core, so that a test may own it.
pub trait Clock: Send + Sync + 'static {
    /// Monotonic time, for deadlines and timings.
    fn now(&self) -> Instant;
    /// Wall-clock time in UTC, for rows and file names only.
    fn utc(&self) -> time::OffsetDateTime;
    /// How far the clocks on the user's wall are ahead of UTC at a moment: budgets are of the user's own days.
    fn ahead_of_utc(&self, _at: time::OffsetDateTime) -> time::UtcOffset {
        time::UtcOffset::UTC
    }
}
