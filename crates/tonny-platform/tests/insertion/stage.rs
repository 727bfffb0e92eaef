//! An X server of our own with a window manager, programs to insert into, and ways to read what they got.
//!
//! Owns every process it starts and ends it by its id. Knows nothing of insertion.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _};
use x11rb::rust_connection::RustConnection;

/// Chromium's first start on two busy cores takes the longest.
const PATIENCE: Duration = Duration::from_secs(40);

/// The server, the window manager and the programs.
pub struct Stage {
    /// Its name, such as `:7`.
    pub display: String,
    folder: TempDir,
    server: Child,
    wm: Option<Child>,
    programs: RefCell<Vec<Child>>,
}

impl Stage {
    /// Starts the server and openbox. Nothing, with the reason printed, if one of them or of `also` is not installed.
    pub fn open(also: &[&str]) -> Option<Self> {
        let missing = ["Xvfb", "openbox"].iter().chain(also).find(|name| !installed(name));
        if let Some(name) = missing {
            tell(&format!("not checked: {name} is not installed"));
            return None;
        }
        let _ =
            tracing_subscriber::fmt().with_env_filter("tonny_platform=debug").with_test_writer().try_init();
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb starts");
        let mut number = String::new();
        BufReader::new(server.stdout.take().expect("piped")).read_line(&mut number).expect("display number");
        let folder = tempfile::tempdir().expect("folder");
        let display = format!(":{}", number.trim());
        let mut stage = Self { display, folder, server, wm: None, programs: RefCell::default() };
        stage.wm = Some(stage.command("openbox").spawn().expect("openbox starts"));
        wait_for("the window manager", || stage.root_property("_NET_SUPPORTING_WM_CHECK"));
        Some(stage)
    }

    /// Prints with the test's output.
    pub fn say(&self, line: &str) {
        tell(line);
    }

    /// An xterm whose reader writes every byte to a file.
    pub fn xterm(&self) -> Option<Box<dyn Fn() -> String>> {
        let file = self.folder.path().join("xterm.txt");
        let script = format!("stty -icanon -echo; exec cat > '{}'", file.display());
        self.program(
            "xterm",
            &["-u8", "-T", "xterm target", "-e", "sh", "-c", &script],
            &file,
            "xterm target",
        )
    }

    /// A GTK text view.
    pub fn gtk(&self) -> Option<Box<dyn Fn() -> String>> {
        self.gtk_window(&[])
    }

    /// A GTK window that ignores every key.
    pub fn deaf_gtk(&self) -> Option<Box<dyn Fn() -> String>> {
        self.gtk_window(&["deaf"])
    }

    /// A text area in Chromium, read through the window's title.
    pub fn chromium(&self) -> Option<Box<dyn Fn() -> String>> {
        let Some(name) =
            ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|it| installed(it))
        else {
            tell("not checked: chromium is not installed");
            return None;
        };
        let profile = format!("--user-data-dir={}", self.folder.path().join("chromium").display());
        let page = format!("--app=file://{}", fixture("textarea.html").display());
        let quiet = [
            "--no-sandbox",
            "--no-first-run",
            "--disable-gpu",
            "--disable-extensions",
            "--password-store=basic",
        ];
        let child = self.command(name).args(quiet).args([&profile, &page]).spawn().expect("chromium starts");
        self.programs.borrow_mut().push(child);
        let display = self.display.clone();
        let read = move || percent_decoded(active_title(&display).unwrap_or_default().strip_prefix("text:")?);
        wait_for("chromium's text area", || read().map(drop));
        Some(Box::new(move || read().unwrap_or_default()))
    }

    /// Puts bytes on a selection with xclip and waits until they are there.
    pub fn set_clipboard(&self, selection: &str, target: &str, bytes: &[u8]) {
        let mut xclip = self
            .command("xclip")
            .args(["-i", "-selection", selection, "-t", target])
            .stdin(Stdio::piped())
            .spawn()
            .expect("xclip starts");
        xclip.stdin.take().expect("piped").write_all(bytes).expect("xclip reads");
        xclip.wait().expect("xclip goes to the background");
        self.clipboard_becomes(selection, target, bytes);
    }

    /// Puts text on the clipboard whose owner then stops running.
    pub fn hanging_clipboard(&self, bytes: &[u8]) -> Hanging {
        let mut command = self.command("xclip");
        command.args(["-i", "-quiet", "-selection", "clipboard", "-t", "UTF8_STRING"]).stdin(Stdio::piped());
        let mut owner = command.spawn().expect("xclip starts");
        owner.stdin.take().expect("piped").write_all(bytes).expect("xclip reads");
        self.clipboard_becomes("clipboard", "UTF8_STRING", bytes);
        signal(&owner, Signal::STOP);
        Hanging(owner)
    }

    /// What a selection holds in one format.
    pub fn clipboard(&self, selection: &str, target: &str) -> Option<Vec<u8>> {
        let out = self
            .command("timeout")
            .args(["5", "xclip", "-o", "-selection", selection, "-t", target])
            .stdout(Stdio::piped())
            .output()
            .expect("xclip starts");
        out.status.success().then_some(out.stdout)
    }

    /// Waits until a selection holds these bytes.
    pub fn clipboard_becomes(&self, selection: &str, target: &str, bytes: &[u8]) {
        let what = format!("{} bytes of {target} on {selection}", bytes.len());
        wait_for(&what, || (self.clipboard(selection, target)? == bytes).then_some(()));
    }

    /// Runs xdotool.
    pub fn xdotool(&self, arguments: &[&str]) {
        assert!(self.command("xdotool").args(arguments).status().expect("xdotool starts").success());
    }

    /// The keycodes that are down.
    pub fn keys_down(&self) -> Vec<u8> {
        let (conn, _) = RustConnection::connect(Some(&self.display)).expect("display");
        let keys = conn.query_keymap().expect("sent").reply().expect("answered").keys;
        (0..=u8::MAX).filter(|code| keys[usize::from(code / 8)] >> (code % 8) & 1 == 1).collect()
    }

    /// Ends the programs, not the display.
    pub fn end_programs(&self) {
        self.programs.borrow_mut().drain(..).for_each(end);
    }

    /// Stops the programs from running, as if they hung.
    pub fn pause_programs(&self) {
        self.programs.borrow().iter().for_each(|child| signal(child, Signal::STOP));
    }

    /// Lets them run on.
    pub fn resume_programs(&self) {
        self.programs.borrow().iter().for_each(|child| signal(child, Signal::CONT));
    }

    /// Ends the X server.
    pub fn end_display(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }

    fn gtk_window(&self, arguments: &[&str]) -> Option<Box<dyn Fn() -> String>> {
        // The distribution's interpreter: it is the one that has the GTK bindings.
        let python = "/usr/bin/python3";
        let check = ["-c", "import gi; gi.require_version('Gtk', '3.0')"];
        let has_gtk = self.command(python).args(check).status().is_ok_and(|status| status.success());
        if !has_gtk {
            tell("not checked: python3-gi with GTK 3 is not installed");
            return None;
        }
        let file = self.folder.path().join("gtk.txt");
        let script = fixture("gtk_target.py");
        let mut all = vec![script.to_str().expect("path"), file.to_str().expect("path")];
        all.extend(arguments);
        self.program(python, &all, &file, "gtk target")
    }

    fn program(
        &self,
        name: &str,
        arguments: &[&str],
        file: &Path,
        title: &str,
    ) -> Option<Box<dyn Fn() -> String>> {
        if !installed(name) {
            tell(&format!("not checked: {name} is not installed"));
            return None;
        }
        let child = self.command(name).args(arguments).spawn().expect("program starts");
        self.programs.borrow_mut().push(child);
        wait_for(title, || file.exists().then_some(()));
        wait_for(title, || (active_title(&self.display)? == title).then_some(()));
        let file = file.to_owned();
        Some(Box::new(move || String::from_utf8_lossy(&std::fs::read(&file).expect("file")).into_owned()))
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.env("DISPLAY", &self.display).env("LC_ALL", "C.UTF-8").env("HOME", self.folder.path());
        command.env("GDK_BACKEND", "x11").env("NO_AT_BRIDGE", "1").env_remove("WAYLAND_DISPLAY");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn root_property(&self, name: &str) -> Option<u32> {
        root_property(&self.display, name)
    }
}

