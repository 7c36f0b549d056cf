//! The second password: the server's half of a proof that a client knows it, without its ever being sent. (MTProto,
//! "Secure Remote Password"; grammers has the client's half.)

use super::handshake::{GENERATOR, prime};
use super::rsa::{any_number, padded};
use crate::world::Password;
use fastrand::Rng;
use hmac::{Hmac, KeyInit, Mac};
use num_bigint::BigUint;
use sha2::{Digest, Sha256, Sha512};

/// The same for everybody: whoever reads the salts here reads the passwords too.
pub(super) const SALTS: [&[u8]; 2] = [b"admit-sandbox-first-salt", b"admit-sandbox-second-salt"];
/// So often a password is digested before it is compared, says Telegram.
const ROUNDS: u32 = 100_000;

/// One question for a proof.
pub(super) struct Proof {
    pub(super) id: i64,
    /// Our secret.
    b: BigUint,
    /// Our half, `srp_B`.
    pub(super) ours: [u8; 256],
    /// What the password was digested to.
    verifier: BigUint,
}

impl Proof {
    /// Asks for a proof of this password. The first time takes long.
    pub(super) fn ask(password: &Password, chance: &mut Rng) -> Self {
        let prime = prime();
        let g = BigUint::from(GENERATOR);
        let verifier = || padded(&g.modpow(&number(&digest(&password.text)), &prime));
        let verifier = number(password.verifier.get_or_init(verifier));
        let b = any_number(chance);
        let ours = (multiplier() * &verifier + g.modpow(&b, &prime)) % &prime;
        Self { id: chance.i64(1..), b, ours: padded(&ours), verifier }
    }

    /// Whether a client's answer proves that it knows the password.
    pub(super) fn is_proven_by(&self, theirs: &[u8], m1: &[u8]) -> bool {
        let prime = prime();
        let a = BigUint::from_bytes_be(theirs);
        if theirs.len() > 256 || &a % &prime == BigUint::ZERO {
            return false;
        }
        let (theirs, g) = (padded(&a), padded(&BigUint::from(GENERATOR)));
        let u = number(&sha256(&[&theirs, &self.ours]));
        let shared = (a * self.verifier.modpow(&u, &prime)).modpow(&self.b, &prime);
        let mut mixed = sha256(&[&padded(&prime)]);
        mixed.iter_mut().zip(sha256(&[&g])).for_each(|(byte, other)| *byte ^= other);
        let [first, second] = SALTS.map(|salt| sha256(&[salt]));
        let key = sha256(&[&padded(&shared)]);
        sha256(&[&mixed, &first, &second, &theirs, &self.ours, &key]) == m1
    }
}

/// `k` of the protocol.
fn multiplier() -> BigUint {
    number(&sha256(&[&padded(&prime()), &padded(&BigUint::from(GENERATOR))]))
}

/// The password as the protocol digests it.
fn digest(password: &str) -> [u8; 32] {
    let [first, second] = SALTS;
    let salted = |data: &[u8], salt: &[u8]| sha256(&[salt, data, salt]);
    let once = salted(&salted(password.as_bytes(), first), second);
    salted(&stretched(&once, first), second)
}

/// The one block of PBKDF2 that is needed.
fn stretched(password: &[u8], salt: &[u8]) -> [u8; 64] {
    let keyed = Hmac::<Sha512>::new_from_slice(password).expect("a key may have any length");
    let first = keyed.clone().chain_update(salt).chain_update(1u32.to_be_bytes());
    let mut round = first.finalize().into_bytes();
    let mut sum: [u8; 64] = round.into();
    for _ in 1..ROUNDS {
        round = keyed.clone().chain_update(round).finalize().into_bytes();
        sum.iter_mut().zip(round).for_each(|(byte, other)| *byte ^= other);
    }
    sum
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    parts.iter().fold(Sha256::new(), |digest, part| digest.chain_update(part)).finalize().into()
}

fn number(bytes: &[u8]) -> BigUint {
    BigUint::from_bytes_be(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use grammers_crypto::two_factor_auth::calculate_2fa;

    #[test]
    fn who_knows_the_password_proves_it() {
        let password = Password::new("owls fly");
        let proof = Proof::ask(&password, &mut Rng::with_seed(1));
        let again = Proof::ask(&password, &mut Rng::with_seed(1));
        assert!(again.ours == proof.ours && password.verifier.get().is_some(), "it is worked out once");
        let [first, second] = SALTS;
        let prove = |password: &str| {
            let ours = proof.ours.to_vec();
            calculate_2fa(first, second, &padded(&prime()), &GENERATOR.into(), ours, vec![9; 256], password)
        };
        let (m1, theirs) = prove("owls fly");
        assert!(proof.is_proven_by(&theirs, &m1));
        let (m1, theirs) = prove("owls flee");
        assert!(!proof.is_proven_by(&theirs, &m1));
        // Whoever sends nothing would share a secret that everybody knows.
        assert!(!proof.is_proven_by(&[0; 256], &m1) && !proof.is_proven_by(&[1; 300], &m1));
    }
}
