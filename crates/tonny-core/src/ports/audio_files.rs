//! The port to recordings on disk, read again for recovery and retry.

use std::path::Path;
use std::sync::Arc;

use crate::problem::Problem;

/// The audio folder.
pub trait AudioFiles: Send + Sync + 'static {
    /// All samples of a recording, 16 kHz mono, even when a crash left its header behind its data.
    fn read(&self, wav: &Path) -> Result<Arc<[i16]>, Problem>;
    /// Names of all recordings in `folder`, without their ending: the ids of their utterances.
    fn ids(&self, folder: &Path) -> Result<Vec<String>, Problem>;
    /// How many recordings `folder` has, and their bytes.
    fn size(&self, folder: &Path) -> Result<(u64, u64), Problem>;
    /// Sets room aside in `folder` for a recording that is under way when the disk fills up; where there is none to
    /// spare, nothing.
    fn set_room_aside(&self, folder: &Path) -> Result<(), Problem>;
    /// Deletes a recording; one that is already gone is no error.
    fn remove(&self, wav: &Path) -> Result<(), Problem>;
}
