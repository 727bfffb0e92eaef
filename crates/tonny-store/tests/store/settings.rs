//! The settings document.

use tonny_store::Store;

#[tokio::test]
async fn the_document_comes_back_as_it_went_in() {
    let store = Store::in_memory().await.unwrap();
    assert_eq!(store.settings().load().await.unwrap(), None);
    store.settings().save(r#"{ "name": "Zoë" }"#, 1).await.unwrap();
    store.settings().save(r#"{"name":"日本"}"#, 2).await.unwrap();
    let row = store.settings().load().await.unwrap().unwrap();
    assert_eq!((row.json.as_str(), row.version, row.revision), (r#"{"name":"日本"}"#, 2, 2));
    assert!(row.updated_at_ms > 1_700_000_000_000, "milliseconds, not seconds: {}", row.updated_at_ms);
}

#[tokio::test]
async fn an_old_copy_does_not_overwrite_a_newer_one() {
    let store = Store::in_memory().await.unwrap();
    store.settings().save("{}", 1).await.unwrap();
    let seen = store.settings().load().await.unwrap().unwrap().revision;
    assert!(store.settings().replace("{\"a\":1}", 1, seen).await.unwrap());
    assert!(!store.settings().replace("{\"b\":1}", 1, seen).await.unwrap());
    assert_eq!(store.settings().load().await.unwrap().unwrap().json, "{\"a\":1}");
}

#[tokio::test]
async fn what_is_no_document_is_refused() {
    let store = Store::in_memory().await.unwrap();
    store.settings().save("{}", 1).await.unwrap();
    let huge = format!("\"{}\"", "x".repeat(4_000_000));
    for (json, version) in [("", 1), ("{", 1), (huge.as_str(), 1), ("{}", 0)] {
        let error = store.settings().save(json, version).await.unwrap_err();
        assert!(error.is_refused_value(), "{error:?}");
    }
    assert_eq!(store.settings().load().await.unwrap().unwrap().json, "{}");
}
