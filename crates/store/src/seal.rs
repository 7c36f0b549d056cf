//! What a copied database must not tell: tokens, accepted answers and live links are sealed under keys that are kept
//! elsewhere.
//!
//! A seal is tied to its place, so that a row cannot be passed off as another. Its nonce is worked out from the key,
//! the place and the content: the same content in the same place gives the same bytes, anything else gives others,
//! and no chance is needed that could repeat itself.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::fmt;
use std::fmt::Write as _;
use std::fs::File;
use std::sync::Arc;

const NONCE: usize = 24;
/// The number of the key stands before the nonce.
const HEAD: usize = 4 + NONCE;

/// The keys of a database, or of what else is sealed. The newest seals; the others still open.
#[derive(Clone)]
pub struct Keyring {
    /// In ascending order of their numbers, and never none.
    keys: Vec<Key>,
    /// The file they came from, locked for as long as a copy of the ring is used.
    file: Option<Arc<File>>,
}

#[derive(Clone)]
struct Key {
    id: u32,
    secret: [u8; 32],
    cipher: XChaCha20Poly1305,
    /// Works out nonces; another key than the cipher's, so that neither says anything of the other.
    nonces: Hmac<Sha256>,
}

/// Where something sealed lives: table, column, and what names the row.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) row: &'a str,
}

/// Why something sealed does not open.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CannotOpen {
    /// The ring lacks the key.
    #[error("something is sealed with key {0}, which the key ring does not have")]
    NoSuchKey(u32),
    /// Another key of the same number, or bytes that were changed or moved.
    #[error(
        "something sealed with key {0} does not open: that key is another one, or the bytes were changed"
    )]
    Broken(u32),
    /// Too short to be sealed.
    #[error("something that should be sealed is not")]
    NotSealed,
}

/// Why a text is no key ring. The text itself is never told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotAKeyring {
    /// No key.
    #[error("there is no key in it; a key is a line such as `1` and 64 hexadecimal digits")]
    Empty,
    /// A line that is no key.
    #[error("line {0} is no key: a key is its number, a space, and 64 hexadecimal digits")]
    Line(usize),
    /// Two keys of one number.
    #[error("line {0} repeats the number of another key")]
    Twice(usize),
}

impl Keyring {
    /// A ring of one new key.
    pub fn generate(chance: [u8; 32]) -> Self {
        Self { keys: vec![Key::new(1, chance)], file: None }
    }

    /// The same ring, which keeps this file open, and so its lock, until the last copy of the ring is gone.
    #[must_use]
    pub fn from_file(self, file: Arc<File>) -> Self {
        Self { file: Some(file), ..self }
    }

    /// The same ring with one more key, which seals from now on.
    #[must_use]
    pub fn with_newer(&self, chance: [u8; 32]) -> Self {
        let mut keys = self.keys.clone();
        keys.push(Key::new(self.newest().id + 1, chance));
        Self { keys, file: self.file.clone() }
    }

    /// The same ring without the keys before the newest. Seal everything anew first.
    #[must_use]
    pub fn without_older(&self) -> Self {
        Self { keys: vec![self.newest().clone()], file: self.file.clone() }
    }

