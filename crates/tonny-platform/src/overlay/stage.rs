//! The overlay's loop: waits for views, clicks and the next frame, and does nothing at all while hidden.
//!
//! Owns the X connection, the window and the fonts; runs on its own thread, so that neither the app's tasks nor the
//! decoder can delay the first frame.

use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use tiny_skia::Pixmap;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot, watch};
use tonny_core::overlay::{OverlayClick, OverlayView};
use x11rb::connection::Connection;
use x11rb::errors::{ConnectError, ReplyError, ReplyOrIdError};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{Atom, Rectangle, Screen, Visibility};
use x11rb::rust_connection::RustConnection;

use super::fonts::Fonts;
use super::pill::{self, Moment};
use super::screen;
use super::theme::Theme;
use super::window::Window;

/// How much of the way to the measured level the ring goes in one frame: quick enough to follow syllables, slow
/// enough not to flicker.
const FOLLOW: f32 = 0.35;

/// Between two attempts to stay on top; two windows that both insist would otherwise never rest.
const LIFT_PAUSE: Duration = Duration::from_secs(1);

type Clicks = mpsc::UnboundedSender<OverlayClick>;

/// Why the overlay could not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// No X server answers.
    #[error("the display cannot be reached: {0}")]
    Display(#[from] ConnectError),
    /// The server has no such screen.
    #[error("the display has no screen {0}")]
    Screen(usize),
    /// The server refused a request, or the connection broke.
    #[error("the display refused: {0}")]
    Refused(#[from] ReplyOrIdError),
    /// The connection's socket cannot be waited on.
    #[error("the display's socket failed: {0}")]
    Socket(#[from] std::io::Error),
}

impl From<ReplyError> for StageError {
    fn from(error: ReplyError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<x11rb::errors::ConnectionError> for StageError {
    fn from(error: x11rb::errors::ConnectionError) -> Self {
        Self::Refused(error.into())
    }
}

/// Everything the loop needs, ready to show.
pub struct Stage {
    x: RustConnection,
    screen: Screen,
    compositor: Atom,
    window: Window,
    fonts: Fonts,
    theme: Theme,
    scale: f32,
    view: OverlayView,
    level: f32,
    shown_at: Instant,
    changed_at: Instant,
    painted_at: Instant,
    lifted_at: Instant,
}

impl Stage {
    /// Connects to `display` (none: the one in the environment), creates the window and loads the fonts.
    pub fn new(display: Option<&str>) -> Result<Self, StageError> {
        let (x, index) = x11rb::connect(display)?;
        let screen = screen::screen(&x, index).ok_or(StageError::Screen(index))?;
        let compositor = screen::compositor_atom(&x, index)?;
        let composited = screen::is_composited(&x, compositor)?;
        let window = Window::new(&x, &screen, composited)?;
        let scale = screen::scale(&x, screen.root)?;
        let now = Instant::now();
        let (fonts, theme) = (Fonts::new(), Theme::default());
        let view = OverlayView::Hidden;
        let mut stage = Self {
            x,
            screen,
            compositor,
            window,
            fonts,
            theme,
            scale,
            view,
            level: 0.0,
            shown_at: now,
            changed_at: now,
            painted_at: now,
            lifted_at: now,
        };
        stage.rehearse()?;
        Ok(stage)
    }

    /// Shows views until the sender or the handle is gone.
    pub async fn run(
        mut self,
        mut views: watch::Receiver<OverlayView>,
        clicks: Clicks,
        mut end: oneshot::Receiver<()>,
    ) -> Result<(), StageError> {
        let socket = waitable(&self.x)?;
        let view = views.borrow_and_update().clone();
        self.turn_to(view)?;
        loop {
            // Events that arrived together with a reply are already in the connection's queue: the socket stays quiet.
            while let Some(event) = self.x.poll_for_event()? {
                self.answer(&event, &clicks)?;
            }
            self.x.flush()?;
            let frame = pill::next_frame(&self.view).map(|pause| self.painted_at + pause);
            tokio::select! {
                _ = &mut end => break,
                changed = views.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    let view = views.borrow_and_update().clone();
                    self.turn_to(view)?;
                }
                ready = socket.readable() => {
                    ready?;
                    rest(&socket);
                }
                () = tokio::time::sleep_until(frame.unwrap_or(self.painted_at).into()), if frame.is_some() => self.paint()?,
            }
        }
        self.window.destroy(&self.x)?;
        self.x.flush()?;
        Ok(())
    }

    /// Draws one frame that nobody sees: fonts are parsed and the picture is on the server before the first press.
    fn rehearse(&mut self) -> Result<(), StageError> {
        let committed = "Listening 0:123456789".to_owned();
        let view = OverlayView::Listening {
            committed,
            tentative: String::new(),
            level: 0.0,
            elapsed_ms: 0,
            hands_free: true,
            silent: false,
        };
        if let Some(pixmap) = self.picture(&view) {
            self.window.paint(&self.x, &pixmap, self.scale)?;
        }
        self.x.flush()?;
        Ok(())
    }

    fn turn_to(&mut self, view: OverlayView) -> Result<(), StageError> {
        let now = Instant::now();
        let sort_changed = std::mem::discriminant(&view) != std::mem::discriminant(&self.view);
        self.changed_at = now;
        self.view = view;
        if self.view == OverlayView::Hidden {
            return self.clear();
        }
        if !self.window.is_mapped() {
            (self.shown_at, self.level) = (now, 0.0);
            self.look_around()?;
        }
        // A view that differs by words or level waits for the next frame, however often they come.
        let moves = matches!(self.view, OverlayView::Listening { .. });
        if !(self.window.is_mapped() && moves && !sort_changed) {
            self.paint()?;
        }
        let area = self.clickable().map(|(area, _)| area);
        self.window.accept(&self.x, area.as_slice())?;
        if !self.window.is_mapped() {
            self.window.show(&self.x, self.scale)?;
        } else if sort_changed {
            self.window.raise(&self.x)?;
        }
        Ok(())
    }

    fn clear(&mut self) -> Result<(), StageError> {
        if self.window.is_mapped() {
            self.window.hide(&self.x)?;
            self.fonts.trim();
        }
        Ok(())
    }

    /// Scale and compositor may have changed since the overlay was last seen.
    fn look_around(&mut self) -> Result<(), StageError> {
        self.scale = screen::scale(&self.x, self.screen.root)?;
        let composited = screen::is_composited(&self.x, self.compositor)?;
        if composited != self.window.has_alpha()
            && (!composited || screen::alpha_visual(&self.screen).is_some())
        {
            let fresh = Window::new(&self.x, &self.screen, composited)?;
            std::mem::replace(&mut self.window, fresh).destroy(&self.x)?;
        }
        Ok(())
    }

    fn paint(&mut self) -> Result<(), StageError> {
        self.painted_at = Instant::now();
        let mut view = self.view.clone();
        if let OverlayView::Listening { level, .. } = &mut view {
            self.level += (*level - self.level) * FOLLOW;
            *level = self.level;
        }
        if let Some(pixmap) = self.picture(&view) {
            self.window.paint(&self.x, &pixmap, self.scale)?;
        }
        Ok(())
    }

    fn picture(&mut self, view: &OverlayView) -> Option<Pixmap> {
        let moment = Moment { shown: self.shown_at.elapsed(), late: self.changed_at.elapsed() };
        pill::draw(&mut self.fonts, view, &self.theme, self.scale, moment)
    }

    /// What takes the pointer, in physical pixels, and what a click there means.
    fn clickable(&self) -> Option<(Rectangle, OverlayClick)> {
        let (width, height) = self.window.size();
        let size = (f32::from(width) / self.scale, f32::from(height) / self.scale);
        let (area, click) = pill::clickable(&self.view, size)?;
        let [left, top, width, height] = area.map(|length| (length * self.scale).round());
        Some((Rectangle { x: left as i16, y: top as i16, width: width as u16, height: height as u16 }, click))
    }

    fn answer(&mut self, event: &Event, clicks: &Clicks) -> Result<(), StageError> {
        match event {
            Event::ButtonPress(press) if self.window.is(press.event) && press.detail == 1 => {
                let inside = |area: &Rectangle| {
                    let (x, y) = (i32::from(press.event_x - area.x), i32::from(press.event_y - area.y));
                    (0..i32::from(area.width)).contains(&x) && (0..i32::from(area.height)).contains(&y)
                };
                if let Some((_, click)) = self.clickable().filter(|(area, _)| inside(area)) {
                    // Nobody listens any more while the app shuts down.
                    let _gone = clicks.send(click);
                }
            }
            Event::VisibilityNotify(seen) if seen.state != Visibility::UNOBSCURED => self.lift()?,
            _ => {}
        }
        Ok(())
    }

    fn lift(&mut self) -> Result<(), StageError> {
        if self.window.is_mapped() && self.lifted_at.elapsed() > LIFT_PAUSE {
            self.lifted_at = Instant::now();
            self.window.raise(&self.x)?;
        }
        Ok(())
    }
}

/// A second handle on the connection's socket, only to wait for it. It may be a TCP socket (X over ssh): nothing but
/// readiness is asked of it, and that is the same for both.
fn waitable(x: &RustConnection) -> Result<UnixStream, StageError> {
    let socket = x.stream().as_fd().try_clone_to_owned()?;
    Ok(UnixStream::from_std(socket.into())?)
}

/// Tells the runtime that the socket is to be waited for again; reading it is the connection's business.
fn rest(socket: &UnixStream) {
    let read = || Err::<(), _>(std::io::ErrorKind::WouldBlock.into());
    let _not_read_here = socket.try_io(Interest::READABLE, read);
}
