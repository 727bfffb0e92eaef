//! SIGTERM, SIGINT and SIGHUP become a quit; Tauri installs no handlers. SIGUSR1 belongs to WebKitGTK and is left alone.

use tokio::signal::unix::{SignalKind, signal};
use tonny_core::app::{AppHandle, Message};

/// Waits for the first signal and passes it on as a quit.
pub async fn quit_on_signal(app: AppHandle) {
    let handlers =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()));
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) = handlers else {
        tracing::error!("signals cannot be handled; quit from the tray");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hangup.recv() => {}
    }
    app.send(Message::Quit).await;
}
