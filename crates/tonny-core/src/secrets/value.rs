//! The two types that carry a secret: [`Typed`] on its way into the vault, [`Secret`] on its way out.
//!
//! What they must not be able to do is proved by doctests that must not compile; the twin that does compile shows that
//! it is the missing ability and not a slip that fails.

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::{Kind, Reader};
use crate::problem::{Code, Problem};

/// A value as a person typed it. It can be checked and given to the vault, nothing else.
///
/// It can be read from a message, and never be written into one:
/// ```
/// let typed: tonny_core::secrets::Typed = serde_json::from_str("\"sk-1\"").unwrap();
/// assert_eq!(format!("{typed:?}"), "Typed(…)");
/// ```
/// ```compile_fail,E0277
/// let typed: tonny_core::secrets::Typed = serde_json::from_str("\"sk-1\"").unwrap();
/// serde_json::to_string(&typed).unwrap();
/// ```
/// ```compile_fail,E0277
/// let typed: tonny_core::secrets::Typed = serde_json::from_str("\"sk-1\"").unwrap();
/// format!("{typed}");
/// ```
/// ```compile_fail,E0599
/// let typed: tonny_core::secrets::Typed = serde_json::from_str("\"sk-1\"").unwrap();
/// let twin = typed.clone();
/// ```
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Typed(#[cfg_attr(feature = "bindings", specta(type = String))] SecretString);

impl Typed {
    /// Takes the text over; what the caller held is wiped.
    pub fn new(text: String) -> Self {
        Self(sealed(&Zeroizing::new(text)))
    }

    /// Its length in bytes: all that may be said of it.
    pub fn len(&self) -> usize {
        self.0.expose_secret().len()
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text, for the check of its shape and for the vault that keeps it.
    pub fn open_for_the_vault(&self) -> &str {
        self.0.expose_secret()
    }

    /// The same value as if the vault had given it out: to test it before it is kept.
    pub(crate) fn into_trial(self, kind: &'static Kind) -> Secret {
        Secret { kind, text: self.0 }
    }
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Typed(…)")
    }
}

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// A value that the vault gave out.
///
/// Only a reader that the kind's row names can open it:
/// ```
/// use tonny_core::secrets::{Reader, Secret, kind};
/// let key = Secret::from_the_vault(kind("openai").unwrap(), "sk-1".to_owned().into());
/// assert_eq!(key.open_for(Reader::Egress).unwrap(), "sk-1");
/// assert!(key.open_for(Reader::WorkerStart).is_err());
/// assert_eq!(format!("{key:?}"), "Secret(openai)");
/// ```
/// ```compile_fail,E0277
/// use tonny_core::secrets::{Secret, kind};
/// let key = Secret::from_the_vault(kind("openai").unwrap(), "sk-1".to_owned().into());
/// serde_json::to_string(&key).unwrap();
/// ```
/// ```compile_fail,E0277
/// use tonny_core::secrets::{Secret, kind};
/// let key = Secret::from_the_vault(kind("openai").unwrap(), "sk-1".to_owned().into());
/// format!("{key}");
/// ```
/// ```compile_fail,E0599
/// use tonny_core::secrets::{Secret, kind};
/// let key = Secret::from_the_vault(kind("openai").unwrap(), "sk-1".to_owned().into());
/// let twin = key.clone();
/// ```
/// ```compile_fail,E0277
/// let key: tonny_core::secrets::Secret = serde_json::from_str("\"sk-1\"").unwrap();
/// ```
/// ```compile_fail,E0616
/// use tonny_core::secrets::{Secret, kind};
/// let key = Secret::from_the_vault(kind("openai").unwrap(), "sk-1".to_owned().into());
/// let text = key.text;
/// ```
pub struct Secret {
    kind: &'static Kind,
    text: SecretString,
}

impl Secret {
    /// Only the vault calls this (a house rule); the buffer is wiped.
    pub fn from_the_vault(kind: &'static Kind, text: Zeroizing<String>) -> Self {
        Self { kind, text: sealed(&text) }
    }

    /// What kind it is.
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// The text, for a reader that may have it.
    pub fn open_for(&self, reader: Reader) -> Result<&str, Problem> {
        if self.kind.readers.contains(&reader) {
            return Ok(self.text.expose_secret());
        }
        Err(Problem::with(Code::SecretNotForReader, format!("{} is not for {reader:?}", self.kind.label)))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({})", self.kind.id)
    }
}

/// A copy of exactly the text's length: a box made from a longer buffer would leave the old one behind unwiped.
fn sealed(text: &str) -> SecretString {
    SecretString::from(Box::<str>::from(text))
}
