//! The operating system behind core's ports: microphone, text insertion, overlay, model files, folders, control socket.

pub mod audio;
pub mod insertion;
pub mod models;
pub mod overlay;
pub mod clock;
pub mod control;
pub mod folders;
pub mod logging;
