//! What may be opened and what is refused as it lies.

use std::fs;
use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use tonny_store::{NEWEST_SCHEMA, Store, StoreError};

use crate::{say, search};

/// The bytes of the file and its write-ahead log.
fn bytes_of(path: &Path) -> (Vec<u8>, Option<Vec<u8>>) {
    (fs::read(path).unwrap(), fs::read(log_of(path)).ok())
}

fn log_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", path.display()))
}

async fn run(path: &Path, sql: &str) {
    let mut conn =
        SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

#[tokio::test]
async fn what_was_written_is_there_after_a_reopen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/tonny.db");
    let store = Store::open(&path).await.unwrap();
    say(&store, "a", 1, "first words").await;
    store.settings().save("{\"a\":1}", 1).await.unwrap();
    store.close().await.unwrap();
    assert!(!log_of(&path).exists(), "the log is in the file");

    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.utterances().latest().await.unwrap().unwrap().text.as_deref(), Some("first words"));
    assert_eq!(store.settings().load().await.unwrap().unwrap().json, "{\"a\":1}");
    assert!(store.check().await.unwrap().is_clean());
}

#[cfg(unix)]
#[tokio::test]
async fn all_files_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/tonny.db");
    Store::open(&path).await.unwrap().close().await.unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();

    let store = Store::open(&path).await.unwrap();
    say(&store, "a", 1, "private").await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let (mut files, mut folders) = (0, vec![path.parent().unwrap().to_owned()]);
    while let Some(folder) = folders.pop() {
        assert_eq!(mode(&folder), 0o700);
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap().path();
            match entry.is_dir() {
                true => folders.push(entry),
                false => {
                    assert_eq!(mode(&entry), 0o600);
                    files += 1;
                }
            }
        }
    }
    assert_eq!(files, 4, "file, log and its index; that this program is there");
    store.close().await.unwrap();
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "the file alone stays");
}

#[tokio::test]
async fn connections_are_set_as_promised() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    let store = Store::open(&path).await.unwrap();
    say(&store, "a", 1, "x").await;
    let mut conn = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    for (pragma, value) in [("journal_mode", "wal"), ("application_id", "1416588921"), ("user_version", "7")]
    {
        let sql = format!("SELECT CAST({pragma} AS TEXT) FROM pragma_{pragma}");
        let found: String = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut conn).await.unwrap();
        assert_eq!(found, value, "{pragma}");
    }
    conn.close().await.unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    Store::open(&path).await.unwrap().close().await.unwrap();
    run(&path, &format!("PRAGMA user_version = {}", NEWEST_SCHEMA + 6)).await;
    let before = bytes_of(&path);

    match Store::open(&path).await {
        Err(StoreError::Newer { found, known, needs, .. }) => {
            assert_eq!((found, known), (NEWEST_SCHEMA + 6, NEWEST_SCHEMA));
            assert_eq!(needs.as_deref(), Some(env!("CARGO_PKG_VERSION")), "who wrote it is in the file");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(bytes_of(&path), before);
}

/// What an older program is to be told: the version that the newer one left, and not a byte more.
#[tokio::test]
async fn a_newer_file_names_the_program_it_takes_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    for (change, said) in [
        ("UPDATE written_by SET version = '2.7.1'", Some("2.7.1")),
        ("UPDATE written_by SET version = 'run this'", None),
        ("DROP TABLE written_by", None),
    ] {
        let _ = fs::remove_file(&path);
        Store::open(&path).await.unwrap().close().await.unwrap();
        run(&path, &format!("{change}; PRAGMA user_version = {}", NEWEST_SCHEMA + 1)).await;
        let before = bytes_of(&path);
        let names = fs::read_dir(folder.path()).unwrap().count();
        let error = Store::open(&path).await.unwrap_err();
        let sentence = error.to_string();
        assert!(matches!(&error, StoreError::Newer { needs, .. } if needs.as_deref() == said), "{error:?}");
        assert_eq!(sentence.contains("takes TonnyTray 2.7.1 or newer"), said.is_some(), "{sentence}");
        assert!(sentence.contains(&format!("schema {}", NEWEST_SCHEMA + 1)), "{sentence}");
        assert_eq!(bytes_of(&path), before);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), names, "no file was laid beside it");
    }
}

