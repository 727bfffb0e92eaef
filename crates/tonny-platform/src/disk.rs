//! Sizes of folders and of the room that is left: fills core's port.

use std::fs;
use std::path::Path;

use tonny_core::ports::Disk;

/// The disk; every call names its folder.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn bytes_in(&self, folder: &Path) -> u64 {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        // A link counts as itself: what it points to is not ours, and may lead back here.
        let bytes = |entry: fs::DirEntry| match entry.metadata() {
            Ok(found) if found.is_dir() => self.bytes_in(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        };
        entries.map(bytes).sum()
    }

    fn free_bytes(&self, folder: &Path) -> Option<u64> {
        crate::audio::free_bytes(folder).ok()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn folders_are_added_up_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("below")).unwrap();
        fs::write(folder.path().join("a"), [0; 1000]).unwrap();
        fs::write(folder.path().join("below/b"), [0; 500]).unwrap();
        assert_eq!(SystemDisk.bytes_in(folder.path()), 1500);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path(), folder.path().join("below/round")).unwrap();
            assert!((1500..2500).contains(&SystemDisk.bytes_in(folder.path())));
        }
        assert_eq!(SystemDisk.bytes_in(Path::new("/no/such/folder")), 0);
        assert!(SystemDisk.free_bytes(folder.path()).is_some_and(|bytes| bytes > 0));
        assert_eq!(SystemDisk.free_bytes(Path::new("/no/such/folder")), None);
    }
}
