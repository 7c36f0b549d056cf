//! The sandbox's own RSA key, with which a client proves nothing and a server everything: the first words of a key
//! exchange are for its owner only. Both halves stand here, so whoever trusts it trusts anybody.

use fastrand::Rng;
use grammers_crypto::aes;
use grammers_tl_types::Serializable;
use num_bigint::BigUint;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The public half, as Telegram's clients are given keys.
pub(super) const PUBLIC_KEY: &str = "\
-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEA4Dsibhn3IM8d2f4+vXaey6WNUtS3qeloypMvMV0O9qCW+925o2GV
zbh7T9pOCSLr3cbFPsuf7oGY36lgQU+1GCOrru4mEG1xwGj5Kyw2iC7B9APfJ7NO
iUDYnBxFBt8afHgHljq96HoqAdD37A4oHDUvjuPxGFemD0pjFeJR/ywpSN0W/+Fk
dzhsnY6CyDzwmXyMP9SV+YjmejqtuF017sKjhzcAuPZZRS4HsHNj+Eg4cujIJddA
RHdfbx0ONO9m2/hJenSBr6ZYpYxNyxXnzRbByrVgiebQCtNwQur6BBQn7Gp61F3u
ekZEJP54mPviaB1jcs4FcJb5fIk+6vtWqQIDAQAB
-----END RSA PUBLIC KEY-----
";

const MODULUS: &str = "\
    e03b226e19f720cf1dd9fe3ebd769ecba58d52d4b7a9e968ca932f315d0ef6a096fbddb9a36195cdb87b4fda4e0922eb\
    ddc6c53ecb9fee8198dfa960414fb51823abaeee26106d71c068f92b2c36882ec1f403df27b34e8940d89c1c4506df1a\
    7c7807963abde87a2a01d0f7ec0e281c352f8ee3f11857a60f4a6315e251ff2c2948dd16ffe16477386c9d8e82c83cf0\
    997c8c3fd495f988e67a3aadb85d35eec2a3873700b8f659452e07b07363f8483872e8c825d74044775f6f1d0e34ef66\
    dbf8497a7481afa658a58c4dcb15e7cd16c1cab56089e6d00ad37042eafa041427ec6a7ad45dee7a464424fe7898fbe2\
    681d6372ce057096f97c893eeafb56a9";
const PUBLIC_EXPONENT: u32 = 65_537;
const PRIVATE_EXPONENT: &str = "\
    51e8c816f81d323af6689f5b43d28507571e5cd79f8fcdd79dc84e40f601754e0c594d1177013abbbf5c2c3b4eae3fb7\
    71781ead65acb26f5cecb6ee966d0b7619f1a9210d7e8abc36d121d4077e9418a07906c109bb9240c91357536c53aa43\
    fe9bca09b2c3949caba3a6362a60b17e3c5f770f050f235561d8868183fef7faf6ad9a804e700576b722871d050739a6\
    acac57309cfa28124173cd0d41f87bfca4b16bff2c39dae856c09d3b55345ed411d59b73f19af06cbcc5bfd2fb92b3b9\
    bfdf8650d60ef5dde0a0d3268def35a54cd3f559d768f705d49e90383c7288229d148623c22b7da9c69ac317486d0445\
    1ca768252819007e24e41dc6f038f611";

/// What is enciphered in one piece.
pub(super) const BLOCK_BYTES: usize = 256;

fn number(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).expect("it is hexadecimal")
}

/// How clients name the key: the end of a digest of both its numbers.
pub(super) fn fingerprint() -> i64 {
    let modulus = number(MODULUS).to_bytes_be().to_bytes();
    let exponent = BigUint::from(PUBLIC_EXPONENT).to_bytes_be().to_bytes();
    let digest = Sha1::new().chain_update(modulus).chain_update(exponent).finalize();
    i64::from_le_bytes(digest[12..].try_into().expect("the digest has twenty bytes"))
}

