//! Canaries and the search for them: values that fit their kinds, in the 12 forms in which one could leak.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use tonny_core::secrets::{Kind, Shape, all};

/// A value that every encoding changes, as `openai` and the kinds without a prefix take it.
pub fn canary(number: usize) -> String {
    format!("sk-canary+{number:04}/Qx7+Vz9/example==")
}

/// One canary of every kind that can be typed, each of the shape that its kind wants; numbered from `first`.
pub fn one_of_each(first: usize) -> Vec<(&'static Kind, String)> {
    let typed = all().iter().filter(|kind| kind.shape != Shape::Made);
    typed.enumerate().map(|(index, kind)| (kind, fitting(kind, first + index))).collect()
}

/// A canary of the shape that this kind wants.
pub fn fitting(kind: &Kind, number: usize) -> String {
    let mark = format!("canary+{number:04}/Qx7+Vz9/example==");
    match kind.shape {
        Shape::Key { prefixes, shortest, longest } => {
            let mut text = format!("{}{mark}", prefixes.first().copied().unwrap_or_default());
            while text.len() < shortest {
                text.push('p');
            }
            text.truncate(longest);
            text
        }
        Shape::Web => format!("https://canary{number:04}.example.org/hook/{mark}"),
        Shape::Amqp => format!("amqps://canary{number:04}.example.org:5671/Qx7Vz9{number:04}"),
        Shape::Header => format!("Bearer {mark}"),
        Shape::UserAndPassword => format!("tonny:{mark}"),
        Shape::Made => mark,
    }
}

/// Many values, looked for in one pass.
pub struct Hunt {
    values: Vec<String>,
    forms: AhoCorasick,
    /// For each form, the value that it is of.
    of: Vec<usize>,
}

impl Hunt {
    /// For these values.
    pub fn new(values: Vec<String>) -> Result<Self> {
        let (mut forms, mut of) = (Vec::new(), Vec::new());
        for (index, value) in values.iter().enumerate() {
            let all = encodings(value);
            of.extend(std::iter::repeat_n(index, all.len()));
            forms.extend(all);
        }
        Ok(Self { values, forms: AhoCorasick::new(forms)?, of })
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Which values are in these bytes, in any form.
    pub fn hits(&self, bytes: &[u8]) -> BTreeSet<usize> {
        // Overlapping, because one form's tail is another form.
        self.forms.find_overlapping_iter(bytes).map(|found| self.of[found.pattern().as_usize()]).collect()
    }
}

/// What was searched, and what was found in it.
#[derive(Default)]
pub struct Found {
    pub bytes: u64,
    /// Where a canary was, once for each place and value.
    pub places: Vec<String>,
}

impl Found {
    /// Searches these bytes.
    pub fn look(&mut self, hunt: &Hunt, place: &str, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.places.extend(hunt.hits(bytes).iter().map(|_| place.to_owned()));
    }

    /// Searches every file below `folder`.
    pub fn look_below(&mut self, hunt: &Hunt, folder: &Path) -> Result<()> {
        for file in files(folder)? {
            // What a running program has just removed is looked for no more.
            let Ok(bytes) = std::fs::read(&file) else { continue };
            self.look(hunt, &file.display().to_string(), &bytes);
        }
        Ok(())
    }

    /// "; first in ..." where there is something to say.
    pub fn first(&self) -> String {
        self.places.first().map_or(String::new(), |place| format!("; first in {place}"))
    }
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(all) };
    for entry in entries {
        let entry = entry?;
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            all.extend(files(&entry.path())?);
        } else if kind.is_file() {
            all.push(entry.path());
        }
    }
    Ok(all)
}

/// The value in 12 encodings, base64 at each of the three places at which a value can begin in a longer text.
fn encodings(value: &str) -> Vec<Vec<u8>> {
    let raw = value.as_bytes();
    let hex = raw.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let percent = value.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let wide = |bytes: fn(u16) -> [u8; 2]| value.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    // The tail says which canary it is; a value that was cut must be found by its rest.
    let tail = value.get(7..).unwrap_or(value);
    let mut forms = vec![
        raw.to_vec(),
        STANDARD.encode(raw).into_bytes(),
        URL_SAFE_NO_PAD.encode(raw).into_bytes(),
        hex.clone().into_bytes(),
        hex.to_uppercase().into_bytes(),
        percent.into_bytes(),
        value.replace('/', "\\/").into_bytes(),
        wide(u16::to_le_bytes),
        wide(u16::to_be_bytes),
        raw.iter().rev().copied().collect(),
        STANDARD.encode(STANDARD.encode(raw)).into_bytes(),
        tail.as_bytes().to_vec(),
    ];
    for before in 0..3 {
        forms.extend([&STANDARD_NO_PAD, &URL_SAFE_NO_PAD].map(|engine| inside(engine, raw, before)));
    }
    forms
}

/// The letters that only these bytes decide, where so many others stand before them.
fn inside(engine: &GeneralPurpose, raw: &[u8], before: usize) -> Vec<u8> {
    let text = engine.encode([vec![0; before].as_slice(), raw].concat());
    let (first, last) = ((before * 8).div_ceil(6), (before + raw.len()) * 8 / 6);
    text.as_bytes()[first..last].to_vec()
}

#[cfg(test)]
mod tests {
    use tonny_core::secrets::{Typed, check};

    use super::*;

    #[test]
    fn a_canary_is_found_in_each_of_its_forms_and_no_other_is() -> Result<()> {
        let hunt = Hunt::new((0..20).map(canary).collect())?;
        let forms = encodings(&canary(7));
        assert_eq!(forms.len(), 18);
        for form in forms {
            let hay = [b"before ".to_vec(), form, b" after".to_vec()].concat();
            assert_eq!(hunt.hits(&hay), BTreeSet::from([7]));
        }
        Ok(())
    }

    #[test]
    fn base64_is_found_wherever_the_value_begins() -> Result<()> {
        let hunt = Hunt::new((0..20).map(canary).collect())?;
        for before in ["", "a", "ab", "abc", r#"{"key":""#] {
            let hay = STANDARD.encode(format!("{before}{} and more", canary(7)));
            assert_eq!(hunt.hits(hay.as_bytes()), BTreeSet::from([7]), "{before}");
        }
        Ok(())
    }

    #[test]
    fn canaries_fit_their_kinds_and_differ() {
        let values = one_of_each(300);
        for (kind, value) in &values {
            check(kind, &Typed::new(value.clone())).expect(kind.id);
            assert!(value.contains("03"), "{value}");
        }
        let different: BTreeSet<&String> = values.iter().map(|(_, value)| value).collect();
        assert_eq!(different.len(), values.len());
    }
}
