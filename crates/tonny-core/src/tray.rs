//! The tray as a plain value: icon, tooltip and menu, computed from the snapshot and compared in tests; a face draws it.

use crate::app::WorkerCommand;
use crate::snapshot::{MicrophonesView, Phase, Snapshot};
use crate::worker_view::WorkerView;

/// Characters of the last text that fit into a menu.
const LAST_TEXT: usize = 40;

/// The tray at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tray {
    /// Which icon.
    pub icon: Icon,
    /// Shown under the pointer.
    pub tooltip: String,
    /// From top to bottom.
    pub menu: Vec<Item>,
}

/// The icon's four states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Outline of the mark.
    Idle,
    /// Filled, coral.
    Listening,
    /// Three dots.
    Working,
    /// The mark with a small triangle.
    Trouble,
}

/// One line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Something to click; grey when it cannot work now, with the reason in the label.
    Entry {
        /// What a click does.
        action: Action,
        /// What it says.
        label: String,
        /// Whether it can be clicked.
        enabled: bool,
    },
    /// A line between groups.
    Separator,
    /// A menu of its own.
    Submenu {
        /// What it says.
        label: String,
        /// What is in it.
        items: Vec<Item>,
    },
}

/// What a click does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Starts hands-free, or ends it.
    Toggle,
    /// Throws the recording's words out of the way.
    Cancel,
    /// Copies the last text.
    CopyLast,
    /// Records from this input from now on; without an id, from the system's choice.
    Microphone(Option<String>),
    /// Gives every hotkey back to other programs, or takes them again.
    PauseHotkeys(bool),
    /// Opens a page of the window.
    Open(&'static str),
    /// Does something with the worker of that name.
    Worker(WorkerCommand, String),
    /// Ends the app.
    Quit,
}

/// Pages that the tray opens.
const PAGES: [&str; 5] = ["speech", "engines", "history", "general", "assistant"];

impl Action {
    /// A stable id, for a face that knows menu entries by a text.
    pub fn id(&self) -> String {
        match self {
            Action::Toggle => "toggle".to_owned(),
            Action::Cancel => "cancel".to_owned(),
            Action::CopyLast => "copy-last".to_owned(),
            Action::Microphone(None) => "default-microphone".to_owned(),
            Action::Microphone(Some(id)) => format!("microphone:{id}"),
            Action::PauseHotkeys(true) => "pause-hotkeys".to_owned(),
            Action::PauseHotkeys(false) => "resume-hotkeys".to_owned(),
            Action::Open(page) => format!("open:{page}"),
            Action::Worker(WorkerCommand::Start, name) => format!("start:{name}"),
            Action::Worker(WorkerCommand::Stop, name) => format!("stop:{name}"),
            Action::Worker(WorkerCommand::Restart, name) => format!("restart:{name}"),
            Action::Worker(WorkerCommand::ResetBreaker, name) => format!("reset:{name}"),
            Action::Worker(WorkerCommand::Hold, name) => format!("hold:{name}"),
            Action::Worker(WorkerCommand::Release, name) => format!("release:{name}"),
            Action::Quit => "quit".to_owned(),
        }
    }

    /// The action of that id.
    pub fn of_id(id: &str) -> Option<Self> {
        let worker = |command, name: &str| Some(Action::Worker(command, name.to_owned()));
        match id.split_once(':') {
            None => [
                Action::Toggle,
                Action::Cancel,
                Action::CopyLast,
                Action::Microphone(None),
                Action::PauseHotkeys(true),
                Action::PauseHotkeys(false),
                Action::Quit,
            ]
            .into_iter()
            .find(|action| action.id() == id),
            Some(("microphone", device)) => Some(Action::Microphone(Some(device.to_owned()))),
            Some(("open", page)) => PAGES.into_iter().find(|known| *known == page).map(Action::Open),
            Some(("start", name)) => worker(WorkerCommand::Start, name),
            Some(("stop", name)) => worker(WorkerCommand::Stop, name),
            Some(("restart", name)) => worker(WorkerCommand::Restart, name),
            Some(("reset", name)) => worker(WorkerCommand::ResetBreaker, name),
            Some(("hold", name)) => worker(WorkerCommand::Hold, name),
            Some(("release", name)) => worker(WorkerCommand::Release, name),
            Some(_) => None,
        }
    }
}

