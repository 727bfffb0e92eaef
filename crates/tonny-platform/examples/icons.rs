//! Writes the app's and the tray's icons from the mark: `cargo run --release -p tonny-platform --example icons`.

use std::error::Error;
use std::path::Path;

use tonny_platform::overlay::icon::{Panel, TrayPicture, app, tray};

fn main() -> Result<(), Box<dyn Error>> {
    let icons = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src-tauri/icons");
    let folder = icons.join("tray");
    std::fs::create_dir_all(&folder)?;
    let sizes = [("32x32", 32), ("128x128", 128), ("128x128@2x", 256), ("icon", 512)];
    for (name, side) in sizes {
        app(side).ok_or("no size")?.save_png(icons.join(format!("{name}.png")))?;
    }
    for picture in TrayPicture::ALL {
        for panel in Panel::ALL {
            let name = format!("{}-{}", picture.name(), panel.name());
            tray(picture, panel, 22).ok_or("no size")?.save_png(folder.join(format!("{name}.png")))?;
            tray(picture, panel, 44).ok_or("no size")?.save_png(folder.join(format!("{name}@2x.png")))?;
        }
    }
    Ok(())
}
