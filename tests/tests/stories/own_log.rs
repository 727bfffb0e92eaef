//! What the app says about itself while words go through it, however that ends: never the words.

use tonny_core::app_log::AppLogQuery;
use tonny_platform::logging::{self, FileLimits};

use super::chain::{FIRST, SECOND, say, two, wait_ready};

#[tokio::test]
async fn no_spoken_word_is_in_the_apps_own_log() {
    let folder = tempfile::tempdir().unwrap();
    let (log, written) = logging::start_with(folder.path(), FileLimits::default(), false, None);
    for flags in [&[][..], &["--behave", "fails"], &["--behave", "no-end"]] {
        let world = two(flags).await;
        wait_ready(&world, &["first", "second"]).await;
        let row = say(&world).await;
        assert!(row.text == FIRST || row.text == SECOND, "{row:?}");
    }
    let rows = log.page(&AppLogQuery { limit: 500, ..AppLogQuery::default() }).rows;
    let mut said: String = rows.iter().map(|row| format!("{} {}\n", row.target, row.text)).collect();
    drop(written);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        said += &std::fs::read_to_string(entry.unwrap().path()).unwrap();
    }
    // In memory and in the file: it was listened to.
    for line in ["starting worker", "the speech engine failed an utterance"] {
        assert!(said.matches(line).count() >= 2, "{line}: {said}");
    }
    for words in ["words of the first", "words of the second", "engine alone"] {
        assert!(!said.contains(words), "{said}");
    }
}