impl Tray {
    /// The tray that belongs to a snapshot.
    pub fn of(snapshot: &Snapshot) -> Self {
        // The engine that would be asked first speaks for the app; the others have their own lines.
        let engine = snapshot.workers.first();
        Self { icon: icon(snapshot, engine), tooltip: tooltip(snapshot, engine), menu: menu(snapshot) }
    }
}

fn icon(snapshot: &Snapshot, engine: Option<&WorkerView>) -> Icon {
    let broken =
        engine.is_some_and(|engine| matches!(engine.state.as_str(), "failed" | "crash_loop" | "no_model"));
    match snapshot.state {
        Phase::Recording => Icon::Listening,
        Phase::Transcribing | Phase::Delivering => Icon::Working,
        Phase::Idle if broken || snapshot.problem.is_some() || snapshot.hotkey_problem.is_some() => {
            Icon::Trouble
        }
        Phase::Idle => Icon::Idle,
    }
}

fn tooltip(snapshot: &Snapshot, engine: Option<&WorkerView>) -> String {
    let state = match snapshot.state {
        Phase::Recording => "listening",
        Phase::Transcribing => "transcribing",
        Phase::Delivering => "inserting",
        Phase::Idle => match (&snapshot.hotkey_problem, &snapshot.problem) {
            (Some(problem), _) | (None, Some(problem)) => return format!("TonnyTray: {}", problem.message),
            (None, None) if snapshot.hotkeys_paused => return "TonnyTray: hotkeys are paused".to_owned(),
            (None, None) => return format!("TonnyTray: speech engine {}", engine_words(engine)),
        },
    };
    format!("TonnyTray: {state}")
}

fn menu(snapshot: &Snapshot) -> Vec<Item> {
    let recording = snapshot.state == Phase::Recording;
    let last = snapshot.last.as_ref().filter(|last| !last.text.is_empty());
    let mut menu = vec![
        entry(Action::Toggle, if recording { "Stop and insert" } else { "Dictate" }, true),
        entry(Action::Cancel, if recording { "Cancel" } else { "Cancel (not recording)" }, recording),
        Item::Separator,
        match last {
            Some(last) => {
                entry(Action::CopyLast, &format!("Copy \u{201c}{}\u{201d}", shorten(&last.text)), true)
            }
            None => entry(Action::CopyLast, "Nothing said yet", false),
        },
        Item::Separator,
        microphone_menu(&snapshot.microphones),
    ];
    menu.extend(snapshot.workers.iter().map(worker_menu));
    let paused = snapshot.hotkeys_paused;
    menu.extend([
        entry(Action::PauseHotkeys(!paused), if paused { "Resume hotkeys" } else { "Pause hotkeys" }, true),
        Item::Separator,
        entry(Action::Open("assistant"), "Assistant\u{2026}", true),
        entry(Action::Open("history"), &history_words(snapshot.recovered), true),
        entry(Action::Open("general"), "Settings\u{2026}", true),
        Item::Separator,
        entry(Action::Quit, "Quit TonnyTray", true),
    ]);
    menu
}

/// The inputs there were when somebody last looked; the chosen one is ticked, also when it is gone.
fn microphone_menu(microphones: &MicrophonesView) -> Item {
    let MicrophonesView { chosen, known } = microphones;
    let choice = |id: Option<String>, name: &str| {
        let tick = if id == *chosen { " \u{2713}" } else { "" };
        entry(Action::Microphone(id), &format!("{}{tick}", shorten(name)), true)
    };
    let usual = known.iter().find(|device| device.is_default);
    let usual =
        usual.map_or("System's choice".to_owned(), |device| format!("System's choice: {}", device.name));
    let mut items = vec![choice(None, &usual)];
    items.extend(known.iter().map(|device| choice(Some(device.id.clone()), &device.name)));
    if let Some(id) = chosen
        && !known.iter().any(|device| device.id == *id)
    {
        items.push(choice(Some(id.clone()), &format!("{id} (not connected)")));
    }
    items.extend([Item::Separator, entry(Action::Open("speech"), "Microphone settings\u{2026}", true)]);
    Item::Submenu { label: "Microphone".to_owned(), items }
}

