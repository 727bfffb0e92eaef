//! One virtual desktop: Xvfb, openbox, a session bus with a real keyring, and PulseAudio with a microphone to speak into.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::process::{Running, is_installed, run};
use crate::wait_for;

/// What a desktop is made of; without one of these there is none.
const PROGRAMS: [&str; 8] = [
    "Xvfb",
    "openbox",
    "dbus-daemon",
    "gnome-keyring-daemon",
    "pulseaudio",
    "paplay",
    "espeak-ng",
    "xdotool",
];

/// A running desktop; everything ends when it is dropped.
pub struct Desktop {
    // Ended in this order: programs before the display they draw on.
    parts: Vec<Running>,
    display: String,
    bus: String,
    folder: TempDir,
}

impl Desktop {
    /// Starts everything, with a panel that holds the tray.
    pub fn start() -> Result<Self> {
        let missing: Vec<_> = PROGRAMS.into_iter().filter(|program| !is_installed(program)).collect();
        if !missing.is_empty() {
            bail!("not installed: {}; `make test-packages` installs them", missing.join(", "));
        }
        let mut folder = tempfile::Builder::new().prefix("tonny-desktop-").tempdir()?;
        // To look at what a failure left behind.
        folder.disable_cleanup(std::env::var_os("TONNYTRAY_KEEP").is_some());
        for name in ["run", "home", "logs", "home/.config"] {
            std::fs::create_dir_all(folder.path().join(name))?;
        }
        rustix::fs::chmod(folder.path().join("run"), rustix::fs::Mode::from_raw_mode(0o700))?;
        let mut desktop = Self { parts: Vec::new(), display: String::new(), bus: String::new(), folder };
        desktop.start_display()?;
        desktop.start_bus()?;
        desktop.start_sound()?;
        desktop.start_keyring()?;
        desktop.spawn("openbox", &[])?;
        desktop.run("xsetroot", &["-solid", "#46515e"])?;
        if is_installed("tint2") {
            desktop.start_panel()?;
        }
        Ok(desktop)
    }

    /// Where logs and temporary files of this desktop are.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command with this desktop's environment and nothing else of ours.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        for name in [
            "WAYLAND_DISPLAY",
            "TONNYTRAY_HOME",
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "XDG_STATE_HOME",
            "XDG_CACHE_HOME",
        ] {
            command.env_remove(name);
        }
        command
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("XDG_SESSION_TYPE", "x11")
            .env("HOME", self.path("home"))
            .env("PULSE_SERVER", format!("unix:{}", self.path("run/pulse.sock").display()))
            .env("LC_ALL", "C.UTF-8")
            .env("LANG", "C.UTF-8")
            .env("NO_AT_BRIDGE", "1");
        command
    }

    /// Starts a program on the desktop; it ends with it.
    pub fn spawn(&mut self, program: &str, arguments: &[&str]) -> Result<u32> {
        let log = self.path(&format!("logs/{}.log", program.rsplit('/').next().unwrap_or(program)));
        let running = Running::start(self.command(program).args(arguments), &log)?;
        let pid = running.pid();
        self.parts.insert(0, running);
        Ok(pid)
    }

    /// The X display's name.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// Ends the sound server, and with it every microphone.
    pub fn stop_sound(&self) -> Result<()> {
        let server = self.parts.iter().find(|part| part.name() == "pulseaudio").context("a sound server")?;
        server.signal(rustix::process::Signal::KILL)
    }

    /// Runs a program on the desktop to its end.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        run(self.command(program).args(arguments))
    }

    /// A screenshot of everything.
    pub fn screenshot(&self, to: &Path) -> Result<()> {
        self.run("import", &["-silent", "-window", "root", &to.display().to_string()]).map(|_| ())
    }

    /// Holds keys down, in order.
    pub fn keys_down(&self, keys: &[&str]) -> Result<()> {
        let arguments: Vec<&str> = keys.iter().flat_map(|key| ["keydown", key]).collect();
        self.run("xdotool", &arguments).map(|_| ())
    }

    /// Lets keys go, in order.
    pub fn keys_up(&self, keys: &[&str]) -> Result<()> {
        let arguments: Vec<&str> = keys.iter().flat_map(|key| ["keyup", key]).collect();
        self.run("xdotool", &arguments).map(|_| ())
    }

    /// Presses and releases a key.
    pub fn key(&self, key: &str) -> Result<()> {
        self.run("xdotool", &["key", key]).map(|_| ())
    }

    fn start_display(&mut self) -> Result<()> {
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"]);
        let mut display = Running::start_with_pipes(
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()),
        )?;
        self.display = format!(":{}", first_line(&mut display)?);
        self.parts.insert(0, display);
        Ok(())
    }

    fn start_bus(&mut self) -> Result<()> {
        let mut command = Command::new("dbus-daemon");
        command.args(["--session", "--nofork", "--nopidfile", "--print-address=1"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut bus = Running::start_with_pipes(&mut command)?;
        self.bus = first_line(&mut bus)?;
        self.parts.insert(0, bus);
        Ok(())
    }

    fn start_sound(&mut self) -> Result<()> {
        let socket = self.path("run/pulse.sock");
        let protocol = format!("module-native-protocol-unix socket={} auth-anonymous=1", socket.display());
        let mut command = self.command("pulseaudio");
        command.env("PULSE_RUNTIME_PATH", self.path("run/pulse")).env_remove("PULSE_SERVER").args([
            "-n",
            "--daemonize=no",
            "--use-pid-file=no",
            "--exit-idle-time=-1",
            "--disable-shm=yes",
            "-L",
            // Without norewinds an idle null sink renders 2 s ahead, and the microphone wakes up that late.
            "module-null-sink sink_name=voice sink_properties=device.description=Voice rate=48000 norewinds=1",
            "-L",
            &protocol,
        ]);
        let log = self.path("logs/pulseaudio.log");
        self.parts.insert(0, Running::start(&mut command, &log)?);
        wait_for("the sound server", Duration::from_secs(10), || Ok(socket.exists().then_some(())))?;
        self.run("pactl", &["set-default-source", "voice.monitor"])?;
        Ok(())
    }

    fn start_keyring(&mut self) -> Result<()> {
        let mut command = self.command("gnome-keyring-daemon");
        command.args(["--foreground", "--unlock", "--components=secrets"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut keyring = Running::start_with_pipes(&mut command)?;
        let mut password = keyring.child().stdin.take().context("piped")?;
        password.write_all(b"test keyring")?;
        drop(password);
        self.parts.insert(0, keyring);
        Ok(())
    }

    fn start_panel(&mut self) -> Result<()> {
        let config = self.path("home/.config/tint2rc");
        std::fs::write(
            &config,
            "rounded = 0\nbackground_color = #2b2b2b 100\npanel_items = SC\npanel_size = 100% 32\n\
             panel_position = top center horizontal\npanel_background_id = 1\nsystray_padding = 6 4 6\n\
             systray_icon_size = 22\ntime1_format = %H:%M\nclock_font_color = #eeeeee 100\n",
        )?;
        self.spawn("tint2", &["-c", &config.display().to_string()])?;
        Ok(())
    }
}

fn first_line(process: &mut Running) -> Result<String> {
    let output = process.child().stdout.take().context("piped")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    if line.trim().is_empty() {
        bail!("a part of the desktop ended at its start");
    }
    Ok(line.trim().to_owned())
}
