//! What a person does with workers, and what the App does with them by itself: started, freed, swapped, ended.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tonny_core::app::{DesktopWish, SettingsChange, WorkerCommand};
use tonny_core::snapshot::Snapshot;
use tonny_core::worker_view::WorkerView;
use tonny_tests::process::is_alive;

use super::chain::{FIRST, SECOND, command, settings, two, wait_ready};
use super::world::{Room, World};

/// As it is in the snapshot; with no state at all before the App has got to it.
fn first(snapshot: &Snapshot) -> WorkerView {
    snapshot.workers.iter().find(|worker| worker.name == "first").cloned().unwrap_or_default()
}

async fn order(world: &World, names: Value) {
    let change = SettingsChange::Field("speech.engines".to_owned(), names);
    world.app.change_settings(change).await.unwrap();
}

async fn tell(world: &World, command: WorkerCommand) {
    world.app.command_worker("first".to_owned(), command).await.unwrap();
}

#[tokio::test]
async fn a_worker_that_gave_up_starts_when_it_is_told_to() {
    let world = two(&["--fail-with", "3"]).await;
    let before = first(&world.wait(|snapshot| first(snapshot).state == "failed").await).restarts;
    tell(&world, WorkerCommand::Start).await;
    world.wait(|snapshot| first(snapshot).restarts == before + 1).await;
}

#[tokio::test]
async fn in_a_crash_loop_start_tries_at_once_and_reset_begins_anew() {
    let world = two(&["--fail-with", "1"]).await;
    let looping = |snapshot: &Snapshot| first(snapshot).state == "crash_loop";
    let seen = world.wait(looping).await;
    // By itself the first probe comes after 30 s.
    let start = Instant::now();
    tell(&world, WorkerCommand::Start).await;
    let seen = first(&seen).restarts;
    world.wait(|snapshot| first(snapshot).restarts == seen + 1).await;
    let open = world.wait(looping).await;
    assert_eq!(first(&open).breaker, "open");
    tell(&world, WorkerCommand::ResetBreaker).await;
    // Closed, and with the whole budget: what fails now waits a second and not a minute.
    let backoff = world.wait(|snapshot| first(snapshot).state == "backoff").await;
    assert_eq!(first(&backoff).breaker, "closed");
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

#[tokio::test]
async fn what_is_held_is_not_asked_until_it_is_released_or_reset() {
    let world = two(&[]).await;
    wait_ready(&world, &["first", "second"]).await;
    let requests = |state: &'static str| move |snapshot: &Snapshot| first(snapshot).requests.state == state;
    for free in [WorkerCommand::Release, WorkerCommand::ResetBreaker] {
        tell(&world, WorkerCommand::Hold).await;
        world.wait(requests("held")).await;
        tell(&world, free).await;
        world.wait(requests("closed")).await;
    }
}

#[tokio::test]
async fn an_engine_taken_out_and_put_back_never_runs_twice() {
    let world = two(&["--deaf"]).await;
    wait_ready(&world, &["first", "second"]).await;
    let old = first(&world.app.snapshot()).pid.unwrap();
    order(&world, json!(["second"])).await;
    order(&world, json!(["first", "second"])).await;
    let waiting = world.app.snapshot();
    assert_eq!((first(&waiting).state.as_str(), first(&waiting).pid), ("starting", None));
    // For the 5 s that the old one is deaf, there is no other.
    let new = world.wait(|snapshot| first(snapshot).pid.is_some()).await;
    assert!(!is_alive(old), "two live copies: {old} and {:?}", first(&new).pid);
    assert_ne!(first(&new).pid, Some(old));
    wait_ready(&world, &["first"]).await;
}

#[tokio::test]
async fn an_engine_stopped_while_it_waits_for_its_last_copy_starts_when_told_and_not_before() {
    let world = two(&["--deaf"]).await;
    wait_ready(&world, &["first", "second"]).await;
    let old = first(&world.app.snapshot()).pid.unwrap();
    order(&world, json!(["second"])).await;
    order(&world, json!(["first", "second"])).await;
    tell(&world, WorkerCommand::Stop).await;
    world.wait(|snapshot| first(snapshot).state == "stopped").await;
    let gone = async {
        while is_alive(old) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("the old copy ends");
    // Nor do new settings start it.
    order(&world, json!(["second", "first"])).await;
    world.wait(|snapshot| snapshot.workers[0].name == "second").await;
    let after = first(&world.app.snapshot());
    assert_eq!((after.state.as_str(), after.pid), ("stopped", None));
    tell(&world, WorkerCommand::Start).await;
    wait_ready(&world, &["first"]).await;
}

#[tokio::test]
async fn a_worker_that_becomes_something_else_is_the_same_process() {
    let own = |speech: bool| {
        let mut command = command("first", FIRST, &["--deaf"]);
        command["speech"] = speech.into();
        json!([command, self::command("second", SECOND, &[])])
    };
    let world = World::with(Room::Quiet, settings(own(false), json!(["second"])), None).await;
    wait_ready(&world, &["first", "second"]).await;
    let before = world.app.snapshot();
    assert_eq!(first(&before).kind, "custom");
    let other = settings(own(true), json!(["first", "second"]));
    world.app.change_settings(SettingsChange::All(Box::new(other))).await.unwrap();
    let after =
        world.wait(|snapshot| snapshot.workers.iter().any(|w| w.name == "first" && w.kind == "speech"));
    assert_eq!(first(&after.await).pid, first(&before).pid);
}

#[tokio::test]
async fn a_deaf_worker_does_not_cost_the_logs_their_last_lines() {
    let world = two(&["--deaf"]).await;
    wait_ready(&world, &["first", "second"]).await;
    let pid = first(&world.app.snapshot()).pid.unwrap();
    let (took, logs) = world.quit().await;
    assert!(took < Duration::from_millis(4_900), "{took:?}");
    assert!(!is_alive(pid), "{pid} outlived the app");
    let rows = tonny_store::LogStore::open(&logs.path().join("logs.db")).await.unwrap();
    let rows = rows.list(&tonny_store::LogQuery { limit: 1_000, ..Default::default() }).await.unwrap();
    let last = rows.iter().find(|row| row.worker == "first").unwrap();
    assert_eq!(last.text, "stopped", "{rows:?}");
}

#[tokio::test]
async fn an_engine_that_cannot_even_be_tried_is_told_of() {
    let mut gone = command("first", FIRST, &[]);
    gone["program"] = "/nowhere/engine".into();
    let commands = json!([gone, command("second", SECOND, &[])]);
    let mut world = World::with(Room::Quiet, settings(commands, json!(["first", "second"])), None).await;
    let told = |wish: &DesktopWish| match wish {
        DesktopWish::Notify(told) => {
            told.title == "first cannot be started" && told.body.contains("/nowhere")
        }
        _ => false,
    };
    world.wait_wish(told).await;
    world.wait(|snapshot| first(snapshot).state == "failed").await;
    let again = world.app.command_worker("first".to_owned(), WorkerCommand::Start).await;
    assert_eq!(again.unwrap_err().code, "TT-ENGINE-309");
}
