//! In whose name commands speak: an account whose session is kept in a file, or a bot.

use crate::config::Config;
use crate::context::Context;
use crate::credentials::{self, Source};
use crate::failure::{Doing, Failure, Usage};
use crate::flags::Speaker;
use crate::session_file::{self, Kept, Place};
use links::{Links, NotHere, Operation, Person};
use telegram::bot_api::{self, Token};
use telegram::mtproto::{Client, Settings};

impl Context<'_> {
    /// The account's client, to be made inside the runtime.
    pub(crate) fn account(&self) -> Result<Client, Failure> {
        let config = self.config()?;
        self.account_of(&config, &session_place(&config)?.open()?)
    }

    /// The account's client, once Telegram said that it is whose the file says. For whatever cannot be undone, and for
    /// telling who it is: somebody may have logged in with the same key since.
    pub(crate) async fn proven_account(&self) -> Result<(Client, Person), Failure> {
        let config = self.config()?;
        let place = session_place(&config)?;
        let kept = place.open()?;
        let client = self.account_of(&config, &kept)?;
        let person = proven(&client, &place, &kept).await?;
        Ok((client, person))
    }

    /// The client of this session.
    pub(crate) fn account_of(&self, config: &Config, kept: &Kept) -> Result<Client, Failure> {
        let settings = account_settings(config, kept.api_id)?;
        Ok(Client::connect(&kept.session, &settings).on_wait(self.teller()))
    }

    /// Opens the account, as often as somebody wants it: a connection of its own each time.
    pub(crate) fn account_opener(&self) -> Result<impl Fn() -> Client + Send + Sync + use<>, Failure> {
        let config = self.config()?;
        let kept = session_place(&config)?.open()?;
        let (settings, tell) = (account_settings(&config, kept.api_id)?, self.teller());
        Ok(move || Client::connect(&kept.session, &settings).on_wait(tell.clone()))
    }

    /// Whether a session is kept, or named aloud: that one is missed where it is not. Nothing is opened.
    pub(crate) fn has_account(&self) -> Result<bool, Failure> {
        let config = self.config()?;
        match config.session_file.value {
            Some(_) => Ok(session_place(&config)?.is_taken()? || config.session_file.is_aloud()),
            None => Ok(false),
        }
    }

    /// Who does this: whom `--as` names; else the bot, where its token is given and it can; else the account. A token that
    /// the environment happens to hold does not speak before a session that was named aloud, by itself or by its profile.
    pub(crate) fn speaker(&self, operation: Operation) -> Result<Speaker, Failure> {
        let bot_can = bot_api::links::can(operation);
        match self.global.speak_as {
            Some(Speaker::Account) => Ok(Speaker::Account),
            Some(Speaker::Bot) if bot_can => Ok(Speaker::Bot),
            None if bot_can && self.is_bot_meant()? => Ok(Speaker::Bot),
            None if self.has_account()? => Ok(Speaker::Account),
            // Nobody is there, and a token is the less that is missing.
            None if bot_can => Ok(Speaker::Bot),
            _ => Err(no_bot_can(operation)),
        }
    }

    /// Fails where `--as` names somebody who cannot do this.
    pub(crate) fn expect_speaker(&self, only: Speaker, command: &str) -> Result<(), Usage> {
        let (said, whose) = match (self.global.speak_as, only) {
            (Some(Speaker::Bot), Speaker::Account) => ("bot", "an account does that, and no bot"),
            (Some(Speaker::Account), Speaker::Bot) => ("account", "a bot does that, and no account"),
            _ => return Ok(()),
        };
        Err(Usage::new(format!("`admit {command} --as {said}`"), whose, &format!("`admit {command}`")))
    }

    /// Whether a bot's token is given, and not beside the point.
    pub(crate) fn is_bot_meant(&self) -> Result<bool, Failure> {
        let config = self.config()?;
        Ok(config.token.value != Source::Nowhere && self.named_before_the_bot(&config)?.is_none())
    }

    /// The bot's token, where it was not somebody else who was named.
    pub(crate) fn token(&self, config: &Config) -> Result<Token, Failure> {
        match self.named_before_the_bot(config)? {
            Some(named) => Err(credentials::Error::AnotherWasNamed(named).into()),
            None => Ok(credentials::read(&config.token.value)?),
        }
    }

    /// Who was named aloud and has a session, where the token is one of the environment and nobody said `--as bot`.
    fn named_before_the_bot(&self, config: &Config) -> Result<Option<String>, Failure> {
        match config.named_before_the_token() {
            Some(named) if self.global.speak_as != Some(Speaker::Bot) && self.has_account()? => {
                Ok(Some(named))
            }
            _ => Ok(None),
        }
    }

    /// Whoever does this, which cannot be undone.
    pub(crate) async fn proven_links(&self, operation: Operation) -> Result<Box<dyn Links>, Failure> {
        match self.speaker(operation)? {
            Speaker::Account => Ok(Box::new(self.proven_account().await?.0)),
            Speaker::Bot => Ok(Box::new(self.connect()?.client)),
        }
    }

    /// Whoever does this.
    pub(crate) fn links(&self, operation: Operation) -> Result<Box<dyn Links>, Failure> {
        match self.speaker(operation)? {
            Speaker::Account => Ok(Box::new(self.account()?)),
            Speaker::Bot => Ok(Box::new(self.connect()?.client)),
        }
    }
}

