//! Logging in without a code: this device shows a token, and another device of the account lets it in.

use super::client::{Client, MOST_MOVES};
use super::login::{SignedIn, is_password_needed};
use crate::common::odd;
use crate::pace::Effect;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grammers_session::updates::UpdatesLike;
use grammers_tl_types::{enums, functions, types};
use links::{Result, UnixTime};
use std::fmt;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// A token that was just made has a second left at least, whatever the server's clock says.
const SHORTEST: Duration = Duration::from_secs(1);

/// A token that this device shows. Whoever lets it in with another device of their account logs it in.
#[derive(Clone, PartialEq, Eq)]
pub struct LoginToken {
    bytes: Vec<u8>,
    expires_at: UnixTime,
    /// The same by our own clock.
    until: Instant,
}

impl LoginToken {
    /// What the QR code says.
    pub fn url(&self) -> String {
        format!("tg://login?token={}", URL_SAFE_NO_PAD.encode(&self.bytes))
    }

    /// From then on nobody is let in by it.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }
}

/// Whoever reads it could let this device in to an account of theirs.
impl fmt::Debug for LoginToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginToken(..)")
    }
}

/// How far a log-in by token is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LoginStep {
    /// This is to be shown, and waited for with [`Client::token_accepted`].
    Show(LoginToken),
    /// Another device let this one in.
    In(SignedIn),
}

impl Client {
    /// Asks Telegram for a token to show, or, when the one before was accepted, who is logged in. The `api_hash` comes
    /// with the `api_id`.
    ///
    /// ```no_run
    /// # use admit_telegram::mtproto::{Client, LoginStep, SignedIn};
    /// # async fn run(client: Client, api_hash: &str) -> links::Result<SignedIn> {
    /// let mut step = client.login_token(api_hash).await?;
    /// loop {
    ///     match step {
    ///         LoginStep::Show(token) => {
    ///             println!("{}", token.url());
    ///             step = client.token_accepted(&token, api_hash).await?;
    ///         }
    ///         LoginStep::In(signed_in) => return Ok(signed_in),
    ///     }
    /// }
    /// # }
    /// ```
    pub async fn login_token(&self, api_hash: &str) -> Result<LoginStep> {
        let config = self.call(self.logging_in(Effect::Read), &functions::help::GetConfig {}).await?;
        let enums::Config::Config(types::Config { date: now, .. }) = config;
        let asked_at = Instant::now();
        let request = functions::auth::ExportLoginToken {
            api_id: self.api_id(),
            api_hash: api_hash.to_owned(),
            except_ids: Vec::new(),
        };
        let mut answer = self.call(self.logging_in(Effect::New), &request).await;
        for _ in 0..=MOST_MOVES {
            let home = match answer {
                Err(why) if is_password_needed(&why) => return Ok(LoginStep::In(SignedIn::PasswordNeeded)),
                Err(why) => return Err(why),
                Ok(enums::auth::LoginToken::Token(it)) => {
                    let left = u64::try_from(it.expires.saturating_sub(now)).unwrap_or_default();
                    return Ok(LoginStep::Show(LoginToken {
                        bytes: it.token,
                        expires_at: UnixTime::new(it.expires.into()),
                        until: asked_at + Duration::from_secs(left).max(SHORTEST),
                    }));
                }
                Ok(enums::auth::LoginToken::Success(it)) => {
                    return self.welcome(it.authorization).map(|who| LoginStep::In(SignedIn::As(who)));
                }
                Ok(enums::auth::LoginToken::MigrateTo(home)) => home,
            };
            self.move_to(home.dc_id).await?;
            let request = functions::auth::ImportLoginToken { token: home.token };
            answer = self.call(self.logging_in(Effect::New), &request).await;
        }
        Err(odd(SentOnAndOn))
    }

    /// Waits until the token is accepted, for as long as it can be; to ask for another one earlier would end it. Then
    /// asks: for who is logged in, or for the next token to show.
    pub async fn token_accepted(&self, token: &LoginToken, api_hash: &str) -> Result<LoginStep> {
        // Whether it was told or the time is over, Telegram knows.
        let _ = timeout_at(token.until, self.accepted().notified()).await;
        self.login_token(api_hash).await
    }
}

/// The account is at home nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("each data centre sends this log-in on to another")]
struct SentOnAndOn;

/// Whether Telegram tells that a token was accepted.
pub(super) fn tells_acceptance(told: &UpdatesLike) -> bool {
    let is_it = |update: &enums::Update| matches!(update, enums::Update::LoginToken);
    match told {
        UpdatesLike::Updates(enums::Updates::UpdateShort(it)) => is_it(&it.update),
        UpdatesLike::Updates(enums::Updates::Updates(it)) => it.updates.iter().any(is_it),
        UpdatesLike::Updates(enums::Updates::Combined(it)) => it.updates.iter().any(is_it),
        _ => false,
    }
}
