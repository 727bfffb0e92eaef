//! The port to recordings on disk, read again for recovery and retry.

use std::path::Path;
use std::sync::Arc;

use crate::problem::Problem;
use crate::secrets::Secret;

/// The audio folder.
pub trait AudioFiles: Send + Sync + 'static {
    /// All samples of a recording, 16 kHz mono, even when a crash left its header behind its data. An encrypted one needs
    /// its key: without it the answer is [`Code::AudioSealed`](crate::problem::Code::AudioSealed).
    fn read(&self, wav: &Path, key: Option<&Secret>) -> Result<Arc<[i16]>, Problem>;
    /// Leaves the half of a key that encrypts where recordings of `folder` find it; `None` takes it away.
    fn set_seal(&self, folder: &Path, public: Option<&str>) -> Result<(), Problem>;
    /// Whether recordings of `folder` can be encrypted.
    fn has_seal(&self, folder: &Path) -> bool;
    /// What encrypts recordings of `folder` now, to be put back; those that encrypt nothing have none.
    fn seal(&self, _folder: &Path) -> Option<String> {
        None
    }
    /// Encrypts the recordings of `folder` that are not; none of them may be under way. Says how many there were.
    fn seal_all(&self, folder: &Path) -> Result<u32, Problem>;
    /// Names of all recordings in `folder`, without their ending: the ids of their utterances.
    fn ids(&self, folder: &Path) -> Result<Vec<String>, Problem>;
    /// How many recordings `folder` has, and their bytes.
    fn size(&self, folder: &Path) -> Result<(u64, u64), Problem>;
    /// Sets room aside in `folder` for a recording that is under way when the disk fills up; says whether there is any
    /// now. Where there is none to spare, nothing is set aside.
    fn set_room_aside(&self, folder: &Path) -> Result<bool, Problem>;
    /// Corrects the header of a recording that a crash left behind its data; says whether there was anything to correct.
    /// What is encrypted, and what is none of ours, stays as it is.
    fn mend(&self, wav: &Path) -> Result<bool, Problem>;
    /// Deletes a recording; one that is already gone is no error.
    fn remove(&self, wav: &Path) -> Result<(), Problem>;
}
