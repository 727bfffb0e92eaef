//! Removes what is over the user's limits, the oldest first; and one utterance for good.
//!
//! A recording is removed before its row: a file without a row would be adopted as an unfinished utterance at the next
//! start, and words that were deleted would come back.

use tonny_store::{Fact, Store, StoreError, Totals, UtteranceState};

use super::{Cleaned, Places};
use crate::problem::{Code, Problem};
use crate::retention::{HOUR_MS, Limits, Sweep, Verdict};
use crate::settings;

/// Rows looked at in one read.
const PAGE: u32 = 1_000;

/// Days.
const LONGEST_MONTH: u32 = 31;

/// As disks count.
const MB: u64 = 1_000_000;

/// Bytes of a recording's millisecond: 16 kHz, mono, 16 bit.
const BYTES_PER_MS: u64 = 32;

/// Removes what is over the limits.
pub async fn clean_up(places: &Places, limits: &settings::Storage, now_ms: i64) -> Result<Cleaned, Problem> {
    let failed = |error| crate::store_problem(&error);
    let store = &places.store;
    let totals = store.statistics().totals(i64::MIN, i64::MAX).await.map_err(failed)?;
    let mut cleaned = Cleaned {
        utterances: clean_texts(places, limits, now_ms, &totals).await?,
        recordings: clean_audio(places, limits, now_ms, &totals).await?,
        ..Cleaned::default()
    };
    let gone = clean_activity(store, limits, now_ms).await.map_err(failed)?;
    cleaned.activity = u32::try_from(gone).unwrap_or(u32::MAX);
    if !limits.keep_text {
        cleaned.backups = forget_copies(store, now_ms).await?;
    }
    // Not only what went just now: somebody may have deleted words while another program was reading.
    if store.log_bytes() > 0 {
        store.empty_log().await.map_err(failed)?;
    }
    Ok(cleaned)
}

async fn clean_activity(store: &Store, limits: &settings::Storage, now_ms: i64) -> Result<u64, StoreError> {
    let activity = store.activity();
    let mut gone = 0;
    if limits.activity_days > 0 {
        let before = now_ms - i64::from(limits.activity_days) * 24 * HOUR_MS;
        while let more @ 1.. = activity.delete_before(before, PAGE).await? {
            gone += more;
        }
    }
    if limits.activity_count > 0 {
        let mut over = activity.count().await?.saturating_sub(u64::from(limits.activity_count));
        while over > 0 {
            let part = u32::try_from(over.min(u64::from(PAGE))).unwrap_or(PAGE);
            gone += activity.delete_oldest(part).await?;
            over -= u64::from(part);
        }
    }
    if limits.activity_mb > 0
        && let Some(newest) = activity.beyond(u64::from(limits.activity_mb) * MB).await?
    {
        while let more @ 1.. = activity.delete_up_to(newest, PAGE).await? {
            gone += more;
        }
    }
    Ok(gone)
}

/// Removes rows of the ledger that are older than so many days; 0 keeps all. What cost something stays for a month, whatever is
/// set: the month's budget is kept by it.
pub async fn clean_ledger(store: &Store, days: u32, now_ms: i64) -> Result<u64, Problem> {
    if days == 0 {
        return Ok(0);
    }
    let ago = |days: u32| now_ms - i64::from(days) * 24 * HOUR_MS;
    let (before, paid_since, mut gone) = (ago(days), ago(LONGEST_MONTH), 0);
    while let more @ 1.. = store
        .ledger()
        .delete_before(before, paid_since, PAGE)
        .await
        .map_err(|error| crate::store_problem(&error))?
    {
        gone += more;
    }
    Ok(gone)
}

/// Words that are gone must not live on in yesterday's backup, nor in a damaged file that was set aside; gives how many
/// backups went.
pub(in crate::app) async fn forget_copies(store: &Store, now_ms: i64) -> Result<u32, Problem> {
    store.damaged_files().iter().for_each(|file| store.remove_damaged(file));
    store.remove_backups_of_deleted(now_ms).await.map_err(|error| crate::store_problem(&error))
}

