//! The end of the app, in at most [`QUIT_DEADLINE`]: what is on its way into a window arrives, what was still being said or
//! worked out is kept for the next start, and what the user deleted is gone.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tonny_store::{Outcome, UtteranceState};

use super::ask::Message;
use super::utterance::{Stage, Utterance};
use super::{App, QUIT_DEADLINE};
use crate::overlay::OverlayView;
use crate::problem::{Code, Problem};

/// A microphone hands over its last sound within its own latency; a disk that hangs is not waited for longer.
const LAST_SOUND: Duration = Duration::from_secs(1);

/// Left of the deadline for writing the workers' last lines once they are gone...
const LOGS: Duration = Duration::from_millis(1_600);

/// ...and for the workers to end, however long what comes before takes.
const WORKERS: Duration = Duration::from_millis(1_500);

/// For answers that still come: they end at once, and their rows are written.
const ANSWERS: Duration = Duration::from_millis(500);

impl App {
    /// Lets what is under way end, then stops the workers. The mailbox is still read: deliveries answer there.
    pub(super) async fn quit(&mut self, mailbox: &mut mpsc::Receiver<Message>) {
        self.quitting = true;
        self.keep_recording_back();
        let (deadline, sound) = (Instant::now() + QUIT_DEADLINE, Instant::now() + LAST_SOUND);
        let workers = deadline - LOGS;
        loop {
            let until = if self.utterances.iter().any(Utterance::is_delivering) {
                workers - WORKERS
            } else if self.utterances.iter().any(|utterance| utterance.kept_back && !utterance.recorded) {
                sound
            } else {
                break;
            };
            match timeout_at(until, mailbox.recv()).await {
                Ok(Some(message)) => self.handle(message).await,
                _ => break,
            }
        }
        self.leave_unfinished().await;
        self.carry_out_deletions(workers).await;
        self.end_answers(workers).await;
        self.close_workers(workers).await;
        // The disk may hang; the logs are not worth more than the deadline.
        let logs = async {
            tokio::join!(self.supervisor.flush_logs(), self.worker_log.close(), self.activity.close())
        };
        if timeout_at(deadline, logs).await.is_err() {
            tracing::warn!("the workers' last lines are not in their logs: the disk is too slow");
        }
        if let Err(error) = self.parts.store.clone().close().await {
            tracing::error!(%error, "the database did not close cleanly; its log is read at the next start");
        }
        self.overlay.send_replace(OverlayView::Hidden);
    }

    /// Ends a recording under way. Its words go nowhere but the history: the window they were meant for is behind.
    fn keep_recording_back(&mut self) {
        let now = self.parts.clock.now();
        self.key = Default::default();
        let Some(utterance) = self.speaking() else { return };
        utterance.kept_back = true;
        utterance.released = Some(now);
        utterance.stage = Stage::Transcribing;
        utterance.timings.release_ms = Some(utterance.since_press(now));
        if let Some(recording) = utterance.recording.take() {
            recording.finish(now, Duration::ZERO);
        }
    }

    /// The rows say that the user quit, so that the next start does not speak of a crash.
    async fn leave_unfinished(&mut self) {
        let problem = Problem::of(Code::QuitEarly);
        let left = self.utterances.iter().filter(|utterance| !utterance.cancelled);
        let left: Vec<_> = left
            .filter_map(|utterance| {
                let state = match utterance.stage {
                    Stage::Recording | Stage::Transcribing => UtteranceState::Recorded,
                    Stage::CleaningUp(_) | Stage::Ready(_) | Stage::Delivering(_) => UtteranceState::Kept,
                    Stage::Over => return None,
                };
                Some((utterance.id.clone(), state, utterance.timings))
            })
            .collect();
        for (id, state, timings) in left {
            let outcome = Outcome {
                timings,
                error_code: Some(problem.code.clone()),
                error_message: Some(problem.message.clone()),
                ..Outcome::of(state)
            };
            self.keep_end(&id, &outcome).await;
        }
    }

    /// Answers that still come are kept as far as they came.
    async fn end_answers(&mut self, deadline: Instant) {
        let Ok(assistant) = self.assistant.clone() else { return };
        if timeout_at(deadline.min(Instant::now() + ANSWERS), assistant.quit()).await.is_err() {
            tracing::error!("an answer could not be ended in time; the next start marks it as cut off");
        }
    }

    /// Nobody can take a deletion back any more. The end of the store empties its log.
    async fn carry_out_deletions(&mut self, deadline: Instant) {
        let ids: Vec<String> = self.deletions.drain().map(|(id, _)| id).collect();
        if timeout_at(deadline, self.delete_all(ids)).await.is_err() {
            tracing::error!("the disk was too slow for all deletions");
        }
    }
}
