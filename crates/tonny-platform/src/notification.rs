//! Notifications of the desktop. Shows one and forgets it; knows nothing of why. A desktop without a notification
//! service is no failure of the app: the caller logs the answer and goes on, the tray and the window say the same.

use notify_rust::{Notification as Shown, Timeout};
use tonny_core::app::Notification;
use tonny_core::problem::{Code, Problem};

/// Long enough to read two sentences from the other side of the screen.
const VISIBLE_MS: u32 = 12_000;

/// Shows a notification. Blocks until the desktop has taken it; call it on a thread that may wait.
///
/// # Errors
/// [`Code::NotificationRefused`] where the desktop has no notification service, or it says no.
pub fn show(notification: &Notification) -> Result<(), Problem> {
    Shown::new()
        .appname("TonnyTray")
        .icon("tonnytray")
        .summary(&notification.title)
        .body(&notification.body)
        .timeout(Timeout::Milliseconds(VISIBLE_MS))
        .show()
        .map(drop)
        .map_err(|error| Problem::with(Code::NotificationRefused, error))
}