    /// Reads a ring: a key a line, its number and 64 hexadecimal digits. Empty lines and those that start with `#` are
    /// skipped.
    pub fn read(text: &str) -> Result<Self, NotAKeyring> {
        let mut keys: Vec<Key> = Vec::new();
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            if line.starts_with('#') {
                continue;
            }
            let (id, secret) = line.trim().split_once(' ').ok_or(NotAKeyring::Line(number))?;
            let id = id.parse().map_err(|_| NotAKeyring::Line(number))?;
            let secret = from_hex(secret.trim()).ok_or(NotAKeyring::Line(number))?;
            if keys.iter().any(|key| key.id == id) {
                return Err(NotAKeyring::Twice(number));
            }
            keys.push(Key::new(id, secret));
        }
        keys.sort_unstable_by_key(|key| key.id);
        if keys.is_empty() { Err(NotAKeyring::Empty) } else { Ok(Self { keys, file: None }) }
    }

    /// The ring as a text to keep in a file that nobody else may read.
    pub fn write(&self) -> String {
        let mut text = String::from("# Keys of Admit. Without them, what it sealed is lost.\n");
        for key in &self.keys {
            let _ = write!(text, "{} ", key.id);
            for byte in key.secret {
                let _ = write!(text, "{byte:02x}");
            }
            text.push('\n');
        }
        text
    }

    /// The numbers of its keys, in ascending order; the last is the one that seals.
    pub fn ids(&self) -> Vec<u32> {
        self.keys.iter().map(|key| key.id).collect()
    }

    /// The number of the key that seals.
    pub fn newest_id(&self) -> u32 {
        self.newest().id
    }

    /// Keys for something else than sealing, such as signing forms: the newest first, and one of each older key, so that
    /// what was signed with it is still believed.
    pub fn derive(&self, purpose: &str) -> Vec<[u8; 32]> {
        let derive =
            |key: &Key| mac(&key.secret, &[b"derived", purpose.as_bytes()]).finalize().into_bytes().into();
        self.keys.iter().rev().map(derive).collect()
    }

    /// Seals something that is kept elsewhere than in the database. It opens for the same purpose only.
    pub fn seal_for(&self, purpose: &str, content: &[u8]) -> Vec<u8> {
        self.seal(Place::elsewhere(purpose), content)
    }

    /// Opens what was sealed for this purpose.
    pub fn open_for(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, CannotOpen> {
        self.open(Place::elsewhere(purpose), sealed)
    }

    fn newest(&self) -> &Key {
        self.keys.last().expect("a ring has a key")
    }

    pub(crate) fn seal(&self, place: Place<'_>, content: &[u8]) -> Vec<u8> {
        let key = self.newest();
        let place = place.to_bytes();
        let mut nonces = key.nonces.clone();
        nonces.update(&(place.len() as u64).to_be_bytes());
        nonces.update(&place);
        nonces.update(content);
        let digest = nonces.finalize().into_bytes();
        let nonce: [u8; NONCE] = digest[..NONCE].try_into().expect("a digest has 32 bytes");
        let payload = Payload { msg: content, aad: &place };
        let sealed = key.cipher.encrypt(&XNonce::from(nonce), payload).expect("what we seal is short");
        let mut whole = Vec::with_capacity(HEAD + sealed.len());
        whole.extend_from_slice(&key.id.to_be_bytes());
        whole.extend_from_slice(&nonce);
        whole.extend_from_slice(&sealed);
        whole
    }

    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, CannotOpen> {
        let id = sealed_with(sealed)?;
        let key = self.keys.iter().find(|key| key.id == id).ok_or(CannotOpen::NoSuchKey(id))?;
        let nonce: [u8; NONCE] = sealed[4..HEAD].try_into().expect("the length was looked at");
        let payload = Payload { msg: &sealed[HEAD..], aad: &place.to_bytes() };
        key.cipher.decrypt(&XNonce::from(nonce), payload).map_err(|_| CannotOpen::Broken(id))
    }

    pub(crate) fn open_text(&self, place: Place<'_>, sealed: &[u8]) -> Result<String, CannotOpen> {
        let id = sealed_with(sealed)?;
        String::from_utf8(self.open(place, sealed)?).map_err(|_| CannotOpen::Broken(id))
    }
}

/// The number of the key something was sealed with.
pub(crate) fn sealed_with(sealed: &[u8]) -> Result<u32, CannotOpen> {
    if sealed.len() < HEAD {
        return Err(CannotOpen::NotSealed);
    }
    Ok(u32::from_be_bytes([sealed[0], sealed[1], sealed[2], sealed[3]]))
}

/// A print of a ring tells which keys it has, and none of them.
impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

impl Key {
    fn new(id: u32, secret: [u8; 32]) -> Self {
        let of = |purpose: &[u8]| -> [u8; 32] { mac(&secret, &[purpose]).finalize().into_bytes().into() };
        let cipher = XChaCha20Poly1305::new(&of(b"seal").into());
        let nonces = mac(&of(b"nonce"), &[]);
        Self { id, secret, cipher, nonces }
    }
}

impl<'a> Place<'a> {
    /// In no table.
    fn elsewhere(purpose: &'a str) -> Self {
        Self { table: "", column: "", row: purpose }
    }

