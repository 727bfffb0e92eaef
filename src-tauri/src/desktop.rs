//! Runs the desktop: Tauri's event loop on the main thread, and one task that carries the App's wishes to it.
//!
//! An idle app holds no window. The tray follows the snapshot, Escape is taken only while recording, and the loop ends
//! when the App says that it has ended.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tauri::{AppHandle as Tauri, Manager as _, RunEvent};
use tauri_specta::Event as _;
use tokio::runtime::Runtime;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tonny_core::app::{self, AppHandle, DesktopWish, Message, Notification, Outputs};
use tonny_core::assistant::AssistantEvent;
use tonny_core::overlay::OverlayClick;
use tonny_core::ports::{LanguageFiles, Microphone, ModelFiles};
use tonny_core::problem::{Code, Problem};
use tonny_core::push_to_talk::Gesture;
use tonny_core::snapshot::{Phase, Snapshot};
use tonny_platform::control::ControlLock;
use tonny_platform::folders::Folders;
use tonny_platform::logging::Log;
use tonny_platform::{crash, notification, overlay};

use crate::bindings::{AnswerGrew, ConversationChanged, LevelChanged, MessageChanged, SnapshotChanged};
use crate::gate::Gate;
use crate::hotkeys::Bound;
use crate::{bindings, hotkeys, parts, signals, tray, windows};

/// What commands may reach.
pub struct Face {
    /// The App.
    pub app: AppHandle,
    /// Input devices.
    pub microphone: Arc<dyn Microphone>,
    /// Models on disk.
    pub models: Arc<dyn ModelFiles>,
    /// Language models on disk.
    pub language_models: Arc<dyn LanguageFiles>,
    /// For the About page.
    pub folders: Folders,
    /// What the app says about itself.
    pub log: Log,
    /// How much a window may ask at a time.
    pub gate: Gate,
    /// Opens a folder in the desktop's own program; may wait.
    pub open: fn(&Path) -> Result<(), Problem>,
}

/// Starts everything and runs until the App has quit.
pub fn run(
    runtime: &Runtime,
    folders: Folders,
    lock: ControlLock,
    may_show: bool,
    log: Log,
) -> Result<(), Problem> {
    let _inside = runtime.enter();
    #[cfg(target_os = "linux")]
    let visuals = crate::visuals::learn();
    let socket = lock.bind()?;
    let parts = runtime.block_on(parts::assemble(&folders))?;
    let (microphone, models) = (parts.microphone.clone(), parts.models.clone());
    let language_models = parts.language_models.clone();
    let (app, outputs, core) = runtime.block_on(app::start(parts));
    let control = runtime.spawn(socket.serve({
        let app = app.clone();
        move |request| {
            let app = app.clone();
            async move { app.control(request).await }
        }
    }));
    let signals = runtime.spawn(signals::quit_on_signal(app.clone()));
    let told = runtime.spawn(tell_of_crash(app.clone(), folders.crashes.clone()));
    let face = Face {
        app,
        microphone,
        models,
        language_models,
        folders,
        log,
        gate: Gate::default(),
        open: tonny_platform::exports::show,
    };
    #[cfg(target_os = "linux")]
    let server = visuals.map(crate::visuals::Learning::finish);
    let tauri = build(face, outputs, may_show)?;
    #[cfg(target_os = "linux")]
    drop(server);
    let handle = tauri.handle().clone();
    // However the App ends, the process ends with it.
    let core = runtime.spawn(async move {
        core.await;
        handle.exit(0);
    });
    tauri.run(|_, event| {
        if let RunEvent::ExitRequested { api, code: None, .. } = event {
            // The last window closed: the app lives in the tray.
            api.prevent_exit();
        }
    });
    for task in [control, signals, told] {
        task.abort();
    }
    let _ = runtime.block_on(async { tokio::time::timeout(app::QUIT_DEADLINE, core).await });
    Ok(())
}

/// A crash of an earlier run is told once.
async fn tell_of_crash(app: AppHandle, reports: PathBuf) {
    let Some(problem) = crash::untold(&reports) else { return };
    let notification = Notification {
        title: "A part of TonnyTray failed when it last ran".to_owned(),
        body: "A report lies on this machine and nowhere else. Open TonnyTray to see where.".to_owned(),
    };
    _ = app.told(problem, notification).await;
}

