//! The overlay's window: an override-redirect window with its picture as background, mapped only while something is
//! shown.
//!
//! The server paints the background by itself, so the first frame is there the moment the window is mapped and no
//! expose event is waited for. Override-redirect windows are left alone by window managers: the focus stays where it
//! is. The input shape is empty but for what can be clicked, so the pointer reaches the windows below.

use tiny_skia::Pixmap;
use x11rb::connection::Connection;
use x11rb::errors::{ReplyError, ReplyOrIdError};
use x11rb::protocol::shape::{self, SK, SO};
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ClipOrdering, Colormap, ColormapAlloc, ConfigureWindowAux,
    ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask, Gcontext, ImageFormat, ImageOrder, PropMode,
    Rectangle, Screen, StackMode, Visualid, Window as XWindow, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use super::screen;

/// Bytes of picture in one request; every server takes 256 KiB, less the request's own header.
const STRIP: usize = 192 * 1024;

/// The window and the picture on it.
pub struct Window {
    id: XWindow,
    screen: Screen,
    depth: u8,
    colormap: Colormap,
    gc: Gcontext,
    picture: u32,
    size: (u16, u16),
    mapped: bool,
    bytes: Vec<u8>,
}

impl Window {
    /// Creates it, unmapped; with an alpha channel where `composited`, else to be cut out by its shape.
    pub fn new(x: &RustConnection, screen: &Screen, composited: bool) -> Result<Self, ReplyOrIdError> {
        let alpha = if composited { screen::alpha_visual(screen) } else { None };
        let (depth, visual) = alpha.map_or((screen.root_depth, screen.root_visual), |visual| (32, visual));
        let colormap = x.generate_id()?;
        x.create_colormap(ColormapAlloc::NONE, colormap, screen.root, visual)?;
        let id = create(x, screen, depth, visual, colormap)?;
        describe(x, id)?;
        let gc = x.generate_id()?;
        x.create_gc(gc, id, &CreateGCAux::new())?;
        let screen = screen.clone();
        let mut window = Self {
            id,
            screen,
            depth,
            colormap,
            gc,
            picture: x11rb::NONE,
            size: (1, 1),
            mapped: false,
            bytes: Vec::new(),
        };
        window.accept(x, &[])?;
        Ok(window)
    }

    /// Whether it has an alpha channel.
    pub fn has_alpha(&self) -> bool {
        self.depth == 32
    }

    /// Whether it is on the screen.
    pub fn is_mapped(&self) -> bool {
        self.mapped
    }

    /// Width and height, physical pixels.
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// Whether an event's window is this one.
    pub fn is(&self, id: XWindow) -> bool {
        self.id == id
    }

    /// Puts `pixmap` on the window; changes size, shape and place with it where needed.
    pub fn paint(&mut self, x: &RustConnection, pixmap: &Pixmap, scale: f32) -> Result<(), ReplyOrIdError> {
        let size = (pixmap.width() as u16, pixmap.height() as u16);
        if size != self.size || self.picture == x11rb::NONE {
            self.resize(x, pixmap, size, scale)?;
        }
        self.upload(x, pixmap)?;
        if self.mapped {
            x.clear_area(false, self.id, 0, 0, 0, 0)?;
        }
        Ok(())
    }

    /// Maps it at the bottom centre of the monitor with the pointer, above all others.
    pub fn show(&mut self, x: &RustConnection, scale: f32) -> Result<(), ReplyError> {
        let (left, top) = screen::place(x, &self.screen, self.size, scale)?;
        let place =
            ConfigureWindowAux::new().x(i32::from(left)).y(i32::from(top)).stack_mode(StackMode::ABOVE);
        x.configure_window(self.id, &place)?;
        x.map_window(self.id)?;
        self.mapped = true;
        Ok(())
    }

    /// Takes it off the screen.
    pub fn hide(&mut self, x: &RustConnection) -> Result<(), ReplyError> {
        x.unmap_window(self.id)?;
        self.mapped = false;
        Ok(())
    }

    /// Lifts it above windows that came after it.
    pub fn raise(&self, x: &RustConnection) -> Result<(), ReplyError> {
        x.configure_window(self.id, &ConfigureWindowAux::new().stack_mode(StackMode::ABOVE))?;
        Ok(())
    }

    /// The parts that take the pointer; the rest lets it through.
    pub fn accept(&mut self, x: &RustConnection, areas: &[Rectangle]) -> Result<(), ReplyError> {
        shape::rectangles(x, SO::SET, SK::INPUT, ClipOrdering::UNSORTED, self.id, 0, 0, areas)?;
        Ok(())
    }

