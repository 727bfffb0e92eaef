//! A request with its finds masked: what goes out instead, and which rules found something.

use super::contract::OnHit;
use super::find::Text;
use super::find::pattern::GaveUp;
use super::placeholder::Placeholders;
use super::scan::{Found, Rule, Scanner};
use crate::chat::{ChatRequest, Part};

/// A request as it may go out, and what was found on the way.
#[derive(Debug)]
pub(super) struct Redacted {
    pub request: ChatRequest,
    pub tally: Tally,
}

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Rules that found something, a bit each.
    pub rules: u64,
    /// Rules whose finds keep the request here.
    pub blocked: u64,
    /// Rules whose finds go out as they are, if the user agrees.
    pub asked: u64,
    /// Finds in all.
    pub finds: u32,
}

/// Masks the system's words and every message with the scanner's rules.
pub(super) fn redact(
    request: &ChatRequest,
    scanner: &Scanner,
    values: &mut Placeholders,
) -> Result<Redacted, GaveUp> {
    let mut pen = Pen { scanner: scanner.clone(), values, tally: Tally::default() };
    let mut request = request.clone();
    if let Some(system) = &mut request.system {
        *system = pen.strike(system)?;
    }
    for part in request.messages.iter_mut().flat_map(|message| &mut message.parts) {
        if let Part::Text(text) = part {
            *text = pen.strike(text)?;
        }
    }
    Ok(Redacted { request, tally: pen.tally })
}

/// Goes over the texts of one request.
struct Pen<'a> {
    scanner: Scanner,
    values: &'a mut Placeholders,
    tally: Tally,
}

impl Pen<'_> {
    fn strike(&mut self, text: &str) -> Result<String, GaveUp> {
        let walk = self.scanner.walk(Text { bytes: text.as_bytes(), complete: true }, 0)?;
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        for found in walk.finds {
            out.push_str(&text[at..found.start]);
            let value = &text[found.start..found.end];
            match found.on_hit {
                OnHit::Mask => {
                    out.push_str(&self.values.mask(&self.scanner.rules()[found.rule].label, value))
                }
                OnHit::Ask | OnHit::Block => out.push_str(value),
            }
            at = found.end;
            self.tally.count(&found);
        }
        out.push_str(&text[at..]);
        Ok(out)
    }
}

impl Tally {
    fn count(&mut self, found: &Found) {
        self.finds = self.finds.saturating_add(1);
        self.rules |= found.rules;
        match found.on_hit {
            OnHit::Mask => {}
            OnHit::Ask => self.asked |= found.rules,
            OnHit::Block => self.blocked |= found.rules,
        }
    }
}

/// The names of the rules whose bits are set.
pub(super) fn names(rules: &[Rule], bits: u64) -> Vec<String> {
    let is_set = |(index, _): &(usize, &Rule)| bits & (1 << index) != 0;
    rules.iter().enumerate().filter(is_set).map(|(_, rule)| rule.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::scan::tests::{pieces, rules as all_rules};
    use super::*;
    use crate::chat::{Message, Role};

    fn rules() -> Scanner {
        Scanner::new(all_rules())
    }

    fn masked_only() -> Scanner {
        Scanner::new(all_rules().iter().map(|rule| Rule { on_hit: OnHit::Mask, ..rule.clone() }).collect())
    }

    fn request(system: &str, texts: &[&str]) -> ChatRequest {
        let messages = texts.iter().map(|text| Message::text(Role::User, *text)).collect();
        ChatRequest { system: Some(system.to_owned()), messages, ..ChatRequest::default() }
    }

    fn texts(request: &ChatRequest) -> Vec<String> {
        let parts = request.messages.iter().flat_map(|message| &message.parts);
        parts.map(|part| if let Part::Text(text) = part { text.clone() } else { String::new() }).collect()
    }

    #[test]
    fn every_text_is_gone_over_with_the_same_placeholders() {
        let mut values = Placeholders::new();
        let asked = request("for ada@example.org", &["ada@example.org, +49 30 901820", "c@d.org [EMAIL_1]"]);
        let redacted = redact(&asked, &masked_only(), &mut values).unwrap();
        assert_eq!(redacted.request.system.as_deref(), Some("for [EMAIL_1]"));
        assert_eq!(texts(&redacted.request), ["[EMAIL_1], [PHONE_1]", "[EMAIL_2] [TEXT_1]"]);
        assert_eq!(redacted.tally.finds, 5);
        assert_eq!(names(masked_only().rules(), redacted.tally.rules), ["email", "phone", "placeholder"]);
        let again = redact(&request("", &["c@d.org"]), &masked_only(), &mut values).unwrap();
        assert_eq!(texts(&again.request), ["[EMAIL_2]"]);
    }

    #[test]
    fn what_is_blocked_or_asked_is_told_apart() {
        let redacted = redact(&request("", &["bluebird C-123"]), &rules(), &mut Placeholders::new()).unwrap();
        assert_eq!(names(rules().rules(), redacted.tally.blocked), ["project"]);
        assert_eq!(names(rules().rules(), redacted.tally.asked), ["customer"]);
        assert_eq!(texts(&redacted.request), ["bluebird C-123"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_was_masked_comes_back_exactly(first in pieces(), second in pieces()) {
            let mut values = Placeholders::new();
            let redacted = redact(&request("", &[&first, &second]), &masked_only(), &mut values).unwrap();
            let back: Vec<String> = texts(&redacted.request).iter().map(|text| values.restore(text)).collect();
            prop_assert_eq!(back, [first, second]);
        }
    }
}
