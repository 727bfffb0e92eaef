//! What a spec may not say: a program that cannot start, and limits that can never take effect. Each refusal is a
//! sentence that names the field. Looks at the program's file; changes nothing.

use super::{Restart, Spec, TokenBy};
use crate::{At, How, ReadyBy, breaker::CircuitLimits};
use std::{
    ffi::OsStr,
    fs::Metadata,
    path::{Path, PathBuf},
    time::Duration,
};

/// Less than this is a slip of the unit (megabytes for bytes) and would only ever kill.
const SMALLEST_CEILING: u64 = 16 << 20;

/// Why a spec is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// Nothing there.
    #[error("program: {} does not exist", .0.display())]
    Missing(PathBuf),
    /// A folder or a device.
    #[error("program: {} is not a file", .0.display())]
    NoFile(PathBuf),
    /// No run bit.
    #[error("program: {} may not be executed (its run permission is missing)", .0.display())]
    NotExecutable(PathBuf),
    /// A variable the worker may not be given.
    #[error("env: the variable {0:?} is not on the list of those this worker may be given")]
    Environment(String),
    /// Not the name of a variable.
    #[error("{field}: {name:?} cannot be the name of an environment variable")]
    EnvironmentName {
        /// Which field says so.
        field: &'static str,
        /// The name.
        name: String,
    },
    /// A NUL inside, which no program can be given.
    #[error("{0}: it contains a NUL character")]
    Nul(&'static str),
    /// A number that switches off what it is to limit.
    #[error("{0} is zero or empty")]
    Zero(&'static str),
    /// A limit that can never take effect, or spoils another one.
    #[error("{field}: {why}")]
    NoEffect {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Spec {
    /// Looks for what can never work.
    ///
    /// # Errors
    /// [`SpecError`] names the first field that is refused.
    pub fn check(&self) -> Result<(), SpecError> {
        if self.name.trim().is_empty() {
            return Err(SpecError::Zero("name"));
        }
        program(&self.program)?;
        if self.args.iter().any(|arg| arg.as_encoded_bytes().contains(&0)) {
            return Err(SpecError::Nul("args"));
        }
        self.check_env()?;
        if let Some((field, _)) = self.durations().iter().find(|(_, value)| value.is_zero()) {
            return Err(SpecError::Zero(field));
        }
        if self.misses == 0 {
            return Err(SpecError::Zero("misses"));
        }
        if self.ask_again.is_some_and(|pause| pause >= self.stop_grace) {
            return no_effect("ask_again", "by then the worker is killed (stop_grace)");
        }
        if self.memory_ceiling.is_some_and(|ceiling| ceiling < SMALLEST_CEILING) {
            return no_effect("memory_ceiling", "no program lives in less than 16 MiB");
        }
        self.check_probes()?;
        restart(&self.restart)?;
        breaker(&self.breaker)
    }

    fn check_probes(&self) -> Result<(), SpecError> {
        match &self.ready {
            ReadyBy::LogLine { marker } if marker.trim().is_empty() => {
                return Err(SpecError::Zero("ready.marker"));
            }
            ReadyBy::Probe if self.health.is_empty() => {
                return no_effect("ready", "the worker is to be asked, but health holds no question");
            }
            _ => {}
        }
        for probe in &self.health {
            if probe.timeout.is_zero() {
                return Err(SpecError::Zero("health.timeout"));
            }
            if probe.timeout > self.probe_every {
                return no_effect(
                    "health.timeout",
                    "the next probe is due before it has passed (probe_every)",
                );
            }
            match &probe.at {
                At::Told if self.ready == ReadyBy::Probe => {
                    return no_effect("health.at", "a worker that says nothing does not say where it is");
                }
                At::Tcp(address) if !address.ip().is_loopback() => {
                    return no_effect("health.at", "a worker is on this computer (127.0.0.1 or ::1)");
                }
                _ => {}
            }
            let (How::Http { path, .. } | How::HttpReady { path } | How::WebSocket { path }) = &probe.how
            else {
                continue;
            };
            if path.parse::<hyper::Uri>().is_err() || !path.starts_with('/') {
                return no_effect("health.path", "it is no path of a web address");
            }
        }
        Ok(())
    }

    fn durations(&self) -> [(&'static str, Duration); 5] {
        [
            ("probe_every", self.probe_every),
            ("ready_deadline", self.ready_deadline),
            ("stall_limit", self.stall_limit),
            ("stop_grace", self.stop_grace),
            ("ask_again", self.ask_again.unwrap_or(self.stop_grace)),
        ]
    }

    fn check_env(&self) -> Result<(), SpecError> {
        for (name, value) in &self.env {
            variable("env", name)?;
            if value.contains('\0') {
                return Err(SpecError::Nul("env"));
            }
            if !self.allowed_env.iter().any(|allowed| allows(allowed, name)) {
                return Err(SpecError::Environment(name.clone()));
            }
        }
        let TokenBy::Environment(name) = &self.secret else { return Ok(()) };
        variable("secret", name)?;
        if self.env.iter().any(|(other, _)| other == name) {
            return no_effect("env", "it sets the variable that carries the launch token");
        }
        Ok(())
    }
}

fn allows(allowed: &str, name: &str) -> bool {
    match allowed.strip_suffix('*') {
        // A bare star would be no list.
        Some(prefix) => prefix.ends_with('_') && name.starts_with(prefix),
        None => allowed == name,
    }
}

/// POSIX: letters, digits and underscores, not beginning with a digit.
fn variable(field: &'static str, name: &str) -> Result<(), SpecError> {
    let good = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    if good { Ok(()) } else { Err(SpecError::EnvironmentName { field, name: name.to_owned() }) }
}

fn program(program: &Path) -> Result<(), SpecError> {
    if program.as_os_str().is_empty() {
        return Err(SpecError::Zero("program"));
    }
    if program.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(SpecError::Nul("program"));
    }
    let is_bare = program.components().count() == 1 && program.is_relative();
    if is_bare && program.file_name() == Some(program.as_os_str()) {
        let found = search_path().iter().any(|folder| file(&folder.join(program)).is_ok());
        return if found { Ok(()) } else { Err(SpecError::Missing(program.to_owned())) };
    }
    file(program)
}

#[allow(
    clippy::disallowed_methods,
    reason = "a bare program name is looked up as the system itself will do it"
)]
fn search_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH");
    std::env::split_paths(path.as_deref().unwrap_or(OsStr::new(""))).collect()
}

