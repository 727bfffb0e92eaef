//! Memory and CPU time of single processes, from /proc.

use anyhow::{Context as _, Result};

/// Proportional set size: shared pages divided among those who share them.
pub fn pss_mb(pid: u32) -> Result<f64> {
    field_kb(&format!("/proc/{pid}/smaps_rollup"), "Pss:").map(|kb| kb / 1024.0)
}

/// Resident memory.
pub fn rss_mb(pid: u32) -> Result<f64> {
    field_kb(&format!("/proc/{pid}/status"), "VmRSS:").map(|kb| kb / 1024.0)
}

/// User and system time so far.
pub fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, rest) = stat.rsplit_once(')').context("a stat line")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    Ok(ticks / rustix::param::clock_ticks_per_second() as f64)
}

/// Names of all processes below `pid`.
pub fn descendants(pid: u32) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for child in children(pid)? {
        names.push(
            std::fs::read_to_string(format!("/proc/{child}/comm")).unwrap_or_default().trim().to_owned(),
        );
        names.extend(descendants(child)?);
    }
    Ok(names)
}

/// The first process below `pid` with that name.
pub fn child_named(pid: u32, name: &str) -> Result<Option<u32>> {
    for child in children(pid)? {
        let own = std::fs::read_to_string(format!("/proc/{child}/comm")).unwrap_or_default();
        if own.trim() == name {
            return Ok(Some(child));
        }
        if let Some(found) = child_named(child, name)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn children(pid: u32) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Ok(found) };
    for task in tasks {
        let list = std::fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        found.extend(list.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    Ok(found)
}

fn field_kb(file: &str, name: &str) -> Result<f64> {
    let text = std::fs::read_to_string(file).with_context(|| file.to_owned())?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .with_context(|| format!("no {name} in {file}"))?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
