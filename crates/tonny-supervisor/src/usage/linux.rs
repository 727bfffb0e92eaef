//! Linux: the tree by `/proc/PID/task/TID/children`, CPU time and resident pages by `/proc/PID/stat`. Resident pages and
//! not the proportional share (PSS): the latter makes the kernel walk every page table, which takes tens of milliseconds
//! for an engine with a large model, every time.

use super::Reading;
use rustix::param::{clock_ticks_per_second, page_size};
use std::{fs, time::Duration};

/// More than any worker has; a tree that changes while it is read cannot keep us here.
const MOST: usize = 4096;
/// Above the 0 of the app and the desktop, below the 1000 of a browser's background tabs.
const OOM_SCORE: &str = "500";

/// The process and all below it, as far as they live.
pub(crate) fn tree(root: u32) -> Vec<Reading> {
    let (mut found, mut open) = (Vec::new(), vec![root]);
    while let Some(pid) = open.pop() {
        if found.len() >= MOST {
            break;
        }
        if let Some(reading) = read(pid) {
            found.push(reading);
            open.extend(children(pid));
        }
    }
    found
}

fn read(pid: u32) -> Option<Reading> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold anything, also spaces and brackets; the fields are counted from behind it (proc(5), from 3 on).
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let cpu = Duration::from_secs_f64((field(14)? + field(15)?) as f64 / clock_ticks_per_second() as f64);
    Some(Reading { pid, started: field(22)?, cpu, memory: field(24)? * page_size() as u64 })
}

/// Each thread has the children that it started.
fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Makes the system end this process rather than the app when memory runs out.
pub(crate) fn offer_to_the_oom_killer(pid: u32) {
    // Fails only where the process is gone already.
    fs::write(format!("/proc/{pid}/oom_score_adj"), OOM_SCORE).ok();
}

/// Bytes of memory this computer has, without swap; `None` where the system does not say.
pub fn memory_of_this_computer() -> Option<u64> {
    memory("MemTotal:")
}

/// Bytes of memory that programs can still take, what the system would give up for them included; `None` where the system
/// does not say.
pub fn free_memory() -> Option<u64> {
    memory("MemAvailable:")
}

fn memory(line: &str) -> Option<u64> {
    let facts = fs::read_to_string("/proc/meminfo").ok()?;
    let line = facts.lines().find_map(|each| each.strip_prefix(line))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// How often the system has killed for want of memory since it started.
pub(crate) fn oom_kills() -> Option<u64> {
    let counters = fs::read_to_string("/proc/vmstat").ok()?;
    counters.lines().find_map(|line| line.strip_prefix("oom_kill "))?.parse().ok()
}
