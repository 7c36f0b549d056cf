//! Sealed packets: MTProto 2.0 as the server seals and opens them. grammers has the client's half only.

use fastrand::Rng;
use grammers_crypto::aes;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// What names a key on the wire.
pub(super) type KeyId = [u8; 8];

/// Key id and message key, before what is sealed.
const HEADER_BYTES: usize = 24;
/// The least that is sealed: salt, session, number, sequence number, length, and the shortest padding.
const LEAST_SEALED_BYTES: usize = 48;

/// What a client and the server both know, and nobody else.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key(Box<[u8; 256]>);

impl Key {
    pub(super) fn new(bytes: [u8; 256]) -> Self {
        Self(Box::new(bytes))
    }

    pub(super) fn from_chance(chance: &mut Rng) -> Self {
        let mut bytes = [0; 256];
        chance.fill(&mut bytes);
        Self::new(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8; 256] {
        &self.0
    }

    pub(super) fn id(&self) -> KeyId {
        self.digest()[12..].try_into().expect("the digest has twenty bytes")
    }

    /// What proves to a client that the server has come to the same key. (MTProto, `new_nonce_hash1`.)
    pub(super) fn proof(&self, new_nonce: &[u8; 32]) -> [u8; 16] {
        let digest = Sha1::new().chain_update(new_nonce).chain_update([1]).chain_update(&self.digest()[..8]);
        digest.finalize()[4..].try_into().expect("the digest has twenty bytes")
    }

    /// As a text that can be pasted.
    pub(crate) fn hex(&self) -> String {
        grammers_crypto::hex::to_hex(self.bytes())
    }

    fn digest(&self) -> [u8; 20] {
        Sha1::digest(self.bytes()).into()
    }

    /// Opens a packet that a client sealed.
    pub(super) fn open(&self, packet: &[u8]) -> Result<Vec<u8>, BadPacket> {
        let sealed = packet.get(HEADER_BYTES..).unwrap_or_default();
        if sealed.len() < LEAST_SEALED_BYTES || !sealed.len().is_multiple_of(16) {
            return Err(BadPacket::Length(packet.len()));
        }
        let message_key: [u8; 16] = packet[8..HEADER_BYTES].try_into().expect("sixteen bytes");
        let (key, iv) = self.key_and_iv(&message_key, Side::Client);
        let mut plain = sealed.to_vec();
        aes::ige_decrypt(&mut plain, &key, &iv);
        if self.message_key(&plain, Side::Client) == message_key { Ok(plain) } else { Err(BadPacket::Seal) }
    }

    /// Seals a packet of the server.
    pub(super) fn seal(&self, mut plain: Vec<u8>, chance: &mut Rng) -> Vec<u8> {
        // Twelve bytes at least, and whole blocks.
        let padding = 12 + (16 - (plain.len() + 12) % 16) % 16;
        plain.extend(std::iter::repeat_with(|| chance.u8(..)).take(padding));
        let message_key = self.message_key(&plain, Side::Server);
        let (key, iv) = self.key_and_iv(&message_key, Side::Server);
        aes::ige_encrypt(&mut plain, &key, &iv);
        [&self.id()[..], &message_key, &plain].concat()
    }

    fn message_key(&self, plain: &[u8], side: Side) -> [u8; 16] {
        let secret = &self.bytes()[88 + side.offset()..][..32];
        let digest = Sha256::new().chain_update(secret).chain_update(plain).finalize();
        digest[8..24].try_into().expect("the digest has 32 bytes")
    }

    fn key_and_iv(&self, message_key: &[u8; 16], side: Side) -> ([u8; 32], [u8; 32]) {
        let x = side.offset();
        let a = Sha256::new().chain_update(message_key).chain_update(&self.bytes()[x..][..36]).finalize();
        let b =
            Sha256::new().chain_update(&self.bytes()[40 + x..][..36]).chain_update(message_key).finalize();
        let mixed = |ends: &[u8], middle: &[u8]| {
            let parts = [&ends[..8], &middle[8..24], &ends[24..]].concat();
            parts.try_into().expect("8, 16 and 8 bytes")
        };
        (mixed(&a, &b), mixed(&b, &a))
    }
}

/// A key opens everything of its owner.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Who sealed. The two sides take different parts of the key.
#[derive(Clone, Copy)]
enum Side {
    Client,
    Server,
}

impl Side {
    fn offset(self) -> usize {
        match self {
            Self::Client => 0,
            Self::Server => 8,
        }
    }
}

/// Why a packet cannot be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum BadPacket {
    #[error("a packet of {0} bytes cannot be a sealed one")]
    Length(usize),
    #[error("the packet was not sealed with the key it names")]
    Seal,
}

#[cfg(test)]
mod tests {
    use super::*;
    use grammers_crypto::{AuthKey, DequeBuffer, decrypt_data_v2, encrypt_data_v2};
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    fn key() -> Key {
        Key::from_chance(&mut Rng::with_seed(7))
    }

    /// Salt, session, number, sequence number and length.
    fn message(body: &[u8]) -> Vec<u8> {
        let length = i32::try_from(body.len()).unwrap();
        [&[0; 28][..], &length.to_le_bytes(), body].concat()
    }

    proptest! {
        #[test]
        fn what_a_client_seals_is_opened(words in proptest::collection::vec(any::<[u8; 4]>(), 0..100)) {
            let message = message(&words.concat());
            let mut buffer = DequeBuffer::with_capacity(message.len(), 64);
            buffer.extend(message.iter().copied());
            encrypt_data_v2(&mut buffer, &AuthKey::from_bytes(*key().bytes()));
            let opened = key().open(buffer.as_ref()).unwrap();
            prop_assert_eq!(&opened[..message.len()], &message);
        }

        #[test]
        fn what_is_sealed_a_client_opens(words in proptest::collection::vec(any::<[u8; 4]>(), 0..100)) {
            let message = message(&words.concat());
            let mut sealed = key().seal(message.clone(), &mut Rng::with_seed(1));
            let opened = decrypt_data_v2(&mut sealed, &AuthKey::from_bytes(*key().bytes())).unwrap();
            prop_assert_eq!(&opened[..message.len()], &message);
        }

        #[test]
        fn any_packet_is_refused_without_harm(packet in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(key().open(&packet).is_err());
        }
    }

    #[test]
    fn a_damaged_packet_is_not_opened() {
        let mut buffer = DequeBuffer::with_capacity(64, 64);
        buffer.extend(message(&[1; 4]));
        encrypt_data_v2(&mut buffer, &AuthKey::from_bytes(*key().bytes()));
        let mut packet = buffer.as_ref().to_vec();
        *packet.last_mut().unwrap() ^= 1;
        assert_eq!(key().open(&packet), Err(BadPacket::Seal));
        assert_eq!(key().open(&packet[..40]), Err(BadPacket::Length(40)));
    }
}
