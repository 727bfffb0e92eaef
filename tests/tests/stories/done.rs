//! What the App did is in its activity a moment later: named, without words and values.

use std::time::Duration;

use tonny_core::activity::{ActivityEntry, ActivityQuery};
use tonny_core::app::SettingsChange;
use tonny_core::app::export::ExportWish;
use tonny_core::app::secrets::SecretsAsk;
use tonny_core::history_files::ExportForm;
use tonny_core::push_to_talk::Gesture;
use tonny_core::secrets::Typed;
use tonny_core::settings::Settings;
use tonny_core::snapshot::Phase;

use super::world::{Room, World};

/// The entries, once there are as many: they are written beside what they tell of.
async fn entries(world: &World, count: usize) -> Vec<ActivityEntry> {
    asked(world, ActivityQuery { limit: 50, ..ActivityQuery::default() }, count).await
}

/// Those of one kind alone.
pub async fn entries_of(world: &World, action: &str, count: usize) -> Vec<ActivityEntry> {
    let query = ActivityQuery { limit: 50, action: Some(action.to_owned()), ..ActivityQuery::default() };
    asked(world, query, count).await
}

async fn asked(world: &World, query: ActivityQuery, count: usize) -> Vec<ActivityEntry> {
    let wanted = async {
        loop {
            let rows = world.app.activity(query.clone()).await.unwrap().rows;
            if rows.len() >= count {
                return rows;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wanted).await.expect("written down")
}

#[tokio::test]
async fn what_was_done_is_noted_by_name_alone() {
    let world = World::start(Room::Quiet).await;
    let change =
        SettingsChange::Field("models.package_index".to_owned(), "https://canary@example.org".into());
    world.app.change_settings(change).await.unwrap();
    let secret = Typed::new("sk-proj-canary0123456789abcdef".to_owned());
    world.app.secrets(|reply| SecretsAsk::Set("openai".to_owned(), secret, false, reply)).await.unwrap();
    let mistyped = Typed::new("x".to_owned());
    let refused =
        world.app.secrets(|reply| SecretsAsk::Set("canary as a kind".to_owned(), mistyped, false, reply));
    refused.await.unwrap_err();
    world.app.gesture(Gesture::Toggle, None).await.unwrap();
    world.wait(|snapshot| snapshot.state == Phase::Recording).await;
    world.app.gesture(Gesture::Toggle, None).await.unwrap();
    world.wait(|snapshot| snapshot.state == Phase::Idle && snapshot.last.is_some()).await;
    let wish = ExportWish { form: ExportForm::Txt, text: String::new(), filter: Default::default() };
    world.app.export(wish, |_| time::UtcOffset::UTC).await.unwrap();
    let rows = entries(&world, 4).await;
    let mut told: Vec<_> = rows.iter().map(|row| (row.action.as_str(), row.subject.as_deref())).collect();
    told.retain(|(action, _)| !action.starts_with("utterance."));
    assert_eq!(
        told,
        [
            ("history.export", Some("txt")),
            ("secret.set", Some("openai")),
            ("settings.change", Some("models.package_index"))
        ]
    );
    let utterance = rows.iter().find(|row| row.action.starts_with("utterance.")).expect("its end");
    assert!(!utterance.success && utterance.error_code.is_some(), "{utterance:?}");
    assert!(!serde_json::to_string(&rows).unwrap().contains("canary"), "{rows:?}");
    world.app.change_settings(SettingsChange::Reset(None)).await.unwrap();
    assert_eq!(entries(&world, 5).await[0].action, "settings.reset");
    assert_eq!(world.app.settings().await.unwrap(), Settings::default());
}
