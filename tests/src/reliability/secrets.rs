//! K1 to K11: what is promised about secrets, measured on the real programs with keyrings on private buses.

pub mod crashes;
pub mod doors;
pub mod everywhere;
pub mod flow;
pub mod hardened;
pub mod hunt;
pub mod leaving;
pub mod memory;
pub mod providers;
pub mod terminal;
pub mod victims;
pub mod window;
pub mod workers;
pub mod worlds;

use super::{Outcome, Row};

/// Every row of table 5. What only the app's own crate can ask (the table of commands and windows, the mock runtime) is
/// a test there, and its row runs that test.
pub const ROWS: &[Row] = &[
    Row {
        id: "K1",
        promise: "A secret is nowhere but in its store",
        limit: "0 hits of 200 canaries in 12 encodings",
        run: |size| Outcome::of(|| flow::canaries(size)),
    },
    Row {
        id: "K2",
        promise: "No command returns a secret",
        limit: "0 canaries in any answer, error or event",
        run: |size| Outcome::of(|| window::answers(size)),
    },
    Row {
        id: "K3",
        promise: "A keyring that never answers hangs nothing",
        limit: "each call <= 3 s, 100 of 100; in full also first window <= 1 s, end <= 1 s",
        run: |size| Outcome::of(|| worlds::mute(size)),
    },
    Row {
        id: "K4",
        promise: "Nine kinds of keyring: a state each, which the doctor tells with advice, no panic, no plain text",
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
        id: "K6",
        promise: "The keyring is left only by a click, under a label that says what protects the new place",
        limit: "0 ways around it",
        run: |_| Outcome::of(leaving::needs_a_click),
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
        limit: "0 canaries 60 s later; in the app after a set in its window, but for Tauri's 2 copies of the message",
        run: |size| Outcome::of(|| memory::clean(size)),
    },
    Row {
        id: "K9",
        promise: "A hostile page can call nothing that its window was not granted, and load nothing",
        limit: "denied, 100 %",
        run: |size| Outcome::of(|| doors::closed(size)),
    },
    Row {
        id: "K10",
        promise: "No child gets a secret on its command line or in its environment",
        limit: "0",
        run: |size| Outcome::of(|| flow::children(size)),
    },
    Row {
        id: "K11",
        promise: "Hardening does not break the desktop",
        limit: "core limit 0, app dumpable, portals answer",
        run: |_| Outcome::of(hardened::hardened),
    },
];
