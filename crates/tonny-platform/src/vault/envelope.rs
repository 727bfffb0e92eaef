//! The encrypted file's form: pure bytes in, bytes out.
//!
//! ```text
//! magic 8 | version u16 | slots u8 | slot... | nonce 24 | length u32 | body (ciphertext and its tag) | SHA-256 32
//! slot: method u8 | memory u32 KiB | passes u32 | lanes u32 | salt 16 | nonce 24 | wrapped data key 48
//! ```
//! Numbers are little-endian. One random data key encrypts the body (XChaCha20-Poly1305) with everything before it as
//! associated data; each slot wraps that key for one way to unlock it, bound to its own parameters. The SHA-256 protects
//! nothing: it tells a damaged file from a wrong password.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::password::Cost;

const MAGIC: &[u8; 8] = b"TTVAULT\n";

/// An export of the history in the same form: never taken for a vault, nor a vault for it.
pub(super) const EXPORT: &[u8; 8] = b"TTEXPRT\n";

/// The form this program writes.
const VERSION: u16 = 1;

/// Argon2id of a password.
const BY_PASSWORD: u8 = 1;

/// More ways to unlock one file than anybody needs.
const MOST_SLOTS: usize = 8;

const SALT: usize = 16;
const NONCE: usize = 24;
const WRAPPED: usize = 48;
const SLOT: usize = 1 + 12 + SALT + NONCE + WRAPPED;
const SUM: usize = 32;

/// The key that encrypts the body.
pub(super) type Key = Zeroizing<[u8; 32]>;

/// Why a file cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Cut off, changed, or no vault at all.
    #[error("the file is damaged")]
    Damaged,
    /// A form of a later version.
    #[error("the file was written by a newer version")]
    Newer,
    /// Nothing is wrong with it but the key.
    #[error("the password is wrong")]
    WrongKey,
    /// The operating system gave no random bytes.
    #[error("no random bytes")]
    NoRandomness,
}

/// One way to unlock the data key.
#[derive(Clone)]
pub(super) struct Slot {
    /// Of the file it belongs to.
    magic: &'static [u8; 8],
    cost: Cost,
    salt: [u8; SALT],
    nonce: [u8; NONCE],
    wrapped: Vec<u8>,
}

/// A file, taken apart and not opened.
pub struct Envelope {
    pub(super) slots: Vec<Slot>,
    nonce: [u8; NONCE],
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Slot {
    /// Wraps `key` for a password.
    pub(super) fn for_password(key: &Key, password: &str, cost: Cost) -> Result<Self, Broken> {
        Self::of(MAGIC, key, password, cost)
    }

    /// As [`Slot::for_password`], in a file of another kind.
    pub(super) fn of(magic: &'static [u8; 8], key: &Key, password: &str, cost: Cost) -> Result<Self, Broken> {
        let mut slot = Self { magic, cost, salt: random()?, nonce: random()?, wrapped: Vec::new() };
        let wrapping = cost.derive(password, &slot.salt).ok_or(Broken::Damaged)?;
        slot.wrapped = seal(&wrapping, &slot.nonce, key.as_slice(), &slot.bound())?;
        Ok(slot)
    }

    fn unwrap(&self, password: &str) -> Result<Key, Broken> {
        let wrapping = self.cost.derive(password, &self.salt).ok_or(Broken::Damaged)?;
        let opened = open(&wrapping, &self.nonce, &self.wrapped, &self.bound()).ok_or(Broken::WrongKey)?;
        let key: [u8; 32] = opened.as_slice().try_into().map_err(|_| Broken::Damaged)?;
        Ok(Zeroizing::new(key))
    }

    /// What the wrapped key is bound to.
    fn bound(&self) -> Vec<u8> {
        let mut bound = self.magic.to_vec();
        bound.extend(VERSION.to_le_bytes());
        self.begin(&mut bound);
        bound
    }

    fn begin(&self, out: &mut Vec<u8>) {
        out.push(BY_PASSWORD);
        for number in [self.cost.memory_kib, self.cost.passes, self.cost.lanes] {
            out.extend(number.to_le_bytes());
        }
        out.extend(self.salt);
    }
}

impl Envelope {
    /// Takes a file apart. Tells apart what is damaged and what is only newer.
    pub fn parse(bytes: &[u8]) -> Result<Self, Broken> {
        Self::parse_as(MAGIC, bytes)
    }

