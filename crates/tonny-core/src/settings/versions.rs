//! The version of the document's shape, and the way from each version to the next.
//!
//! A field that is new or gone needs no version: what is missing has a default, and what is unknown is left where it is.
//! A step is for a field that is renamed, moved or means something else. A step is never changed once it is released.

use serde_json::{Map, Value};

/// Makes a document of one version into one of the next; it knows the names of then, so it works on plain JSON.
type Step = fn(&mut Map<String, Value>);

/// The first leads from version 1 to 2, and so on. Every release so far writes the first shape.
const STEPS: &[Step] = &[];

/// The version this program writes; stored beside the document.
pub const VERSION: u32 = 1 + STEPS.len() as u32;

/// Whether a newer program wrote it.
pub(super) fn is_newer(version: i64) -> bool {
    version > i64::from(VERSION)
}

/// A document of that version as one of today; a newer one stays as it is.
pub(super) fn brought_up(document: Value, version: i64) -> Value {
    walk(document, version, STEPS)
}

fn walk(mut document: Value, version: i64, steps: &[Step]) -> Value {
    let done = usize::try_from(version.saturating_sub(1)).unwrap_or(0);
    if let Value::Object(fields) = &mut document {
        steps.iter().skip(done).for_each(|step| step(fields));
    }
    document
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `[a] wait` in seconds, then in ms, then under another name.
    const MADE_UP: &[Step] = &[
        |fields| {
            if let Some(wait) = fields.get_mut("a").and_then(|a| a.get_mut("wait")) {
                *wait = json!(wait.as_u64().unwrap_or(0) * 1_000);
            }
        },
        |fields| {
            if let Some(a) = fields.remove("a") {
                fields.insert("b".to_owned(), a);
            }
        },
    ];

    #[test]
    fn each_version_takes_the_steps_it_has_not_taken() {
        let to = |document: Value, version| walk(document, version, MADE_UP);
        assert_eq!(to(json!({"a": {"wait": 2, "x": null}}), 1), json!({"b": {"wait": 2_000, "x": null}}));
        assert_eq!(to(json!({"a": {"wait": 2_000}}), 2), json!({"b": {"wait": 2_000}}));
        for version in [3, 4, i64::MAX] {
            assert_eq!(to(json!({"a": 1}), version), json!({"a": 1}), "{version}");
        }
        for broken in [json!(null), json!([1]), json!("a"), json!({})] {
            assert_eq!(to(broken.clone(), i64::MIN), broken);
        }
        assert_eq!(to(json!({"a": "not a section"}), 1), json!({"b": "not a section"}));
    }
}
