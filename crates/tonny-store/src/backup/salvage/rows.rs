//! Which table's row a record is, told by its columns alone: a leaf page does not say whose it is.

use std::collections::HashMap;

use super::Value;
use crate::{
    Conversation, Deed, Message, MessageState, Profile, Role, SettingsRow, Timings, Utterance, UtteranceState,
};

/// Columns stored for an utterance in schema 2, and in schema 1.
const UTTERANCE: (usize, usize) = (29, 23);

/// Columns of an entry of the activity.
const DEED: usize = 8;

/// Columns of a message.
const MESSAGE: usize = 15;

/// What could be read; a row that is there twice, in its last form.
#[derive(Debug, Default)]
pub(crate) struct Salvaged {
    utterances: HashMap<String, Utterance>,
    messages: HashMap<String, Message>,
    conversations: HashMap<String, Conversation>,
    profiles: HashMap<String, SalvagedProfile>,
    deeds: HashMap<i64, Deed>,
    pub(crate) settings: Option<SettingsRow>,
}

/// A person with the voice, which is never listed with the others.
#[derive(Debug, Clone)]
pub(crate) struct SalvagedProfile {
    pub(crate) profile: Profile,
    pub(crate) voice: Option<Vec<u8>>,
}

/// The same in the order in which they have to come in again.
#[derive(Debug, Default)]
pub(crate) struct InOrder {
    pub(crate) profiles: Vec<SalvagedProfile>,
    pub(crate) utterances: Vec<Utterance>,
    pub(crate) conversations: Vec<Conversation>,
    pub(crate) messages: Vec<Message>,
    pub(crate) deeds: Vec<Deed>,
    pub(crate) settings: Option<SettingsRow>,
}

impl Salvaged {
    /// Takes a record in if it is one of ours.
    pub(super) fn take(&mut self, seq: i64, record: &[Value]) {
        if let Some(row) = utterance(seq, record) {
            self.utterances.insert(row.id.clone(), row);
        } else if let Some(row) = message(seq, record) {
            self.messages.insert(row.id.clone(), row);
        } else if let Some(row) = conversation(record) {
            self.conversations.insert(row.id.clone(), row);
        } else if let Some(row) = profile(record) {
            self.profiles.insert(row.profile.id.clone(), row);
        } else if let Some(deed) = deed(record) {
            self.deeds.insert(seq, deed);
        } else if let Some(row) = settings(seq, record) {
            let older = |old: &SettingsRow| old.revision > row.revision;
            self.settings = self.settings.take().filter(older).or(Some(row));
        }
    }

    /// People before what they said, talks before what was said in them, each as it was entered.
    pub(super) fn in_order(self) -> InOrder {
        let mut all = InOrder {
            profiles: self.profiles.into_values().collect(),
            utterances: self.utterances.into_values().collect(),
            conversations: self.conversations.into_values().collect(),
            messages: self.messages.into_values().collect(),
            deeds: Vec::new(),
            settings: self.settings,
        };
        all.profiles.sort_by_key(|row| row.profile.created_at_ms);
        all.utterances.sort_by_key(|row| row.seq);
        all.conversations.sort_by_key(|row| row.created_at_ms);
        all.messages.sort_by_key(|row| row.seq);
        let mut deeds: Vec<(i64, Deed)> = self.deeds.into_iter().collect();
        deeds.sort_by_key(|(seq, _)| *seq);
        all.deeds = deeds.into_iter().map(|(_, deed)| deed).collect();
        all
    }
}

/// The columns of one record, in their order. The outer `None` is one of the wrong kind, the inner one is null.
struct Columns<'a>(std::slice::Iter<'a, Value>);

impl<'a> Columns<'a> {
    /// All columns of a record of that many.
    fn of(record: &'a [Value], count: usize) -> Option<Self> {
        (record.len() == count).then(|| Self(record.iter()))
    }

    /// As `of`, after the row's own number, which is stored as null: it is the key of the page.
    fn after_number(record: &'a [Value], count: usize) -> Option<Self> {
        let mut columns = Self::of(record, count)?;
        (columns.0.next() == Some(&Value::Null)).then_some(columns)
    }

    fn text(&mut self) -> Option<Option<String>> {
        match self.0.next()? {
            Value::Null => Some(None),
            Value::Text(text) => Some(Some(text.clone())),
            _ => None,
        }
    }

    fn id(&mut self) -> Option<String> {
        self.text()?.filter(|id| (1..=256).contains(&id.len()))
    }

    fn bytes(&mut self) -> Option<Option<Vec<u8>>> {
        match self.0.next()? {
            Value::Null => Some(None),
            Value::Bytes(bytes) => Some(Some(bytes.clone())),
            _ => None,
        }
    }

    fn whole(&mut self) -> Option<Option<i64>> {
        match self.0.next()? {
            Value::Null => Some(None),
            Value::Whole(number) => Some(Some(*number)),
            _ => None,
        }
    }

