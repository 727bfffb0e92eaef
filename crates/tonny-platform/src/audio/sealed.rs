//! A recording that only the vault's key opens, written without it: while it grows, nothing but the public half is needed.
//!
//! ```text
//! magic 8 | version u16 | recipient 32 (public key) | ephemeral 32 (public key) | frame...
//! frame: head u32 (bytes of what is sealed; the top bit marks the last frame) | nonce 24 | sealed samples and their tag
//! ```
//! Numbers are little-endian. X25519 of a key pair made for this file and the recipient's, through HKDF-SHA-256, gives the
//! key of XChaCha20-Poly1305; each frame is bound to the file's head, its own head and its number. A file that a crash cut
//! off is whole up to its last complete frame, one append before the cut; one without a last frame was cut off.
//! Pure bytes: knows neither files nor the vault.

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

const MAGIC: &[u8; 8] = b"TTAUDIO\n";

/// The form this program writes.
const VERSION: u16 = 1;

/// Separates these keys from any other use of the same pair.
const PURPOSE: &[u8] = b"TonnyTray recording 1";

const PUBLIC: usize = 32;
const HEAD: usize = MAGIC.len() + 2 + PUBLIC + PUBLIC;
const NONCE: usize = 24;
const TAG: usize = 16;
const FRAME_HEAD: usize = 4;
const LAST: u32 = 1 << 31;

/// A minute of sound in one frame is more than anything writes; a damaged length must not take all memory.
const LONGEST: usize = 60 * super::SAMPLE_RATE as usize * 2 + TAG;

/// Why a recording cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    /// No recording of this form, or cut off before its first frame.
    #[error("it is damaged")]
    Damaged,
    /// A form of a later version.
    #[error("it was written by a newer version")]
    Newer,
    /// Sealed for another key than the one in the vault.
    #[error("it was encrypted with another key")]
    OtherKey,
    /// The key is no key.
    #[error("the key is unusable")]
    Key,
    /// The operating system gave no random bytes.
    #[error("no random bytes")]
    NoRandomness,
}

/// The half that seals; anybody may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealKey([u8; PUBLIC]);

impl SealKey {
    /// As [`SealKey::to_text`] gave it.
    pub fn from_text(text: &str) -> Option<Self> {
        STANDARD_NO_PAD.decode(text.trim()).ok()?.try_into().ok().map(Self)
    }

    /// A line of text.
    pub fn to_text(self) -> String {
        STANDARD_NO_PAD.encode(self.0)
    }
}

/// The half that opens, as text for the vault.
pub fn new_key() -> Result<Zeroizing<String>, SealFault> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| SealFault::NoRandomness)?;
    Ok(Zeroizing::new(STANDARD_NO_PAD.encode(bytes.as_slice())))
}

/// The half that seals for the one that opens.
pub fn public_half(text: &str) -> Result<SealKey, SealFault> {
    public_of(&private_key(text)?)
}

fn private_key(text: &str) -> Result<PrivateKey, SealFault> {
    let bytes = Zeroizing::new(STANDARD_NO_PAD.decode(text.trim()).map_err(|_| SealFault::Key)?);
    PrivateKey::from_private_key(&X25519, &bytes).map_err(|_| SealFault::Key)
}

fn public_of(key: &PrivateKey) -> Result<SealKey, SealFault> {
    let public = key.compute_public_key().map_err(|_| SealFault::Key)?;
    public.as_ref().try_into().map(SealKey).map_err(|_| SealFault::Key)
}

/// Whether a file that begins so is a sealed recording.
pub(super) fn is_sealed(start: &[u8]) -> bool {
    start.starts_with(MAGIC)
}

/// The key of one file, agreed between `own` and `other`.
fn file_key(own: &PrivateKey, other: SealKey, salt: &[u8]) -> Result<XChaCha20Poly1305, SealFault> {
    let other = UnparsedPublicKey::new(&X25519, other.0);
    agreement::agree(own, other, SealFault::Key, |shared| {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(salt), shared)
            .expand(PURPOSE, key.as_mut_slice())
            .map_err(|_| SealFault::Key)?;
        XChaCha20Poly1305::new_from_slice(key.as_slice()).map_err(|_| SealFault::Key)
    })
}

/// Seals frames of one recording, one after the other.
pub(super) struct Sealer {
    cipher: XChaCha20Poly1305,
    head: Vec<u8>,
    number: u64,
}

