//! What ties a keeper to the app: a pair of connected sockets, one end held by the app alone. The app's end closes with
//! the app, however it dies, and the keeper notices. In the other direction the keeper says that nothing is left of the
//! worker; a keeper that ended without saying so was killed. Knows nothing of processes.

use std::{
    ffi::OsString,
    io::{self, Read},
    os::{fd::AsRawFd, unix::net::UnixStream},
};

/// The app's end. Dropped, it tells the keeper to end everything.
#[derive(Debug)]
pub(crate) struct Leash(UnixStream);

/// The keeper's end, until the keeper has it.
#[derive(Debug)]
pub(crate) struct KeeperEnd(UnixStream);

impl Leash {
    /// Both ends are close-on-exec from birth: a sibling that held the app's end would hide the app's death.
    pub(crate) fn new() -> io::Result<(Self, KeeperEnd)> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        Ok((Self(ours), KeeperEnd(theirs)))
    }

    /// Whether the keeper said that nothing is left. Asked after its end.
    pub(crate) fn is_swept(&mut self) -> bool {
        matches!(self.0.read(&mut [0; 1]), Ok(1))
    }
}

impl KeeperEnd {
    /// Lets the next program that is started have it, and gives the arguments that say so. Others started at the same
    /// moment get it too, which does no harm: only the app's end counts.
    pub(crate) fn hand_over(&self) -> io::Result<Vec<OsString>> {
        rustix::io::fcntl_setfd(&self.0, rustix::io::FdFlags::empty())?;
        Ok(vec!["--app-pipe".into(), self.0.as_raw_fd().to_string().into()])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;
    use rustix::io::{FdFlags, fcntl_getfd};
    use std::io::Write;

    #[test]
    fn only_the_keeper_s_end_is_handed_over() {
        let (leash, theirs) = Leash::new().unwrap();
        assert_eq!(fcntl_getfd(&theirs.0).unwrap(), FdFlags::CLOEXEC);
        assert_eq!(theirs.hand_over().unwrap().len(), 2);
        assert_eq!(fcntl_getfd(&theirs.0).unwrap(), FdFlags::empty());
        assert_eq!(fcntl_getfd(&leash.0).unwrap(), FdFlags::CLOEXEC);
    }

    #[test]
    fn silence_and_a_closed_end_are_no_word() {
        let (mut leash, theirs) = Leash::new().unwrap();
        assert!(!leash.is_swept(), "nothing said yet, and not waited for");
        drop(theirs);
        assert!(!leash.is_swept());
        let (mut leash, mut theirs) = Leash::new().unwrap();
        theirs.0.write_all(b"s").unwrap();
        drop(theirs);
        assert!(leash.is_swept());
    }
}
