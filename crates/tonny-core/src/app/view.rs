//! What the outside sees, computed from the App's state after every message.

use std::time::{Duration, Instant};

use super::App;
use super::utterance::{Route, Stage, Utterance, timings_ms};
use crate::overlay::OverlayView;
use crate::problem::Problem;
use crate::snapshot::{LastUtterance, Live, MicrophonesView, ModelView, Phase, Snapshot};

/// The time since the press is shown in whole seconds: each step is a snapshot that every open window draws, on the processor
/// that hears the words.
const ELAPSED_STEP_MS: u32 = 1_000;

/// A level that stays flat this long is worth saying.
const SILENT_AFTER: Duration = Duration::from_secs(2);

/// A tick is seen in less than a second.
const DONE_FOR: Duration = Duration::from_millis(900);

/// Trouble stays until it is dismissed, or as long as it takes to read it twice.
const TROUBLE_FOR: Duration = Duration::from_secs(20);

/// While recording the elapsed time moves.
const TICK: Duration = Duration::from_millis(100);

/// What the overlay says after an utterance.
pub(super) struct Notice {
    view: OverlayView,
    until: Instant,
}

impl Notice {
    pub(super) fn done(label: &str, now: Instant) -> Self {
        Self { view: OverlayView::Done { label: label.to_owned() }, until: now + DONE_FOR }
    }

    pub(super) fn trouble(problem: &Problem, now: Instant) -> Self {
        let view = OverlayView::Trouble { message: problem.message.clone(), advice: problem.advice.clone() };
        Self { view, until: now + TROUBLE_FOR }
    }
}

impl App {
    /// When something changes by itself.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        let recording = self.utterances.back().is_some_and(Utterance::is_recording);
        let tick = recording.then(|| self.parts.clock.now() + TICK);
        let notice = self.notice.as_ref().map(|notice| notice.until);
        let deletion = self.deletions.values().min().copied();
        let delivery = self.utterances.iter().filter_map(|utterance| utterance.delivery_deadline).min();
        let all = [tick, notice, deletion, delivery, self.next_room, self.next_clean_up, self.language_until];
        all.into_iter().flatten().min()
    }

    pub(super) async fn expire(&mut self) {
        let now = self.parts.clock.now();
        if self.notice.as_ref().is_some_and(|notice| notice.until <= now) {
            self.notice = None;
        }
        self.end_too_long(now);
        self.delete_expired(now).await;
        self.give_up_deliveries(now).await;
        self.unload_language(now);
        if self.next_room.is_some_and(|at| at <= now) {
            self.set_room_aside_again(now);
        }
        if self.next_clean_up.is_some_and(|at| at <= now) {
            self.begin_clean_up();
        }
    }

    /// Publishes what changed; watchers of what did not are left asleep.
    pub(super) fn publish(&self) {
        let now = self.parts.clock.now();
        set(&self.snapshot, self.snapshot_at(now));
        set(
            &self.overlay,
            if self.settings.overlay.enabled { self.overlay_at(now) } else { OverlayView::Hidden },
        );
    }

    fn snapshot_at(&self, now: Instant) -> Snapshot {
        let speaking = self.utterances.back().filter(|utterance| utterance.is_recording());
        Snapshot {
            state: self.phase(),
            hands_free: speaking.is_some_and(|utterance| utterance.hands_free),
            live: speaking.map(|utterance| Live {
                committed: utterance.committed.clone(),
                tentative: utterance.tentative.clone(),
                // Every other value would be another snapshot, drawn by every open window.
                elapsed_ms: millis(now, utterance.pressed) / ELAPSED_STEP_MS * ELAPSED_STEP_MS,
            }),
            workers: self.workers.iter().map(|worker| worker.view.clone()).collect(),
            last: self.last.clone(),
            problem: self.problem.clone().or_else(|| self.repaired.clone()),
            model: self.model_view(),
            install: self.install.clone(),
            hotkey_problem: self.hotkey_problem.clone(),
            hotkeys_paused: self.hotkeys_paused,
            microphones: MicrophonesView {
                chosen: self.settings.microphone.device.clone(),
                known: self.microphones.clone(),
            },
            history_version: self.history_version,
            recovered: u32::try_from(self.recovered.len()).unwrap_or(u32::MAX),
            secrets_version: self.secrets_version,
        }
    }

    fn phase(&self) -> Phase {
        match self.utterances.back().map(|utterance| &utterance.stage) {
            None | Some(Stage::Over) => Phase::Idle,
            Some(Stage::Recording) => Phase::Recording,
            Some(Stage::Transcribing) => Phase::Transcribing,
            Some(Stage::CleaningUp(_) | Stage::Ready(_) | Stage::Delivering(_)) => Phase::Delivering,
        }
    }

    fn model_view(&self) -> ModelView {
        let chosen = self.settings.speech.model.clone();
        let name = self.catalogue.find(&chosen).map_or_else(|| chosen.clone(), |entry| entry.name.clone());
        ModelView { installed: self.installed.iter().any(|model| model.id == chosen), name, chosen }
    }

    fn overlay_at(&self, now: Instant) -> OverlayView {
        match self.utterances.back() {
            Some(utterance) if utterance.is_recording() => OverlayView::Listening {
                committed: utterance.committed.clone(),
                tentative: utterance.tentative.clone(),
                level: utterance.level,
                elapsed_ms: u64::from(millis(now, utterance.pressed)),
                hands_free: utterance.hands_free,
                silent: now.saturating_duration_since(utterance.heard_at) >= SILENT_AFTER,
            },
            Some(utterance) if !utterance.cancelled => {
                OverlayView::Working { label: label(utterance).to_owned() }
            }
            _ => self.notice.as_ref().map_or(OverlayView::Hidden, |notice| notice.view.clone()),
        }
    }

    pub(super) async fn newest(&mut self) -> Option<LastUtterance> {
        let row = self.parts.store.utterances().latest().await.ok().flatten()?;
        Some(LastUtterance {
            id: row.id,
            text: row.text.unwrap_or_default(),
            state: row.state.as_str().to_owned(),
            timings_ms: timings_ms(&row.timings),
        })
    }
}

fn label(utterance: &Utterance) -> &'static str {
    match utterance.stage {
        Stage::Transcribing if utterance.engine_lost => "The speech engine restarts; your words are kept",
        Stage::Transcribing => "Transcribing…",
        Stage::CleaningUp(_) => "Cleaning up…",
        _ if utterance.route == Route::Assistant => "Asking…",
        _ => "Inserting…",
    }
}

fn set<T: PartialEq>(sender: &tokio::sync::watch::Sender<T>, value: T) {
    sender.send_if_modified(|old| {
        let changed = *old != value;
        if changed {
            *old = value;
        }
        changed
    });
}

fn millis(now: Instant, since: Instant) -> u32 {
    u32::try_from(now.saturating_duration_since(since).as_millis()).unwrap_or(u32::MAX)
}
