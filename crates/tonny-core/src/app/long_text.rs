//! Text that is longer than a row of the history may be: it goes on in rows of its own, so that no word is lost and the
//! utterance ends.
//!
//! The parts after the first are kept entries without a recording, `ID.2`, `ID.3`, a moment after it in the list, and are
//! written before it: whoever finds the first has the rest. They are found, exported, backed up and cleaned up like any
//! entry. An engine that makes a million characters of a few minutes is mostly one that repeats itself.

use tonny_store::{FinalText, NewUtterance, Outcome, Store, StoreError, UtteranceState};

use crate::problem::{Code, Problem};

/// Characters; the table's own limit.
const LONGEST: usize = 1_000_000;

/// So many characters before the limit a space is looked for, so that no word is in two parts.
const LONGEST_WORD: usize = 1_000;

/// Commits the text of an utterance; the problem says that it took more than one row.
pub(super) async fn commit(store: &Store, id: &str, text: &FinalText) -> Result<Option<Problem>, StoreError> {
    let mut parts = split(&text.text).into_iter();
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    if rest.is_empty() {
        keep(store, id, text).await?;
        return Ok(None);
    }
    let part_of = |part: &str| FinalText { text: part.to_owned(), raw_text: None, ..text.clone() };
    let row = store.utterances().get(id).await?.ok_or_else(|| StoreError::Missing { id: id.to_owned() })?;
    for (number, part) in (2..).zip(rest) {
        let new = NewUtterance {
            id: part_id(id, number),
            started_at_ms: row.started_at_ms + number - 1,
            route: row.route.clone(),
            profile: row.profile.clone(),
            ..NewUtterance::default()
        };
        let rows = store.utterances();
        if rows.get(&new.id).await?.is_none() {
            rows.begin(&new).await?;
        }
        keep(store, &new.id, &part_of(part)).await?;
        rows.finish(&new.id, &kept(number)).await?;
    }
    keep(store, id, &part_of(first)).await?;
    Ok(Some(Problem::of(Code::TextSplit)))
}

/// Removes the parts after the first; no part is no error.
pub(super) async fn remove_rest(store: &Store, id: &str) -> Result<(), StoreError> {
    for number in 2.. {
        match store.utterances().delete(&part_id(id, number)).await {
            Ok(_) => {}
            Err(StoreError::Missing { .. }) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What an engine says beside the words must not cost the words: where the table refuses it, they are kept alone.
async fn keep(store: &Store, id: &str, text: &FinalText) -> Result<(), StoreError> {
    match store.utterances().commit_text(id, text).await {
        Err(error) if error.is_refused_value() => {
            tracing::warn!(%error, id, "the words are kept without what the engine said about them");
            let bare = FinalText { text: text.text.clone(), ..FinalText::default() };
            store.utterances().commit_text(id, &bare).await
        }
        kept => kept,
    }
}

fn kept(number: i64) -> Outcome {
    let problem = Problem::with(Code::TextSplit, format!("Part {number}"));
    Outcome {
        error_code: Some(problem.code),
        error_message: Some(problem.message),
        ..Outcome::of(UtteranceState::Kept)
    }
}

fn part_id(id: &str, number: i64) -> String {
    format!("{id}.{number}")
}

/// Put together again, the parts are the text to the last character.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((limit, _)) = rest.char_indices().nth(LONGEST) {
        let near = rest[..limit].char_indices().rev().take(LONGEST_WORD).find(|(_, c)| c.is_whitespace());
        let at = near.map_or(limit, |(at, space)| at + space.len_utf8());
        let (part, more) = rest.split_at(at);
        parts.push(part);
        rest = more;
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_words_where_it_has_any() {
        let words = "ein Wörtchen ".repeat(200_000);
        let parts = split(&words);
        assert_eq!(parts.concat(), words);
        assert_eq!(parts.len(), 3);
        assert!(parts.iter().all(|part| part.chars().count() <= LONGEST && part.ends_with(' ')));
        let one = "é".repeat(LONGEST + 1);
        let lengths: Vec<usize> = split(&one).iter().map(|part| part.chars().count()).collect();
        assert_eq!(lengths, [LONGEST, 1]);
        assert_eq!((split(""), split("a b")), (vec![""], vec!["a b"]));
        assert_eq!(split(&"x".repeat(LONGEST)).len(), 1);
    }

    #[tokio::test]
    async fn no_word_of_a_long_text_is_lost_and_the_same_again_changes_nothing() {
        let store = Store::in_memory().await.unwrap();
        let new = NewUtterance {
            id: "u".to_owned(),
            started_at_ms: 5,
            route: "type".to_owned(),
            ..Default::default()
        };
        store.utterances().begin(&new).await.unwrap();
        let words = "a sentence of words ".repeat(150_000);
        let language = Some("x".repeat(5_000));
        let text = FinalText { text: words.clone(), language, ..FinalText::default() };
        for _ in 0..2 {
            assert!(commit(&store, "u", &text).await.unwrap().is_some_and(|told| told.is(Code::TextSplit)));
        }
        let mut found = String::new();
        for id in ["u", "u.2", "u.3"] {
            let row = store.utterances().get(id).await.unwrap().unwrap();
            assert_eq!(row.error_code.is_some(), id != "u", "{id}");
            assert_eq!(row.state == UtteranceState::Kept, id != "u", "{id}");
            found += &row.text.unwrap();
        }
        assert_eq!(found, words);
        assert_eq!(store.utterances().count().await.unwrap(), 3);
        remove_rest(&store, "u").await.unwrap();
        assert_eq!(store.utterances().count().await.unwrap(), 1);
    }
}
