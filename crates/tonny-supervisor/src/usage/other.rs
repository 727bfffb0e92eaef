//! Systems without /proc: the process we started, by the sysinfo library; descendants are not followed.

use super::Reading;
use std::time::Duration;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// The process, as far as it lives.
pub(crate) fn tree(root: u32) -> Vec<Reading> {
    let pid = Pid::from_u32(root);
    let Ok(mut system) = System::new() else { return Vec::new() };
    let what = ProcessRefreshKind::nothing().with_cpu().with_memory();
    // Only this one: the library opens files for every process it ever saw.
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, what);
    let reading = |process: &sysinfo::Process| Reading {
        pid: root,
        started: process.start_time(),
        cpu: Duration::from_millis(process.accumulated_cpu_time()),
        memory: process.memory(),
    };
    system.process(pid).map(reading).into_iter().collect()
}

/// Bytes of memory this computer has, without swap; `None` where the system does not say.
pub fn memory_of_this_computer() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_memory();
    Some(system.total_memory()).filter(|bytes| *bytes > 0)
}

/// Bytes of memory that programs can still take; `None` where the system does not say.
pub fn free_memory() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_memory();
    Some(system.available_memory()).filter(|bytes| *bytes > 0)
}

/// Nothing to be done: the system has no such offer.
pub(crate) fn offer_to_the_oom_killer(_pid: u32) {}

/// The system does not say.
pub(crate) fn oom_kills() -> Option<u64> {
    None
}
