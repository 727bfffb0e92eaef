//! What is left of a try: in a namespace of our own every other process, elsewhere those whose command line names the
//! folder of the try. Corpses do not count, and where they are ours they are reaped.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};

/// A living process.
#[derive(Clone, Debug)]
pub struct Process {
    pub pid: Pid,
    pub command: String,
}

/// How to know them.
pub struct Remains {
    folder: PathBuf,
    is_alone: bool,
}

impl Remains {
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), is_alone: std::process::id() == 1 }
    }

    /// Everything that lives now.
    pub fn all(&self) -> Vec<Process> {
        let folder = self.folder.display().to_string();
        let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
        let me = std::process::id();
        let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.filter(|pid| *pid != me && is_alive(*pid))
            .filter_map(|pid| {
                let command = command(pid);
                let is_ours = self.is_alone || command.contains(&folder);
                Some(Process { pid: Pid::from_raw(pid.cast_signed()).filter(|_| is_ours)?, command })
            })
            .collect()
    }

    /// Those that run a program of this name.
    pub fn named(&self, program: &str) -> Vec<Pid> {
        let all = self.all().into_iter();
        all.filter(|process| process.command.split(' ').next().is_some_and(|path| path.ends_with(program)))
            .map(|process| process.pid)
            .collect()
    }

    /// Waits until nothing is left, and gives what is left when the patience is over.
    pub fn wait_gone(&self, patience: Duration) -> Vec<Process> {
        let began = Instant::now();
        loop {
            self.reap();
            let all = self.all();
            if all.is_empty() || began.elapsed() > patience {
                return all;
            }
            std::thread::sleep(Duration::from_micros(300));
        }
    }

    /// Waits for the end of one process.
    pub fn wait_end(&self, pid: u32, patience: Duration) -> Result<()> {
        let began = Instant::now();
        while is_alive(pid) {
            if began.elapsed() > patience {
                bail!("process {pid} did not end");
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok(())
    }

    pub fn kill_all(&self) {
        for process in self.all() {
            let _ = kill_process(process.pid, Signal::KILL);
        }
        self.wait_gone(Duration::from_secs(2));
    }

    /// The first process of a namespace inherits every orphan.
    fn reap(&self) {
        if self.is_alone {
            while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        }
    }
}

fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().next());
    state.is_some_and(|state| state != "Z" && state != "X")
}

fn command(pid: u32) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim_end_matches('\0').replace('\0', " ")
}