    /// Gives everything back to the server.
    pub fn destroy(self, x: &RustConnection) -> Result<(), ReplyError> {
        x.destroy_window(self.id)?;
        x.free_gc(self.gc)?;
        x.free_colormap(self.colormap)?;
        if self.picture != x11rb::NONE {
            x.free_pixmap(self.picture)?;
        }
        Ok(())
    }

    fn resize(
        &mut self,
        x: &RustConnection,
        pixmap: &Pixmap,
        size: (u16, u16),
        scale: f32,
    ) -> Result<(), ReplyOrIdError> {
        if self.picture != x11rb::NONE {
            x.free_pixmap(self.picture)?;
        }
        self.picture = x.generate_id()?;
        x.create_pixmap(self.depth, self.picture, self.id, size.0, size.1)?;
        self.size = size;
        let mut form = ConfigureWindowAux::new().width(u32::from(size.0)).height(u32::from(size.1));
        if self.mapped {
            let (left, top) = screen::place(x, &self.screen, size, scale)?;
            form = form.x(i32::from(left)).y(i32::from(top));
        }
        x.configure_window(self.id, &form)?;
        let background = ChangeWindowAttributesAux::new().background_pixmap(self.picture);
        x.change_window_attributes(self.id, &background)?;
        if !self.has_alpha() {
            let rows = outline(pixmap);
            shape::rectangles(x, SO::SET, SK::BOUNDING, ClipOrdering::YX_BANDED, self.id, 0, 0, &rows)?;
        }
        Ok(())
    }

    fn upload(&mut self, x: &RustConnection, pixmap: &Pixmap) -> Result<(), ReplyError> {
        let least_first = x.setup().image_byte_order == ImageOrder::LSB_FIRST;
        self.bytes.clear();
        for pixel in pixmap.pixels() {
            let (red, green, blue, alpha) = (pixel.red(), pixel.green(), pixel.blue(), pixel.alpha());
            let bytes = if least_first { [blue, green, red, alpha] } else { [alpha, red, green, blue] };
            self.bytes.extend_from_slice(&bytes);
        }
        let row = usize::from(self.size.0) * 4;
        let rows = (STRIP / row).max(1);
        for (index, strip) in self.bytes.chunks(rows * row).enumerate() {
            let (height, top) = ((strip.len() / row) as u16, (index * rows) as i16);
            let format = ImageFormat::Z_PIXMAP;
            x.put_image(format, self.picture, self.gc, self.size.0, height, 0, top, 0, self.depth, strip)?;
        }
        Ok(())
    }
}

fn create(
    x: &RustConnection,
    screen: &Screen,
    depth: u8,
    visual: Visualid,
    colormap: Colormap,
) -> Result<XWindow, ReplyOrIdError> {
    let id = x.generate_id()?;
    let look = CreateWindowAux::new()
        .override_redirect(1)
        // Required where the depth differs from the parent's, or the server answers BadMatch.
        .border_pixel(0)
        .background_pixel(0)
        .colormap(colormap)
        .event_mask(EventMask::BUTTON_PRESS | EventMask::VISIBILITY_CHANGE);
    let class = WindowClass::INPUT_OUTPUT;
    x.create_window(depth, id, screen.root, 0, 0, 1, 1, 0, class, visual, &look)?.check()?;
    Ok(id)
}

/// Says what the window is to compositors and to tests: they choose shadows and animations by it.
fn describe(x: &RustConnection, id: XWindow) -> Result<(), ReplyError> {
    let atom = |name: &str| x.intern_atom(false, name.as_bytes());
    let (kind, notification) = (atom("_NET_WM_WINDOW_TYPE")?, atom("_NET_WM_WINDOW_TYPE_NOTIFICATION")?);
    let (kind, notification) = (kind.reply()?.atom, notification.reply()?.atom);
    x.change_property32(PropMode::REPLACE, id, kind, AtomEnum::ATOM, &[notification])?;
    let class = b"tonnytray-overlay\0TonnyTray\0";
    x.change_property8(PropMode::REPLACE, id, AtomEnum::WM_CLASS, AtomEnum::STRING, class)?;
    x.change_property8(PropMode::REPLACE, id, AtomEnum::WM_NAME, AtomEnum::STRING, b"TonnyTray overlay")?;
    Ok(())
}

/// The pixels that are at least half covered, one rectangle a row.
fn outline(pixmap: &Pixmap) -> Vec<Rectangle> {
    let width = pixmap.width() as usize;
    let rows = pixmap.pixels().chunks(width).enumerate();
    let spans = rows.filter_map(|(y, row)| {
        let first = row.iter().position(|pixel| pixel.alpha() >= 128)?;
        let last = row.iter().rposition(|pixel| pixel.alpha() >= 128)?;
        let width = (last - first + 1) as u16;
        Some(Rectangle { x: first as i16, y: y as i16, width, height: 1 })
    });
    spans.collect()
}
