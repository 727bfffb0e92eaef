//! The port to the disk as a whole: how much folders hold, and how much room is left.

use std::path::Path;

/// Sizes; nothing is opened and nothing changed.
pub trait Disk: Send + Sync + 'static {
    /// Bytes of all files in `folder` and below; 0 where there is none, and what may not be looked at is left out.
    fn bytes_in(&self, folder: &Path) -> u64;
    /// Bytes that can still be written where `folder` is, if the system says so.
    fn free_bytes(&self, folder: &Path) -> Option<u64>;
}
