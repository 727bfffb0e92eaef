//! Draws core's tray value: one icon, one menu whose lines change in place.

use std::collections::HashMap;
use std::sync::Mutex;

use tauri::image::Image;
use tauri::menu::{IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Manager as _, Wry};
use tonny_core::app::{DesktopWish, Message, SettingsChange};
use tonny_core::push_to_talk::Gesture;
use tonny_core::snapshot::Snapshot;
use tonny_core::tray::{Action, Icon, Item, Tray};

use crate::desktop::Face;

/// What is on the screen now, so that only differences are drawn.
struct Drawn {
    icon: TrayIcon,
    now: Mutex<Now>,
}

struct Now {
    tray: Tray,
    lines: Lines,
}

/// The menu's lines that can change in place, by the id of what they do.
type Lines = HashMap<String, MenuItem<Wry>>;

/// Puts the icon into the tray.
pub fn build(tauri: &AppHandle) -> tauri::Result<()> {
    let tray = Tray::of(&tauri.state::<Face>().app.snapshot());
    let (menu, lines) = menu(tauri, &tray)?;
    let icon = TrayIconBuilder::with_id("tonnytray")
        .icon(image(tray.icon)?)
        .tooltip(&tray.tooltip)
        .menu(&menu)
        .show_menu_on_left_click(true)
        .on_menu_event(|tauri, event| {
            if let Some(action) = Action::of_id(event.id().as_ref()) {
                act(tauri, action);
            }
        })
        .build(tauri)?;
    tauri.manage(Drawn { icon, now: Mutex::new(Now { tray, lines }) });
    Ok(())
}

fn menu(tauri: &AppHandle, tray: &Tray) -> tauri::Result<(Menu<Wry>, Lines)> {
    let (menu, mut lines) = (Menu::new(tauri)?, Lines::default());
    for item in &tray.menu {
        menu.append(&*drawn(tauri, item, &mut lines)?)?;
    }
    Ok((menu, lines))
}

fn drawn(tauri: &AppHandle, item: &Item, lines: &mut Lines) -> tauri::Result<Box<dyn IsMenuItem<Wry>>> {
    Ok(match item {
        Item::Separator => Box::new(PredefinedMenuItem::separator(tauri)?),
        Item::Entry { action, label, enabled } => {
            let entry = MenuItem::with_id(tauri, action.id(), label, *enabled, None::<&str>)?;
            lines.insert(action.id(), entry.clone());
            Box::new(entry)
        }
        Item::Submenu { label, items } => {
            let submenu = Submenu::new(tauri, label, true)?;
            for item in items {
                submenu.append(&*drawn(tauri, item, lines)?)?;
            }
            Box::new(submenu)
        }
    })
}

/// Brings the tray in line with the snapshot.
pub fn draw(tauri: &AppHandle, snapshot: &Snapshot) {
    let new = Tray::of(snapshot);
    let drawn = tauri.state::<Drawn>();
    let mut now = drawn.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if now.tray == new {
        return;
    }
    if let Err(error) = draw_difference(tauri, &drawn.icon, &mut now, &new) {
        tracing::warn!(%error, "the tray could not be drawn");
    }
    now.tray = new;
}

fn draw_difference(tauri: &AppHandle, icon: &TrayIcon, now: &mut Now, new: &Tray) -> tauri::Result<()> {
    if now.tray.icon != new.icon {
        icon.set_icon(Some(image(new.icon)?))?;
    }
    if now.tray.tooltip != new.tooltip {
        icon.set_tooltip(Some(&new.tooltip))?;
    }
    if shape(&now.tray.menu) != shape(&new.menu) {
        let (menu, lines) = menu(tauri, new)?;
        icon.set_menu(Some(menu))?;
        now.lines = lines;
        return Ok(());
    }
    // An open menu stays open: its lines change in place.
    new.menu.iter().try_for_each(|item| redraw(&now.lines, item))
}

fn redraw(lines: &Lines, item: &Item) -> tauri::Result<()> {
    let (action, label, enabled) = match item {
        Item::Separator => return Ok(()),
        Item::Submenu { items, .. } => return items.iter().try_for_each(|item| redraw(lines, item)),
        Item::Entry { action, label, enabled } => (action, label, enabled),
    };
    let Some(entry) = lines.get(&action.id()) else { return Ok(()) };
    if entry.text()? != *label {
        entry.set_text(label)?;
    }
    entry.set_enabled(*enabled)
}

/// What has to be the same for lines to change in place: the actions, in their order, and what submenus are called: the
/// menu library (muda 0.20) cannot change that on Linux, where a submenu's text lies in a box of its own.
fn shape(items: &[Item]) -> Vec<String> {
    let nested = items.iter().flat_map(|item| match item {
        Item::Separator => vec!["-".to_owned()],
        Item::Entry { action, .. } => vec![action.id()],
        Item::Submenu { label, items } => {
            [vec![format!("> {label}")], shape(items), vec!["<".to_owned()]].concat()
        }
    });
    nested.collect()
}

fn act(tauri: &AppHandle, action: Action) {
    let app = tauri.state::<Face>().app.clone();
    tauri::async_runtime::spawn(async move {
        let id = action.id();
        let outcome = match action {
            Action::Toggle => app.gesture(Gesture::Toggle, None).await,
            Action::Cancel => app.gesture(Gesture::Cancel, None).await,
            Action::CopyLast => match app.snapshot().last {
                Some(last) => app.copy(last.id).await,
                None => Ok(()),
            },
            Action::Microphone(device) => {
                let change = SettingsChange::Field("microphone.device".to_owned(), device.into());
                app.change_settings(change).await.map(drop)
            }
            Action::PauseHotkeys(pause) => sent(app.send(Message::PauseHotkeys(pause)).await),
            Action::Worker(command, name) => app.command_worker(name, command).await,
            Action::Open(page) => {
                sent(app.send(Message::Wish(DesktopWish::Show(Some(page.to_owned())))).await)
            }
            Action::Quit => sent(app.send(Message::Quit).await),
        };
        if let Err(problem) = outcome {
            tracing::warn!(code = problem.code, action = id, "a tray entry did nothing");
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
