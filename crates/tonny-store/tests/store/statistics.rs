//! Counts and sums.

use tonny_store::{By, Day, Store, Totals, UtteranceState};

use crate::say;

const DAY_MS: i64 = 86_400_000;

#[tokio::test]
async fn totals_days_and_kinds() {
    let store = Store::in_memory().await.unwrap();
    assert_eq!(store.statistics().totals(i64::MIN, i64::MAX).await.unwrap(), Totals::default());
    for (id, at, text) in [("a", 0, "one two"), ("b", DAY_MS - 1, "three"), ("c", DAY_MS, "")] {
        say(&store, id, at, text).await;
        store.utterances().note_audio(id, 100).await.unwrap();
    }
    store.utterances().forget_audio("c").await.unwrap();
    store.utterances().set_state("c", UtteranceState::Kept).await.unwrap();
    let totals = store.statistics().totals(0, DAY_MS + 1).await.unwrap();
    assert_eq!((totals.utterances, totals.words, totals.audio_ms, totals.text_bytes), (3, 3, 300, 12));
    assert_eq!((totals.first_ms, totals.last_ms), (0, DAY_MS));
    assert_eq!((totals.recordings, totals.recordings_ms), (2, 200));
    assert_eq!(store.statistics().totals(0, DAY_MS).await.unwrap().utterances, 2);

    let day = |day, utterances, words, audio_ms| Day { day, utterances, words, audio_ms };
    let days = store.statistics().days(0, i64::MAX, 0).await.unwrap();
    assert_eq!(days, [day(0, 2, 3, 200), day(1, 1, 0, 100)]);
    let east = store.statistics().days(0, i64::MAX, 3_600_000).await.unwrap();
    assert_eq!(east, [day(0, 1, 2, 100), day(1, 2, 1, 200)], "a day begins at the user's midnight");

    let states = store.statistics().counts(By::State, 0, i64::MAX).await.unwrap();
    assert_eq!(states, [("kept".to_owned(), 1), ("transcribed".to_owned(), 2)]);
    assert_eq!(
        store.statistics().counts(By::Engine, 0, i64::MAX).await.unwrap(),
        [("whisper".to_owned(), 3)]
    );
    assert_eq!(store.statistics().counts(By::Profile, 0, i64::MAX).await.unwrap(), []);
    assert!(store.statistics().size().await.unwrap().bytes > 0);
}
