//! Numbers: percentiles, what processes use, and the page they are written to.

pub mod assistant;
pub mod processes;
pub mod window;

use std::fmt::Write as _;

use anyhow::Result;

use crate::process::run;

/// The value below which `percent` of `values` lie (nearest rank).
pub fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() * percent).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or(f64::NAN)
}

/// The table of docs/benchmarks.md.
pub struct Report {
    head: String,
    rows: String,
}

impl Report {
    /// Starts a page with machine and date.
    pub fn new() -> Result<Self> {
        let date = run(std::process::Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
        let cpu = std::fs::read_to_string("/proc/cpuinfo")?;
        let model = cpu
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .unwrap_or("")
            .trim_start_matches([' ', '\t', ':']);
        let cores = std::thread::available_parallelism()?;
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
        let head = format!(
            "# Benchmarks\n\nWritten by `make bench` on {}: {cores} cores of {model}, Linux {}, the whole desktop virtual (Xvfb, \
             PulseAudio null sink). A limit that is not met stays here as it is.\n\n\
             | what | measured | limit | met | how |\n| --- | ---: | ---: | --- | --- |\n",
            date.trim(),
            kernel.trim()
        );
        Ok(Self { head, rows: String::new() })
    }

    /// Adds a line; `limit` is the most it may be.
    pub fn row(&mut self, what: &str, unit: &str, value: f64, limit: Option<f64>, how: &str) {
        let met = limit.map_or("", |limit| if value <= limit { "yes" } else { "**no**" });
        let limit = limit.map_or(String::new(), |limit| format!("{limit} {unit}"));
        let _ = writeln!(self.rows, "| {what} | {} {unit} | {limit} | {met} | {how} |", round(value));
        eprintln!("{what}: {} {unit}", round(value));
    }

    pub fn page(&self) -> String {
        format!("{}{}", self.head, self.rows)
    }
}

fn round(value: f64) -> String {
    if value.abs() >= 100.0 {
        format!("{value:.0}")
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let mut values: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(
            (percentile(&mut values, 50), percentile(&mut values, 95), percentile(&mut values, 100)),
            (10.0, 19.0, 20.0)
        );
    }
}