/// What a client enciphered for the owner of the key, with whatever padding followed it. Clients pad in two ways, of
/// which the second is the older.
pub(super) fn decipher(enciphered: &[u8]) -> Option<Deciphered> {
    let enciphered = Some(BigUint::from_bytes_be(enciphered)).filter(|_| enciphered.len() == BLOCK_BYTES)?;
    let plain = enciphered.modpow(&number(PRIVATE_EXPONENT), &number(MODULUS));
    let block = padded(&plain);
    Some(match unpad(&block) {
        Some(data) => Deciphered::Whole(data),
        None => Deciphered::Hashed {
            digest: block[1..21].try_into().expect("twenty bytes"),
            data: block[21..].to_vec(),
        },
    })
}

/// What stood in a block.
pub(super) enum Deciphered {
    /// It is what the client wrote.
    Whole(Vec<u8>),
    /// It is, if so much of it as makes sense has this digest.
    Hashed { digest: [u8; 20], data: Vec<u8> },
}

/// A number of 2048 bits in all its bytes.
pub(super) fn padded(number: &BigUint) -> [u8; BLOCK_BYTES] {
    let bytes = number.to_bytes_be();
    let mut block = [0; BLOCK_BYTES];
    block[BLOCK_BYTES - bytes.len()..].copy_from_slice(&bytes);
    block
}

/// Undoes `RSA_PAD`. (MTProto, "Creating an authorization key", 4.1.)
fn unpad(block: &[u8; BLOCK_BYTES]) -> Option<Vec<u8>> {
    let (masked_key, sealed) = block.split_at(32);
    let mut key: [u8; 32] = masked_key.try_into().expect("it was cut there");
    key.iter_mut().zip(Sha256::digest(sealed)).for_each(|(byte, mask)| *byte ^= mask);
    let mut plain = sealed.to_vec();
    aes::ige_decrypt(&mut plain, &key, &[0; 32]);
    let digest = plain.split_off(192);
    plain.reverse();
    let expected = Sha256::new().chain_update(key).chain_update(&plain).finalize();
    (expected[..] == digest[..]).then_some(plain)
}

/// A random number of 2048 bits.
pub(super) fn any_number(chance: &mut Rng) -> BigUint {
    let mut bytes = [0; BLOCK_BYTES];
    chance.fill(&mut bytes);
    BigUint::from_bytes_be(&bytes)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    /// As clients do it today.
    pub(in crate::mtproto) fn encipher(data: &[u8]) -> Vec<u8> {
        let (modulus, exponent) = (number(MODULUS).to_string(), PUBLIC_EXPONENT.to_string());
        let key = grammers_crypto::rsa::Key::new(&modulus, &exponent).unwrap();
        grammers_crypto::rsa::encrypt_hashed(data, &key, &[3; 224])
    }

    /// As older clients do.
    pub(in crate::mtproto) fn encipher_hashed(data: &[u8]) -> Vec<u8> {
        let mut block = [&Sha1::digest(data)[..], data].concat();
        block.resize(255, 9);
        let enciphered =
            BigUint::from_bytes_be(&block).modpow(&BigUint::from(PUBLIC_EXPONENT), &number(MODULUS));
        padded(&enciphered).to_vec()
    }

    #[test]
    fn both_paddings_are_undone() {
        match decipher(&encipher(b"hello")) {
            Some(Deciphered::Whole(data)) => assert_eq!(&data[..5], b"hello"),
            _ => panic!("it was padded in the newer way"),
        }
        match decipher(&encipher_hashed(b"hello")) {
            Some(Deciphered::Hashed { digest, data }) => {
                assert_eq!(&data[..5], b"hello");
                assert_eq!(digest[..], Sha1::digest(b"hello")[..]);
            }
            _ => panic!("it was padded in the older way"),
        }
        assert!(decipher(&[1; 255]).is_none() && decipher(&[]).is_none());
    }

    #[test]
    fn the_public_key_is_the_one_in_the_text() {
        let text: String = PUBLIC_KEY.lines().filter(|line| !line.starts_with('-')).collect();
        let encoded = STANDARD.decode(text).unwrap();
        let modulus = number(MODULUS).to_bytes_be();
        assert!(encoded.windows(modulus.len()).any(|window| window == modulus));
    }
}
