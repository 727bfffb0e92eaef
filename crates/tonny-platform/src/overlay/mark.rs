//! The signs of the product as shapes: the mark (a sound wave of three bars that reads as a T), the listening ring,
//! the tick, the three dots, the warning triangle and the stop button.
//!
//! All of them take a centre and a size in physical pixels; the overlay and the icons draw from the same shapes.

use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform,
};

/// The mark's bars on a square of side 1: left edge, top, width, height. All hang from one line, the outer two
/// short, the middle one long: a level meter whose silhouette is a T.
pub const BARS: [[f32; 4]; 3] =
    [[0.09, 0.10, 0.22, 0.38], [0.39, 0.10, 0.22, 0.80], [0.69, 0.10, 0.22, 0.38]];

/// Fills the mark inside the square of side `side` around `centre`.
pub fn mark(pixmap: &mut Pixmap, centre: (f32, f32), side: f32, colour: Color) {
    for bar in bars(centre, side, 0.0) {
        fill(pixmap, &bar, colour);
    }
}

/// The mark as an outline whose strokes stay inside the filled form.
pub fn outline(pixmap: &mut Pixmap, centre: (f32, f32), side: f32, width: f32, colour: Color) {
    for bar in bars(centre, side, width / 2.0) {
        stroke(pixmap, &bar, width, colour);
    }
}

/// A ring.
pub fn ring(pixmap: &mut Pixmap, centre: (f32, f32), radius: f32, width: f32, colour: Color) {
    if let Some(path) = PathBuilder::from_circle(centre.0, centre.1, radius) {
        stroke(pixmap, &path, width, colour);
    }
}

/// A disc.
pub fn disc(pixmap: &mut Pixmap, centre: (f32, f32), radius: f32, colour: Color) {
    if let Some(path) = PathBuilder::from_circle(centre.0, centre.1, radius) {
        fill(pixmap, &path, colour);
    }
}

/// A tick.
pub fn tick(pixmap: &mut Pixmap, centre: (f32, f32), side: f32, colour: Color) {
    let at = |x: f32, y: f32| (centre.0 + (x - 0.5) * side, centre.1 + (y - 0.5) * side);
    polyline(pixmap, &[at(0.14, 0.54), at(0.40, 0.80), at(0.88, 0.24)], side * 0.13, colour);
}

/// A cross, the sign for closing.
pub fn cross(pixmap: &mut Pixmap, centre: (f32, f32), side: f32, width: f32, colour: Color) {
    let half = side / 2.0;
    for rise in [half, -half] {
        let ends = [(centre.0 - half, centre.1 - rise), (centre.0 + half, centre.1 + rise)];
        polyline(pixmap, &ends, width, colour);
    }
}

/// Three dots; dot number `lit` is in full strength, the others are dimmed.
pub fn dots(pixmap: &mut Pixmap, centre: (f32, f32), side: f32, lit: Option<usize>, colour: Color) {
    for (index, offset) in [-0.36, 0.0, 0.36].into_iter().enumerate() {
        let mut shade = colour;
        if lit.is_some_and(|lit| lit != index) {
            shade.set_alpha(colour.alpha() * 0.38);
        }
        disc(pixmap, (centre.0 + offset * side, centre.1), side * 0.12, shade);
    }
}

/// A triangle with rounded corners and an exclamation mark cut out in `sign`.
pub fn triangle(pixmap: &mut Pixmap, centre: (f32, f32), side: f32, colour: Color, sign: Color) {
    let at = |x: f32, y: f32| (centre.0 + (x - 0.5) * side, centre.1 + (y - 0.5) * side);
    let corners = [at(0.5, 0.16), at(0.88, 0.82), at(0.12, 0.82)];
    let mut builder = PathBuilder::new();
    builder.move_to(corners[0].0, corners[0].1);
    builder.line_to(corners[1].0, corners[1].1);
    builder.line_to(corners[2].0, corners[2].1);
    builder.close();
    if let Some(path) = builder.finish() {
        fill(pixmap, &path, colour);
        // The stroke of the same colour is what rounds the corners.
        stroke(pixmap, &path, side * 0.16, colour);
    }
    polyline(pixmap, &[at(0.5, 0.36), at(0.5, 0.58)], side * 0.11, sign);
    disc(pixmap, at(0.5, 0.755), side * 0.065, sign);
}

/// The stop button: a rounded square in a disc.
pub fn stop(pixmap: &mut Pixmap, centre: (f32, f32), radius: f32, disc_colour: Color, square: Color) {
    disc(pixmap, centre, radius, disc_colour);
    let half = radius * 0.36;
    if let Some(path) = rounded(centre.0 - half, centre.1 - half, half * 2.0, half * 2.0, half * 0.35) {
        fill(pixmap, &path, square);
    }
}

/// Fills `path`.
pub fn fill(pixmap: &mut Pixmap, path: &Path, colour: Color) {
    let mut paint = Paint::default();
    paint.set_color(colour);
    pixmap.fill_path(path, &paint, FillRule::Winding, Transform::identity(), None);
}

/// Strokes `path`.
pub fn stroke(pixmap: &mut Pixmap, path: &Path, width: f32, colour: Color) {
    let mut paint = Paint::default();
    paint.set_color(colour);
    let stroke = Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() };
    pixmap.stroke_path(path, &paint, &stroke, Transform::identity(), None);
}

/// A rectangle with corners of the given radius; none when it has no area.
pub fn rounded(left: f32, top: f32, width: f32, height: f32, radius: f32) -> Option<Path> {
    let rect = Rect::from_xywh(left, top, width, height)?;
    let radius = radius.min(width / 2.0).min(height / 2.0).max(0.0);
    // Control points of a cubic that follows a quarter circle to within 0.03 % of its radius.
    let pull = radius * (1.0 - 0.552_284_8);
    let (right, bottom) = (rect.right(), rect.bottom());
    let mut path = PathBuilder::new();
    path.move_to(left + radius, top);
    path.line_to(right - radius, top);
    path.cubic_to(right - pull, top, right, top + pull, right, top + radius);
    path.line_to(right, bottom - radius);
    path.cubic_to(right, bottom - pull, right - pull, bottom, right - radius, bottom);
    path.line_to(left + radius, bottom);
    path.cubic_to(left + pull, bottom, left, bottom - pull, left, bottom - radius);
    path.line_to(left, top + radius);
    path.cubic_to(left, top + pull, left + pull, top, left + radius, top);
    path.close();
    path.finish()
}

fn bars(centre: (f32, f32), side: f32, inset: f32) -> impl Iterator<Item = Path> {
    let (left, top) = (centre.0 - side / 2.0, centre.1 - side / 2.0);
    BARS.into_iter().filter_map(move |[x, y, width, height]| {
        let (width, height) = (width * side - inset * 2.0, height * side - inset * 2.0);
        rounded(left + x * side + inset, top + y * side + inset, width, height, width / 2.0)
    })
}

fn polyline(pixmap: &mut Pixmap, points: &[(f32, f32)], width: f32, colour: Color) {
    let mut builder = PathBuilder::new();
    for (index, &(x, y)) in points.iter().enumerate() {
        if index == 0 { builder.move_to(x, y) } else { builder.line_to(x, y) }
    }
    if let Some(path) = builder.finish() {
        stroke(pixmap, &path, width, colour);
    }
}
