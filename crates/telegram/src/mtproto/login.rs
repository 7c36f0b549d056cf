//! Logging in: a telephone, the code that was sent to it, and the second password where there is one; and out again.

use super::client::{About, Client};
use super::error::last_word;
use super::objects;
use super::session::{AuthKey, Session};
use crate::common::odd;
use crate::pace::Effect;
use crate::words;
use grammers_crypto::two_factor_auth::{calculate_2fa, check_p_and_g};
use grammers_session::Session as _;
use grammers_tl_types::{enums, functions, types};
use links::{Error, Kind, Person, Result, Right};
use std::fmt;

/// Another code may still be the right one.
pub const WRONG_CODE: Kind = words::WRONG_CODE;
/// Another password may still be the right one.
pub const WRONG_PASSWORD: Kind = words::WRONG_PASSWORD;

/// Telegram sent a code to a telephone, or to another device of the account.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeSent {
    phone: String,
    /// Telegram's name for this code.
    hash: String,
}

/// Whose telephone it is stays out of logs.
impl fmt::Debug for CodeSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeSent(..)")
    }
}

/// What the right code came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SignedIn {
    /// They are logged in.
    As(Person),
    /// The account has a second password, which [`Client::check_password`] takes.
    PasswordNeeded,
}

impl Client {
    /// The session as it is now: after a log-in, what is to be kept. Nothing before a key was made.
    pub fn session(&self) -> Option<Session> {
        let storage = self.storage();
        let home = storage.dc_option(self.dc_id()).ok()??;
        Some(Session { dc_id: home.id, address: home.ipv4, auth_key: AuthKey::new(home.auth_key?) })
    }

    /// Has Telegram send a code to this telephone. The `api_hash` comes with the `api_id`.
    pub async fn send_code(&self, phone: &str, api_hash: &str) -> Result<CodeSent> {
        let settings = types::CodeSettings {
            allow_flashcall: false,
            current_number: false,
            allow_app_hash: false,
            allow_missed_call: false,
            allow_firebase: false,
            unknown_number: false,
            logout_tokens: None,
            token: None,
            app_sandbox: None,
        };
        let request = functions::auth::SendCode {
            phone_number: phone.to_owned(),
            api_id: self.api_id(),
            api_hash: api_hash.to_owned(),
            settings: settings.into(),
        };
        match self.call(self.logging_in(Effect::New), &request).await? {
            enums::auth::SentCode::Code(sent) => {
                Ok(CodeSent { phone: phone.to_owned(), hash: sent.phone_code_hash })
            }
            _ => Err(Error::new(Kind::BadValue("telephone, but for a way to log in that is not built here"))),
        }
    }

    /// Gives a log-in up: the code is good for nothing any more.
    pub async fn cancel_code(&self, sent: &CodeSent) -> Result<()> {
        let request = functions::auth::CancelCode {
            phone_number: sent.phone.clone(),
            phone_code_hash: sent.hash.clone(),
        };
        match self.call(self.logging_in(Effect::Same), &request).await {
            // It was so already.
            Err(why) if *last_word(&why) == words::CODE_OVER => Ok(()),
            given_up => given_up.map(drop),
        }
    }

    /// Logs in with the code.
    pub async fn sign_in(&self, sent: &CodeSent, code: &str) -> Result<SignedIn> {
        let request = functions::auth::SignIn {
            phone_number: sent.phone.clone(),
            phone_code_hash: sent.hash.clone(),
            phone_code: Some(code.trim().to_owned()),
            email_verification: None,
        };
        match self.call(self.logging_in(Effect::New), &request).await {
            Err(why) if is_password_needed(&why) => Ok(SignedIn::PasswordNeeded),
            answer => self.welcome(answer?).map(SignedIn::As),
        }
    }

    /// Proves that somebody who gave the right code knows the second password. It is never sent.
    pub async fn check_password(&self, password: &str) -> Result<Person> {
        let request = functions::account::GetPassword {};
        let enums::account::Password::Password(asked) =
            self.call(self.logging_in(Effect::Read), &request).await?;
        let password = password.to_owned();
        // A tenth of a second of digests, and longer for a prime that nobody knows.
        let proof = tokio::task::spawn_blocking(move || prove(&asked, &password));
        let request = functions::auth::CheckPassword { password: proof.await.map_err(odd)?? };
        let answer = self.call(self.logging_in(Effect::New), &request).await?;
        self.welcome(answer)
    }

