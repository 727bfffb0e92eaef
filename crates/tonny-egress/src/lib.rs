//! The one door out: every byte that goes to or comes from another machine passes here: downloads, and trials of keys.
//!
//! Owns the HTTP client, the part files beside their destinations, and the look-up in a Python package index. It does not
//! know what is downloaded, or why: the caller names the address, the destination and the SHA-256. Start reading at
//! [`Downloads::fetch`].

mod downloads;
mod error;
mod package_index;
mod part;
mod trial;

pub use downloads::{Downloads, Progress, Request};
pub use error::EgressError;
pub use package_index::PackageIndex;
pub use trial::{Trials, Verdict};
