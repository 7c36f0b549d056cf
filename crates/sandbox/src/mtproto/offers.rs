//! Log-in tokens: one device shows a token, another of the account's devices lets it in.

use crate::world::Word;
use fastrand::Rng;
use std::collections::HashMap;

/// How long a token is shown, unless somebody says otherwise.
const SHOWN_SECONDS: i64 = 30;
/// How long one is remembered that is over, and one that was accepted can be used.
const KEPT_SECONDS: i64 = 300;

/// What a device shows.
pub(super) type Token = Vec<u8>;

/// Every token of late.
pub(super) struct Offers {
    tokens: HashMap<Token, Offer>,
    /// How long those are shown that are made from now on.
    pub(super) shown_seconds: i64,
}

struct Offer {
    api_id: i32,
    expires_at: i64,
    accepted: Option<Accepted>,
}

/// An account let a device in.
#[derive(Clone, Copy)]
pub(super) struct Accepted {
    pub(super) by: i64,
    /// The data centre where the account is at home, if it is not the one that was asked.
    pub(super) home: Option<i32>,
}

impl Default for Offers {
    fn default() -> Self {
        Self { tokens: HashMap::new(), shown_seconds: SHOWN_SECONDS }
    }
}

impl Offers {
    /// A new token, and when its time is over.
    pub(super) fn make(&mut self, api_id: i32, now: i64, chance: &mut Rng) -> (Token, i64) {
        self.tokens.retain(|_, offer| offer.expires_at + KEPT_SECONDS > now);
        let mut token = vec![0; 32];
        chance.fill(&mut token);
        let expires_at = now + self.shown_seconds;
        self.tokens.insert(token.clone(), Offer { api_id, expires_at, accepted: None });
        (token, expires_at)
    }

    /// An account lets in whoever shows this token. Answers the number of the application that does.
    pub(super) fn accept(&mut self, token: &[u8], accepted: Accepted, now: i64) -> Result<i32, Word> {
        let offer = self.tokens.get_mut(token).ok_or(Word("AUTH_TOKEN_INVALIDX"))?;
        if offer.accepted.is_some() {
            return Err(Word("AUTH_TOKEN_ALREADY_ACCEPTED"));
        }
        if offer.expires_at <= now {
            return Err(Word("AUTH_TOKEN_EXPIRED"));
        }
        offer.accepted = Some(accepted);
        offer.expires_at = now + KEPT_SECONDS;
        Ok(offer.api_id)
    }

    pub(super) fn accepted(&self, token: &[u8]) -> Option<Accepted> {
        self.tokens.get(token)?.accepted
    }

    /// When the time of a token is over that may still be shown or used.
    pub(super) fn expiry(&self, token: &[u8], now: i64) -> Result<i64, Word> {
        let expires_at = self.tokens.get(token).ok_or(Word("AUTH_TOKEN_INVALID"))?.expires_at;
        if expires_at > now { Ok(expires_at) } else { Err(Word("AUTH_TOKEN_EXPIRED")) }
    }

    /// The account has moved to where it is at home, and is asked again there.
    pub(super) fn arrive(&mut self, token: &[u8]) {
        if let Some(accepted) = self.tokens.get_mut(token).and_then(|offer| offer.accepted.as_mut()) {
            accepted.home = None;
        }
    }

    /// The token was used, or another is shown instead.
    pub(super) fn forget(&mut self, token: &[u8]) {
        self.tokens.remove(token);
    }
}
