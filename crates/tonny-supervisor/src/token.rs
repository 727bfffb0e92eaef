//! The launch token: proof that a worker was started by this app in this start. A new one for each start.
//! It travels over standard input only; it can be neither logged nor displayed.

use crate::SupervisorError;
use std::fmt;

/// 32 bytes: as long as a key, so that guessing is out of the question on a port any local program can reach.
const BYTES: usize = 32;

/// A launch token, 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    pub(crate) fn fresh() -> Result<Self, SupervisorError> {
        let mut bytes = [0u8; BYTES];
        getrandom::fill(&mut bytes).map_err(SupervisorError::Random)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The digits themselves, for the one place that sends them.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(redacted)")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_debug_does_not_show_them() {
        let (one, two) = (Token::fresh().unwrap(), Token::fresh().unwrap());
        assert_eq!(one.expose().len(), 64);
        assert_ne!(one, two);
        assert_eq!(format!("{one:?}"), "Token(redacted)");
    }
}
