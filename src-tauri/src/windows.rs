//! The window: made when asked for, gone when closed.

use tauri::{AppHandle, Manager as _, WebviewUrl, WebviewWindowBuilder, WindowEvent};
use tauri_specta::Event as _;
use tonny_core::app::AppHandle as App;
use tonny_core::push_to_talk::Gesture;

use crate::bindings::PageRequested;
use crate::desktop::Face;

/// Label of the settings window; its capability file names it.
const SETTINGS: &str = "settings";

/// Pages that exist; anything else opens the first.
const PAGES: [&str; 4] = ["general", "speech", "history", "about"];

/// Opens the window on `page`, or brings the open one to the front.
pub fn show(tauri: &AppHandle, page: Option<&str>) {
    let page = page.filter(|page| PAGES.contains(page));
    if let Some(window) = tauri.get_webview_window(SETTINGS) {
        let _ = window.unminimize();
        let _ = window.set_focus();
        if let Some(page) = page {
            let _ = PageRequested { page: page.to_owned() }.emit(tauri);
        }
        return;
    }
    let at = format!("index.html#/{}", page.unwrap_or(PAGES[0]));
    let made = WebviewWindowBuilder::new(tauri, SETTINGS, WebviewUrl::App(at.into()))
        .title("TonnyTray")
        .inner_size(960.0, 680.0)
        .min_inner_size(800.0, 560.0)
        .center()
        .on_navigation(|url| matches!(url.scheme(), "tauri") || url.host_str() == Some("tauri.localhost"))
        .build();
    match made {
        Ok(window) => {
            let app = tauri.state::<Face>().app.clone();
            window.on_window_event(move |event| {
                if matches!(event, WindowEvent::Destroyed) {
                    let app = app.clone();
                    tauri::async_runtime::spawn(async move { let_go(&app).await });
                }
            });
        }
        Err(error) => tracing::error!(%error, "the window could not be opened"),
    }
}

/// A window that is gone can neither end its level meter nor let go of its try-out button.
async fn let_go(app: &App) {
    for outcome in [app.test_microphone(false).await, app.gesture(Gesture::Release, None).await] {
        if let Err(problem) = outcome {
            tracing::debug!(code = problem.code, "the closed window left something behind");
        }
    }
}

/// Whether there is anybody to send events to.
pub fn is_open(tauri: &AppHandle) -> bool {
    tauri.get_webview_window(SETTINGS).is_some()
}
