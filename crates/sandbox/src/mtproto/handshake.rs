//! The key exchange: how a client and the server come to a key that nobody between them knows. Messages in, messages
//! out; no socket. (MTProto, "Creating an authorization key".)

use super::crypt::Key;
use super::rsa::{self, Deciphered};
use fastrand::Rng;
use grammers_crypto::{aes, generate_key_data_from_nonce};
use grammers_tl_types::{Cursor, Deserializable, Identifiable, Serializable, enums, functions, types};
use num_bigint::BigUint;
use sha1::{Digest, Sha1};

/// The two factors that a client finds before it is served, so that it costs something to ask. Here it is always the
/// same: nobody shall be kept away.
const P: u32 = 0x494c_553b;
const Q: u32 = 0x5391_1073;
/// The group of the exchange: Telegram's own prime, which clients know to be a safe one, and a generator of it.
const PRIME: &str = "\
    c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4db\
    fa336f6e0ac925139543aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64\
    2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b41\
    0dba74d8a84b2a14b3144e0ef1284754fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4\
    e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f0d8115f635b105ee2e4e15d04b2454bf\
    6f4fadf034b10403119cd8e3b92fcc5b";
pub(super) const GENERATOR: u8 = 3;

pub(super) fn prime() -> BigUint {
    BigUint::parse_bytes(PRIME.as_bytes(), 16).expect("it is hexadecimal")
}

type Nonce = [u8; 16];

/// How far a client has come.
#[derive(Default)]
pub(super) enum Handshake {
    #[default]
    NotBegun,
    /// It was told the product of two primes.
    Asked { nonce: Nonce, server_nonce: Nonce },
    /// It found them, and was told our half of the exchange.
    HalfWay(HalfWay),
}

pub(super) struct HalfWay {
    nonce: Nonce,
    server_nonce: Nonce,
    new_nonce: [u8; 32],
    /// Our secret.
    a: BigUint,
}

/// What the server says next, and the key, once there is one.
pub(super) struct Reply {
    pub(super) message: Vec<u8>,
    pub(super) key: Option<Key>,
}

