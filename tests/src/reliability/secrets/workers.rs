//! Every kind of worker started by the real app while its keyring is full and its own environment holds a key: what their
//! command lines and environments say (the app's part of K10).

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::super::Size;
use super::flow::family;
use super::hunt::{Hunt, canary, one_of_each};
use super::window::keep;
use crate::app::{App, Build};
use crate::desktop::Desktop;
use crate::gguf::gguf;
use crate::wait_for;

/// What a worker may find in its environment, by name or by beginning.
const LISTED: [&str; 10] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_",
    "XDG_RUNTIME_DIR",
    "TMPDIR",
    "TONNYTRAY_LAUNCH",
    "HF_HUB_OFFLINE",
    "WLK_API_TOKEN",
    "LLAMA_API_KEY",
];

/// The program that stands for those of others: it stays, whatever it is given, until its input ends.
const STAYS: &str = "#!/bin/sh\nwhile read line; do :; done\n";

/// What was seen.
#[derive(Default)]
pub struct Seen {
    pub looks: usize,
    pub hits: usize,
    /// Kinds of workers that were looked at.
    pub kinds: BTreeSet<String>,
    /// Names in an environment that no list allows.
    pub foreign: Vec<String>,
    places: Vec<String>,
}

impl Seen {
    pub fn first(&self) -> String {
        self.places.first().map_or(String::new(), |place| format!("; first in {place}"))
    }

    pub fn is_kept(&self) -> bool {
        self.hits == 0 && self.foreign.is_empty() && self.kinds.len() == 4 && self.looks > 0
    }
}

pub fn look(size: Size) -> Result<Seen> {
    let build = Build::from_environment()?;
    let desktop = Desktop::start()?;
    let mut app = App::with_model(&desktop, &build, "children")?;
    let program = desktop.path("stays");
    std::fs::write(&program, STAYS)?;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
    let own = canary(9_999);
    let mut values: Vec<String> = one_of_each(7_000).into_iter().map(|(_, value)| value).collect();
    values.push(own.clone());
    let hunt = Hunt::new(values)?;
    keep(&desktop, &app, 7_000)?;
    app.launch_with(&desktop, &[("OPENAI_API_KEY", own.as_str()), ("AWS_SECRET_ACCESS_KEY", own.as_str())])?;
    let pid = app.pid().context("it runs")?;
    app.wait_worker(&desktop, "ready")?;
    let mut seen = Seen::default();
    let folder = desktop.path("");
    // It is looked at before its program starts.
    let model = desktop.path("model.gguf");
    std::fs::write(&model, gguf("llama", &[2]))?;
    // One of the heavy ones at a time: they never start beside each other.
    for (text, wanted) in [whisperlivekit(&program, &folder), llama(&program, &model)] {
        let settings = desktop.path("workers.toml");
        std::fs::write(&settings, text)?;
        app.tonny_ok(&desktop, &["settings", "import", &settings.display().to_string()])?;
        wait_for("every kind of worker", Duration::from_secs(60), || {
            let kinds = kinds(pid);
            Ok(wanted.iter().all(|kind| kinds.contains_key(*kind)).then_some(()))
        })?;
        let until = Instant::now() + Duration::from_secs(size.pick(1, 20));
        while Instant::now() < until {
            for (kind, pids) in kinds(pid) {
                pids.into_iter().for_each(|pid| at(&hunt, &kind, pid, &mut seen));
                seen.kinds.insert(kind);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    app.tonny_ok(&desktop, &["ctl", "quit"])?;
    ensure!(seen.looks > 0, "nothing was looked at");
    Ok(seen)
}

/// Settings in TOML, and the kinds of workers that they start.
type Wanted = (String, &'static [&'static str]);

fn whisperlivekit(program: &Path, folder: &Path) -> Wanted {
    let (program, folder) = (program.display(), folder.display());
    let text = format!(
        "[speech]\nengines = [\"embedded\", \"whisperlivekit\"]\nwhisperlivekit_program = \"{program}\"\n\
         whisperlivekit_model = \"{folder}\"\n[[workers.commands]]\nname = \"mine\"\nprogram = \"{program}\"\n\
         ready = \"json_line\"\n"
    );
    (text, &["embedded", "WhisperLiveKit", "described"])
}

fn llama(program: &Path, model: &Path) -> Wanted {
    let (program, model) = (program.display(), model.display());
    let text = format!(
        "[speech]\nengines = [\"embedded\"]\n[workers]\nllama = true\nllama_program = \"{program}\"\n\
         llama_model = \"{model}\"\n"
    );
    (text, &["embedded", "llama-server"])
}

fn at(hunt: &Hunt, kind: &str, pid: u32, seen: &mut Seen) {
    let read = |name: &str| std::fs::read(format!("/proc/{pid}/{name}"));
    for name in ["cmdline", "environ"] {
        let Ok(bytes) = read(name) else { continue };
        seen.looks += 1;
        let hits = hunt.hits(&bytes).len();
        seen.hits += hits;
        seen.places.extend((hits > 0).then(|| format!("{name} of {kind}")));
        if name == "environ" {
            for name in foreign(&bytes) {
                if !seen.foreign.contains(&name) {
                    seen.foreign.push(name);
                }
            }
        }
    }
}

fn foreign(environ: &[u8]) -> Vec<String> {
    let names = environ.split(|byte| *byte == 0).filter(|one| !one.is_empty());
    names
        .map(|one| {
            String::from_utf8_lossy(one.split(|byte| *byte == b'=').next().unwrap_or_default()).into_owned()
        })
        .filter(|name| !LISTED.iter().any(|listed| name.starts_with(listed)))
        .collect()
}

/// The processes that the app started, by the kind of worker that their arguments tell.
fn kinds(app: u32) -> BTreeMap<String, Vec<u32>> {
    let mut kinds: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for pid in family(app).into_iter().skip(1) {
        let Ok(bytes) = std::fs::read(format!("/proc/{pid}/cmdline")) else { continue };
        let words = String::from_utf8_lossy(&bytes).replace('\0', " ");
        let kind = match &words {
            words if words.contains("tonny-speech") => "embedded",
            words if words.contains("--pcm-input") => "WhisperLiveKit",
            words if words.contains("--no-slots") => "llama-server",
            words if words.contains("stays") => "described",
            // Helpers of the web view; they are none of ours, and are looked at by K1.
            _ => continue,
        };
        kinds.entry(kind.to_owned()).or_default().push(pid);
    }
    kinds
}
