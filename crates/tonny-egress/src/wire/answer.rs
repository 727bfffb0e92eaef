//! One answer: bytes in as they come, events out, exactly one of them terminal, and nothing after it.
//!
//! Between framing and format this is the only place that makes terminal events. Content that was lost must not pass
//! for a whole answer: a message that is a broken JSON object ends it at once. What cannot have been content, such as
//! a word between two messages, is stepped over a few times.

use serde_json::Value;

use super::{Format, Reader, Step};
use crate::chat::{Event, Usage};
use crate::classify;
use crate::fault::{Fault, FaultCode};
use crate::framing::{Frame, Framer};

/// Messages that are no JSON object and no mark, and are stepped over; a peer that sends more speaks something else.
const JUNK: u8 = 8;

/// The name under which messages of every format are errors.
const ERROR: &str = "error";

/// The decoder of one answer.
pub struct Answer {
    provider: String,
    framer: Framer,
    reader: Box<dyn Reader>,
    usage: Option<Usage>,
    junk: u8,
    over: bool,
}

impl Answer {
    /// Nothing received yet.
    pub fn new(provider: impl Into<String>, format: Format) -> Self {
        let wire = format.wire();
        Self {
            provider: provider.into(),
            framer: wire.framing().framer(),
            reader: wire.reader(),
            usage: None,
            junk: 0,
            over: false,
        }
    }

    /// Whether the terminal event was given; nothing follows it.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Appends what `bytes` complete to `events`.
    pub fn push(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        if self.over {
            return;
        }
        let mut frames = Vec::new();
        let framed = self.framer.push(bytes, &mut frames);
        for frame in frames {
            self.take(frame, events);
            if self.over {
                return;
            }
        }
        if let Err(error) = framed {
            self.unreadable(&error.to_string(), events);
        }
    }

    /// The connection closed in good order: complete, or [`FaultCode::STREAM_INTERRUPTED`].
    pub fn end(&mut self, events: &mut Vec<Event>) {
        if self.over {
            return;
        }
        if let Some(frame) = self.framer.rest().filter(is_whole) {
            self.take(frame, events);
        }
        match self.reader.at_end() {
            Some(finish) => self.finish(Event::Done(finish), events),
            None => self.break_off(Fault::new(FaultCode::STREAM_INTERRUPTED, &*self.provider), events),
        }
    }

    /// The answer broke off for a reason that the bytes do not say: a reset, a timer, the user.
    ///
    /// One that was already complete, and only waited for its usage, stays complete.
    pub fn interrupt(&mut self, fault: Fault, events: &mut Vec<Event>) {
        let terminal = self.reader.at_end().map_or(Event::Interrupted(fault), Event::Done);
        self.finish(terminal, events);
    }

    fn take(&mut self, frame: Frame, events: &mut Vec<Event>) {
        match frame {
            Frame::Comment => events.push(Event::Heartbeat),
            Frame::Exception { name, data } => {
                self.break_off(classify::in_stream(&self.provider, Some(&name), &data), events);
            }
            Frame::Data { name, data } => self.take_message(&name, &data, events),
        }
    }

    fn take_message(&mut self, name: &str, data: &str, events: &mut Vec<Event>) {
        // Whatever shape it has: some servers put plain words under this name.
        if name == ERROR {
            return self.break_off(classify::in_stream(&self.provider, None, data), events);
        }
        if !data.trim_start().starts_with('{') {
            return self.take_mark(data.trim(), events);
        }
        let Ok(message) = serde_json::from_str::<Value>(data) else {
            return self.unreadable(data, events);
        };
        let from = events.len();
        let step = self.reader.read(name, &message, events);
        self.drop_known_usage(from, events);
        match step {
            Step::More => {}
            Step::Done(finish) => self.finish(Event::Done(finish), events),
            Step::Broken => self.break_off(classify::in_stream(&self.provider, None, data), events),
        }
    }

    fn take_mark(&mut self, mark: &str, events: &mut Vec<Event>) {
        if let Some(finish) = self.reader.mark(mark) {
            return self.finish(Event::Done(finish), events);
        }
        self.junk += 1;
        if self.junk > JUNK {
            self.unreadable(mark, events);
        }
    }

    /// Some providers repeat the same counters in every message.
    fn drop_known_usage(&mut self, from: usize, events: &mut Vec<Event>) {
        if let Some(at) = (from..events.len()).find(|at| matches!(events[*at], Event::Usage(_))) {
            let Event::Usage(usage) = events[at] else { return };
            if self.usage.replace(usage) == Some(usage) {
                events.remove(at);
            }
        }
    }

    fn unreadable(&mut self, what: &str, events: &mut Vec<Event>) {
        let mut fault = Fault::new(FaultCode::STREAM_PROTOCOL, &*self.provider);
        fault.body = classify::redacted(what);
        self.break_off(fault, events);
    }

    fn break_off(&mut self, fault: Fault, events: &mut Vec<Event>) {
        self.finish(Event::Interrupted(fault), events);
    }

    fn finish(&mut self, terminal: Event, events: &mut Vec<Event>) {
        if !std::mem::replace(&mut self.over, true) {
            events.push(terminal);
        }
    }
}

/// What a cut leaves of an object is no object; that is an interruption and no mistake of the provider.
fn is_whole(frame: &Frame) -> bool {
    match frame {
        Frame::Data { data, .. } => {
            !data.trim_start().starts_with('{') || serde_json::from_str::<serde::de::IgnoredAny>(data).is_ok()
        }
        Frame::Comment | Frame::Exception { .. } => true,
    }
}