/// A newer program that died before its checkpoint: the file alone looks like ours.
#[tokio::test]
async fn a_newer_schema_in_the_log_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let live = folder.path().join("live.db");
    Store::open(&live).await.unwrap().close().await.unwrap();
    let mut conn = SqliteConnectOptions::new().filename(&live).connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA user_version = {}", NEWEST_SCHEMA + 1)))
        .execute(&mut conn)
        .await
        .unwrap();
    let path = folder.path().join("tonny.db");
    fs::copy(&live, &path).unwrap();
    fs::copy(log_of(&live), log_of(&path)).unwrap();
    conn.close().await.unwrap();
    let before = bytes_of(&path);
    assert!(before.1.as_ref().is_some_and(|log| !log.is_empty()));

    match Store::open(&path).await {
        Err(StoreError::Newer { needs, .. }) => assert_eq!(needs.as_deref(), Some(env!("CARGO_PKG_VERSION"))),
        other => panic!("{other:?}"),
    }
    assert_eq!(bytes_of(&path), before);
}

#[tokio::test]
async fn another_programs_database_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    run(&path, "CREATE TABLE mail (a); INSERT INTO mail VALUES (1)").await;
    let before = bytes_of(&path);
    assert!(matches!(Store::open(&path).await, Err(StoreError::Foreign { application_id: 0, .. })));
    assert_eq!(bytes_of(&path), before);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("text", b"no database".to_vec()),
        ("long", vec![0x55; 9000]),
        ("cut", b"SQLite format 3\0".to_vec()),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, &content).unwrap();
        let error = Store::open(&path).await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }) && error.is_damaged(), "{name}: {error:?}");
        assert_eq!(fs::read(&path).unwrap(), content, "{name}");
    }
}

#[tokio::test]
async fn a_truncated_database_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    Store::open(&path).await.unwrap().close().await.unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let before = bytes_of(&path);
    assert!(matches!(Store::open(&path).await, Err(StoreError::Damaged { .. })));
    assert_eq!(bytes_of(&path).0, before.0);
}

#[tokio::test]
async fn a_program_that_died_before_its_first_migration_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    run(&path, "PRAGMA journal_mode = WAL").await;
    assert!(fs::metadata(&path).unwrap().len() > 0);
    Store::open(&path).await.unwrap();
    let empty = folder.path().join("empty.db");
    fs::write(&empty, b"").unwrap();
    Store::open(&empty).await.unwrap();
}

#[tokio::test]
async fn check_names_broken_pages_and_a_stale_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    let store = Store::open(&path).await.unwrap();
    say(&store, "a", 1, "the index must know these words").await;
    store.close().await.unwrap();
    run(&path, "INSERT INTO utterances_fts (utterances_fts, rowid, text) VALUES ('delete', 1, 'the index')")
        .await;

    let store = Store::open(&path).await.unwrap();
    let report = store.check().await.unwrap();
    assert_eq!(report.findings.len(), 1, "{report:?}");
    assert!(folder.path().join("tonny.db.doubtful").exists(), "the next start looks at all of it");
    let report = store.check_and_mend().await.unwrap();
    assert!(report.is_clean() && report.mended.len() == 1, "{report:?}");
    assert!(store.check().await.unwrap().is_clean());
    assert_eq!(search(&store, "index", 10).await.len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_may_not_be_written_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    // Permissions do not bind root; sysfs, where nothing can be created, binds everyone.
    let binds = fs::write(closed.join("probe"), b"").is_err();
    let folder = if binds { closed } else { PathBuf::from("/sys") };
    let error = Store::open(folder.join("tonny.db")).await.unwrap_err();
    assert!(error.is_read_only(), "{error:?}");
    assert!(!error.is_transient() && !error.is_disk_full() && !error.is_damaged());
}

#[tokio::test]
async fn a_folder_where_the_file_should_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = Store::open(folder.path()).await.unwrap_err();
    assert!(matches!(&error, StoreError::File { path, .. } if path == folder.path()), "{error:?}");
}
