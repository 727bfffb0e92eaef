//! Which table's row a record is, told by its columns alone: a leaf page does not say whose it is.

use std::collections::HashMap;

use super::Value;
use super::columns::Columns;
use super::talks::{self, Delta};
use crate::{
    Conversation, Deed, LedgerEntry, Message, NewAttachment, Profile, SettingsRow, Timings, Utterance,
};

/// Columns stored for an utterance in schema 2, and in schema 1.
const UTTERANCE: (usize, usize) = (29, 23);

/// Columns of an entry of the activity.
const DEED: usize = 8;

/// Columns of what left the machine in schema 6, and before it: as many as an utterance of schema 1 had, but with a time where
/// that has its id.
const LEDGER: (usize, usize) = (24, 23);

/// What could be read; a row that is there twice, in its last form.
#[derive(Debug, Default)]
pub(crate) struct Salvaged {
    utterances: HashMap<String, Utterance>,
    messages: HashMap<String, Message>,
    deltas: HashMap<(String, i64), Delta>,
    attachments: HashMap<(String, i64), NewAttachment>,
    conversations: HashMap<String, Conversation>,
    profiles: HashMap<String, SalvagedProfile>,
    deeds: HashMap<i64, Deed>,
    ledger: HashMap<i64, LedgerEntry>,
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
    pub(crate) attachments: Vec<NewAttachment>,
    pub(crate) deeds: Vec<Deed>,
    pub(crate) ledger: Vec<LedgerEntry>,
    pub(crate) settings: Option<SettingsRow>,
}

impl Salvaged {
    /// Takes a record in if it is one of ours.
    pub(super) fn take(&mut self, seq: i64, record: &[Value]) {
        if let Some(row) = utterance(seq, record) {
            self.utterances.insert(row.id.clone(), row);
        } else if let Some(row) = talks::message(seq, record) {
            self.messages.insert(row.id.clone(), row);
        } else if let Some(row) = talks::delta(record) {
            self.deltas.insert((row.message.clone(), row.n), row);
        } else if let Some(row) = talks::attachment(record) {
            self.attachments.insert((row.message.clone(), row.place), row);
        } else if let Some(row) = talks::conversation(record) {
            self.conversations.insert(row.id.clone(), row);
        } else if let Some(row) = profile(record) {
            self.profiles.insert(row.profile.id.clone(), row);
        } else if let Some(deed) = deed(record) {
            self.deeds.insert(seq, deed);
        } else if let Some(entry) = ledger(record) {
            self.ledger.insert(seq, entry);
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
            attachments: self.attachments.into_values().collect(),
            deeds: by_number(self.deeds),
            ledger: by_number(self.ledger),
            settings: self.settings,
        };
        all.profiles.sort_by_key(|row| row.profile.created_at_ms);
        all.utterances.sort_by_key(|row| row.seq);
        all.conversations.sort_by_key(|row| row.created_at_ms);
        all.messages.sort_by_key(|row| row.seq);
        let mut deltas: Vec<Delta> = self.deltas.into_values().collect();
        deltas.sort_by(|a, b| (&a.message, a.n).cmp(&(&b.message, b.n)));
        all.messages.iter_mut().for_each(|message| talks::fold(message, &deltas));
        all
    }
}

fn by_number<T>(rows: HashMap<i64, T>) -> Vec<T> {
    let mut rows: Vec<(i64, T)> = rows.into_iter().collect();
    rows.sort_by_key(|(seq, _)| *seq);
    rows.into_iter().map(|(_, row)| row).collect()
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

fn ledger(record: &[Value]) -> Option<LedgerEntry> {
    // Who was at it does not matter any more: whatever was open is what it says it is.
    let mut columns =
        Columns::after_number(record, LEDGER.0).or_else(|| Columns::after_number(record, LEDGER.1))?;
    Some(LedgerEntry {
        at_ms: columns.whole()??,
        profile: columns.text()??,
        purpose: columns.text()??,
        provider: columns.text()??,
        host: columns.text()??,
        model: columns.text()??,
        bytes_out: columns.whole()??,
        bytes_in: columns.whole()??,
        tokens_input: columns.whole()??,
        tokens_cache_read: columns.whole()??,
        tokens_cache_write: columns.whole()??,
        tokens_output: columns.whole()??,
        tokens_reasoning: columns.whole()??,
        cost_pico: columns.whole()?,
        is_estimated: columns.flag()?,
        rules: columns.text()??,
        contract: columns.text()?,
        contract_version: columns.whole()?,
        receipt: columns.text()?,
        outcome: columns.whole()?,
        conversation: columns.text()?,
        message: columns.text()?,
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
