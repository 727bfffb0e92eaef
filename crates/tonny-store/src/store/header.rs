//! Looks at a database file before SQLite does, and refuses what this program must not touch.
//!
//! SQLite writes on opening (journal mode, checkpoint on close), so a file of a newer program has to be recognised from
//! its first 100 bytes. The layout is <https://www.sqlite.org/fileformat.html#the_database_header>. Where a write-ahead
//! log holds a newer header than the file itself, a read-only connection is asked instead: it never checkpoints.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sqlx::{ConnectOptions, Connection};

use super::connections::shared_options;
use super::{APPLICATION_ID, NEWEST_SCHEMA};
use crate::StoreError;
use crate::error::opening;

const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The header fields that say whose file this is and of which schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marks {
    /// Changes with every schema change; 0 where nothing was ever created.
    schema_cookie: u32,
    user_version: i32,
    application_id: u32,
}

/// Makes the folder and an empty file, private from their first moment.
pub(crate) fn prepare(path: &Path) -> Result<(), StoreError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_folder(folder).map_err(|source| StoreError::File { path: folder.to_owned(), source })?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(StoreError::File { path: path.to_owned(), source }),
    }
}

pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Takes the file away from others. After the refusals: a file that is not ours keeps its mode.
pub(crate) fn keep_private(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let failed = |source| StoreError::File { path: path.to_owned(), source };
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// `Newer`, `Foreign` or `Damaged` for a file that must stay as it lies.
pub(crate) async fn refuse_unknown(path: &Path) -> Result<(), StoreError> {
    let on_disk = match read_marks(path) {
        // The power may have gone while the log was emptied into the file: its first page is whole only through the log.
        Err(StoreError::Damaged { .. }) if has_log(path) => Some(marks_through_log(path).await?),
        marks => marks?,
    };
    let Some(on_disk) = on_disk else {
        return Ok(());
    };
    let logged = has_log(path);
    let judged = match judge(path, on_disk) {
        Ok(()) if logged => judge(path, marks_through_log(path).await?),
        judged => judged,
    };
    match judged {
        Err(StoreError::Newer { path, found, known, .. }) => {
            let needs = written_by(&path, logged).await;
            Err(StoreError::Newer { path, found, known, needs })
        }
        judged => judged,
    }
}

fn judge(path: &Path, marks: Marks) -> Result<(), StoreError> {
    // A program that died between making the file and its first migration leaves a header without marks.
    let empty = marks.schema_cookie == 0 && marks.application_id == 0 && marks.user_version == 0;
    if !empty && marks.application_id != APPLICATION_ID {
        return Err(StoreError::Foreign { path: path.to_owned(), application_id: marks.application_id });
    }
    let found = i64::from(marks.user_version);
    if found > NEWEST_SCHEMA {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: NEWEST_SCHEMA, needs: None });
    }
    Ok(())
}

/// The marks in the file itself; `None` for an empty one.
fn read_marks(path: &Path) -> Result<Option<Marks>, StoreError> {
    let failed = |source| StoreError::File { path: path.to_owned(), source };
    let mut bytes = Vec::with_capacity(100);
    File::open(path).map_err(failed)?.take(100).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    match parse(&bytes) {
        Some(marks) => Ok(Some(marks)),
        None => Err(StoreError::Damaged { path: path.to_owned(), source: None }),
    }
}

fn parse(bytes: &[u8]) -> Option<Marks> {
    let field = |at: usize| {
        let four = bytes.get(at..at + 4)?;
        Some(u32::from_be_bytes(four.try_into().ok()?))
    };
    if bytes.len() < 100 || bytes.get(..16)? != MAGIC {
        return None;
    }
    Some(Marks {
        schema_cookie: field(40)?,
        user_version: field(60)?.cast_signed(),
        application_id: field(68)?,
    })
}

fn has_log(path: &Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    fs::metadata(PathBuf::from(name)).is_ok_and(|log| log.len() > 0)
}

async fn marks_through_log(path: &Path) -> Result<Marks, StoreError> {
    let asked = async {
        let mut conn = shared_options().filename(path).read_only(true).connect().await?;
        let (schema_cookie, user_version, application_id): (i64, i64, i64) = sqlx::query_as(
            "SELECT schema_version, user_version, application_id \
             FROM pragma_schema_version, pragma_user_version, pragma_application_id",
        )
        .fetch_one(&mut conn)
        .await?;
        conn.close().await?;
        Ok((schema_cookie, user_version, application_id))
    };
    let (schema_cookie, user_version, application_id) =
        asked.await.map_err(|source| opening(path, source))?;
    // The pragmas give the header's 32 bits as signed numbers.
    Ok(Marks {
        schema_cookie: schema_cookie as u32,
        user_version: user_version as i32,
        application_id: application_id as u32,
    })
}

/// Which program a newer file takes, from its table `written_by`. That table is all this program knows of newer schemas;
/// whatever does not look like a version is left unsaid.
async fn written_by(path: &Path, logged: bool) -> Option<String> {
    // Without a log nobody is writing, and nothing but the file may be touched, not even to make a log's index.
    let options = shared_options().filename(path).read_only(true).immutable(!logged);
    let mut conn = options.connect().await.ok()?;
    let asked = sqlx::query_scalar("SELECT version FROM written_by").fetch_optional(&mut conn).await;
    let _ = conn.close().await;
    asked.ok().flatten().filter(|version: &String| is_version(version))
}

fn is_version(text: &str) -> bool {
    let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '+');
    text.starts_with(|first: char| first.is_ascii_digit()) && text.len() <= 64 && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(cookie: u32, version: i32, id: u32) -> Vec<u8> {
        let mut bytes = vec![0; 100];
        bytes[..16].copy_from_slice(MAGIC);
        bytes[40..44].copy_from_slice(&cookie.to_be_bytes());
        bytes[60..64].copy_from_slice(&version.to_be_bytes());
        bytes[68..72].copy_from_slice(&id.to_be_bytes());
        bytes
    }

    #[test]
    fn only_an_empty_file_or_one_of_ours_up_to_this_schema_passes() {
        let known = i32::try_from(NEWEST_SCHEMA).unwrap();
        for (cookie, version, id, verdict) in [
            (0, 0, 0, "ok"),
            (9, known, APPLICATION_ID, "ok"),
            (9, known + 1, APPLICATION_ID, "newer"),
            (9, 0, 0, "foreign"),
            (9, known, 0x1234, "foreign"),
            (0, 3, 0, "foreign"),
        ] {
            let marks = parse(&header(cookie, version, id)).unwrap();
            let judged = match judge(Path::new("x"), marks) {
                Ok(()) => "ok",
                Err(StoreError::Newer { .. }) => "newer",
                Err(StoreError::Foreign { .. }) => "foreign",
                Err(other) => panic!("{other}"),
            };
            assert_eq!(judged, verdict, "{marks:?}");
        }
    }

    #[test]
    fn only_what_looks_like_a_version_is_said() {
        for (text, is) in [
            ("0.1.0", true),
            ("12.0.3-rc.1+7", true),
            ("", false),
            ("v1", false),
            ("1.0 or\nrun this", false),
        ] {
            assert_eq!(is_version(text), is, "{text}");
        }
        assert!(!is_version(&"1".repeat(65)));
        assert!(is_version(env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn no_header_is_no_marks() {
        assert_eq!(parse(b"SQLite format 3\0"), None);
        assert_eq!(parse(&[b'x'; 100]), None);
        assert_eq!(parse(&header(1, 2, 3)[..99]), None);
    }
}
