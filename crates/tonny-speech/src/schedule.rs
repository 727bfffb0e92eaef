//! When a connection decodes what: the pure decision behind it, taken anew after every event.
//!
//! Owns: the rules that make text appear early and the final text never late. Must not know: sockets, threads, clocks.

use crate::window::RATE;

/// A partial decode is worth it from this much new audio on (0.7 s, two or three words).
const NEWS: usize = RATE * 7 / 10;

/// This many quiet frames after speech (0.2 s) probably mean that the speaker is done: decoding at once means that the
/// work is already done when the key is let go.
const PROBABLY_DONE: usize = crate::tail::PAUSE;

/// Partial decodes take at most this share of the time: new audio must be this many times what the last one took.
/// Otherwise a slow machine would always be busy with a partial when the final is due.
const REST: f32 = 1.5;

/// What a running decode is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// For display; may become the final text.
    Partial,
    /// A cut piece.
    Piece,
    /// The last piece.
    Final,
}

/// What is known about a connection's tail.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct View {
    /// The client has said that all audio was sent.
    pub ended: bool,
    /// Audio comes faster than it is spoken: nobody watches, partial decodes would only cost time.
    pub bulk: bool,
    /// The running decode.
    pub running: Option<Kind>,
    /// What the running partial leaves out is quiet.
    pub running_suffices: bool,
    /// What the last finished partial leaves out is quiet.
    pub decoded_suffices: bool,
    /// Where the tail can be cut, frames.
    pub cut: Option<usize>,
    /// The tail may hold speech.
    pub speech: bool,
    /// Samples since the last partial's end.
    pub news: usize,
    /// Quiet frames at the end.
    pub trailing: usize,
    /// What the last partial took, s.
    pub cost: f32,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing, until the next event.
    Wait,
    /// Stop the running partial: it would delay the final.
    Cancel,
    /// Cut so many frames off and decode them.
    Cut(usize),
    /// Decode the tail for display.
    Partial,
    /// Decode the tail for good.
    Final,
    /// The last partial is the final text.
    Keep,
    /// The tail holds no speech: nothing more to decode.
    Drop,
}

/// The next step.
#[must_use]
pub fn next(view: &View) -> Action {
    match (view.ended, view.running) {
        (true, Some(Kind::Partial)) if !view.running_suffices => Action::Cancel,
        (_, Some(_)) => Action::Wait,
        (true, None) => last(view),
        (false, None) => match view.cut {
            Some(frames) => Action::Cut(frames),
            None if wants_partial(view) => Action::Partial,
            None => Action::Wait,
        },
    }
}

fn last(view: &View) -> Action {
    match view.cut {
        _ if view.decoded_suffices => Action::Keep,
        Some(frames) => Action::Cut(frames),
        None if view.speech => Action::Final,
        None => Action::Drop,
    }
}

fn wants_partial(view: &View) -> bool {
    if view.bulk || !view.speech || view.decoded_suffices {
        return false;
    }
    let rested = view.news as f32 >= view.cost * REST * RATE as f32;
    view.trailing >= PROBABLY_DONE || (view.news >= NEWS && rested)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_rules() {
        let live = View { speech: true, news: RATE, ..View::default() };
        let end = View { ended: true, speech: true, ..View::default() };
        let table = [
            ("nothing yet", View::default(), Action::Wait),
            ("speech", live, Action::Partial),
            ("too little news", View { news: RATE / 2, ..live }, Action::Wait),
            ("a pause", View { news: RATE / 2, trailing: PROBABLY_DONE, ..live }, Action::Partial),
            ("a decoded pause", View { decoded_suffices: true, trailing: 90, ..live }, Action::Wait),
            ("a slow machine", View { cost: 1.0, ..live }, Action::Wait),
            ("a file", View { bulk: true, ..live }, Action::Wait),
            ("busy", View { running: Some(Kind::Partial), ..live }, Action::Wait),
            ("long", View { cut: Some(400), ..live }, Action::Cut(400)),
            ("end", end, Action::Final),
            ("end of silence", View { speech: false, ..end }, Action::Drop),
            ("end, done already", View { decoded_suffices: true, ..end }, Action::Keep),
            (
                "end, nearly done",
                View { running: Some(Kind::Partial), running_suffices: true, ..end },
                Action::Wait,
            ),
            ("end, busy in vain", View { running: Some(Kind::Partial), ..end }, Action::Cancel),
            ("end, a piece runs", View { running: Some(Kind::Piece), ..end }, Action::Wait),
            ("end, long", View { cut: Some(300), ..end }, Action::Cut(300)),
        ];
        for (name, view, expected) in table {
            assert_eq!(next(&view), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn after_the_end_there_is_always_a_way_forward(
            suffices: bool, cut in prop::option::of(1usize..900), speech: bool, news in 0usize..99_999, bulk: bool
        ) {
            let view = View { ended: true, bulk, decoded_suffices: suffices, cut, speech, news, ..View::default() };
            prop_assert!(matches!(next(&view), Action::Final | Action::Keep | Action::Drop | Action::Cut(_)));
            let action = next(&View { running: Some(Kind::Partial), ..view });
            prop_assert_eq!(action, Action::Cancel, "a partial never delays the final");
        }
    }
}