impl Sealer {
    /// For a new recording.
    pub(super) fn new(recipient: SealKey) -> Result<Self, SealFault> {
        let own = PrivateKey::generate(&X25519).map_err(|_| SealFault::NoRandomness)?;
        let mut head = MAGIC.to_vec();
        head.extend(VERSION.to_le_bytes());
        head.extend(recipient.0);
        head.extend(public_of(&own)?.0);
        let cipher = file_key(&own, recipient, &head)?;
        Ok(Self { cipher, head, number: 0 })
    }

    /// The file's first bytes.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// A frame with these samples. It counts once [`Sealer::written`] was called; until then another try makes another
    /// frame of the same number, with a nonce of its own.
    pub(super) fn frame(&self, samples: &[i16], last: bool) -> Result<Vec<u8>, SealFault> {
        let clear: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let length = u32::try_from(clear.len() + TAG).map_err(|_| SealFault::Damaged)?;
        let head = (length | if last { LAST } else { 0 }).to_le_bytes();
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| SealFault::NoRandomness)?;
        let bound = bound(&self.head, head, self.number);
        let payload = Payload { msg: &clear, aad: &bound };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealFault::Damaged)?;
        let mut frame = Vec::with_capacity(FRAME_HEAD + NONCE + sealed.len());
        frame.extend(head);
        frame.extend(nonce);
        frame.extend(sealed);
        Ok(frame)
    }

    /// The frame is in the file.
    pub(super) fn written(&mut self) {
        self.number += 1;
    }
}

/// What a frame is bound to.
fn bound(file: &[u8], frame: [u8; FRAME_HEAD], number: u64) -> Vec<u8> {
    let mut bound = file.to_vec();
    bound.extend(frame);
    bound.extend(number.to_le_bytes());
    bound
}

/// What was in a sealed recording.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opened {
    /// All samples that could be opened, in their places.
    pub(super) samples: Vec<i16>,
    /// It ends where its writer ended it.
    pub(super) whole: bool,
    /// Frames that were damaged: silence is in their place.
    pub(super) damaged: u32,
}

/// Opens a recording as it was left, even by a crash.
pub(super) fn open(bytes: &[u8], key: &str) -> Result<Opened, SealFault> {
    let (head, mut rest) = bytes.split_at_checked(HEAD).ok_or(SealFault::Damaged)?;
    if !is_sealed(head) {
        return Err(SealFault::Damaged);
    }
    let version = u16::from_le_bytes([head[8], head[9]]);
    if version != VERSION {
        return Err(if version > VERSION { SealFault::Newer } else { SealFault::Damaged });
    }
    let own = private_key(key)?;
    let public =
        |from: usize| head[from..from + PUBLIC].try_into().map(SealKey).map_err(|_| SealFault::Damaged);
    if public(MAGIC.len() + 2)? != public_of(&own)? {
        return Err(SealFault::OtherKey);
    }
    let cipher = file_key(&own, public(MAGIC.len() + 2 + PUBLIC)?, head)?;
    let mut opened = Opened { samples: Vec::new(), whole: false, damaged: 0 };
    for number in 0.. {
        let Some(frame) = Frame::take(&mut rest) else { break };
        let bound = bound(head, frame.head, number);
        match cipher.decrypt(&XNonce::from(frame.nonce), Payload { msg: frame.sealed, aad: &bound }) {
            Ok(clear) => opened
                .samples
                .extend(clear.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]]))),
            Err(_) => {
                opened.damaged += 1;
                let samples = opened.samples.len() + (frame.sealed.len() - TAG) / 2;
                opened.samples.resize(samples, 0);
            }
        }
        opened.whole = frame.last && rest.is_empty();
    }
    Ok(opened)
}

/// A frame that is there to its end.
struct Frame<'a> {
    head: [u8; FRAME_HEAD],
    nonce: [u8; NONCE],
    sealed: &'a [u8],
    last: bool,
}