    /// As [`Envelope::parse`], a file of another kind.
    pub(super) fn parse_as(magic: &'static [u8; 8], bytes: &[u8]) -> Result<Self, Broken> {
        let mut rest = Rest(bytes);
        if rest.take(magic.len())? != magic {
            return Err(Broken::Damaged);
        }
        let version = u16::from_le_bytes(rest.array()?);
        if version > VERSION {
            return Err(Broken::Newer);
        }
        let (content, sum) = bytes.split_last_chunk::<SUM>().ok_or(Broken::Damaged)?;
        if version == 0 || Sha256::digest(content)[..] != sum[..] {
            return Err(Broken::Damaged);
        }
        let slots = rest.take(1)?[0] as usize;
        if !(1..=MOST_SLOTS).contains(&slots) {
            return Err(Broken::Damaged);
        }
        let slots = (0..slots).map(|_| slot(magic, &mut rest)).collect::<Result<Vec<_>, _>>()?;
        let nonce = rest.array()?;
        let length = u32::from_le_bytes(rest.array()?) as usize;
        let head = bytes[..bytes.len() - rest.0.len()].to_vec();
        let body = rest.take(length)?.to_vec();
        if rest.0.len() != SUM {
            return Err(Broken::Damaged);
        }
        Ok(Self { slots, nonce, head, body })
    }

    /// The data key, by any slot that the password fits.
    pub(super) fn unlock(&self, password: &str) -> Result<Key, Broken> {
        let mut outcome = Err(Broken::WrongKey);
        for slot in &self.slots {
            outcome = slot.unwrap(password);
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    /// What is inside.
    pub(super) fn open(&self, key: &Key) -> Result<Zeroizing<Vec<u8>>, Broken> {
        open(key, &self.nonce, &self.body, &self.head).ok_or(Broken::WrongKey)
    }

    /// A whole file, of the kind that its slots are of.
    pub(super) fn seal(key: &Key, slots: &[Slot], content: &[u8]) -> Result<Vec<u8>, Broken> {
        const TAG: usize = 16;
        let nonce: [u8; NONCE] = random()?;
        let mut file = Vec::with_capacity(64 + slots.len() * SLOT + content.len() + TAG + SUM);
        file.extend(slots.first().map_or(MAGIC, |slot| slot.magic));
        file.extend(VERSION.to_le_bytes());
        file.push(u8::try_from(slots.len()).map_err(|_| Broken::Damaged)?);
        for slot in slots {
            slot.begin(&mut file);
            file.extend(slot.nonce);
            file.extend(&slot.wrapped);
        }
        file.extend(nonce);
        file.extend(u32::try_from(content.len() + TAG).map_err(|_| Broken::Damaged)?.to_le_bytes());
        let body = seal(key, &nonce, content, &file)?;
        file.extend(body);
        let sum = Sha256::digest(&file);
        file.extend(sum);
        Ok(file)
    }
}

/// What was not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Broken::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        self.take(N)?.try_into().map_err(|_| Broken::Damaged)
    }
}

fn slot(magic: &'static [u8; 8], rest: &mut Rest<'_>) -> Result<Slot, Broken> {
    if rest.take(1)?[0] != BY_PASSWORD {
        return Err(Broken::Damaged);
    }
    let mut number = || rest.array().map(u32::from_le_bytes);
    let cost = Cost { memory_kib: number()?, passes: number()?, lanes: number()? };
    if !cost.is_sane() {
        return Err(Broken::Damaged);
    }
    let (salt, nonce) = (rest.array()?, rest.array()?);
    Ok(Slot { magic, cost, salt, nonce, wrapped: rest.take(WRAPPED)?.to_vec() })
}

/// Fresh random bytes.
pub(super) fn random<const N: usize>() -> Result<[u8; N], Broken> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Broken::NoRandomness)?;
    Ok(bytes)
}