async fn clean_texts(
    places: &Places,
    limits: &settings::Storage,
    now_ms: i64,
    totals: &Totals,
) -> Result<u32, Problem> {
    let failed = |error| crate::store_problem(&error);
    let bounds = Limits { days: limits.text_days, count: limits.text_count, megabytes: limits.text_mb };
    let bytes = totals.text_bytes.unsigned_abs();
    let mut sweep = Sweep::new(bounds, now_ms, totals.utterances.unsigned_abs(), bytes);
    let grace_over = now_ms - i64::from(limits.cancelled_hours) * HOUR_MS;
    let nothing_kept = !limits.keep_text;
    let mut gone = 0;
    let mut after: Option<(i64, String)> = None;
    // Cancelled ones, and all where nothing is kept, are looked for among all rows only where there may be any.
    let mut enough = bounds == Limits::default();
    loop {
        let (rows, from) = (places.store.utterances(), after.as_ref().map(|(at, id)| (*at, id.as_str())));
        let page = match (enough, nothing_kept) {
            (true, false) => rows.cancelled_facts(from, grace_over, PAGE).await,
            _ => rows.facts(from, PAGE).await,
        };
        let page = page.map_err(failed)?;
        let Some(last) = page.last() else { break };
        after = Some((last.started_at_ms, last.id.clone()));
        for fact in &page {
            let by_limits = !enough
                && match sweep.judge(
                    fact.started_at_ms,
                    fact.text_bytes.unsigned_abs(),
                    !fact.state.is_finished(),
                ) {
                    Verdict::Remove => true,
                    Verdict::Keep => false,
                    Verdict::Enough => {
                        enough = true;
                        false
                    }
                };
            if by_limits || is_over(fact, grace_over, nothing_kept) {
                remove(places, &fact.id).await?;
                gone += 1;
            }
        }
    }
    Ok(gone)
}

/// Whether a row goes whatever the limits say.
fn is_over(fact: &Fact, grace_over_ms: i64, nothing_kept: bool) -> bool {
    match fact.state {
        UtteranceState::Delivered => nothing_kept,
        UtteranceState::Cancelled => fact.started_at_ms < grace_over_ms,
        // What did not arrive is given as long to be fetched as what was taken back.
        UtteranceState::Kept | UtteranceState::Failed => nothing_kept && fact.started_at_ms < grace_over_ms,
        _ => false,
    }
}

async fn clean_audio(
    places: &Places,
    limits: &settings::Storage,
    now_ms: i64,
    totals: &Totals,
) -> Result<u32, Problem> {
    let failed = |error| crate::store_problem(&error);
    let bounds = Limits { days: limits.audio_days, count: limits.audio_count, megabytes: limits.audio_mb };
    if bounds == Limits::default() {
        return Ok(0);
    }
    let bytes = totals.recordings_ms.unsigned_abs() * BYTES_PER_MS;
    let mut sweep = Sweep::new(bounds, now_ms, totals.recordings.unsigned_abs(), bytes);
    let mut gone = 0;
    let mut after: Option<(i64, String)> = None;
    loop {
        let from = after.as_ref().map(|(at, id)| (*at, id.as_str()));
        let page = places.store.utterances().audio_facts(from, PAGE).await.map_err(failed)?;
        let Some(last) = page.last() else { return Ok(gone) };
        after = Some((last.started_at_ms, last.id.clone()));
        for fact in &page {
            let bytes = fact.audio_ms.unwrap_or(0).unsigned_abs() * BYTES_PER_MS;
            match sweep.judge(fact.started_at_ms, bytes, !fact.state.is_finished()) {
                Verdict::Remove => {
                    remove_audio(places, &fact.id).await?;
                    places.store.utterances().forget_audio(&fact.id).await.map_err(failed)?;
                    gone += 1;
                }
                Verdict::Keep => {}
                Verdict::Enough => return Ok(gone),
            }
        }
    }
}

/// Removes utterances so that no file has their words any more. Says whether the log of the database could be emptied now:
/// another program that reads may hold it up, and then the next clean-up does it.
pub async fn delete_for_good(places: &Places, ids: &[String]) -> Result<bool, Problem> {
    for id in ids {
        remove(places, id).await?;
    }
    places.store.empty_log().await.map_err(|error| crate::store_problem(&error))
}

/// Removes an utterance's recording and row; one that is gone already is no error. Its words are still in the log.
pub(in crate::app) async fn remove(places: &Places, id: &str) -> Result<(), Problem> {
    remove_audio(places, id).await?;
    match places.store.utterances().delete(id).await {
        Ok(_) | Err(tonny_store::StoreError::Missing { .. }) => Ok(()),
        Err(error) => Err(crate::store_problem(&error)),
    }
}

async fn remove_audio(places: &Places, id: &str) -> Result<(), Problem> {
    let (audio, file) = (places.audio.clone(), crate::app::ask::wav(&places.folder, id));
    let removed = tokio::task::spawn_blocking(move || audio.remove(&file)).await;
    removed.map_err(|e| Problem::with(Code::AudioNotKept, e)).flatten()
}
