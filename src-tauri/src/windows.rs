//! The window: made when asked for, gone when closed.

use tauri::{AppHandle, Manager as _, WebviewUrl, WebviewWindowBuilder};
use tauri_specta::Event as _;

use crate::bindings::PageRequested;

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
    if let Err(error) = made {
        tracing::error!(%error, "the window could not be opened");
    }
}

/// Whether there is anybody to send events to.
pub fn is_open(tauri: &AppHandle) -> bool {
    tauri.get_webview_window(SETTINGS).is_some()
}
