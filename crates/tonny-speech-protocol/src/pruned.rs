//! Lines that a server drops from the front of its states to save memory, put back: they are not taken back, they are
//! finished. A server with `--retention-seconds` does so even in full mode.
//!
//! Must not know: what becomes of the text.

use crate::clock;
use crate::message::{Line, State};

/// What was dropped so far, and the state before.
#[derive(Debug, Default, Clone)]
pub struct Pruned {
    dropped: Vec<Line>,
    before: Vec<Line>,
}

impl Pruned {
    /// The state with all lines that were ever dropped from its front.
    pub fn restore(&mut self, mut state: State) -> State {
        // Dropped are lines that were wholly over before the first one begins, if that one was there before: a lone
        // line that moved was corrected.
        if let Some(first) = state.lines.first().and_then(|line| clock::parse(&line.start)) {
            let over = |line: &&Line| clock::parse(&line.end).is_some_and(|end| end <= first);
            let gone = self.before.iter().take_while(over).count();
            let next = self.before.get(gone).and_then(|line| clock::parse(&line.start));
            if next == Some(first) {
                self.dropped.extend(self.before.drain(..gone));
            }
        }
        if self.dropped.is_empty() {
            self.before.clone_from(&state.lines);
            return state;
        }
        self.before = std::mem::take(&mut state.lines);
        state.lines = self.dropped.iter().chain(&self.before).cloned().collect();
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::final_text;

    fn state(lines: &[(&str, &str, &str)]) -> State {
        let line = |(start, end, text): &(&str, &str, &str)| Line {
            speaker: 1,
            text: (*text).into(),
            start: (*start).into(),
            end: (*end).into(),
            ..Line::default()
        };
        State { lines: lines.iter().map(line).collect(), ..State::default() }
    }

    #[test]
    fn dropped_lines_come_back_and_corrected_ones_do_not() {
        let (one, two) = (("0:00:00", "0:00:02.00", "one"), ("0:00:02.00", "0:00:04.00", "two"));
        let three = ("0:00:04.00", "0:00:06.00", "three");
        let moved = ("0:00:02.40", "0:00:02.40", "one");
        let table: [(&str, &[State], &str); 6] = [
            ("nothing dropped", &[state(&[one]), state(&[one, two])], "one two"),
            (
                "dropped one by one",
                &[state(&[one, two]), state(&[two, three]), state(&[three])],
                "one two three",
            ),
            ("grown in place", &[state(&[one]), state(&[("0:00:00", "0:00:03.00", "one more")])], "one more"),
            ("its start corrected", &[state(&[one]), state(&[("0:00:00.30", "0:00:02.00", "one")])], "one"),
            ("moved", &[state(&[one]), state(&[moved]), state(&[one, two])], "one two"),
            ("taken back", &[state(&[one]), state(&[])], ""),
        ];
        for (what, states, expected) in table {
            let mut pruned = Pruned::default();
            let last = states.iter().cloned().map(|state| pruned.restore(state)).last();
            assert_eq!(final_text(&last.unwrap_or_default()), expected, "{what}");
        }
    }
}
