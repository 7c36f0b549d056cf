//! In whose name commands speak: an account whose session is kept in a file, or a bot.

use crate::config::Config;
use crate::context::Context;
use crate::credentials::Source;
use crate::failure::{Failure, Usage};
use crate::flags::Speaker;
use crate::session_file::{Kept, Place};
use links::{Links, NotHere, Operation};
use telegram::bot_api;
use telegram::mtproto::{Client, Settings};

impl Context<'_> {
    /// The account's client, to be made inside the runtime.
    pub(crate) fn account(&self) -> Result<Client, Failure> {
        let config = self.config()?;
        self.account_of(&config, &session_place(&config)?.open()?)
    }

    /// The client of this session.
    pub(crate) fn account_of(&self, config: &Config, kept: &Kept) -> Result<Client, Failure> {
        let settings = account_settings(config, kept.api_id)?;
        Ok(Client::connect(&kept.session, &settings).on_wait(self.teller()))
    }

    /// Whether a session is kept. Nothing is opened.
    pub(crate) fn has_account(&self) -> Result<bool, Failure> {
        let config = self.config()?;
        match config.session_file.value {
            Some(_) => session_place(&config)?.is_taken(),
            None => Ok(false),
        }
    }

    /// Who does this: whom `--as` names; else the bot, where its token is given and it can; else the account.
    pub(crate) fn speaker(&self, operation: Operation) -> Result<Speaker, Failure> {
        let bot_can = bot_api::links::can(operation);
        match self.global.speak_as {
            Some(Speaker::Account) => Ok(Speaker::Account),
            Some(Speaker::Bot) if bot_can => Ok(Speaker::Bot),
            None if bot_can && self.config()?.token.value != Source::Nowhere => Ok(Speaker::Bot),
            None if self.has_account()? => Ok(Speaker::Account),
            // Nobody is there, and a token is the less that is missing.
            None if bot_can => Ok(Speaker::Bot),
            _ => Err(no_bot_can(operation)),
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