    fn flag(&mut self) -> Option<bool> {
        self.whole()?.map(|number| number == 1)
    }

    fn real(&mut self) -> Option<Option<f64>> {
        match self.0.next()? {
            Value::Null => Some(None),
            Value::Real(number) => Some(Some(*number)),
            // A whole number is stored as one, even in a column of reals.
            Value::Whole(number) => Some(Some(*number as f64)),
            _ => None,
        }
    }

    fn state(&mut self) -> Option<UtteranceState> {
        let name = self.text()??;
        UtteranceState::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

// The fields below are read in the order of the columns, which is the order in which they stand.

fn utterance(seq: i64, record: &[Value]) -> Option<Utterance> {
    let is_new = record.len() == UTTERANCE.0;
    let mut columns = Columns::after_number(record, if is_new { UTTERANCE.0 } else { UTTERANCE.1 })?;
    let mut row = Utterance {
        seq,
        id: columns.id()?,
        started_at_ms: columns.whole()??,
        profile: columns.text()?,
        route: columns.text()??,
        state: columns.state()?,
        text: columns.text()?,
        raw_text: columns.text()?,
        confidence: if is_new { columns.real()? } else { None },
        speaker: if is_new { columns.text()? } else { None },
        language: columns.text()?,
        engine: columns.text()?,
        model: columns.text()?,
        target_class: columns.text()?,
        inserted_by: columns.text()?,
        sent_to_webhook: is_new && columns.whole()? == Some(1),
        success: if is_new { columns.whole()?.map(|success| success == 1) } else { None },
        response: if is_new { columns.text()? } else { None },
        error_code: columns.text()?,
        error_message: columns.text()?,
        audio_file: columns.text()?,
        audio_ms: columns.whole()?,
        recovered: columns.whole()? == Some(1),
        timings: Timings {
            first_sample_ms: columns.whole()?,
            release_ms: columns.whole()?,
            last_audio_ms: columns.whole()?,
            final_text_ms: columns.whole()?,
            delivered_ms: columns.whole()?,
        },
        words: 0,
    };
    row.words = crate::utterances::words_in(row.text.as_deref().unwrap_or_default());
    Some(row)
}

fn message(seq: i64, record: &[Value]) -> Option<Message> {
    let mut columns = Columns::after_number(record, MESSAGE)?;
    Some(Message {
        seq,
        id: columns.id()?,
        conversation: columns.id()?,
        parent: columns.text()?,
        role: match columns.text()??.as_str() {
            "system" => Role::System,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "tool" => Role::Tool,
            _ => return None,
        },
        state: match columns.text()??.as_str() {
            "complete" => MessageState::Complete,
            "failed" => MessageState::Failed,
            // One that was still coming comes no further.
            "streaming" | "cut" => MessageState::Cut,
            _ => return None,
        },
        text: columns.text()??,
        provider: columns.text()?,
        model: columns.text()?,
        error_code: columns.text()?,
        utterance: columns.text()?,
        tokens_in: columns.whole()?,
        tokens_out: columns.whole()?,
        cost_micros: columns.whole()?,
        created_at_ms: columns.whole()??,
    })
}

fn conversation(record: &[Value]) -> Option<Conversation> {
    let mut columns = Columns::of(record, 7)?;
    Some(Conversation {
        id: columns.id()?,
        profile: columns.text()?,
        title: columns.text()??,
        model: columns.text()?,
        system: columns.text()?,
        created_at_ms: columns.whole()??,
        updated_at_ms: columns.whole()??,
    })
}

fn profile(record: &[Value]) -> Option<SalvagedProfile> {
    let mut columns = Columns::of(record, 7)?;
    let (id, name) = (columns.id()?, columns.id()?);
    let (json, voice) = (columns.text()??, columns.bytes()?);
    let profile = Profile {
        id,
        name,
        json,
        has_voice: voice.is_some(),
        active: columns.flag()?,
        created_at_ms: columns.whole()??,
        updated_at_ms: columns.whole()??,
    };
    Some(SalvagedProfile { profile, voice })
}

fn deed(record: &[Value]) -> Option<Deed> {
    let mut columns = Columns::after_number(record, DEED)?;
    Some(Deed {
        at_ms: columns.whole()??,
        profile: columns.text()?,
        action: columns.id()?,
        subject: columns.text()?,
        success: columns.flag()?,
        error_code: columns.text()?,
        detail: columns.text()?,
    })
}

/// The one row of the settings: its number, the document, and three numbers.
fn settings(seq: i64, record: &[Value]) -> Option<SettingsRow> {
    let mut columns = Columns::after_number(record, 5)?;
    let row = SettingsRow {
        json: columns.text()??,
        version: columns.whole()??,
        revision: columns.whole()??,
        updated_at_ms: columns.whole()??,
    };
    (seq == 1 && row.json.starts_with('{')).then_some(row)
}