/// Whose the session is, once Telegram says the same as the file.
pub(crate) async fn proven(client: &Client, place: &Place, kept: &Kept) -> Result<Person, Failure> {
    let person = client.me().await.doing(|| "ask whose the session is".to_owned())?;
    match person.id == kept.account {
        true => Ok(person),
        false => {
            let (path, kept, other) = (place.path.clone(), kept.account, person.id);
            Err(session_file::Error::NotWhose { path, kept, other }.into())
        }
    }
}

fn no_bot_can(operation: Operation) -> Failure {
    let why = NotHere { operation, backend: "a bot", instead: "a user session can" };
    Failure::telegram(operation.as_str().to_owned(), why.into())
}

/// Where the session is kept.
pub(crate) fn session_place(config: &Config) -> Result<Place, Failure> {
    let keys = config.session_key_file.value.clone();
    match config.session_file.value.clone() {
        Some(path) => Ok(Place::new(path, keys)),
        None => {
            let rule = "this machine has no configuration directory, so say where a session is kept";
            Err(Usage::new("no `--session-file`", rule, "`--session-file garden.session`").into())
        }
    }
}

/// What an account's client is told of the settings. Around a proxy it does not go: whoever set one does not want to be
/// seen without it.
pub(crate) fn account_settings(config: &Config, api_id: i32) -> Result<Settings, Failure> {
    if config.proxy.value.is_some() {
        let rule = "an account goes through no proxy, only a bot does; leave the proxy away for this command";
        return Err(Usage::new(
            format!("a proxy, from {}", config.proxy.origin),
            rule,
            "a profile without it",
        )
        .into());
    }
    Ok(Settings { limit: config.timeout.value, ..Settings::new(api_id) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::Global;
    use crate::output::{Format, Output};
    use crate::runtime;
    use links::UserId;
    use telegram::mtproto::{AuthKey, Session};

    /// Who does this, or the word and the sentences for why nobody can.
    fn who(operation: Operation, speak_as: Option<Speaker>, has_token: bool, has_session: bool) -> String {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.session");
        if has_session {
            let address = "127.0.0.1:1".parse().unwrap();
            let session = Session { dc_id: 2, address, auth_key: AuthKey::new([7; 256]) };
            let kept = Kept { account: UserId::new(7).unwrap(), api_id: 1, session };
            Place::new(path.clone(), None).keep(&kept).unwrap();
        }
        let variables = |name: &str| match name {
            "ADMIT_BOT_TOKEN" if has_token => Some("1:abc".to_owned()),
            "ADMIT_SESSION_FILE" => path.to_str().map(str::to_owned),
            _ => None,
        };
        let global = Global { speak_as, ..Global::default() };
        let output = Output { format: Format::Words, quiet: true, coloured: false };
        let ctx = Context { global, output, variables: &variables };
        match runtime::run(async { ctx.links(operation) }) {
            Ok(links) => links.backend().to_owned(),
            Err(why) => {
                let words = crate::failure::chain(&why).join(": ");
                format!("{}: {words}; {}", why.class().0, why.hint().unwrap_or_default())
            }
        }
    }

    #[test]
    fn a_bot_does_what_it_can_and_an_account_the_rest() {
        use Operation::{Create, List};
        use Speaker::{Account, Bot};
        let (bot, account) = ("a bot", "a user session");
        let nobody = "not_here: cannot list links: a bot cannot list links: a user session can; with the session of an \
                      account it can be done: `admit login`";
        for (operation, speak_as, has_token, has_session, expected) in [
            (Create, None, true, true, bot),
            (Create, None, false, true, account),
            (Create, None, false, false, "no_token"),
            (Create, Some(Account), true, true, account),
            (Create, Some(Account), true, false, "no_session"),
            (Create, Some(Bot), false, true, "no_token"),
            (List, None, true, true, account),
            (List, None, true, false, nobody),
            (List, None, false, false, nobody),
            (List, Some(Bot), true, true, nobody),
        ] {
            let seen = who(operation, speak_as, has_token, has_session);
            assert!(
                seen.starts_with(expected),
                "{operation:?} {speak_as:?} {has_token} {has_session}: {seen}"
            );
        }
    }
}