/// A program that was stopped; it is ended with this.
pub struct Hanging(Child);

impl Hanging {
    /// Lets it run on.
    pub fn resume(&self) {
        signal(&self.0, Signal::CONT);
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.resume_programs();
        self.end_programs();
        self.wm.take().into_iter().for_each(end);
        self.end_display();
    }
}

/// Waits until `found` gives something.
pub fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(it) = found() {
            return it;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until a program holds exactly `expected`. Ends early when it holds something that cannot become that.
pub fn wait_equal(name: &str, expected: &str, read: &dyn Fn() -> String) {
    wait_for(&format!("{expected:?} in {name}"), || {
        let got = read();
        // A character may be half-written at the moment of reading.
        let so_far = got.trim_end_matches('\u{fffd}');
        assert!(expected.starts_with(so_far), "{name} got {got:?} instead of {expected:?}");
        (got == expected).then_some(())
    });
}

fn root_property(display: &str, name: &str) -> Option<u32> {
    let (conn, screen) = RustConnection::connect(Some(display)).ok()?;
    let atom = conn.intern_atom(false, name.as_bytes()).ok()?.reply().ok()?.atom;
    let root = conn.setup().roots[screen].root;
    conn.get_property(false, root, atom, AtomEnum::ANY, 0, 1).ok()?.reply().ok()?.value32()?.next()
}

fn active_title(display: &str) -> Option<String> {
    let window = root_property(display, "_NET_ACTIVE_WINDOW").filter(|window| *window != 0)?;
    let (conn, _) = RustConnection::connect(Some(display)).ok()?;
    let modern = conn.intern_atom(false, b"_NET_WM_NAME").ok()?.reply().ok()?.atom;
    // xterm sets only the old one.
    [modern, AtomEnum::WM_NAME.into()].into_iter().find_map(|name| {
        let reply =
            conn.get_property(false, window, name, AtomEnum::ANY, 0, u32::MAX / 4).ok()?.reply().ok()?;
        String::from_utf8(reply.value).ok().filter(|title| !title.is_empty())
    })
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut code = [0; 2];
        rest.by_ref().take(2).zip(&mut code).for_each(|(from, to)| *to = from);
        bytes.push(u8::from_str_radix(std::str::from_utf8(&code).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn installed(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Path::new(name).is_absolute() && Path::new(name).exists()
        || std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

fn signal(child: &Child, signal: Signal) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// Asks first: Chromium takes its children with it only when it ends by itself.
fn end(mut child: Child) {
    signal(&child, Signal::TERM);
    let deadline = Instant::now() + Duration::from_secs(3);
    while Instant::now() < deadline {
        if child.try_wait().ok().flatten().is_some() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn tell(line: &str) {
    // Past the test's capture, so that what was not checked is seen.
    let _ = writeln!(std::io::stderr(), "{line}");
}