impl<'a> Frame<'a> {
    fn take(rest: &mut &'a [u8]) -> Option<Self> {
        let (head, after) = rest.split_first_chunk::<FRAME_HEAD>()?;
        let (nonce, after) = after.split_first_chunk::<NONCE>()?;
        let word = u32::from_le_bytes(*head);
        let length = usize::try_from(word & !LAST).ok().filter(|length| (TAG..=LONGEST).contains(length))?;
        let (sealed, after) = after.split_at_checked(length)?;
        *rest = after;
        Some(Self { head: *head, nonce: *nonce, sealed, last: word & LAST != 0 })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Frames of 100 ms, ended or not; the file, its key and its samples.
    fn recorded(frames: i16, ended: bool) -> (Vec<u8>, Zeroizing<String>, Vec<i16>) {
        let key = new_key().unwrap();
        let mut sealer = Sealer::new(public_half(&key).unwrap()).unwrap();
        let (mut file, mut all) = (sealer.head().to_vec(), Vec::new());
        for number in 0..frames {
            let part: Vec<i16> = (0..1_600).map(|n| n * 7 + number).collect();
            file.extend(sealer.frame(&part, false).unwrap());
            sealer.written();
            all.extend(part);
        }
        if ended {
            file.extend(sealer.frame(&[], true).unwrap());
        }
        (file, key, all)
    }

    #[test]
    fn what_was_sealed_is_opened_and_nothing_of_it_is_readable() {
        let (file, key, samples) = recorded(5, true);
        assert_eq!(open(&file, &key).unwrap(), Opened { samples: samples.clone(), whole: true, damaged: 0 });
        let clear: Vec<u8> = samples[..8].iter().flat_map(|sample| sample.to_le_bytes()).collect();
        assert!(!file.windows(clear.len()).any(|window| window == clear));
        assert!(is_sealed(&file) && !is_sealed(b"RIFF"));
        assert_eq!(
            SealKey::from_text(&public_half(&key).unwrap().to_text()),
            Some(public_half(&key).unwrap())
        );
    }

    #[test]
    fn cut_off_anywhere_it_loses_no_more_than_the_last_frame() {
        let (file, key, samples) = recorded(3, true);
        let frame = FRAME_HEAD + NONCE + TAG + 3_200;
        for length in HEAD..file.len() {
            let opened = open(&file[..length], &key).unwrap();
            assert!(!opened.whole && opened.damaged == 0, "{length}");
            let frames = ((length - HEAD) / frame).min(3);
            assert_eq!(opened.samples, samples[..frames * 1_600], "{length}");
        }
        for length in 0..HEAD {
            assert_eq!(open(&file[..length], &key).unwrap_err(), SealFault::Damaged);
        }
    }

    #[test]
    fn a_damaged_frame_is_silence_and_the_others_are_heard() {
        let (mut file, key, samples) = recorded(3, true);
        let frame = FRAME_HEAD + NONCE + TAG + 3_200;
        file[HEAD + frame + 200] ^= 1;
        let opened = open(&file, &key).unwrap();
        assert_eq!((opened.damaged, opened.whole, opened.samples.len()), (1, true, samples.len()));
        assert_eq!(opened.samples[..1_600], samples[..1_600]);
        assert!(opened.samples[1_600..3_200].iter().all(|sample| *sample == 0));
        assert_eq!(opened.samples[3_200..], samples[3_200..]);
    }

    #[test]
    fn frames_cannot_change_places_or_files() {
        let (file, key, samples) = recorded(3, true);
        let frame = FRAME_HEAD + NONCE + TAG + 3_200;
        let (first, second) = (HEAD..HEAD + frame, HEAD + frame..HEAD + 2 * frame);
        let swapped =
            [&file[..HEAD], &file[second.clone()], &file[first.clone()], &file[second.end..]].concat();
        assert_eq!(open(&swapped, &key).unwrap().damaged, 2);
        // Left out, so that words would be missing unnoticed: every frame after it has another number.
        let shorter = [&file[..HEAD], &file[second]].concat();
        assert_eq!(open(&shorter, &key).unwrap().damaged, 1);
        let other = Sealer::new(public_half(&key).unwrap()).unwrap();
        let moved = [other.head(), &file[first]].concat();
        assert!(open(&moved, &key).unwrap().samples != samples[..1_600]);
    }

    #[test]
    fn another_key_or_version_is_told() {
        let (mut file, _, _) = recorded(1, true);
        assert_eq!(open(&file, &new_key().unwrap()).unwrap_err(), SealFault::OtherKey);
        assert_eq!(open(&file, "no key").unwrap_err(), SealFault::Key);
        file[8] = 2;
        assert_eq!(open(&file, &new_key().unwrap()).unwrap_err(), SealFault::Newer);
    }

    proptest! {
        #[test]
        fn no_bytes_after_a_good_head_panic(tail in prop::collection::vec(any::<u8>(), 0..300)) {
            let (file, key, _) = recorded(0, false);
            let opened = open(&[file, tail].concat(), &key).unwrap();
            prop_assert!(!opened.whole || opened.damaged > 0);
        }
    }
}
