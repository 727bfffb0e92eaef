//! The operating system behind core's ports: microphone, text insertion, overlay, model files, folders, control socket,
//! vault.

pub mod audio;
pub mod clock;
pub mod control;
pub mod crash;
pub mod disk;
pub mod exports;
pub mod folders;
pub mod hardening;
pub mod hotkeys;
pub mod insertion;
pub mod installation;
pub mod logging;
pub mod models;
pub mod notification;
pub mod old_settings;
pub mod overlay;
pub mod vault;
pub mod zone;
