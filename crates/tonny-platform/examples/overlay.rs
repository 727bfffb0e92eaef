//! Draws every view of the overlay into PNG files, to be looked at: `--example overlay -- FOLDER [SCALE]`.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use tonny_core::overlay::OverlayView;
use tonny_platform::overlay::fonts::Fonts;
use tonny_platform::overlay::pill::{Moment, draw};
use tonny_platform::overlay::theme::Theme;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("give a folder")?);
    let scale = arguments.next().map_or(Ok(2.0), |scale| scale.parse())?;
    std::fs::create_dir_all(&folder)?;
    let mut fonts = Fonts::new();
    let moment = Moment { shown: Duration::from_millis(700), late: Duration::ZERO };
    for (name, view) in views() {
        let picture = draw(&mut fonts, &view, &Theme::default(), scale, moment).ok_or("no picture")?;
        picture.save_png(folder.join(format!("{name}.png")))?;
    }
    Ok(())
}

fn views() -> Vec<(&'static str, OverlayView)> {
    let long = "The last line is the one that counts, so its end stays in view while the start fades away,";
    vec![
        ("01-listening", listening("", "", 0.1, false, false)),
        ("02-short", listening("Dear Anna, thank", "you for", 0.5, false, false)),
        ("03-long", listening(long, "doesn't it", 0.9, false, false)),
        ("04-cjk", listening("今天天气很好,我们去公园散步吧", "好不好 🙂", 0.4, false, false)),
        ("05-cyrillic", listening("Съешь же ещё этих мягких", "французских", 0.3, false, false)),
        (
            "06-arabic",
            listening("السلام عليكم ورحمة الله وبركاته كيف حالك اليوم", "يا صديقي", 0.3, false, false),
        ),
        ("07-hands-free", listening(long, "doesn't it", 0.6, true, false)),
        ("08-silent", listening("", "", 0.0, false, true)),
        ("09-working", OverlayView::Working { label: "Inserting...".to_owned() }),
        ("10-restarting", OverlayView::Working { label: "The speech engine is restarting...".to_owned() }),
        ("11-done", OverlayView::Done { label: "Inserted".to_owned() }),
        (
            "12-trouble",
            trouble(
                "The window did not take the text.",
                "The text is on the clipboard: paste it where you want it.",
            ),
        ),
        (
            "13-trouble-long",
            trouble(
                "The microphone gave only silence. alsa_output.pci-0000_00_1f.3.analog-stereo.monitor.",
                "Check that it is not muted, and that the right one is chosen under Settings, Speech.",
            ),
        ),
    ]
}

fn listening(committed: &str, tentative: &str, level: f32, hands_free: bool, silent: bool) -> OverlayView {
    OverlayView::Listening {
        committed: committed.to_owned(),
        tentative: tentative.to_owned(),
        level,
        elapsed_ms: 67_000,
        hands_free,
        silent,
    }
}

fn trouble(message: &str, advice: &str) -> OverlayView {
    OverlayView::Trouble { message: message.to_owned(), advice: advice.to_owned() }
}