fn file(program: &Path) -> Result<(), SpecError> {
    let Ok(found) = program.metadata() else {
        return Err(SpecError::Missing(program.to_owned()));
    };
    if !found.is_file() {
        return Err(SpecError::NoFile(program.to_owned()));
    }
    if !may_run(&found) {
        return Err(SpecError::NotExecutable(program.to_owned()));
    }
    Ok(())
}

#[cfg(unix)]
fn may_run(file: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.permissions().mode() & 0o111 != 0
}

/// Elsewhere the name decides, and the system's own answer is as good as ours.
#[cfg(not(unix))]
fn may_run(_file: &Metadata) -> bool {
    true
}

fn restart(limits: &Restart) -> Result<(), SpecError> {
    let durations = [
        ("restart.span", limits.span),
        ("restart.backoff", limits.backoff),
        ("restart.backoff_max", limits.backoff_max),
        ("restart.first_probe", limits.first_probe),
        ("restart.rare_probe", limits.rare_probe),
        ("restart.proven", limits.proven),
        ("restart.forgiven", limits.forgiven),
        ("restart.unstable_span", limits.unstable_span),
    ];
    if let Some((field, _)) = durations.iter().find(|(_, value)| value.is_zero()) {
        return Err(SpecError::Zero(field));
    }
    if limits.budget == 0 {
        return no_effect("restart.budget", "with no restart allowed the backoff is never used");
    }
    if limits.patience == 0 {
        return no_effect("restart.patience", "without any patience the first probe is never used");
    }
    if limits.backoff > limits.backoff_max {
        return no_effect("restart.backoff", "it is longer than restart.backoff_max and never used");
    }
    if limits.crash(limits.budget + 1) >= limits.span {
        return no_effect("restart.budget", "the delays alone outlast restart.span, so it is never used up");
    }
    if limits.first_probe > limits.backoff_max || limits.backoff_max > limits.rare_probe {
        return no_effect(
            "restart.backoff_max",
            "probes must become rarer: first_probe, then backoff_max, then rare_probe",
        );
    }
    if !(0.0..=1.0).contains(&limits.jitter) {
        return no_effect("restart.jitter", "it is a share between 0 and 1");
    }
    if limits.forgiven <= limits.proven {
        return no_effect(
            "restart.forgiven",
            "it is not longer than restart.proven, which then says nothing",
        );
    }
    if limits.unstable_after == 0 {
        return Err(SpecError::Zero("restart.unstable_after"));
    }
    if limits.crash(limits.unstable_after) >= limits.unstable_span {
        return no_effect("restart.unstable_after", "so many crashes do not fit into restart.unstable_span");
    }
    Ok(())
}

fn breaker(limits: &CircuitLimits) -> Result<(), SpecError> {
    let numbers = [
        ("breaker.failures", limits.failures == 0),
        ("breaker.successes", limits.successes == 0),
        ("breaker.open", limits.open.is_zero()),
        ("breaker.probe_deadline", limits.probe_deadline.is_zero()),
    ];
    if let Some((field, _)) = numbers.iter().find(|(_, zero)| *zero) {
        return Err(SpecError::Zero(field));
    }
    if limits.probe_deadline > limits.open {
        return no_effect(
            "breaker.probe_deadline",
            "it is longer than breaker.open: a hung probe would outlast it",
        );
    }
    let Some(slow) = &limits.slow else { return Ok(()) };
    if slow.after.is_zero() || slow.calls == 0 {
        return Err(SpecError::Zero("breaker.slow"));
    }
    if slow.calls > slow.of {
        return no_effect("breaker.slow", "more slow calls are asked for than are looked at");
    }
    Ok(())
}

fn no_effect(field: &'static str, why: &'static str) -> Result<(), SpecError> {
    Err(SpecError::NoEffect { field, why })
}
