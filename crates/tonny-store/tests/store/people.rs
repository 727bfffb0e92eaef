//! Profiles and activity: that they hold together and let go of each other rightly.

use tonny_store::{Deed, Deeds, Store, StoreError};

use crate::new_utterance;

#[tokio::test]
async fn one_profile_is_active_and_names_are_taken_once() {
    let store = Store::in_memory().await.unwrap();
    let profiles = store.profiles();
    profiles.put("p1", "Zoë", "{}", 1).await.unwrap();
    profiles.put("p2", "Ada", "{}", 2).await.unwrap();
    assert!(profiles.put("p3", "Ada", "{}", 3).await.unwrap_err().is_refused_value());
    assert!(profiles.put("p3", "Eve", "no json", 3).await.unwrap_err().is_refused_value());
    assert_eq!(profiles.active().await.unwrap(), None);
    profiles.activate("p1").await.unwrap();
    profiles.activate("p2").await.unwrap();
    assert_eq!(profiles.active().await.unwrap().unwrap().id, "p2");
    assert!(matches!(profiles.activate("none").await, Err(StoreError::Missing { .. })));
    assert_eq!(profiles.active().await.unwrap().unwrap().id, "p2", "the old one stays");
    profiles.set_voice("p1", Some(&[1, 0, 2]), 4).await.unwrap();
    profiles.put("p1", "Zoe", "{\"routes\":[]}", 5).await.unwrap();
    assert_eq!(profiles.voice("p1").await.unwrap(), Some(vec![1, 0, 2]));
    let names: Vec<_> = profiles.list().await.unwrap().into_iter().map(|p| (p.name, p.has_voice)).collect();
    assert_eq!(names, [("Ada".to_owned(), false), ("Zoe".to_owned(), true)]);
}

#[tokio::test]
async fn words_and_deeds_outlive_the_profile_they_were_said_under() {
    let store = Store::in_memory().await.unwrap();
    store.profiles().put("p", "Zoë", "{}", 1).await.unwrap();
    let mut new = new_utterance("u", 1);
    new.profile = Some("p".to_owned());
    store.utterances().begin(&new).await.unwrap();
    let deed = Deed {
        at_ms: 1,
        profile: Some("p".to_owned()),
        action: "dictate".to_owned(),
        success: true,
        ..Deed::default()
    };
    store.activity().note(&deed).await.unwrap();
    store.profiles().delete("p").await.unwrap();
    assert_eq!(store.utterances().get("u").await.unwrap().unwrap().profile, None);
    assert_eq!(store.activity().list(&Deeds::All, None, 9).await.unwrap()[0].profile, None);
    assert!(store.activity().note(&deed).await.unwrap_err().is_refused_value(), "nobody has this id");
    new.id = "v".to_owned();
    assert!(store.utterances().begin(&new).await.unwrap_err().is_refused_value());
}

#[tokio::test]
async fn a_log_that_comes_in_again_adds_nothing_and_its_own_repetitions_stay() {
    let store = Store::in_memory().await.unwrap();
    let deed = |at_ms, detail: Option<&str>| Deed {
        at_ms,
        action: "log.info".to_owned(),
        success: true,
        detail: detail.map(str::to_owned),
        ..Deed::default()
    };
    let file = [deed(1, Some("a")), deed(1, Some("a")), deed(1, None), deed(2, Some("a"))];
    assert_eq!(store.activity().import(&file).await.unwrap(), 4);
    assert_eq!(store.activity().import(&file).await.unwrap(), 0);
    let more = [deed(1, Some("a")), deed(1, Some("a")), deed(1, Some("a"))];
    assert_eq!(store.activity().import(&more).await.unwrap(), 1);
    assert_eq!(store.activity().count().await.unwrap(), 5);
}

#[tokio::test]
async fn activity_is_paged_narrowed_and_cut_from_its_old_end() {
    let store = Store::in_memory().await.unwrap();
    for at_ms in 0..10 {
        let action = if at_ms % 2 == 0 { "dictate" } else { "delete" };
        let deed = Deed { at_ms, action: action.to_owned(), ..Deed::default() };
        store.activity().note(&deed).await.unwrap();
    }
    let times = async |which: &Deeds, before, limit| {
        let rows = store.activity().list(which, before, limit).await.unwrap();
        rows.into_iter().map(|row| row.at_ms).collect::<Vec<_>>()
    };
    assert_eq!(times(&Deeds::All, None, 2).await, [9, 8]);
    assert_eq!(times(&Deeds::All, Some((8, i64::MIN)), 2).await, [7, 6]);
    assert_eq!(times(&Deeds::OfAction("delete".to_owned()), None, 2).await, [9, 7]);
    assert_eq!(store.activity().delete_before(4, 3).await.unwrap(), 3);
    assert_eq!(store.activity().delete_before(4, 3).await.unwrap(), 1);
    assert_eq!(store.activity().delete_oldest(2).await.unwrap(), 2);
    assert_eq!(times(&Deeds::All, None, 99).await, [9, 8, 7, 6]);
    assert_eq!(store.activity().count().await.unwrap(), 4);
    let long = Deed { action: "x".repeat(65), ..Deed::default() };
    assert!(store.activity().note(&long).await.unwrap_err().is_refused_value());
}
