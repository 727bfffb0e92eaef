//! Rows to fill a store with, and how to look at what is left.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tonny_store::{
    Depth, FinalText, NewUtterance, Outcome as Ending, Page, Store, Timings, Utterance, UtteranceState,
};

use crate::reliability::dice::Dice;

const WORDS: [&str; 48] = [
    "bread", "river", "window", "quiet", "seven", "yellow", "kitchen", "letter", "morning", "engine",
    "paper", "stone", "garden", "winter", "market", "doctor", "silver", "bridge", "travel", "button",
    "orange", "castle", "dinner", "forest", "guitar", "hammer", "island", "jacket", "ladder", "mirror",
    "needle", "office", "pencil", "rabbit", "school", "ticket", "umbrella", "velvet", "wallet", "zebra",
    "anchor", "basket", "candle", "desert", "effort", "finger", "gather", "honest",
];

/// A sentence of common words with one rare number in it.
pub fn sentence(n: u64, dice: &mut Dice) -> String {
    let mut text: Vec<&str> = (0..11).map(|_| *dice.pick(&WORDS)).collect();
    let number = format!("number{n}");
    text.insert(5, &number);
    text.join(" ")
}

/// A finished utterance.
pub fn row(n: u64, dice: &mut Dice) -> Utterance {
    let states =
        [UtteranceState::Delivered, UtteranceState::Delivered, UtteranceState::Kept, UtteranceState::Failed];
    Utterance {
        seq: 0,
        id: format!("{n:036x}"),
        started_at_ms: 1_700_000_000_000 + n.cast_signed() * 1_000,
        profile: None,
        route: (*dice.pick(&["type", "type", "type", "clipboard"])).to_owned(),
        state: *dice.pick(&states),
        text: Some(sentence(n, dice)),
        raw_text: None,
        confidence: Some(0.9),
        speaker: dice.pick(&[None, None, Some("Zoe"), Some("Tom")]).map(str::to_owned),
        language: Some("en".to_owned()),
        engine: Some((*dice.pick(&["speech", "whisperlivekit"])).to_owned()),
        model: Some("whisper-tiny.en".to_owned()),
        target_class: Some("XTerm".to_owned()),
        inserted_by: Some("paste".to_owned()),
        sent_to_webhook: false,
        success: None,
        response: None,
        error_code: None,
        error_message: None,
        audio_file: Some(format!("{n:036x}.wav")),
        audio_ms: Some(5_000),
        recovered: false,
        words: 12,
        timings: Timings { release_ms: Some(5_000), final_text_ms: Some(5_200), ..Timings::default() },
    }
}

/// Adds rows `from..to`, many at a time.
pub async fn fill(store: &Store, from: u64, to: u64, dice: &mut Dice) -> Result<()> {
    let mut at = from;
    while at < to {
        let end = to.min(at + 1_000);
        let rows: Vec<Utterance> = (at..end).map(|n| row(n, dice)).collect();
        store.utterances().import(&rows).await?;
        at = end;
    }
    Ok(())
}

/// One utterance as the app writes it, from the press to the end.
pub async fn speak(store: &Store, id: &str, text: &str) -> Result<(), tonny_store::StoreError> {
    let rows = store.utterances();
    let new = NewUtterance {
        id: id.to_owned(),
        started_at_ms: 1_800_000_000_000,
        route: "type".to_owned(),
        audio_file: Some(format!("{id}.wav")),
        ..NewUtterance::default()
    };
    rows.begin(&new).await?;
    rows.note_audio(id, 1_000).await?;
    rows.commit_text(id, &FinalText { text: text.to_owned(), ..FinalText::default() }).await?;
    rows.claim(id, UtteranceState::Transcribed, UtteranceState::Delivering).await?;
    rows.finish(id, &Ending::of(UtteranceState::Delivered)).await
}

/// Every text by its id.
pub async fn texts(store: &Store) -> Result<HashMap<String, String>> {
    let mut found = HashMap::new();
    let mut page = Page { limit: 1_000, ..Page::default() };
    loop {
        let rows = store.utterances().list(&page).await?;
        let Some(last) = rows.last() else { return Ok(found) };
        page.before = Some((last.started_at_ms, last.id.clone()));
        found.extend(rows.into_iter().map(|row| (row.id, row.text.unwrap_or_default())));
    }
}

/// Opens a store, wants its check to be clean, and gives it.
pub async fn sound(path: &Path) -> Result<Store> {
    let store = Store::open(path).await.with_context(|| format!("{} does not open", path.display()))?;
    let report = store.check_to(Depth::Whole).await?;
    ensure!(report.is_clean(), "{:?}", report.findings);
    Ok(store)
}

/// Copies a database with its log, as a crash would leave them.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    for ending in ["", "-wal"] {
        let name = |path: &Path| format!("{}{ending}", path.display());
        let _ = std::fs::remove_file(name(to));
        if Path::new(&name(from)).exists() {
            std::fs::copy(name(from), name(to))?;
        }
    }
    let _ = std::fs::remove_file(format!("{}-shm", to.display()));
    Ok(())
}

/// The value that so many hundredths of all are at most, in ms.
pub fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let at = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1_000.0)
}