/// The client said something that is no step of a key exchange, or not the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no step of a key exchange that is due here: {0}")]
pub(super) struct OutOfStep(&'static str);

impl From<grammers_tl_types::deserialize::Error> for OutOfStep {
    fn from(_: grammers_tl_types::deserialize::Error) -> Self {
        Self("it cannot be read")
    }
}

impl Handshake {
    /// Answers one message of the client. After an error there is nothing more to say.
    pub(super) fn answer(&mut self, message: &[u8], now: i64, chance: &mut Rng) -> Result<Reply, OutOfStep> {
        let mut cursor = Cursor::from_slice(message);
        match (u32::deserialize(&mut cursor)?, std::mem::take(self)) {
            // A client may begin anew at any time.
            (functions::ReqPqMulti::CONSTRUCTOR_ID | functions::ReqPq::CONSTRUCTOR_ID, _) => {
                let functions::ReqPqMulti { nonce } = functions::ReqPqMulti::deserialize(&mut cursor)?;
                Ok(self.begin(nonce, chance))
            }
            (functions::ReqDhParams::CONSTRUCTOR_ID, Self::Asked { nonce, server_nonce }) => {
                let found = functions::ReqDhParams::deserialize(&mut cursor)?;
                self.go_half_way((nonce, server_nonce), &found, now, chance)
            }
            (functions::SetClientDhParams::CONSTRUCTOR_ID, Self::HalfWay(half)) => {
                finish(&half, functions::SetClientDhParams::deserialize(&mut cursor)?)
            }
            _ => Err(OutOfStep("another step is due")),
        }
    }

    fn begin(&mut self, nonce: Nonce, chance: &mut Rng) -> Reply {
        let mut server_nonce = [0; 16];
        chance.fill(&mut server_nonce);
        *self = Self::Asked { nonce, server_nonce };
        let pq = types::ResPq {
            nonce,
            server_nonce,
            pq: (u64::from(P) * u64::from(Q)).to_be_bytes().to_vec(),
            server_public_key_fingerprints: vec![rsa::fingerprint()],
        };
        Reply { message: enums::ResPq::from(pq).to_bytes(), key: None }
    }

    fn go_half_way(
        &mut self,
        nonces: (Nonce, Nonce),
        found: &functions::ReqDhParams,
        now: i64,
        chance: &mut Rng,
    ) -> Result<Reply, OutOfStep> {
        let factors = [P, Q].map(|factor| factor.to_be_bytes().to_vec());
        if (found.nonce, found.server_nonce) != nonces {
            return Err(OutOfStep("it belongs to another exchange"));
        }
        if [&found.p, &found.q] != [&factors[0], &factors[1]] {
            return Err(OutOfStep("these are not the factors"));
        }
        if found.public_key_fingerprint != rsa::fingerprint() {
            return Err(OutOfStep("it is enciphered for somebody else"));
        }
        let inner = inner_data(&found.encrypted_data).ok_or(OutOfStep("it cannot be deciphered"))?;
        if (inner.nonce, inner.server_nonce) != nonces {
            return Err(OutOfStep("what is enciphered belongs to another exchange"));
        }
        let (nonce, server_nonce) = nonces;
        let a = rsa::any_number(chance);
        let prime = prime();
        let ours = types::ServerDhInnerData {
            nonce,
            server_nonce,
            g: GENERATOR.into(),
            dh_prime: prime.to_bytes_be(),
            g_a: rsa::padded(&BigUint::from(GENERATOR).modpow(&a, &prime)).to_vec(),
            server_time: i32::try_from(now).unwrap_or(i32::MAX),
        };
        let answer = enums::ServerDhInnerData::from(ours).to_bytes();
        let mut sealed = [&Sha1::digest(&answer)[..], &answer].concat();
        let missing = (16 - sealed.len() % 16) % 16;
        sealed.extend(std::iter::repeat_with(|| chance.u8(..)).take(missing));
        let (key, iv) = generate_key_data_from_nonce(&server_nonce, &inner.new_nonce);
        aes::ige_encrypt(&mut sealed, &key, &iv);
        *self = Self::HalfWay(HalfWay { nonce, server_nonce, new_nonce: inner.new_nonce, a });
        let half = types::ServerDhParamsOk { nonce, server_nonce, encrypted_answer: sealed };
        Ok(Reply { message: enums::ServerDhParams::Ok(half).to_bytes(), key: None })
    }
}

fn finish(half: &HalfWay, theirs: functions::SetClientDhParams) -> Result<Reply, OutOfStep> {
    let HalfWay { nonce, server_nonce, new_nonce, a } = half;
    if (theirs.nonce, theirs.server_nonce) != (*nonce, *server_nonce) {
        return Err(OutOfStep("it belongs to another exchange"));
    }
    let mut plain = theirs.encrypted_data;
    if plain.len() < 20 || !plain.len().is_multiple_of(16) {
        return Err(OutOfStep("what is sealed is no row of whole blocks"));
    }
    let (key, iv) = generate_key_data_from_nonce(server_nonce, new_nonce);
    aes::ige_decrypt(&mut plain, &key, &iv);
    let (digest, data) = plain.split_at(20);
    let mut cursor = Cursor::from_slice(data);
    let enums::ClientDhInnerData::Data(inner) = enums::ClientDhInnerData::deserialize(&mut cursor)?;
    if Sha1::digest(&data[..cursor.pos()])[..] != *digest {
        return Err(OutOfStep("what is sealed has another digest"));
    }
    let (g_b, prime) = (BigUint::from_bytes_be(&inner.g_b), prime());
    // A secret near either end could be guessed.
    let edge = BigUint::from(1u8) << (2048 - 64);
    if g_b <= edge || g_b >= &prime - &edge {
        return Err(OutOfStep("their half is too near the edge"));
    }
    let key = Key::new(rsa::padded(&g_b.modpow(a, &prime)));
    let done =
        types::DhGenOk { nonce: *nonce, server_nonce: *server_nonce, new_nonce_hash1: key.proof(new_nonce) };
    Ok(Reply { message: enums::SetClientDhParamsAnswer::DhGenOk(done).to_bytes(), key: Some(key) })
}

/// What matters of the words that only the owner of the RSA key can read.
struct Inner {
    nonce: Nonce,
    server_nonce: Nonce,
    new_nonce: [u8; 32],
}

fn inner_data(enciphered: &[u8]) -> Option<Inner> {
    let (data, digest) = match rsa::decipher(enciphered)? {
        Deciphered::Whole(data) => (data, None),
        Deciphered::Hashed { digest, data } => (data, Some(digest)),
    };
    let mut cursor = Cursor::from_slice(&data);
    let inner = enums::PQInnerData::deserialize(&mut cursor).ok()?;
    if digest.is_some_and(|digest| Sha1::digest(&data[..cursor.pos()])[..] != digest) {
        return None;
    }
    let (nonce, server_nonce, new_nonce) = match inner {
        enums::PQInnerData::Data(it) => (it.nonce, it.server_nonce, it.new_nonce),
        enums::PQInnerData::Dc(it) => (it.nonce, it.server_nonce, it.new_nonce),
        // Keys that last for a day are made alike, and here they last as long as the others.
        enums::PQInnerData::Temp(it) => (it.nonce, it.server_nonce, it.new_nonce),
        enums::PQInnerData::TempDc(it) => (it.nonce, it.server_nonce, it.new_nonce),
    };
    Some(Inner { nonce, server_nonce, new_nonce })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mtproto::rsa::tests::{encipher, encipher_hashed};
    use proptest::prelude::{any, proptest};

    const NOW: i64 = 1_800_000_000;
    const NONCE: Nonce = [5; 16];
    const NEW_NONCE: [u8; 32] = [6; 32];

    /// A client that does everything right, but for what is `spoiled`.
    fn exchange(
        encipher: fn(&[u8]) -> Vec<u8>,
        spoil_found: impl Fn(&mut functions::ReqDhParams),
        spoil_theirs: impl Fn(&mut functions::SetClientDhParams),
    ) -> Result<(), OutOfStep> {
        let (mut handshake, mut chance) = (Handshake::default(), Rng::with_seed(1));
        let mut say = |message: Vec<u8>| handshake.answer(&message, NOW, &mut chance);
        let reply = say(functions::ReqPqMulti { nonce: NONCE }.to_bytes())?;
        let enums::ResPq::Pq(asked) = enums::ResPq::from_bytes(&reply.message).unwrap();
        let pq = u64::from_be_bytes(asked.pq.clone().try_into().unwrap());
        let (p, q) = grammers_crypto::factorize(pq);
        let [p, q] = [p, q].map(|factor| u32::try_from(factor).unwrap().to_be_bytes().to_vec());
        let inner = types::PQInnerDataDc {
            pq: asked.pq,
            p: p.clone(),
            q: q.clone(),
            nonce: NONCE,
            server_nonce: asked.server_nonce,
            new_nonce: NEW_NONCE,
            dc: 2,
        };
        let mut found = functions::ReqDhParams {
            nonce: NONCE,
            server_nonce: asked.server_nonce,
            p,
            q,
            public_key_fingerprint: asked.server_public_key_fingerprints[0],
            encrypted_data: encipher(&enums::PQInnerData::Dc(inner).to_bytes()),
        };
        spoil_found(&mut found);
        let reply = say(found.to_bytes())?;
        let enums::ServerDhParams::Ok(half) = enums::ServerDhParams::from_bytes(&reply.message).unwrap()
        else {
            panic!("the server goes half way, or says nothing");
        };
        let (key, iv) = generate_key_data_from_nonce(&asked.server_nonce, &NEW_NONCE);
        let mut plain = half.encrypted_answer;
        aes::ige_decrypt(&mut plain, &key, &iv);
        let enums::ServerDhInnerData::Data(ours) =
            enums::ServerDhInnerData::from_bytes(&plain[20..]).unwrap();
        let (b, prime) = (BigUint::from(11u8) << 2000, BigUint::from_bytes_be(&ours.dh_prime));
        let inner = types::ClientDhInnerData {
            nonce: NONCE,
            server_nonce: asked.server_nonce,
            retry_id: 0,
            g_b: BigUint::from(GENERATOR).modpow(&b, &prime).to_bytes_be(),
        };
        let inner = enums::ClientDhInnerData::from(inner).to_bytes();
        let mut sealed = [&Sha1::digest(&inner)[..], &inner].concat();
        sealed.resize(sealed.len().next_multiple_of(16), 0);
        aes::ige_encrypt(&mut sealed, &key, &iv);
        let mut theirs = functions::SetClientDhParams {
            nonce: NONCE,
            server_nonce: asked.server_nonce,
            encrypted_data: sealed,
        };
        spoil_theirs(&mut theirs);
        let reply = say(theirs.to_bytes())?;
        let enums::SetClientDhParamsAnswer::DhGenOk(done) =
            enums::SetClientDhParamsAnswer::from_bytes(&reply.message).unwrap()
        else {
            panic!("the server is content, or says nothing");
        };
        let shared = rsa::padded(&BigUint::from_bytes_be(&ours.g_a).modpow(&b, &prime));
        assert!(reply.key == Some(Key::new(shared)));
        assert_eq!(done.new_nonce_hash1, Key::new(shared).proof(&NEW_NONCE));
        Ok(())
    }

    #[test]
    fn both_sides_come_to_the_same_key() {
        exchange(encipher, |_| {}, |_| {}).unwrap();
        exchange(encipher_hashed, |_| {}, |_| {}).unwrap();
    }

    #[test]
    fn whoever_gets_a_step_wrong_gets_no_further() {
        let found = |spoil: fn(&mut functions::ReqDhParams)| exchange(encipher, spoil, |_| {}).unwrap_err();
        assert_eq!(found(|it| it.nonce[0] ^= 1).0, "it belongs to another exchange");
        assert_eq!(found(|it| it.p = it.q.clone()).0, "these are not the factors");
        assert_eq!(found(|it| it.public_key_fingerprint ^= 1).0, "it is enciphered for somebody else");
        assert_eq!(found(|it| it.encrypted_data.truncate(8)).0, "it cannot be deciphered");
        assert_eq!(found(|it| it.encrypted_data[255] ^= 1).0, "it cannot be deciphered");
        let theirs =
            |spoil: fn(&mut functions::SetClientDhParams)| exchange(encipher, |_| {}, spoil).unwrap_err();
        assert_eq!(theirs(|it| it.server_nonce[0] ^= 1).0, "it belongs to another exchange");
        assert_eq!(theirs(|it| it.encrypted_data.truncate(24)).0, "what is sealed is no row of whole blocks");
        assert_eq!(theirs(|it| it.encrypted_data[0] ^= 1).0, "it cannot be read");
    }

    proptest! {
        #[test]
        fn any_message_is_answered_without_harm(message in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut handshake = Handshake::Asked { nonce: NONCE, server_nonce: NONCE };
            let _ = handshake.answer(&message, NOW, &mut Rng::with_seed(1));
        }
    }
}
