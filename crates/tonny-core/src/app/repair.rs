//! A database that was damaged, or out of step, when the app started: what can still be mended is, and the user reads what
//! happened until he has looked.

use tonny_store::{Recovery, Store, StoreError};

use super::ask::Message;
use super::{App, Notification};
use crate::history_files::rfc3339;
use crate::problem::{Code, Problem};

impl App {
    /// A damaged database was replaced at the start: what can still be read of it comes in behind. After an unclean end the
    /// search is compared with its texts.
    pub(super) fn begin_repair(&mut self) {
        let store = self.parts.store.clone();
        if let Some(recovery) = store.recovery() {
            tracing::error!(findings = ?recovery.findings, file = %recovery.set_aside.display(), "the database was damaged");
            self.repaired =
                Some(repaired(recovery, backup_made(&store, recovery).as_deref(), Salvage::UnderWay));
            let (store, handle) = (store.clone(), self.handle.clone());
            self.tasks.spawn(async move {
                let salvaged = store.salvage().await;
                let Some(recovery) = store.recovery() else { return };
                let made = backup_made(&store, recovery);
                handle
                    .send(Message::Repaired(repaired(recovery, made.as_deref(), Salvage::of(salvaged))))
                    .await;
                handle.send(Message::Reload).await;
            });
        } else if store.ended_uncleanly() {
            self.tasks.spawn(async move {
                match store.mend_search().await {
                    Ok(mended) if mended.is_empty() => {}
                    Ok(mended) => tracing::warn!(?mended, "after an unclean end the search was made anew"),
                    Err(error) => tracing::warn!(%error, "the search could not be compared with its texts"),
                }
            });
        }
    }

    /// All that could be read is there: now the numbers are true.
    pub(super) fn repair_ended(&mut self, problem: Problem) {
        let notification =
            Notification { title: "The database was damaged".to_owned(), body: problem.message.clone() };
        self.repaired = Some(problem);
        self.alert(notification);
    }
}

/// How the reading of the damaged file went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Salvage {
    UnderWay,
    Rows(u64),
    CutShort,
}

impl Salvage {
    fn of(salvaged: Result<u64, StoreError>) -> Self {
        salvaged.map_or_else(
            |error| {
                tracing::error!(%error, "the damaged database could not be read to its end");
                Self::CutShort
            },
            Self::Rows,
        )
    }
}

/// When the backup that took its place was made.
fn backup_made(store: &Store, recovery: &Recovery) -> Option<String> {
    let name = recovery.backup.as_ref()?.file_name()?.to_str()?.to_owned();
    let backup = store.backups().into_iter().find(|backup| backup.name == name)?;
    Some(rfc3339(backup.made_ms))
}

fn repaired(recovery: &Recovery, backup_made: Option<&str>, salvage: Salvage) -> Problem {
    let place = match (&recovery.backup, backup_made) {
        (None, _) => "There was no backup to take its place, so it began empty".to_owned(),
        (Some(_), Some(made)) => format!("The backup of {made} took its place"),
        (Some(backup), None) => format!("The backup {} took its place", backup.display()),
    };
    let rows = match salvage {
        Salvage::UnderWay => "what can still be read of the damaged file is being read".to_owned(),
        Salvage::Rows(0) => "nothing could be read of the damaged file".to_owned(),
        Salvage::Rows(1) => "one row was read from the damaged file".to_owned(),
        Salvage::Rows(rows) => format!("{rows} rows were read from the damaged file"),
        Salvage::CutShort => "the damaged file could not be read to its end".to_owned(),
    };
    Problem::with(
        Code::DatabaseRepaired,
        format!("{place}, and {rows}. It is now {}", recovery.set_aside.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_which_backup_how_many_rows_and_where_the_file_is() {
        let with = |backup: Option<&str>| Recovery {
            set_aside: "home/tonnytray.db.damaged-1".into(),
            backup: backup.map(Into::into),
            findings: Vec::new(),
        };
        let none = repaired(&with(None), None, Salvage::Rows(7)).message;
        assert!(none.contains("no backup") && none.contains("7 rows were read"), "{none}");
        let some = with(Some("home/backups/auto-1.db"));
        let made = repaired(&some, Some("2026-01-02T03:04:05Z"), Salvage::UnderWay).message;
        assert!(
            made.contains("backup of 2026-01-02T03:04:05Z took") && made.contains("is being read"),
            "{made}"
        );
        let cut = repaired(&some, None, Salvage::CutShort).message;
        assert!(
            cut.contains("auto-1.db took") && cut.ends_with("It is now home/tonnytray.db.damaged-1."),
            "{cut}"
        );
    }
}
