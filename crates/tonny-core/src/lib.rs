//! The product without a face: what an utterance lives through, where its words go, what the user may set.
//!
//! One App task owns all changing state; everything else sends it messages and reads snapshots. This room knows no
//! window system, no audio interface, no operating system: those fill the [`ports`]. Start reading at [`app`].

pub mod model;
pub mod overlay;
pub mod ports;
pub mod problem;