fn worker_menu(worker: &WorkerView) -> Item {
    let command =
        |command, label: &str, enabled| entry(Action::Worker(command, worker.name.clone()), label, enabled);
    let state = worker.state.as_str();
    let runs = matches!(state, "ready" | "busy" | "starting");
    let exists = state != "no_model";
    let free = worker.breaker == "closed" && worker.requests.state == "closed";
    let second = if runs {
        command(WorkerCommand::Stop, "Stop", true)
    } else {
        command(WorkerCommand::Start, "Start", exists && state != "draining")
    };
    Item::Submenu {
        label: format!("{}: {}", worker.title, engine_words(Some(worker))),
        items: vec![
            command(WorkerCommand::Restart, "Restart", exists),
            second,
            command(
                WorkerCommand::ResetBreaker,
                if free { "Try again (nothing is held back)" } else { "Try again now" },
                !free,
            ),
            Item::Separator,
            entry(Action::Open("engines"), "Engines\u{2026}", true),
        ],
    }
}

/// What was found again after a crash is offered where it lies.
fn history_words(recovered: u32) -> String {
    match recovered {
        0 => "History\u{2026}".to_owned(),
        n => format!("History\u{2026} ({n} found again)"),
    }
}

fn entry(action: Action, label: &str, enabled: bool) -> Item {
    Item::Entry { action, label: label.to_owned(), enabled }
}

fn engine_words(engine: Option<&WorkerView>) -> &'static str {
    match engine.map(|engine| engine.state.as_str()) {
        Some("ready" | "busy") => "ready",
        Some("starting") => "starting",
        Some("backoff") => "restarting",
        Some("crash_loop") => "keeps crashing",
        Some("failed") => "failed",
        Some("no_model") => "no model installed",
        Some("stopped" | "draining") => "stopped",
        _ => "starting",
    }
}

fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LAST_TEXT {
        return line;
    }
    let mut short: String = line.chars().take(LAST_TEXT - 1).collect();
    short.truncate(short.trim_end().len());
    short.push('\u{2026}');
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::InputDevice;
    use crate::problem::{Code, Problem};
    use crate::snapshot::LastUtterance;

    fn label(tray: &Tray, wanted: Action) -> (String, bool) {
        tray.menu
            .iter()
            .find_map(|item| match item {
                Item::Entry { action, label, enabled } if *action == wanted => {
                    Some((label.clone(), *enabled))
                }
                _ => None,
            })
            .expect("in the menu")
    }

    #[test]
    fn ids_lead_back_to_their_action() {
        let restart = Action::Worker(WorkerCommand::Restart, "my:engine".to_owned());
        let device = Action::Microphone(Some("alsa:hw:1,0".to_owned()));
        let (pause, usual) = (Action::PauseHotkeys(true), Action::Microphone(None));
        for action in [Action::Toggle, Action::Quit, Action::Open("engines"), restart, device, pause, usual] {
            assert_eq!(Action::of_id(&action.id()), Some(action));
        }
        assert_eq!(Action::of_id("open:elsewhere"), None);
        assert_eq!(Action::of_id("run:speech"), None);
    }

    #[test]
    fn every_worker_has_a_menu_that_offers_what_can_be_done() {
        let view = |state: &str| WorkerView {
            name: "speech".to_owned(),
            title: "Speech engine".to_owned(),
            state: state.to_owned(),
            breaker: "closed".to_owned(),
            requests: crate::worker_view::RequestsView { state: "closed".to_owned(), retry_at_ms: None },
            ..WorkerView::default()
        };
        let items = |view: &WorkerView| match worker_menu(view) {
            Item::Submenu { label, items } => (label, items),
            other => panic!("{other:?}"),
        };
        let (label, running) = items(&view("busy"));
        assert_eq!(label, "Speech engine: ready");
        let action = |command| Action::Worker(command, "speech".to_owned());
        assert_eq!(running[1], entry(action(WorkerCommand::Stop), "Stop", true));
        let mut looping = view("crash_loop");
        looping.breaker = "open".to_owned();
        let (label, looping) = items(&looping);
        assert_eq!(label, "Speech engine: keeps crashing");
        assert_eq!(looping[1], entry(action(WorkerCommand::Start), "Start", true));
        assert_eq!(looping[2], entry(action(WorkerCommand::ResetBreaker), "Try again now", true));
        let (_, none) = items(&view("no_model"));
        assert_eq!(none[0], entry(action(WorkerCommand::Restart), "Restart", false));
    }

    #[test]
    fn the_microphones_are_a_menu_with_the_chosen_one_ticked_even_when_it_is_gone() {
        let device = |id: &str, name: &str, is_default| InputDevice {
            id: id.to_owned(),
            name: name.to_owned(),
            is_default,
        };
        let known = vec![device("a", "Built-in", true), device("b", "Headset", false)];
        let labels = |chosen: Option<&str>| {
            let view = MicrophonesView { chosen: chosen.map(str::to_owned), known: known.clone() };
            let Item::Submenu { items, .. } = microphone_menu(&view) else { panic!("a submenu") };
            let labels = items.into_iter().filter_map(|item| match item {
                Item::Entry { action: Action::Microphone(_), label, enabled: true } => Some(label),
                _ => None,
            });
            labels.collect::<Vec<_>>()
        };
        assert_eq!(labels(None), ["System's choice: Built-in \u{2713}", "Built-in", "Headset"]);
        assert_eq!(labels(Some("b"))[2], "Headset \u{2713}");
        assert_eq!(labels(Some("usb"))[3], "usb (not connected) \u{2713}");
    }

    #[test]
    fn paused_hotkeys_are_told_and_can_be_taken_again() {
        let mut snapshot = Snapshot::default();
        assert_eq!(label(&Tray::of(&snapshot), Action::PauseHotkeys(true)).0, "Pause hotkeys");
        snapshot.hotkeys_paused = true;
        let tray = Tray::of(&snapshot);
        assert_eq!(label(&tray, Action::PauseHotkeys(false)).0, "Resume hotkeys");
        assert_eq!(tray.tooltip, "TonnyTray: hotkeys are paused");
    }

    #[test]
    fn the_menu_says_what_can_be_done_now() {
        let mut snapshot = Snapshot::default();
        let idle = Tray::of(&snapshot);
        assert_eq!(idle.icon, Icon::Idle);
        assert_eq!(label(&idle, Action::Cancel), ("Cancel (not recording)".to_owned(), false));
        assert_eq!(label(&idle, Action::CopyLast), ("Nothing said yet".to_owned(), false));
        assert_eq!(label(&idle, Action::Open("history")).0, "History\u{2026}");
        snapshot.recovered = 2;
        assert_eq!(label(&Tray::of(&snapshot), Action::Open("history")).0, "History\u{2026} (2 found again)");

        snapshot.state = Phase::Recording;
        snapshot.last = Some(LastUtterance {
            id: "1".to_owned(),
            text: "And so, my fellow Americans,\nask not what your country".to_owned(),
            state: "delivered".to_owned(),
            timings_ms: Default::default(),
        });
        let recording = Tray::of(&snapshot);
        assert_eq!(recording.icon, Icon::Listening);
        assert_eq!(label(&recording, Action::Toggle).0, "Stop and insert");
        assert_eq!(
            label(&recording, Action::CopyLast).0,
            "Copy \u{201c}And so, my fellow Americans, ask not wh\u{2026}\u{201d}"
        );
    }

    #[test]
    fn trouble_shows_in_the_icon_and_under_the_pointer() {
        let snapshot =
            Snapshot { hotkey_problem: Some(Problem::of(Code::HotkeyTaken)), ..Snapshot::default() };
        let tray = Tray::of(&snapshot);
        assert_eq!(tray.icon, Icon::Trouble);
        assert!(tray.tooltip.contains("Another program uses this hotkey"));
    }
}
