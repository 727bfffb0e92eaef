//! The window: made when asked for, gone when closed.

use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager as _, Url, WebviewUrl, WebviewWindowBuilder, WindowEvent};
use tauri_specta::Event as _;
use tonny_core::app::AppHandle as App;
use tonny_core::push_to_talk::Gesture;

use crate::bindings::{OpenConversation, PageRequested};
use crate::desktop::Face;

/// Label of the settings window; its capability file names it.
const SETTINGS: &str = "settings";

/// Pages that exist, as the window's registry (`ui/src/app/pages.ts`) has them; anything else opens the first.
const PAGES: [&str; 10] = [
    "general",
    "speech",
    "assistant",
    "engines",
    "history",
    "secrets",
    "privacy",
    "storage",
    "logs",
    "about",
];

/// Label of the assistant's window.
pub const ASSISTANT: &str = "assistant";

/// Opens the assistant's window on a conversation, or brings the open one to the front and shows it there.
pub fn show_assistant(tauri: &AppHandle, conversation: Option<&str>) {
    if let Some(window) = tauri.get_webview_window(ASSISTANT) {
        let _ = window.unminimize();
        let _ = window.set_focus();
        if let Some(id) = conversation {
            let _ = OpenConversation { id: Some(id.to_owned()) }.emit(tauri);
        }
        return;
    }
    let at = format!("assistant.html#/{}", conversation.unwrap_or_default());
    make(tauri, ASSISTANT, "TonnyTray Assistant", at, [(900.0, 640.0), (560.0, 480.0)], close_assistant);
}

/// A window that is gone shows no conversation, and cannot let go of its button.
async fn close_assistant(app: App) {
    if let Ok(assistant) = app.assistant() {
        assistant.opened(None).await;
    }
    if let Err(problem) = app.gesture(Gesture::Release, None).await {
        tracing::debug!(code = problem.code, "the closed window left something behind");
    }
}

/// Opens the window on `page`, or brings the open one to the front.
pub fn show(tauri: &AppHandle, page: Option<&str>) {
    if page == Some(ASSISTANT) {
        return show_assistant(tauri, None);
    }
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
    make(tauri, SETTINGS, "TonnyTray", at, [(960.0, 680.0), (800.0, 560.0)], let_go);
}

/// A window on one of the app's own pages, of a usual and a least size; `closed` is told when it is gone.
fn make<Closing: Future<Output = ()> + Send + 'static>(
    tauri: &AppHandle,
    label: &'static str,
    title: &str,
    at: String,
    [usual, least]: [(f64, f64); 2],
    closed: impl Fn(App) -> Closing + Send + 'static,
) {
    let made = WebviewWindowBuilder::new(tauri, label, WebviewUrl::App(at.into()))
        .title(title)
        .inner_size(usual.0, usual.1)
        .min_inner_size(least.0, least.1)
        .center()
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build();
    match made {
        Ok(window) => {
            let app = tauri.state::<Face>().app.clone();
            window.on_window_event(move |event| {
                if matches!(event, WindowEvent::Destroyed) {
                    tauri::async_runtime::spawn(closed(app.clone()));
                }
            });
        }
        Err(error) => tracing::error!(%error, label, "a window could not be opened"),
    }
}

/// Nothing but the app's own pages is ever shown: not a page that only looks like one (`https://tauri.localhost.evil`,
/// a `tauri:` address of another host), not a file, not script in an address.
fn is_own_page(url: &Url) -> bool {
    let is_ours = match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // Windows and Android show the app's pages under this name.
        "http" | "https" => url.host_str() == Some("tauri.localhost"),
        _ => false,
    };
    is_ours && url.port().is_none() && url.username().is_empty() && url.password().is_none()
}

/// A window that is gone can neither end its level meter nor let go of its try-out button.
async fn let_go(app: App) {
    for outcome in [app.test_microphone(false).await, app.gesture(Gesture::Release, None).await] {
        if let Err(problem) = outcome {
            tracing::debug!(code = problem.code, "the closed window left something behind");
        }
    }
}

/// Whether there is anybody to send events to.
pub fn is_open(tauri: &AppHandle) -> bool {
    [SETTINGS, ASSISTANT].into_iter().any(|label| tauri.get_webview_window(label).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_are_shown() {
        let shown = |url: &str| is_own_page(&url.parse().expect(url));
        for good in
            ["tauri://localhost/index.html#/history", "http://tauri.localhost/", "https://tauri.localhost/x"]
        {
            assert!(shown(good), "{good}");
        }
        for bad in [
            "https://example.org/",
            "https://tauri.localhost.example.org/",
            "https://tauri.localhost@example.org/",
            "https://x@tauri.localhost/",
            "https://tauri.localhost:8443/",
            "http://localhost/",
            "tauri://example.org/",
            "file:///etc/passwd",
            "data:text/html,x",
            "javascript:alert(1)",
            "about:blank",
            "blob:tauri://localhost/1",
        ] {
            assert!(!shown(bad), "{bad}");
        }
    }

    #[test]
    fn every_page_of_the_window_can_be_asked_for() {
        let registry = include_str!("../../ui/src/app/pages.ts");
        let known: Vec<&str> = registry
            .lines()
            .filter_map(|line| line.trim().strip_prefix("{ id: \"")?.split('"').next())
            .collect();
        assert_eq!(known, PAGES);
    }
}
