//! K1 to K11: what is promised about secrets, measured on the real programs with keyrings on private buses.

pub mod flow;
pub mod memory;
pub mod terminal;
pub mod victims;
pub mod worlds;

use super::{Outcome, Row};

/// Every row of table 5 that is measured here. K2, K6 and K9 are tests of the desktop face's own (src-tauri) and of the
/// vault: types that cannot be written out, a place that is left only with a word, commands that a window may not call.
pub const ROWS: &[Row] = &[
    Row {
        id: "K1",
        promise: "A secret is nowhere but in its store",
        limit: "0 hits of 200 canaries in 12 encodings",
        run: |size| Outcome::of(|| flow::canaries(size)),
    },
    Row {
        id: "K3",
        promise: "A keyring that never answers hangs nothing",
        limit: "each call <= 3 s, 100 of 100; first window <= 1 s, end <= 1 s",
        run: |size| Outcome::of(|| worlds::mute(size)),
    },
    Row {
        id: "K4",
        promise: "Nine kinds of keyring: a state each, no panic, no plain text",
        limit: "9 of 9",
        run: |_| Outcome::of(worlds::all),
    },
    Row {
        id: "K5",
        promise: "The encrypted file is old or new when its writer is killed; a flipped bit is refused; its key is dear",
        limit: "500 kills: 0 torn, 10,000 bits: 0 accepted, key >= 250 ms, mode 0600",
        run: |size| Outcome::of(|| victims::encrypted_file(size)),
    },
    Row {
        id: "K7",
        promise: "A move between keyring and file that is killed leaves every secret in one of them",
        limit: "500 kills: 0 secrets missing",
        run: |size| Outcome::of(|| victims::moves(size)),
    },
    Row {
        id: "K8",
        promise: "A secret is gone from the app's memory after its use",
        limit: "0 canaries 60 s later",
        run: |size| Outcome::of(|| memory::clean(size)),
    },
    Row {
        id: "K10",
        promise: "No child gets a secret on its command line or in its environment",
        limit: "0",
        run: |size| Outcome::of(|| flow::children(size)),
    },
];
