//! Draws core's tray value: one icon, one menu whose lines change in place.

use std::collections::HashMap;
use std::sync::Mutex;

use tauri::image::Image;
use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Manager as _, Wry};
use tonny_core::app::{DesktopWish, Message, WorkerCommand};
use tonny_core::push_to_talk::Gesture;
use tonny_core::snapshot::Snapshot;
use tonny_core::tray::{Action, Icon, Item, Tray};

use crate::desktop::Face;

/// What is on the screen now, so that only differences are drawn.
struct Drawn {
    icon: TrayIcon,
    items: HashMap<Action, MenuItem<Wry>>,
    tray: Mutex<Tray>,
}

/// Puts the icon into the tray.
pub fn build(tauri: &AppHandle) -> tauri::Result<()> {
    let tray = Tray::of(&tauri.state::<Face>().app.snapshot());
    let menu = Menu::new(tauri)?;
    let mut items = HashMap::new();
    for item in &tray.menu {
        match item {
            Item::Separator => menu.append(&PredefinedMenuItem::separator(tauri)?)?,
            Item::Entry { action, label, enabled } => {
                let entry = MenuItem::with_id(tauri, action.id(), label, *enabled, None::<&str>)?;
                menu.append(&entry)?;
                items.insert(*action, entry);
            }
        }
    }
    let icon = TrayIconBuilder::with_id("tonnytray")
        .icon(image(tray.icon)?)
        .tooltip(&tray.tooltip)
        .menu(&menu)
        .show_menu_on_left_click(true)
        .on_menu_event(|tauri, event| {
            if let Some(action) = Action::ALL.into_iter().find(|action| action.id() == event.id().as_ref()) {
                act(tauri, action);
            }
        })
        .build(tauri)?;
    tauri.manage(Drawn { icon, items, tray: Mutex::new(tray) });
    Ok(())
}

/// Brings the tray in line with the snapshot.
pub fn draw(tauri: &AppHandle, snapshot: &Snapshot) {
    let new = Tray::of(snapshot);
    let drawn = tauri.state::<Drawn>();
    let mut old = drawn.tray.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if *old == new {
        return;
    }
    if let Err(error) = draw_difference(&drawn, &old, &new) {
        tracing::warn!(%error, "the tray could not be drawn");
    }
    *old = new;
}

fn draw_difference(drawn: &Drawn, old: &Tray, new: &Tray) -> tauri::Result<()> {
    if old.icon != new.icon {
        drawn.icon.set_icon(Some(image(new.icon)?))?;
    }
    if old.tooltip != new.tooltip {
        drawn.icon.set_tooltip(Some(&new.tooltip))?;
    }
    for (before, after) in old.menu.iter().zip(&new.menu) {
        let Item::Entry { action, label, enabled } = after else { continue };
        if before != after
            && let Some(item) = drawn.items.get(action)
        {
            item.set_text(label)?;
            item.set_enabled(*enabled)?;
        }
    }
    Ok(())
}

fn act(tauri: &AppHandle, action: Action) {
    let app = tauri.state::<Face>().app.clone();
    tauri::async_runtime::spawn(async move {
        let show = |page: &str| Message::Wish(DesktopWish::Show(Some(page.to_owned())));
        let outcome = match action {
            Action::Toggle => app.gesture(Gesture::Toggle, None).await,
            Action::Cancel => app.gesture(Gesture::Cancel, None).await,
            Action::CopyLast => match app.snapshot().last {
                Some(last) => app.copy(last.id).await,
                None => Ok(()),
            },
            Action::RestartEngine => app.command_worker("speech".to_owned(), WorkerCommand::Restart).await,
            Action::Microphone => sent(app.send(show("speech")).await),
            Action::History => sent(app.send(show("history")).await),
            Action::Settings => sent(app.send(show("general")).await),
            Action::Quit => sent(app.send(Message::Quit).await),
        };
        if let Err(problem) = outcome {
            tracing::warn!(code = problem.code, action = action.id(), "a tray entry did nothing");
        }
    });
}

fn sent(sent: bool) -> Result<(), tonny_core::problem::Problem> {
    if sent { Ok(()) } else { Err(tonny_core::problem::Problem::of(tonny_core::problem::Code::ShuttingDown)) }
}

/// The icons for dark panels: most trays are dark, and the mark keeps a light edge for the others.
fn image(icon: Icon) -> tauri::Result<Image<'static>> {
    Image::from_bytes(match icon {
        Icon::Idle => include_bytes!("../icons/tray/idle-dark.png"),
        Icon::Listening => include_bytes!("../icons/tray/listening-dark.png"),
        Icon::Working => include_bytes!("../icons/tray/working-dark.png"),
        Icon::Trouble => include_bytes!("../icons/tray/trouble-dark.png"),
    })
}
