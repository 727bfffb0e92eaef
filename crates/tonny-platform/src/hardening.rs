//! What a process gives up at its start, so that its memory does not end in a file.
//!
//! It stays dumpable on purpose: the portals of a desktop refuse to talk to a process that is not, and its own user may
//! look into it either way.

use rustix::process::{Resource, Rlimit, setrlimit};

/// No core file for this process and all it starts: one would hold every secret that was open.
pub fn no_core_files() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core files could not be switched off");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_no_core_files_and_portals_may_look() {
        no_core_files();
        assert_eq!(rustix::process::getrlimit(Resource::Core).current, Some(0));
        let limits = std::fs::read_to_string("/proc/self/limits").expect("Linux");
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("listed");
        assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
        #[cfg(target_os = "linux")]
        assert_eq!(
            rustix::process::dumpable_behavior().expect("asked"),
            rustix::process::DumpableBehavior::Dumpable
        );
    }
}