fn build(face: Face, outputs: Outputs, may_show: bool) -> Result<tauri::App, Problem> {
    let bindings = bindings::builder();
    let keys = hotkeys::listen(face.app.clone());
    tauri::Builder::default()
        .plugin(tauri_plugin_autostart::Builder::new().arg("--hidden").build())
        .manage(face)
        .manage(keys)
        .invoke_handler(bindings.invoke_handler())
        .setup(move |tauri| {
            bindings.mount_events(tauri);
            tray::build(tauri.handle())?;
            // Only now: what it draws on exists from here on.
            tauri::async_runtime::spawn(follow(tauri.handle().clone(), outputs, may_show));
            tauri::async_runtime::spawn(follow_assistant(tauri.handle().clone()));
            Ok(())
        })
        .build(tauri::generate_context!())
        .map_err(|e| Problem::with(Code::DesktopFailed, e))
}

/// Carries what the App publishes to tray, overlay, windows and hotkeys.
async fn follow(tauri: Tauri, outputs: Outputs, may_show: bool) {
    let Outputs { mut snapshot, overlay: views, mut level, mut desktop } = outputs;
    let app = tauri.state::<Face>().app.clone();
    let (clicks, mut clicked) = tokio::sync::mpsc::unbounded_channel();
    let overlay = overlay::start(views, clicks);
    if let Err(problem) = &overlay {
        tracing::warn!(code = problem.code, "there is no overlay");
    }
    loop {
        tokio::select! {
            changed = snapshot.changed() => match changed {
                Ok(()) => on_snapshot(&tauri, &mut snapshot),
                Err(_) => break,
            },
            Ok(()) = level.changed() => {
                let level = *level.borrow_and_update();
                if windows::is_open(&tauri) {
                    let _ = LevelChanged { level }.emit(&tauri);
                }
            }
            Some(wish) = desktop.recv() => match wish {
                DesktopWish::Show(page) => if may_show || page.is_some() { windows::show(&tauri, page.as_deref()) },
                DesktopWish::ShowConversation(id) => windows::show_assistant(&tauri, Some(&id)),
                DesktopWish::Apply(settings) => {
                    tauri.state::<Face>().log.apply(&settings.logging);
                    hotkeys::apply(&tauri, &settings).await;
                }
                DesktopWish::Notify(notification) => notify(notification),
            },
            Some(click) = clicked.recv() => match click {
                OverlayClick::Stop => _ = app.gesture(Gesture::Toggle, None).await,
                OverlayClick::Dismiss => _ = app.dismiss().await,
            },
        }
    }
    // The overlay's thread ends with its last view.
    drop(overlay);
}

/// Carries what the assistant tells to its window.
async fn follow_assistant(tauri: Tauri) {
    let app = tauri.state::<Face>().app.clone();
    let mut events = match app.assistant() {
        Ok(assistant) => assistant.events(),
        Err(problem) => return tracing::error!(code = problem.code, "there is no assistant"),
    };
    loop {
        let told = match events.recv().await {
            Err(RecvError::Closed) => return,
            _ if !windows::is_open(&tauri) => continue,
            Ok(AssistantEvent::Grew(grown)) => AnswerGrew(grown).emit(&tauri),
            Ok(AssistantEvent::Message { conversation, message }) => {
                MessageChanged { conversation, message: *message }.emit(&tauri)
            }
            Ok(AssistantEvent::Conversation { id }) => ConversationChanged { id }.emit(&tauri),
            // The window sees the gap in the numbers, and asks for the whole.
            Err(RecvError::Lagged(missed)) => {
                tracing::debug!(missed, "the assistant's window is behind");
                continue;
            }
        };
        if let Err(error) = told {
            tracing::debug!(%error, "a window did not hear of an answer");
        }
    }
}

/// Not waited for: a notification service that hangs delays nothing.
fn notify(notification: Notification) {
    tauri::async_runtime::spawn_blocking(move || {
        if let Err(problem) = notification::show(&notification) {
            tracing::warn!(code = problem.code, %problem, "a notification was not shown");
        }
    });
}

fn on_snapshot(tauri: &Tauri, snapshot: &mut watch::Receiver<Snapshot>) {
    let snapshot = snapshot.borrow_and_update().clone();
    tray::draw(tauri, &snapshot);
    let bound = tauri.state::<Bound>();
    bound.hold_escape(snapshot.state == Phase::Recording);
    if let Err(problem) = bound.pause(snapshot.hotkeys_paused) {
        let app = tauri.state::<Face>().app.clone();
        tauri::async_runtime::spawn(async move { app.send(Message::HotkeyProblem(Some(problem))).await });
    }
    if windows::is_open(tauri) {
        let _ = SnapshotChanged(snapshot).emit(tauri);
    }
}
