//! What a worker's processes use: CPU time and memory of the whole tree below the process we started. A process is a
//! pid and its start time, since pids come back. Owns the last reading; starts and kills nothing.

#[cfg_attr(target_os = "linux", path = "usage/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "usage/other.rs")]
mod system;

pub use system::{free_memory, memory_of_this_computer};
pub(crate) use system::{offer_to_the_oom_killer, oom_kills};

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// How often a running worker is looked at...
const EVERY: Duration = Duration::from_secs(2);
/// ...and how often where it might cross its ceiling in between: a leak fills memory at a few hundred megabytes a
/// second, so the next look comes before this much more could be used.
const LEAK_PER_SECOND: u64 = 400 << 20;
const SOONEST: Duration = Duration::from_millis(20);
/// Less CPU time than this between two looks is housekeeping and no work (share of one core).
const IDLE_SHARE: f64 = 0.01;

/// What a worker uses.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    /// CPU time of the live copy so far.
    pub cpu: Duration,
    /// Cores in use since the last look: 1.0 is one core.
    pub cores: f64,
    /// Bytes of memory: resident pages, shared ones counted in each process.
    pub memory: u64,
    /// Processes, the keeper included.
    pub processes: u32,
}

/// One process at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) pid: u32,
    /// In a unit of the system's; only for comparison.
    pub(crate) started: u64,
    pub(crate) cpu: Duration,
    pub(crate) memory: u64,
}

/// Looks at one copy's tree again and again.
#[derive(Debug)]
pub(crate) struct Meter {
    root: u32,
    ceiling: Option<u64>,
    last: HashMap<(u32, u64), Duration>,
    usage: Usage,
    read_at: Instant,
    next: Instant,
}

/// What one look showed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Look {
    pub(crate) usage: Usage,
    /// Whether it worked since the last look.
    pub(crate) worked: bool,
    pub(crate) over_ceiling: bool,
}

impl Meter {
    pub(crate) fn new(root: u32, ceiling: Option<u64>, now: Instant) -> Self {
        let usage = Usage::default();
        Self { root, ceiling, last: HashMap::new(), usage, read_at: now, next: now + SOONEST }
    }

    /// When to look again.
    pub(crate) fn next(&self) -> Instant {
        self.next
    }

    pub(crate) fn look(&mut self, now: Instant) -> Look {
        let readings = system::tree(self.root);
        self.take(&readings, now)
    }

    /// The processes of the last look.
    pub(crate) fn processes(&self) -> Vec<u32> {
        self.last.keys().map(|(pid, _)| *pid).collect()
    }

    fn take(&mut self, readings: &[Reading], now: Instant) -> Look {
        let spent = |reading: &Reading| {
            let before = self.last.get(&(reading.pid, reading.started)).copied().unwrap_or_default();
            reading.cpu.saturating_sub(before)
        };
        let advance: Duration = readings.iter().map(spent).sum();
        let elapsed = now.saturating_duration_since(self.read_at).max(Duration::from_millis(1));
        let cores = advance.as_secs_f64() / elapsed.as_secs_f64();
        let memory = readings.iter().map(|reading| reading.memory).sum();
        let processes = u32::try_from(readings.len()).unwrap_or(u32::MAX);
        self.usage = Usage { cpu: self.usage.cpu + advance, cores, memory, processes };
        self.last = readings.iter().map(|found| ((found.pid, found.started), found.cpu)).collect();
        self.read_at = now;
        self.next = now + self.pause(memory);
        let over_ceiling = self.ceiling.is_some_and(|ceiling| memory > ceiling);
        // A tick of the system's clock is 10 ms: short looks see none, or one too many.
        let worked = cores >= IDLE_SHARE && advance >= Duration::from_millis(20);
        Look { usage: self.usage, worked, over_ceiling }
    }

    fn pause(&self, memory: u64) -> Duration {
        let Some(ceiling) = self.ceiling else { return EVERY };
        let room = ceiling.saturating_sub(memory);
        Duration::from_secs_f64(room as f64 / LEAK_PER_SECOND as f64).clamp(SOONEST, EVERY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn reading(pid: u32, started: u64, cpu_ms: u32, memory: u64) -> Reading {
        Reading { pid, started, cpu: cpu_ms * MS, memory }
    }

    #[test]
    fn a_reused_pid_is_another_process_and_time_never_runs_back() {
        let now = Instant::now();
        let mut meter = Meter::new(1, None, now);
        meter.take(&[reading(1, 1, 500, 10), reading(2, 1, 1_000, 10)], now + 1_000 * MS);
        let look = meter.take(&[reading(1, 1, 600, 10), reading(2, 9, 40, 5)], now + 2_000 * MS);
        assert_eq!(look.usage.cpu, 1_640 * MS);
        assert!((look.usage.cores - 0.14).abs() < 0.001, "{look:?}");
        assert_eq!((look.usage.memory, look.usage.processes), (15, 2));
        assert_eq!(meter.next(), now + 4_000 * MS);
    }

    #[test]
    fn housekeeping_is_no_work() {
        let now = Instant::now();
        let mut meter = Meter::new(1, None, now);
        for (cpu, worked) in [(0, false), (10, false), (30, true), (49, false), (1_000, true)] {
            assert_eq!(
                meter.take(&[reading(1, 1, cpu, 1)], meter.read_at + 2_000 * MS).worked,
                worked,
                "{cpu}"
            );
        }
    }

    #[test]
    fn close_to_the_ceiling_it_looks_more_often() {
        let (now, mib) = (Instant::now(), 1 << 20);
        let mut meter = Meter::new(1, Some(1024 * mib), now);
        for (used, over, pause) in
            [(10, false, 2_000), (624, false, 1_000), (924, false, 250), (1024, false, 20), (1025, true, 20)]
        {
            let look = meter.take(&[reading(1, 1, 0, used * mib)], now);
            assert_eq!((look.over_ceiling, meter.next() - now), (over, pause * MS), "{used}");
        }
    }

    #[test]
    fn this_computer_has_more_memory_than_this_test() {
        let all = memory_of_this_computer().unwrap();
        let own: u64 = system::tree(std::process::id()).iter().map(|found| found.memory).sum();
        assert!(all > own && all < 1 << 50, "{own} of {all}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_real_tree_is_found_with_what_it_uses() {
        let readings = system::tree(std::process::id());
        let own = readings.iter().find(|found| found.pid == std::process::id()).unwrap();
        assert!(own.memory > 1 << 20 && own.started > 0, "{own:?}");
        assert!(system::tree(u32::MAX).is_empty());
    }
}