    /// Ends the session.
    pub async fn log_out(&self) -> Result<()> {
        match self.call(self.logging_in(Effect::Same), &functions::auth::LogOut {}).await {
            // It is over, however it ended.
            Err(why) if *last_word(&why) == Kind::SessionOver => Ok(()),
            ended => ended.map(drop),
        }
    }

    pub(super) fn logging_in(&self, effect: Effect) -> About {
        About { chat: None, effect, right: Right::Administrator, deadline: self.deadline() }
    }

    pub(super) fn welcome(&self, answer: enums::auth::Authorization) -> Result<Person> {
        match answer {
            enums::auth::Authorization::Authorization(it) => {
                let me = objects::person(&it.user)?;
                self.peers().me = Some(me.clone());
                Ok(me)
            }
            enums::auth::Authorization::SignUpRequired(_) => Err(Error::new(NOBODYS)),
        }
    }
}

const NOBODYS: Kind = Kind::BadValue("telephone number, because nobody has it");

pub(super) fn is_password_needed(why: &Error) -> bool {
    matches!(why.kind(), Kind::Refused { text, .. } if text == "SESSION_PASSWORD_NEEDED")
}

/// Compares numbers, the second as long as any; the first is not nothing.
fn is_less(one: &[u8], other: &[u8]) -> bool {
    let padded: Vec<u8> =
        std::iter::repeat_n(0, other.len().saturating_sub(one.len())).chain(one.iter().copied()).collect();
    one.iter().any(|&byte| byte != 0) && padded.as_slice() < other
}

fn prove(asked: &types::account::Password, password: &str) -> Result<enums::InputCheckPasswordSrp> {
    use enums::PasswordKdfAlgo::Sha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow as Known;
    let (Some(Known(way)), Some(theirs), Some(srp_id)) = (&asked.current_algo, &asked.srp_b, asked.srp_id)
    else {
        return Err(Error::because(Kind::BrokenAnswer, "the way to prove the password is not one we know"));
    };
    // With numbers of a server's own choice, the proof could tell it the password.
    let is_prime_long = way.p.len() == 256 && way.p[0] >= 0x80;
    let are_theirs_in_range = (248..=256).contains(&theirs.len()) && is_less(theirs, &way.p);
    if !(2..=7).contains(&way.g) || !is_prime_long || !are_theirs_in_range || !check_p_and_g(&way.p, &way.g) {
        return Err(Error::because(Kind::BrokenAnswer, "the numbers to prove the password with are unsafe"));
    }
    let mut secret = vec![0; 256];
    getrandom::fill(&mut secret).map_err(|why| Error::because(Kind::BrokenAnswer, why))?;
    let (m1, a) = calculate_2fa(&way.salt1, &way.salt2, &way.p, &way.g, theirs.clone(), secret, password);
    Ok(types::InputCheckPasswordSrp { srp_id, a: a.to_vec(), m1: m1.to_vec() }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A question whose numbers are these; everything else about it is in order.
    fn asked(p: Vec<u8>, theirs: Vec<u8>) -> types::account::Password {
        let way = types::PasswordKdfAlgoSha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow {
            salt1: vec![1; 8],
            salt2: vec![2; 8],
            g: 2,
            p,
        };
        types::account::Password {
            has_recovery: false,
            has_secure_values: false,
            has_password: true,
            current_algo: Some(way.into()),
            srp_b: Some(theirs),
            srp_id: Some(1),
            hint: None,
            email_unconfirmed_pattern: None,
            new_algo: enums::PasswordKdfAlgo::Unknown,
            new_secure_algo: enums::SecurePasswordKdfAlgo::Unknown,
            secure_random: Vec::new(),
            pending_reset_date: None,
            login_email_pattern: None,
        }
    }

    #[test]
    fn numbers_that_would_betray_a_password_prove_nothing() {
        let padded = |number: u8| [vec![0; 255], vec![number]].concat();
        let refused = |p: Vec<u8>, theirs: Vec<u8>| {
            let why = prove(&asked(p, theirs), "secret").unwrap_err();
            assert_eq!(*why.kind(), Kind::BrokenAnswer);
        };
        // 23 is a safe prime, and a short one.
        refused(padded(23), padded(5));
        refused(vec![0xff; 256], vec![0; 256]);
        refused(vec![0xff; 256], vec![0xff; 256]);
        refused(vec![0xff; 256], vec![5; 8]);
    }

    #[test]
    fn numbers_are_compared_whatever_their_length() {
        assert!(is_less(&[5], &[0, 6]) && is_less(&[0, 5], &[0, 6]));
        assert!(!is_less(&[6], &[6]) && !is_less(&[7], &[6]) && !is_less(&[0], &[6]));
    }
}
