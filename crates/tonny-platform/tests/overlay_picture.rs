//! What the overlay's pictures promise: coral while listening, words clear of the clock, nothing cut off.

use std::time::Duration;

use tiny_skia::Pixmap;
use tonny_core::overlay::OverlayView;
use tonny_platform::overlay::fonts::Fonts;
use tonny_platform::overlay::pill::{Moment, columns, draw};
use tonny_platform::overlay::theme::{Rgb, Theme};

fn picture(fonts: &mut Fonts, view: &OverlayView) -> Pixmap {
    draw(fonts, view, &Theme::default(), 1.0, Moment::default()).expect("a picture")
}

fn listening(committed: &str, silent: bool) -> OverlayView {
    let (committed, tentative) = (committed.to_owned(), String::new());
    OverlayView::Listening { committed, tentative, level: 0.5, elapsed_ms: 0, hands_free: false, silent }
}

fn has(pixmap: &Pixmap, colour: Rgb) -> bool {
    pixmap.pixels().iter().any(|pixel| [pixel.red(), pixel.green(), pixel.blue()] == colour)
}

fn is_plain(pixmap: &Pixmap, columns: std::ops::Range<u32>, rows: std::ops::Range<u32>) -> bool {
    let fill = Theme::default().fill;
    columns.flat_map(|x| rows.clone().map(move |y| (x, y))).all(|(x, y)| {
        pixmap.pixel(x, y).is_some_and(|pixel| [pixel.red(), pixel.green(), pixel.blue()] == fill)
    })
}

#[test]
fn coral_means_listening_and_nothing_else() {
    let (mut fonts, coral) = (Fonts::new(), Theme::default().signal);
    assert!(has(&picture(&mut fonts, &listening("one", false)), coral));
    assert!(!has(&picture(&mut fonts, &listening("one", true)), coral));
    assert!(!has(&picture(&mut fonts, &OverlayView::Working { label: "Inserting...".to_owned() }), coral));
    assert!(!has(&picture(&mut fonts, &OverlayView::Done { label: "Inserted".to_owned() }), coral));
}

#[test]
fn long_words_end_before_the_clock_and_their_end_is_seen() {
    let mut fonts = Fonts::new();
    let long = picture(&mut fonts, &listening(&"wide words ".repeat(80), false));
    let [(_, words), (clock, _)] = columns(false, Duration::ZERO);
    assert!(is_plain(&long, words as u32..clock as u32, 4..52), "the gap before the clock is not empty");
    assert!(!is_plain(&long, words as u32 - 20..words as u32, 10..46), "the end of the words is not there");
    assert!(!fonts.has_system_fonts(), "Latin letters need Inter alone");
}

#[test]
fn nothing_is_drawn_outside_the_pill() {
    let mut fonts = Fonts::new();
    let shape = picture(&mut fonts, &OverlayView::Hidden);
    let full = picture(&mut fonts, &listening(&"wide words ".repeat(80), false));
    let alpha = |pixmap: &Pixmap| pixmap.pixels().iter().map(|pixel| pixel.alpha()).collect::<Vec<_>>();
    assert_eq!(alpha(&shape), alpha(&full));
    assert_eq!(full.pixel(0, 0).map(|pixel| pixel.alpha()), Some(0));
}

#[test]
fn a_trouble_message_grows_until_it_fits() {
    let mut fonts = Fonts::new();
    let mut trouble = |message: &str| {
        let advice = "The text is on the clipboard.".to_owned();
        picture(&mut fonts, &OverlayView::Trouble { message: message.to_owned(), advice })
    };
    let short = trouble("It broke.");
    assert_eq!((short.width(), short.height()), (320, 56));
    let long = trouble(&"The window did not take the text. ".repeat(5));
    assert!(
        long.width() > 400 && long.width() <= 480 && long.height() > 90,
        "{}x{}",
        long.width(),
        long.height()
    );
    let (width, height) = (long.width(), long.height());
    assert!(is_plain(&long, width - 46..width - 34, 2..height - 2), "text reaches the cross");
    assert!(is_plain(&long, 60..width - 60, height - 8..height - 2), "text reaches the lower edge");
}
