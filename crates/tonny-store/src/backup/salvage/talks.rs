//! The rows of the talks with the assistant, told by their columns: of this schema, and as the ones before had them.

use super::Value;
use super::columns::Columns;
use crate::{Conversation, FinishReason, Message, MessageState, NewAttachment, Role};

/// Columns of a message in schema 4, and before it.
const MESSAGE: (usize, usize) = (20, 15);

/// Columns of a conversation in schema 4, and before it.
const CONVERSATION: (usize, usize) = (9, 7);

/// Columns of a piece of an answer that was still coming.
const DELTA: usize = 6;

/// Columns of an attachment.
const ATTACHMENT: usize = 5;

/// Pico-dollars in a millionth of a dollar.
const PICO_PER_MICRO: i64 = 1_000_000;

/// A piece of an answer that was still coming.
#[derive(Debug)]
pub(super) struct Delta {
    pub(super) message: String,
    pub(super) n: i64,
    text: String,
    reasoning: String,
    /// Of all of the message up to here.
    text_bytes: i64,
    reasoning_bytes: i64,
}

/// Appends the pieces of a message, given in order, as far as none of them is missing.
pub(super) fn fold(message: &mut Message, deltas: &[Delta]) {
    let length = |text: &str, more: &str| i64::try_from(text.len() + more.len());
    let begin = deltas.partition_point(|delta| (&delta.message, delta.n) <= (&message.id, message.deltas));
    for delta in deltas[begin..].iter().take_while(|delta| delta.message == message.id) {
        let follows = length(&message.text, &delta.text) == Ok(delta.text_bytes)
            && length(&message.reasoning, &delta.reasoning) == Ok(delta.reasoning_bytes);
        if !follows {
            return;
        }
        message.text.push_str(&delta.text);
        message.reasoning.push_str(&delta.reasoning);
        message.deltas = delta.n;
    }
}

// The fields below are read in the order of the columns, which is the order in which they stand.

pub(super) fn message(seq: i64, record: &[Value]) -> Option<Message> {
    if record.len() == MESSAGE.1 {
        return old_message(seq, record);
    }
    let mut columns = Columns::after_number(record, MESSAGE.0)?;
    Some(Message {
        seq,
        id: columns.id()?,
        conversation: columns.id()?,
        parent: columns.text()?,
        role: role(&columns.text()??)?,
        state: state(&columns.text()??)?,
        finish: columns.text()?.and_then(|name| finish(&name)),
        provider: columns.text()?,
        model: columns.text()?,
        error_code: columns.text()?,
        utterance: columns.text()?,
        tokens_in: columns.whole()?,
        tokens_out: columns.whole()?,
        cost_pico: columns.whole()?,
        is_estimated: columns.flag()?,
        deltas: columns.whole()??,
        created_at_ms: columns.whole()??,
        notices: columns.text()??,
        reasoning: columns.text()??,
        text: columns.text()??,
    })
}

fn old_message(seq: i64, record: &[Value]) -> Option<Message> {
    let mut columns = Columns::after_number(record, MESSAGE.1)?;
    Some(Message {
        seq,
        id: columns.id()?,
        conversation: columns.id()?,
        parent: columns.text()?,
        role: role(&columns.text()??)?,
        state: state(&columns.text()??)?,
        text: columns.text()??,
        provider: columns.text()?,
        model: columns.text()?,
        error_code: columns.text()?,
        utterance: columns.text()?,
        tokens_in: columns.whole()?,
        tokens_out: columns.whole()?,
        cost_pico: columns.whole()?.map(|micros| micros.saturating_mul(PICO_PER_MICRO)),
        created_at_ms: columns.whole()??,
        finish: None,
        is_estimated: false,
        deltas: 0,
        notices: "[]".to_owned(),
        reasoning: String::new(),
    })
}

pub(super) fn conversation(record: &[Value]) -> Option<Conversation> {
    if record.len() == CONVERSATION.1 {
        return old_conversation(record);
    }
    let mut columns = Columns::after_number(record, CONVERSATION.0)?;
    Some(Conversation {
        id: columns.id()?,
        profile: columns.text()?,
        title: columns.text()??,
        model: columns.text()?,
        leaf: columns.text()?,
        created_at_ms: columns.whole()??,
        updated_at_ms: columns.whole()??,
        system: columns.text()?,
        messages: 0,
    })
}

fn old_conversation(record: &[Value]) -> Option<Conversation> {
    let mut columns = Columns::of(record, CONVERSATION.1)?;
    Some(Conversation {
        id: columns.id()?,
        profile: columns.text()?,
        title: columns.text()??,
        model: columns.text()?,
        system: columns.text()?,
        created_at_ms: columns.whole()??,
        updated_at_ms: columns.whole()??,
        leaf: None,
        messages: 0,
    })
}

pub(super) fn delta(record: &[Value]) -> Option<Delta> {
    let mut columns = Columns::of(record, DELTA)?;
    Some(Delta {
        message: columns.id()?,
        n: columns.whole()??,
        text: columns.text()??,
        reasoning: columns.text()??,
        text_bytes: columns.whole()??,
        reasoning_bytes: columns.whole()??,
    })
}

pub(super) fn attachment(record: &[Value]) -> Option<NewAttachment> {
    let mut columns = Columns::of(record, ATTACHMENT)?;
    Some(NewAttachment {
        message: columns.id()?,
        place: columns.whole()??,
        name: columns.text()??,
        media_type: columns.text()??,
        bytes: columns.bytes()??,
    })
}

fn role(name: &str) -> Option<Role> {
    Some(match name {
        "system" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        _ => return None,
    })
}

fn state(name: &str) -> Option<MessageState> {
    Some(match name {
        "complete" => MessageState::Complete,
        "cancelled" => MessageState::Cancelled,
        "failed" => MessageState::Failed,
        // One that was still coming comes no further.
        "streaming" | "cut" => MessageState::Cut,
        _ => return None,
    })
}

fn finish(name: &str) -> Option<FinishReason> {
    Some(match name {
        "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        "filtered" => FinishReason::Filtered,
        "refused" => FinishReason::Refused,
        "other" => FinishReason::Other,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        let text = |text: &str| Value::Text(text.to_owned());
        let mut record =
            vec![Value::Null, text("m"), text("c"), Value::Null, text("assistant"), text("streaming")];
        record.extend([const { Value::Null }; 8]);
        record.extend([
            Value::Whole(0),
            Value::Whole(2),
            Value::Whole(5),
            text("[]"),
            text("Hm"),
            text("One "),
        ]);
        super::message(1, &record).unwrap()
    }

    fn delta(n: i64, text: &str, text_bytes: i64) -> Delta {
        Delta {
            message: "m".to_owned(),
            n,
            text: text.to_owned(),
            reasoning: String::new(),
            text_bytes,
            reasoning_bytes: 2,
        }
    }

    #[test]
    fn pieces_are_appended_up_to_the_first_that_is_missing() {
        let mut whole = message();
        assert_eq!((whole.state, whole.deltas), (MessageState::Cut, 2));
        // A number of before is in the text already.
        fold(&mut whole, &[delta(2, "One ", 4), delta(3, "two ", 8), delta(7, "three", 13)]);
        assert_eq!((whole.text.as_str(), whole.deltas), ("One two three", 7));
        let mut holed = message();
        fold(&mut holed, &[delta(3, "two ", 8), delta(5, "four", 18)]);
        assert_eq!((holed.text.as_str(), holed.deltas), ("One two ", 3));
    }
}