fn seal(key: &Key, nonce: &[u8; NONCE], text: &[u8], bound: &[u8]) -> Result<Vec<u8>, Broken> {
    let cipher = XChaCha20Poly1305::new_from_slice(key.as_slice()).map_err(|_| Broken::Damaged)?;
    cipher.encrypt(&XNonce::from(*nonce), Payload { msg: text, aad: bound }).map_err(|_| Broken::Damaged)
}

fn open(key: &Key, nonce: &[u8; NONCE], sealed: &[u8], bound: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = XChaCha20Poly1305::new_from_slice(key.as_slice()).ok()?;
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: bound }).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As little work as Argon2 allows: what is tested here is the form.
    const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

    fn file() -> (Key, Vec<u8>) {
        let key = Zeroizing::new(random().expect("random"));
        let slots = [
            Slot::for_password(&key, "first password", CHEAP).expect("a slot"),
            Slot::for_password(&key, "second password", CHEAP).expect("a slot"),
        ];
        let bytes = Envelope::seal(&key, &slots, b"what is inside").expect("sealed");
        (key, bytes)
    }

    #[test]
    fn any_slot_opens_the_same_content_and_no_other_password_does() {
        let (_, bytes) = file();
        let envelope = Envelope::parse(&bytes).expect("whole");
        for password in ["first password", "second password"] {
            let key = envelope.unlock(password).expect(password);
            assert_eq!(envelope.open(&key).expect("opened").as_slice(), b"what is inside");
        }
        assert_eq!(envelope.unlock("third password").expect_err("wrong"), Broken::WrongKey);
        assert!(!bytes.windows(6).any(|window| window == b"inside"));
    }

    #[test]
    fn a_cut_off_or_newer_file_is_told_apart() {
        let (_, bytes) = file();
        for length in 0..bytes.len() {
            assert_eq!(Envelope::parse(&bytes[..length]).err(), Some(Broken::Damaged), "{length}");
        }
        let mut newer = bytes.clone();
        newer[MAGIC.len()] = 2;
        assert_eq!(Envelope::parse(&newer).err(), Some(Broken::Newer));
        let mut longer = bytes;
        longer.push(0);
        assert_eq!(Envelope::parse(&longer).err(), Some(Broken::Damaged));
    }

    /// The sum is made anew, as an attacker would: only the bound parameters and tags can notice.
    #[test]
    fn a_flipped_bit_is_noticed_even_when_the_sum_is_right() {
        let (key, bytes) = file();
        let content = bytes.len() - SUM;
        for bit in 0..content * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let sum = Sha256::digest(&flipped[..content]);
            flipped[content..].copy_from_slice(&sum);
            let opened = Envelope::parse(&flipped).and_then(|envelope| envelope.open(&key));
            assert!(opened.is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_slot_of_another_cost_does_not_unlock() {
        let (_, bytes) = file();
        let mut envelope = Envelope::parse(&bytes).expect("whole");
        envelope.slots.truncate(1);
        envelope.slots[0].cost.passes = 2;
        assert_eq!(envelope.unlock("first password").expect_err("bound"), Broken::WrongKey);
    }

    proptest! {
        #[test]
        fn no_bytes_are_taken_for_a_vault(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            prop_assert!(Envelope::parse(&bytes).is_err());
        }

        #[test]
        fn no_bytes_after_a_good_head_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut file = MAGIC.to_vec();
            file.extend(VERSION.to_le_bytes());
            file.extend(bytes);
            let sum = Sha256::digest(&file);
            file.extend(sum);
            prop_assert!(Envelope::parse(&file).is_err());
        }
    }
}
