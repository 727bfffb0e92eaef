//! What a person types and nobody may see: from a hidden prompt on a terminal, else from standard input.

use std::io::{IsTerminal as _, Read as _};

use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::Typed;
use zeroize::Zeroizing;

use crate::face::Face;

/// More than any secret; what is longer is refused by its length.
const MOST_INPUT: u64 = 64 * 1024;

/// Where values and passwords come from: prompts on a terminal, else lines of standard input.
pub struct Input<'a> {
    face: &'a Face,
    /// The first line is the encrypted file's password.
    password_first: bool,
    rest: Option<Zeroizing<String>>,
}

impl<'a> Input<'a> {
    /// Nothing is read yet.
    pub fn new(face: &'a Face, password_first: bool) -> Self {
        Self { face, password_first, rest: None }
    }

    /// The value: everything that is left, without its last line break.
    pub fn ask(&mut self, label: &str) -> Result<Typed, Problem> {
        if std::io::stdin().is_terminal() {
            return prompt(self.face, &format!("{label}: "));
        }
        let rest = self.read()?;
        let value =
            rest.strip_suffix('\n').map_or(rest.as_str(), |value| value.strip_suffix('\r').unwrap_or(value));
        Ok(Typed::new(value.to_owned()))
    }

    /// The password of an encrypted file.
    pub fn password(&mut self) -> Result<Typed, Problem> {
        if std::io::stdin().is_terminal() {
            return prompt(self.face, "Password of the encrypted file: ");
        }
        if !self.password_first {
            return Err(Problem::with(
                Code::VaultFileLocked,
                "Without a terminal, give it as the first line of standard input, with --password-first",
            ));
        }
        let rest = self.read()?;
        let (password, value) = rest.split_once('\n').unwrap_or((rest.as_str(), ""));
        self.rest = Some(Zeroizing::new(value.to_owned()));
        Ok(Typed::new(password.trim_end_matches('\r').to_owned()))
    }

    /// A new password, typed twice on a terminal.
    pub fn new_password(&mut self) -> Result<Typed, Problem> {
        if !std::io::stdin().is_terminal() {
            return self.ask("Password");
        }
        let first = prompt(self.face, "New password of the encrypted file: ")?;
        let again = prompt(self.face, "Once more: ")?;
        if first.open_for_the_vault() == again.open_for_the_vault() {
            return Ok(first);
        }
        Err(Problem::with(Code::VaultPasswordWrong, "The two are not the same"))
    }

    fn read(&mut self) -> Result<Zeroizing<String>, Problem> {
        if let Some(rest) = self.rest.take() {
            return Ok(rest);
        }
        // One buffer from the start: one that grows leaves copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(MOST_INPUT).unwrap_or(0) + 1));
        std::io::stdin().lock().take(MOST_INPUT).read_to_end(&mut bytes).map_err(|error| unread(&error))?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| Problem::with(Code::SecretInvalid, "Standard input is no text"))?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

fn prompt(face: &Face, text: &str) -> Result<Typed, Problem> {
    face.remark(text);
    rpassword::read_password().map(Typed::new).map_err(|error| unread(&error))
}

fn unread(error: &std::io::Error) -> Problem {
    Problem::with(Code::RequestInvalid, format!("The input could not be read: {error}"))
}