    fn to_bytes(self) -> Vec<u8> {
        // Tables and columns have no zero in their names, so no two places read alike.
        [self.table.as_bytes(), b"\0", self.column.as_bytes(), b"\0", self.row.as_bytes()].concat()
    }
}

/// What a link is found by: of its 96 bits of chance nothing can be guessed from this.
pub(crate) fn hash_of_link(hash: &links::LinkHash) -> Vec<u8> {
    Sha256::digest(hash.as_str().as_bytes()).to_vec()
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("any length of key will do");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'_> = Place { table: "links", column: "url", row: "7" };

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let ring = Keyring::generate([7; 32]);
        let sealed = ring.seal(HERE, b"https://t.me/+AbCdEf0123456789");
        assert_eq!(ring.open(HERE, &sealed).unwrap(), b"https://t.me/+AbCdEf0123456789");
        let elsewhere = Place { row: "8", ..HERE };
        assert_eq!(ring.open(elsewhere, &sealed), Err(CannotOpen::Broken(1)));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(ring.open(HERE, &changed).is_err(), "byte {at}");
        }
        assert_eq!(ring.open(HERE, b"https://t.me/+Abc"), Err(CannotOpen::NotSealed));
    }

    #[test]
    fn what_is_kept_elsewhere_opens_for_its_purpose_only() {
        let ring = Keyring::generate([7; 32]);
        let sealed = ring.seal_for("a session", b"key");
        assert_eq!(ring.open_for("a session", &sealed).unwrap(), b"key");
        assert_eq!(ring.open_for("a token", &sealed), Err(CannotOpen::Broken(1)));
        assert_eq!(ring.open_for("7", &ring.seal(HERE, b"key")), Err(CannotOpen::Broken(1)));
    }

    #[test]
    fn other_content_or_another_place_has_another_nonce() {
        let ring = Keyring::generate([7; 32]);
        let nonce = |place, content: &[u8]| ring.seal(place, content)[4..HEAD].to_vec();
        assert_eq!(nonce(HERE, b"a"), nonce(HERE, b"a"));
        assert_ne!(nonce(HERE, b"a"), nonce(HERE, b"b"));
        assert_ne!(nonce(HERE, b"a"), nonce(Place { row: "8", ..HERE }, b"a"));
        assert_ne!(nonce(Place { row: "7a", ..HERE }, b""), nonce(HERE, b"a"));
    }

    #[test]
    fn a_newer_key_seals_and_the_older_still_opens() {
        let old = Keyring::generate([7; 32]);
        let sealed = old.seal(HERE, b"token");
        let both = old.with_newer([8; 32]);
        assert_eq!(both.open(HERE, &sealed).unwrap(), b"token");
        let newer = both.seal(HERE, b"token");
        assert_eq!(sealed_with(&newer), Ok(2));
        assert_eq!(old.open(HERE, &newer), Err(CannotOpen::NoSuchKey(2)));
        assert_eq!(both.without_older().open(HERE, &newer).unwrap(), b"token");
        assert_eq!(Keyring::generate([9; 32]).open(HERE, &sealed), Err(CannotOpen::Broken(1)));
    }

    #[test]
    fn a_ring_reads_back_and_a_print_of_it_tells_nothing() {
        let ring = Keyring::generate([0xab; 32]).with_newer([0xcd; 32]);
        let text = ring.write();
        assert_eq!(Keyring::read(&text).unwrap().write(), text);
        assert_eq!(format!("{ring:?}"), "[1, 2]");
        let key = "ab".repeat(32);
        let check = |text: &str, flaw| assert_eq!(Keyring::read(text).map(|_| ()), Err(flaw), "{text}");
        check("", NotAKeyring::Empty);
        check("# a comment\n\n", NotAKeyring::Empty);
        check("secret", NotAKeyring::Line(1));
        check(&format!("1 {key}\n1 {key}"), NotAKeyring::Twice(2));
        check(&format!("\n1 {}", &key[1..]), NotAKeyring::Line(2));
        check(&format!("1 {}ü", &key[2..]), NotAKeyring::Line(1));
    }
}
