//! The few things of D-Bus that the fakes need: a connection to a given bus, a name on it, and the cipher of a session.

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockDecryptMut as _, BlockEncryptMut as _, KeyIvInit as _};
use anyhow::{Context as _, Result};
use dbus::blocking::Connection;
use dbus::channel::Channel;
use sha2::Sha256;

/// The name that every keyring takes.
pub const NAME: &str = "org.freedesktop.secrets";

pub fn connect(address: &str) -> Result<Connection> {
    let mut channel = Channel::open_private(address).context("the private bus")?;
    channel.register()?;
    Ok(Connection::from(channel))
}

/// Whether somebody has the keyring's name.
pub fn is_owned(address: &str) -> Result<bool> {
    let connection = connect(address)?;
    let bus = connection.with_proxy("org.freedesktop.DBus", "/", std::time::Duration::from_secs(5));
    let (owned,): (bool,) = bus.method_call("org.freedesktop.DBus", "NameHasOwner", (NAME,))?;
    Ok(owned)
}

/// The key of a session whose server sent 1 as its half of the exchange: whatever the client's half is, the shared
/// number is 1, padded to the 128 bytes of the group.
fn key() -> [u8; 16] {
    let mut shared = [0; 128];
    shared[127] = 1;
    let mut key = [0; 16];
    hkdf::Hkdf::<Sha256>::new(None, &shared).expand(&[], &mut key).expect("16 bytes are within HKDF's range");
    key
}

pub fn decrypt(iv: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let cipher = cbc::Decryptor::<Aes128>::new_from_slices(&key(), iv).ok()?;
    cipher.decrypt_padded_vec_mut::<Pkcs7>(sealed).ok()
}

pub fn encrypt(iv: &[u8], clear: &[u8]) -> Option<Vec<u8>> {
    let cipher = cbc::Encryptor::<Aes128>::new_from_slices(&key(), iv).ok()?;
    Some(cipher.encrypt_padded_vec_mut::<Pkcs7>(clear))
}
