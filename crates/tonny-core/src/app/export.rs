//! The history out of the house: the rows that fit, oldest first, in a form that was asked for. Writing the file is the
//! face's.

use std::collections::HashMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tonny_store::{Page, Search, Store, Utterance};

use super::history::HistoryFilter;
use crate::history_files::{ExportForm, Offset, to_form};
use crate::problem::Problem;

/// Rows read at a time.
const PAGE: u32 = 500;

/// What goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ExportWish {
    /// How it looks.
    pub form: ExportForm,
    /// Only what holds these words; everything when empty.
    #[serde(default)]
    pub text: String,
    /// Only rows that fit.
    #[serde(default)]
    pub filter: HistoryFilter,
}

/// What went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportText {
    /// The file's contents.
    pub text: String,
    /// Utterances in it.
    pub count: u32,
}

/// The rows that fit, without those being deleted. Shared with the terminal, which reads without a running app.
pub async fn export(
    store: &Store,
    wish: &ExportWish,
    hidden: &HashMap<String, Instant>,
    offset: Offset,
) -> Result<ExportText, Problem> {
    let mut rows =
        if wish.text.trim().is_empty() { listed(store, wish).await? } else { found(store, wish).await? };
    rows.retain(|row| !hidden.contains_key(&row.id));
    rows.sort_by(|a, b| (a.started_at_ms, &a.id).cmp(&(b.started_at_ms, &b.id)));
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    Ok(ExportText { text: to_form(wish.form, &rows, offset)?, count })
}

async fn listed(store: &Store, wish: &ExportWish) -> Result<Vec<Utterance>, Problem> {
    let mut page = Page { before: None, limit: PAGE, filter: wish.filter.of_rows()? };
    let mut rows = Vec::new();
    loop {
        let found = store.utterances().list(&page).await.map_err(|error| crate::store_problem(&error))?;
        page.before = found.last().map(|last| (last.started_at_ms, last.id.clone()));
        rows.extend(found);
        if page.before.is_none() {
            return Ok(rows);
        }
    }
}

async fn found(store: &Store, wish: &ExportWish) -> Result<Vec<Utterance>, Problem> {
    let mut search =
        Search { text: wish.text.clone(), before: None, limit: PAGE, filter: wish.filter.of_rows()? };
    let mut rows = Vec::new();
    loop {
        let found = store.utterances().search(&search).await.map_err(|error| crate::store_problem(&error))?;
        search.before = found.last().map(|last| last.utterance.seq);
        rows.extend(found.into_iter().map(|hit| hit.utterance));
        if search.before.is_none() {
            return Ok(rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use time::UtcOffset;

    use super::*;
    use crate::history_files::{Imported, read};

    #[tokio::test]
    async fn only_what_fits_goes_out_and_the_oldest_first() {
        let store = Store::in_memory().await.expect("store");
        let lines = (0..1_200).map(|n| {
            let (speaker, word) = (["ada", "bob"][n % 2], ["tea", "coffee", "tea"][n % 3]);
            format!("u{n:04},{},{word} {n},{speaker}\n", crate::history_files::rfc3339(1_000 * n as i64))
        });
        let csv = format!("id,timestamp,text,speaker\n{}", lines.collect::<String>());
        let Ok(Imported::Utterances(rows)) = read(&csv) else { panic!("rows") };
        let rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
        store.utterances().import(&rows).await.expect("imported");
        let ask = async |text: &str, speaker: Option<&str>, hidden: &[&str]| {
            let filter = HistoryFilter { speaker: speaker.map(str::to_owned), ..HistoryFilter::default() };
            let wish = ExportWish { form: ExportForm::Txt, text: text.to_owned(), filter };
            let hidden = hidden.iter().map(|id| ((*id).to_owned(), Instant::now())).collect();
            export(&store, &wish, &hidden, |_| UtcOffset::UTC).await.expect("exported")
        };
        let all = ask("", None, &[]).await;
        assert_eq!((all.count, all.text.lines().count()), (1_200, 1_200));
        assert_eq!(all.text.lines().next(), Some("1970-01-01 00:00:00 +00:00  tea 0"));
        assert_eq!(ask("", Some("bob"), &[]).await.count, 600);
        assert_eq!(ask("coffee", None, &["u0001"]).await.count, 399, "a deleted one stays behind");
        let both = ask("coffee", Some("ada"), &[]).await;
        assert_eq!(
            (both.count, both.text.lines().next().and_then(|line| line.get(28..))),
            (200, Some("coffee 4"))
        );
    }
}
