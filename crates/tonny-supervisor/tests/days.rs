//! The machine through whole days of virtual time.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "model/limits.rs"]
mod limits;
#[path = "model/world.rs"]
mod world;

use std::time::Duration;
use world::{HOUR, MINUTE, Profile, SECOND, World};

#[test]
fn every_limit_takes_effect_in_some_day() {
    assert_eq!(limits::unreached(), Vec::<&str>::new());
}

#[test]
fn a_day_of_ending_at_once_is_cheap() {
    for code in [0, 1] {
        let day = World::run(Profile::ends_at_once(code), 1, 24 * HOUR).story;
        assert!(day.broken.is_empty(), "{:?}", day.broken);
        assert!(day.starts.len() < 170, "{}", day.starts.len());
        // The first start, three restarts, and the probes after 30 s, 60 s, 60 s and 60 s.
        assert!(day.most_starts_within(5 * MINUTE) <= 8);
    }
}

#[test]
fn a_day_of_requests_that_block_the_worker_for_a_minute_is_no_hang() {
    for computes in [true, false] {
        let asked_after = Some(Duration::from_millis(100));
        let profile = Profile { asked_after, answers_in: MINUTE, computes, ..Profile::good() };
        let day = World::run(profile, 1, 24 * HOUR).story;
        assert_eq!((day.starts.len(), day.ends.len()), (1, 0));
        assert!(day.answered > 1_400);
    }
}

#[test]
fn a_loader_that_moves_is_waited_for_and_one_that_does_not_is_killed_after_a_minute() {
    let profile = Profile { loads: Some(20 * MINUTE), says_each: Some(50 * SECOND), ..Profile::good() };
    let story = World::run(profile, 1, HOUR).story;
    assert_eq!((story.starts.len(), story.ends.len()), (1, 0));
    let story = World::run(Profile { loads: None, ..Profile::good() }, 1, HOUR).story;
    assert_eq!(story.forced[0] - story.starts[0], MINUTE);
}

#[test]
fn a_computer_that_sleeps_at_any_moment_ends_no_worker() {
    for seed in 0..200 {
        assert_eq!(world::sleeps(seed, 50), Ok(()));
    }
}
