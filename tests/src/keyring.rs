//! Private session buses, and keyrings on them: none, a real one, or one that misbehaves on purpose.

pub mod fake;
mod wire;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process::{Running, is_installed};
use crate::wait_for;

/// A bus that starts nothing by itself, whatever is installed here.
const CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy></busconfig>"#;

/// A session bus of its own; everything on it ends when this is dropped.
pub struct Bus {
    pub address: String,
    _daemon: Running,
    keyring: Option<Running>,
}

impl Bus {
    /// An empty bus. `folder` is for its configuration.
    pub fn start(folder: &Path) -> Result<Self> {
        let config = folder.join("bus.conf");
        std::fs::write(&config, CONFIG)?;
        let mut command = Command::new("dbus-daemon");
        command.arg(format!("--config-file={}", config.display())).args(["--nofork", "--print-address=1"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut daemon = Running::start_with_pipes(&mut command)?;
        let output = daemon.child().stdout.take().context("piped")?;
        let mut address = String::new();
        BufReader::new(output).read_line(&mut address)?;
        if address.trim().is_empty() {
            bail!("dbus-daemon ended at its start");
        }
        Ok(Self { address: address.trim().to_owned(), _daemon: daemon, keyring: None })
    }

    /// A real GNOME Keyring on it, unlocked, with its files in `folder`.
    pub fn with_gnome_keyring(folder: &Path) -> Result<Self> {
        if !is_installed("gnome-keyring-daemon") {
            bail!("gnome-keyring-daemon is not installed");
        }
        let mut bus = Self::start(folder)?;
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--unlock", "--components=secrets"]);
        command.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
        command.env("HOME", folder).env("XDG_DATA_HOME", folder.join("data")).env("XDG_RUNTIME_DIR", folder);
        command.env_remove("DISPLAY").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut keyring = Running::start_with_pipes(&mut command)?;
        keyring.child().stdin.take().context("piped")?.write_all(b"test keyring")?;
        bus.keyring = Some(keyring);
        let address = bus.address.clone();
        wait_for("the keyring", Duration::from_secs(20), || Ok(wire::is_owned(&address)?.then_some(())))?;
        Ok(bus)
    }
}
