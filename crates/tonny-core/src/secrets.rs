//! Secrets: what kinds there are, what a good value looks like, and the two types that carry one through the house.
//!
//! The way of a value: a person types it ([`Typed`]), it is checked against its [`Kind`], the vault keeps it
//! ([`crate::ports::Vault`]), and what the vault gives out ([`Secret`]) is opened only by a [`Reader`] that the kind's
//! row names. Neither type can be printed, serialised or copied; both are wiped when dropped. Adding a kind touches
//! `kinds.rs` only. Start reading there.

mod address;
mod desk;
mod kinds;
mod shape;
mod value;

pub use desk::{SecretKept, Secrets, Tried};
pub use kinds::{Carry, Kind, RECORDINGS, Reader, Trial, all, kind};
pub use shape::{Note, Shape, check};
pub use value::{Secret, Typed};

/// Whether a server's address may be used: encrypted, or plain on this machine.
pub(crate) fn check_address(text: &str) -> Result<(), String> {
    address::check(text, &[address::Scheme::secure("https"), address::Scheme::local("http")], false).map(drop)
}
