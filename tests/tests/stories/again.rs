//! Kept recordings once more: played, and transcribed again with another model.

use std::time::Duration;

use serde_json::json;
use tonny_core::app::HistoryRow;
use tonny_core::model::InstalledModel;
use tonny_tests::engines::model;
use tonny_tests::speech::JFK;
use tonny_tests::words::error_rate;

use super::chain::{FIRST, command, heard, real_model, say, settings, wait_ready};
use super::world::{Room, World};

/// One fake engine in the order, and these models beside it.
async fn world(models: Vec<InstalledModel>) -> (World, HistoryRow) {
    let settings = settings(json!([command("first", FIRST, &[])]), json!(["first"]));
    let world = World::with(Room::Sentence, settings, models).await;
    wait_ready(&world, &["first"]).await;
    let row = say(&world).await;
    assert_eq!(heard(&row), ("delivered", FIRST, Some("first")));
    (world, row)
}

async fn wait_row(world: &World, id: &str, check: impl Fn(&HistoryRow) -> bool) -> HistoryRow {
    let found = async {
        loop {
            let row = world.app.history_row(id.to_owned()).await.unwrap();
            if check(&row) {
                return row;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), found).await.expect("the row changes")
}

#[tokio::test]
async fn a_recording_comes_as_a_wav_and_only_by_the_id_of_its_row() {
    let (world, row) = world(Vec::new()).await;
    let wav = world.app.recording(row.id.clone()).await.unwrap();
    let reader = hound::WavReader::new(wav.as_slice()).unwrap();
    assert_eq!((reader.spec().sample_rate, reader.spec().channels), (16_000, 1));
    assert_eq!(wav.len(), 44 + 2 * reader.len() as usize);
    for id in ["../settings", "/etc/passwd", "", "no such id"] {
        assert_eq!(world.app.recording(id.to_owned()).await.unwrap_err().code, "TT-STORE-604", "{id}");
    }
    world.store.utterances().note_audio(&row.id, 31 * 60_000).await.unwrap();
    assert_eq!(world.app.recording(row.id.clone()).await.unwrap_err().code, "TT-AUDIO-115");
    world.store.utterances().forget_audio(&row.id).await.unwrap();
    assert_eq!(world.app.recording(row.id.clone()).await.unwrap_err().code, "TT-STORE-604");
    assert_eq!(world.app.retry(row.id, None).await.unwrap_err().code, "TT-STORE-604");
}

#[tokio::test]
async fn with_another_model_the_row_gets_its_words_and_says_whose_they_are() {
    let Some(folder) = model() else { return };
    let copy = tempfile::tempdir().unwrap();
    let (world, row) = world(vec![real_model(&folder, copy.path())]).await;
    let other = Some("whisper-tiny.en".to_owned());
    world.app.retry(row.id.clone(), other.clone()).await.unwrap();
    // Until the new words are there the old ones are; and one recording is transcribed once at a time.
    assert_eq!(world.app.retry(row.id.clone(), other).await.unwrap_err().code, "TT-STORE-609");
    assert_eq!(world.app.history_row(row.id.clone()).await.unwrap().text, FIRST);
    let row = wait_row(&world, &row.id, |row| row.text != FIRST && row.state == "kept").await;
    assert_eq!((row.engine.as_deref(), row.model.as_deref()), (Some("embedded"), Some("whisper-tiny.en")));
    assert_eq!(error_rate(JFK, &row.text), 0.0, "{row:?}");
    assert_eq!(world.inserted(), [FIRST], "a retry is typed nowhere");
    assert_eq!(world.app.snapshot().workers.len(), 1, "the extra worker is nobody's engine");
    world.app.retry(row.id.clone(), None).await.unwrap();
    let row = wait_row(&world, &row.id, |row| row.text == FIRST).await;
    assert_eq!(row.engine.as_deref(), Some("first"));
}

#[tokio::test]
async fn a_retry_that_fails_loses_nothing() {
    let Some(folder) = model() else { return };
    let copy = tempfile::tempdir().unwrap();
    let broken = real_model(&folder, copy.path());
    for file in &broken.files {
        std::fs::write(&file.path, "no model any more").unwrap();
    }
    let (world, row) = world(vec![broken]).await;
    let unknown = world.app.retry(row.id.clone(), Some("moon".to_owned())).await.unwrap_err();
    assert!(unknown.code == "TT-MODEL-203" && unknown.message.contains("moon"), "{unknown}");
    world.app.retry(row.id.clone(), Some("whisper-tiny.en".to_owned())).await.unwrap();
    let told = world.wait(|snapshot| snapshot.problem.is_some()).await.problem.unwrap();
    assert_eq!(told.code, "TT-MODEL-202");
    let after = world.app.history_row(row.id.clone()).await.unwrap();
    assert_eq!(after, row, "not a word and not a state changed");
    world.app.retry(row.id, None).await.unwrap();
}
