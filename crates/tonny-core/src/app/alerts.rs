//! When the desktop tells the user something by itself: once per trouble, never for what mends itself.

use std::collections::HashSet;

use super::Notification;
use crate::activity::Did;
use crate::worker_view::WorkerView;

/// What has been told already.
#[derive(Debug, Default)]
pub(super) struct Alerts {
    /// Workers that gave up and have not served since.
    gave_up: HashSet<String>,
}

impl Alerts {
    /// What a worker's new state is worth noting: the first time it gives up, and that it serves again. To be asked
    /// before [`Alerts::worker`], which changes what is known.
    pub(super) fn turn(&self, worker: &WorkerView) -> Option<Did> {
        let given_up = self.gave_up.contains(&worker.name);
        match worker.state.as_str() {
            "failed" | "crash_loop" if !given_up => Some(Did::EngineGaveUp(worker.name.clone())),
            "ready" | "busy" if worker.breaker == "closed" && given_up => {
                Some(Did::EngineCameBack(worker.name.clone()))
            }
            _ => None,
        }
    }

    /// The notification that a worker's new state is worth.
    pub(super) fn worker(&mut self, worker: &WorkerView) -> Option<Notification> {
        match worker.state.as_str() {
            "failed" | "crash_loop" if self.gave_up.insert(worker.name.clone()) => Some(gave_up(worker)),
            // A copy on probation has proven nothing yet: only serving ends the trouble.
            "ready" | "busy" if worker.breaker == "closed" => {
                self.gave_up.remove(&worker.name);
                None
            }
            _ => None,
        }
    }

    /// The notification that a wanted worker is worth which cannot even be tried. Without a model the window says so
    /// itself, at the first start of all.
    pub(super) fn absent(&mut self, worker: &WorkerView) -> Option<Notification> {
        let is_news = worker.state == "failed" && self.gave_up.insert(worker.name.clone());
        let why = worker.detail.as_deref().unwrap_or_default();
        is_news.then(|| Notification {
            title: format!("{} cannot be started", worker.title),
            body: format!("{} Open Engines to see more.", sentence(why)),
        })
    }
}

fn sentence(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}

fn gave_up(worker: &WorkerView) -> Notification {
    let why = worker.detail.as_deref().unwrap_or("It ended without saying why");
    let rest = if worker.state == "failed" {
        "It is not started again by itself."
    } else {
        "It is tried again from time to time."
    };
    Notification {
        title: format!("{} gave up", worker.title),
        body: format!("{} {rest} What you say is kept. Open Engines to see more.", sentence(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(state: &str, breaker: &str) -> WorkerView {
        WorkerView {
            name: "speech".to_owned(),
            title: "Speech engine".to_owned(),
            state: state.to_owned(),
            breaker: breaker.to_owned(),
            detail: Some("signal 11.".to_owned()),
            ..WorkerView::default()
        }
    }

    #[test]
    fn giving_up_and_coming_back_are_each_a_turn_once() {
        let mut alerts = Alerts::default();
        let mut turns = Vec::new();
        for (state, breaker) in [
            ("ready", "closed"),
            ("failed", "open"),
            ("failed", "open"),
            ("ready", "half_open"),
            ("busy", "closed"),
        ] {
            let seen = worker(state, breaker);
            turns.push(alerts.turn(&seen).map(|did| did.action()));
            alerts.worker(&seen);
        }
        assert_eq!(turns, [None, Some("engine.gave_up"), None, None, Some("engine.came_back")]);
    }

    #[test]
    fn a_worker_that_gives_up_is_told_once_until_it_serves_again() {
        let mut alerts = Alerts::default();
        let told = alerts.worker(&worker("crash_loop", "open")).expect("told");
        assert_eq!(told.title, "Speech engine gave up");
        assert!(told.body.starts_with("signal 11. It is tried again"), "{}", told.body);
        for state in ["starting", "ready", "crash_loop", "failed"] {
            assert_eq!(alerts.worker(&worker(state, "half_open")), None, "{state}");
        }
        assert_eq!(alerts.worker(&worker("ready", "closed")), None);
        assert!(alerts.worker(&worker("failed", "closed")).is_some());
    }
    #[test]
    fn one_that_cannot_even_be_tried_is_told_once_and_a_missing_model_is_no_news() {
        let mut alerts = Alerts::default();
        assert_eq!(alerts.absent(&worker("no_model", "closed")), None);
        let told = alerts.absent(&worker("failed", "closed")).expect("told");
        assert_eq!(told.title, "Speech engine cannot be started");
        assert_eq!(told.body, "signal 11. Open Engines to see more.");
        assert_eq!(alerts.absent(&worker("failed", "closed")), None);
    }
}
