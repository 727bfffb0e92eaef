//! What can go wrong on the way out, with the host or the path named.

use std::path::PathBuf;

/// A request that did not end well.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The HTTP client could not be made; in practice no trusted certificate was found on this machine.
    #[error("no secure connection can be made from this machine")]
    Client(#[source] reqwest::Error),
    /// Neither https nor http to this machine itself.
    #[error("{0} is not a secure address")]
    Insecure(String),
    /// Too many redirects, or one to an insecure address.
    #[error("{host} points somewhere it must not")]
    Redirected {
        /// The host asked first.
        host: String,
    },
    /// The host could not be reached, or the connection broke.
    #[error("the connection to {host} failed")]
    Network {
        /// The host.
        host: String,
        /// What the HTTP client said, without the address.
        #[source]
        source: reqwest::Error,
    },
    /// The user has switched everything off that leaves this machine.
    #[error("{host} is another machine, and TonnyTray is switched to offline")]
    Offline {
        /// The host.
        host: String,
    },
    /// The connection ended before the file did.
    #[error("{host} ended the download at byte {got} of {expected}")]
    CutShort {
        /// The host.
        host: String,
        /// Bytes on disk now.
        got: u64,
        /// Bytes the file has.
        expected: u64,
    },
    /// The host answered, but not with the file.
    #[error("{host} answered with status {status}")]
    Refused {
        /// The host.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// Nothing came for too long.
    #[error("{host} sent nothing for {seconds} s")]
    Stalled {
        /// The host.
        host: String,
        /// How long was waited.
        seconds: u64,
    },
    /// No room for the file.
    #[error("the disk has no room for {}", path.display())]
    DiskFull {
        /// The destination.
        path: PathBuf,
    },
    /// The bytes are not the ones that were published. They are deleted.
    #[error("{} has the SHA-256 {found} instead of {expected}", path.display())]
    HashMismatch {
        /// The destination.
        path: PathBuf,
        /// Hex.
        expected: String,
        /// Hex.
        found: String,
    },
    /// Another download, perhaps of another process, writes the same file.
    #[error("{} is being downloaded already", path.display())]
    Busy {
        /// The destination.
        path: PathBuf,
    },
    /// Reading or writing a file failed.
    #[error("{} could not be written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// This program was started and built without the address of a package index.
    #[error("no Python package index is set (TONNYTRAY_PACKAGE_INDEX)")]
    NoPackageIndex,
    /// The index answers, but does not know the file.
    #[error("the package index has no {file} of {package} {version}")]
    NotInIndex {
        /// The package.
        package: String,
        /// Its version.
        version: String,
        /// The file looked for.
        file: String,
    },
    /// The index answered something that is not a package page.
    #[error("{host} did not answer as a Python package index does")]
    NotAnIndex {
        /// The host.
        host: String,
    },
}

impl EgressError {
    /// Whether the same request may work later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Network { .. } | Self::CutShort { .. } | Self::Stalled { .. } | Self::Busy { .. } => true,
            // 408 request timeout, 425 too early, 429 too many requests (RFC 9110, 8470, 6585).
            Self::Refused { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            _ => false,
        }
    }
}
