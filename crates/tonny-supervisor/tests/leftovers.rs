//! Leftovers of a dead app among innocent processes: only what carries a recorded mark is ended.

#![allow(clippy::disallowed_methods, reason = "a test starts programs and polls")]
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tonny_supervisor::leftovers::{Leftover, Mark, Records, VARIABLE, end_copy};

const PATIENCE: Duration = Duration::from_secs(20);

/// Kills it at the end, whatever the test did.
struct Sleeper(Child);

impl Sleeper {
    fn start(mark: Option<&Mark>) -> Self {
        let mut command = Command::new("sleep");
        command.arg("1000").env_remove(VARIABLE);
        if let Some(mark) = mark {
            command.env(VARIABLE, mark.as_str());
        }
        let child = command.spawn().unwrap();
        // It has been started before its environment can be read.
        eventually(|| (!fs::read(format!("/proc/{}/environ", child.id())).ok()?.is_empty()).then_some(()));
        Self(child)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn is_alive(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn start_time(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap().parse().unwrap()
}

/// The record of an app that is dead: a pid that exists, with another start time.
fn orphan_record(folder: &Path, mark: &Mark, content: &str) {
    let name = format!("{}-{}-{}.json", std::process::id(), 1, mark.as_str());
    fs::write(folder.join(name), content).unwrap();
}

fn content(worker: &str, pid: u32, started: u64) -> String {
    format!(r#"{{"worker":"{worker}","pid":{pid},"started":{started}}}"#)
}

fn records(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_reused_pid_and_a_namesake_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mark = Mark::fresh().unwrap();
    let (mut reused, mut namesake) = (Sleeper::start(None), Sleeper::start(Some(&Mark::fresh().unwrap())));
    // Even with the right start time: a process without the mark is a stranger.
    orphan_record(folder.path(), &mark, &content("speech", reused.pid(), start_time(reused.pid())));
    let swept = Records::open(folder.path()).unwrap().sweep();
    assert_eq!(swept, []);
    assert!(reused.is_alive() && namesake.is_alive());
    assert_eq!(records(folder.path()), 0, "the record of a dead process goes");
}

#[test]
fn a_worker_and_its_escaped_grandchild_are_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (mark, file) = (Mark::fresh().unwrap(), folder.path().join("escaped"));
    let mut worker = Sleeper::start(Some(&mark));
    let script =
        format!("(setsid sh -c 'echo $$ > {0}; exec sleep 1000' <&- >/dev/null 2>&1 &)", file.display());
    let mut parent = Command::new("sh");
    parent.args(["-c", &script]).env(VARIABLE, mark.as_str()).stdin(Stdio::null());
    assert!(parent.status().unwrap().success());
    let escaped: u32 = eventually(|| fs::read_to_string(&file).ok()?.trim().parse().ok());
    fs::remove_file(&file).unwrap();
    orphan_record(folder.path(), &mark, &content("speech", worker.pid(), start_time(worker.pid())));
    let mut swept = Records::open(folder.path()).unwrap().sweep();
    swept.sort_by_key(|leftover| leftover.pid);
    let mut expected = [worker.pid(), escaped];
    expected.sort_unstable();
    assert_eq!(swept, expected.map(|pid| Leftover { worker: "speech".to_owned(), pid }));
    assert!(!worker.is_alive());
    eventually(|| (!Path::new(&format!("/proc/{escaped}")).exists()).then_some(()));
    assert_eq!(records(folder.path()), 0);
}

#[test]
fn a_record_cut_short_by_the_crash_works_too() {
    let folder = tempfile::tempdir().unwrap();
    let mark = Mark::fresh().unwrap();
    let mut worker = Sleeper::start(Some(&mark));
    orphan_record(folder.path(), &mark, r#"{"worker":"spe"#);
    let swept = Records::open(folder.path()).unwrap().sweep();
    assert_eq!(swept, [Leftover { worker: String::new(), pid: worker.pid() }]);
    assert!(!worker.is_alive());
}

#[test]
fn workers_of_a_living_app_are_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let mark = Mark::fresh().unwrap();
    let mut worker = Sleeper::start(Some(&mark));
    let records_of_app = Records::open(folder.path()).unwrap();
    records_of_app.note(&mark, "speech", worker.pid()).unwrap();
    assert_eq!(records(folder.path()), 1);
    assert_eq!(Records::open(folder.path()).unwrap().sweep(), []);
    assert!(worker.is_alive());
    records_of_app.forget(&mark);
    assert_eq!(records(folder.path()), 0);
}

#[test]
fn strange_files_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["notes.txt", "1-2-3.json", "-.json", "1-2-zz0000000000000000000000.json"] {
        fs::write(folder.path().join(name), "\0").unwrap();
    }
    assert_eq!(Records::open(folder.path()).unwrap().sweep(), []);
    assert_eq!(records(folder.path()), 4);
}

#[test]
fn one_copy_is_ended_without_its_sibling() {
    let (mark, other) = (Mark::fresh().unwrap(), Mark::fresh().unwrap());
    let (mut worker, mut sibling) = (Sleeper::start(Some(&mark)), Sleeper::start(Some(&other)));
    assert_eq!(end_copy(&mark).len(), 1);
    assert!(!worker.is_alive());
    assert!(sibling.is_alive());
}

fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(2));
    }
}
