//! Dictated words cleaned up by a language model before they are delivered: punctuation, fillers, small slips, and another tone
//! where one is wished for. What a model gives back is taken only if it is still what was said (`clean_up/still.rs`); in doubt
//! the words go out as they were spoken.

mod still;
mod tones;

use std::time::Duration;

use super::Assistant;
use still::{is_still, spoken};

/// What the policy calls it.
const PURPOSE: &str = "cleanup";

/// Fewer words are delivered as they are: there is little to correct, and much to get wrong.
const FEWEST: usize = 3;

/// More words than that take a model longer than anybody waits for them.
const MOST: usize = 1_500;

impl Assistant {
    /// The words cleaned up; none where that was not possible in time, or would not be what was said.
    pub async fn clean_up(&self, words: &str) -> Option<String> {
        let settings = self.desk.settings.borrow().clean_up.clone();
        if !(FEWEST..=MOST).contains(&spoken(words).len()) {
            return None;
        }
        // With instructions of their own, people may want other words altogether: a summary, another language.
        let (system, examples): (&str, &[_]) = match settings.prompt.as_deref() {
            Some(own) => (own, &[]),
            None => tones::instructions(settings.tone),
        };
        let text = format!("<text>{words}</text>");
        let within = Duration::from_millis(u64::from(settings.deadline_ms));
        let cleaned = self.quick(settings.model, system, examples, &text, PURPOSE, within).await?;
        let cleaned = unwrapped(&cleaned);
        let is_same = settings.prompt.is_some() || is_still(words, cleaned, settings.tone);
        if !is_same {
            tracing::info!("a clean-up changed too much and was left out");
        }
        (is_same && !cleaned.is_empty()).then(|| cleaned.to_owned())
    }
}

/// Without the marks, which some models give back.
fn unwrapped(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix("<text>").unwrap_or(text);
    text.strip_suffix("</text>").unwrap_or(text).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_come_back_are_taken_off() {
        assert_eq!(unwrapped(" <text>Hello.</text>\n"), "Hello.");
        assert_eq!(unwrapped("Hello."), "Hello.");
    }
}
