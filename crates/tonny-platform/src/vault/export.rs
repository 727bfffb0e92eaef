//! An export of the history that only its password opens: the encrypted file's form, under a name of its own.

use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::Typed;
use zeroize::Zeroizing;

use super::envelope::{Broken, EXPORT, Envelope, Slot, random};
use super::keeping::strong;
use super::password::Cost;

/// Whether a file that begins so is an encrypted export.
pub fn is_encrypted_export(start: &[u8]) -> bool {
    start.starts_with(EXPORT)
}

/// Encrypts an export. A password too short to be worth it is refused.
pub fn encrypt_export(text: &[u8], password: &Typed) -> Result<Vec<u8>, Problem> {
    encrypt(text, password, Cost::calibrated())
}

fn encrypt(text: &[u8], password: &Typed, cost: Cost) -> Result<Vec<u8>, Problem> {
    strong(password)?;
    let failed =
        |fault: Broken| Problem::with(Code::RequestInvalid, format!("It was not encrypted: {fault}"));
    let key = Zeroizing::new(random().map_err(failed)?);
    let slot = Slot::of(EXPORT, &key, password.open_for_the_vault(), cost).map_err(failed)?;
    Envelope::seal(&key, &[slot], text).map_err(failed)
}

/// What was encrypted.
pub fn decrypt_export(bytes: &[u8], password: &Typed) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let refused = |fault: Broken| match fault {
        Broken::WrongKey => Problem::with(Code::VaultPasswordWrong, "Nothing was imported"),
        fault => Problem::with(Code::ImportRefused, format!("The encrypted export: {fault}")),
    };
    let envelope = Envelope::parse_as(EXPORT, bytes).map_err(refused)?;
    let key = envelope.unlock(password.open_for_the_vault()).map_err(refused)?;
    // The password fitted: whatever is wrong with the rest is damage.
    envelope.open(&key).map_err(|_| refused(Broken::Damaged))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

    fn typed(text: &str) -> Typed {
        Typed::new(text.to_owned())
    }

    #[test]
    fn an_export_comes_back_with_its_password_and_nothing_else() {
        let text = "[{\"text\": \"nobody reads this\"}]".repeat(1_000);
        let sealed = encrypt(text.as_bytes(), &typed("correct horse"), CHEAP).expect("sealed");
        assert!(is_encrypted_export(&sealed) && !sealed.windows(6).any(|window| window == b"nobody"));
        let opened = decrypt_export(&sealed, &typed("correct horse")).expect("opened");
        assert_eq!(opened.as_slice(), text.as_bytes());
        let wrong = decrypt_export(&sealed, &typed("another horse")).expect_err("wrong");
        assert!(wrong.is(Code::VaultPasswordWrong));
        assert!(encrypt(b"x", &typed("short"), CHEAP).expect_err("weak").is(Code::VaultPasswordWeak));
        for length in [0, 7, 8, 60, sealed.len() - 1] {
            let cut = decrypt_export(&sealed[..length], &typed("correct horse")).expect_err("cut off");
            assert!(cut.is(Code::ImportRefused), "{cut}");
        }
        let mut flipped = sealed;
        flipped[200] ^= 4;
        assert!(decrypt_export(&flipped, &typed("correct horse")).is_err());
    }

    #[test]
    fn a_vault_is_no_export() {
        let sealed = encrypt(b"text", &typed("correct horse"), CHEAP).expect("sealed");
        assert!(Envelope::parse(&sealed).is_err());
        assert!(!is_encrypted_export(b"TTVAULT\n"));
    }
}
