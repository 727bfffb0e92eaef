//! What the app gives up so that its memory does not end in a file, and that its desktop still works with it (K11).
//!
//! A portal looks into `/proc/PID/root` of who asks. That of a process which is not dumpable, or has a right that the
//! portal has not, may only be read with CAP_SYS_PTRACE. Here nobody has it, as in a session of an ordinary user: neither
//! the portal, nor the app, nor who asks; and a process that gives up being dumpable proves that this portal would notice.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use dbus::blocking::Connection;
use dbus::channel::Channel;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use tonny_platform::hardening;

use super::super::Outcome;
use super::flow::family;
use crate::app::{App, Build};
use crate::desktop::Desktop;
use crate::keyring::Bus;
use crate::process::{Running, is_installed, run};
use crate::{programs, wait_for};

/// Where distributions put it; it is on nobody's path.
const PORTALS: [&str; 3] =
    ["/usr/libexec/xdg-desktop-portal", "/usr/lib/xdg-desktop-portal", "/usr/lib64/xdg-desktop-portal"];

const NAME: &str = "org.freedesktop.portal.Desktop";

/// As all of a session are, even where the tests run as root.
const WITHOUT_PTRACE: [&str; 5] = ["setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace"];

/// K11.
pub fn hardened() -> Result<Outcome> {
    let build = Build::from_environment()?;
    let desktop = Desktop::start()?;
    let mut app = App::with_model(&desktop, &build, "hardened")?;
    let can_ask = is_installed("setpriv");
    app.launch_under(&desktop, if can_ask { &WITHOUT_PTRACE } else { &["env"] })?;
    app.wait_worker(&desktop, "ready")?;
    let pid = app.pid().context("it runs")?;
    let mut limited = 0;
    for pid in family(pid) {
        limited += usize::from(core_limit(pid)? == ("0".to_owned(), "0".to_owned()));
    }
    let all = family(pid).len();
    let seen = can_ask.then(|| looked_at(pid)).transpose()?;
    app.quit(&desktop)?;
    let dumpable = match seen {
        Some(true) => "the app may be looked into",
        Some(false) => "the app may NOT be looked into",
        None => "whether the app may be looked into is not known without setpriv",
    };
    let portal = portal()?;
    let kept = limited == all && all > 1 && seen != Some(false) && !matches!(portal, Portal::Refuses(_));
    let portal = match portal {
        Portal::Answers => {
            "a portal answers a process hardened like it and refuses one that is not dumpable".into()
        }
        Portal::Refuses(why) => format!("a portal refuses a process hardened like it: {why}"),
        Portal::Missing => "portals not measured: xdg-desktop-portal or setpriv is not installed".to_owned(),
    };
    let text = format!("core limit 0 in {limited} of {all} processes of the app; {dumpable}; {portal}");
    Ok(Outcome::measured(kept, text))
}

/// Soft and hard, as the kernel lists them.
fn core_limit(pid: u32) -> Result<(String, String)> {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits"))?;
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).context("a core limit")?;
    let mut words = line.split_whitespace().skip(4).map(str::to_owned);
    Ok((words.next().context("soft")?, words.next().context("hard")?))
}

/// Whether somebody of the same user without special rights can follow the link that a portal follows.
fn looked_at(pid: u32) -> Result<bool> {
    let mut command = ordinary("readlink");
    command.arg(format!("/proc/{pid}/root"));
    Ok(command.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success())
}

/// A program without special rights.
fn ordinary(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(WITHOUT_PTRACE[0]);
    command.args(&WITHOUT_PTRACE[1..]).arg(program);
    command
}

enum Portal {
    Answers,
    Refuses(String),
    Missing,
}

fn portal() -> Result<Portal> {
    let Some(program) = PORTALS.into_iter().find(|path| Path::new(path).is_file()) else {
        return Ok(Portal::Missing);
    };
    if !is_installed("setpriv") {
        return Ok(Portal::Missing);
    }
    let folder = tempfile::tempdir()?;
    let bus = Bus::start(folder.path())?;
    let mut command = ordinary(program);
    command.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    command.env("HOME", folder.path()).env("XDG_RUNTIME_DIR", folder.path()).env_remove("DISPLAY");
    let _portal = Running::start(&mut command, &folder.path().join("portal.log"))?;
    wait_for("the portal", Duration::from_secs(20), || Ok(is_up(&bus.address)?.then_some(())))?;
    let ask = |manner: &str| {
        run(ordinary(programs::beside("vault-writer")?).args(["portal", &bus.address, manner]))
    };
    if ask("undumpable").is_ok() {
        bail!("this portal does not look at who asks: nothing is proven");
    }
    Ok(match ask("hardened") {
        Ok(_) => Portal::Answers,
        Err(error) => Portal::Refuses(format!("{error:#}")),
    })
}

fn connect(address: &str) -> Result<Connection> {
    let mut channel = Channel::open_private(address).context("the private bus")?;
    channel.register()?;
    Ok(Connection::from(channel))
}

fn is_up(address: &str) -> Result<bool> {
    let connection = connect(address)?;
    let bus = connection.with_proxy("org.freedesktop.DBus", "/", Duration::from_secs(5));
    let (owned,): (bool,) = bus.method_call("org.freedesktop.DBus", "NameHasOwner", (NAME,))?;
    Ok(owned)
}

/// A process as hardened as the app asks the portal which proxy an address needs: a question that no backend has to
/// answer.
pub fn ask_portal(address: &str, undumpable: bool) -> Result<()> {
    hardening::no_core_files();
    if undumpable {
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    let connection = connect(address)?;
    let portal = connection.with_proxy(NAME, "/org/freedesktop/portal/desktop", Duration::from_secs(10));
    let question = ("https://example.org/",);
    let (proxies,): (Vec<String>,) =
        portal.method_call("org.freedesktop.portal.ProxyResolver", "Lookup", question)?;
    ensure!(!proxies.is_empty(), "the portal knows no way at all");
    Ok(())
}
