//! `admit whoami`: as whom commands speak.

use super::login::Account;
use crate::context::Context;
use crate::failure::{Doing, Failure};
use crate::flags::Speaker;
use crate::output::Shown;
use crate::session_file;
use crate::when::Clock;
use clap::Args;
use serde::Serialize;
use telegram::bot_api::methods::GetMe;
use telegram::bot_api::types::Me;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit whoami
  admit whoami --as account --json

Telegram is asked, which proves the session and the token. Of the two, `first` does what both could.")]
pub(crate) struct Whoami {}

/// Everybody a command could speak as.
#[derive(Serialize)]
struct Everybody {
    account: Option<Account>,
    bot: Option<Me>,
    /// Who does what both could: `bot` or `account`.
    first: &'static str,
}

impl Whoami {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        // Whoever is named has to be there.
        let (account, bot) = match ctx.global.speak_as {
            Some(Speaker::Account) => (true, false),
            Some(Speaker::Bot) => (false, true),
            None => (ctx.has_account()?, ctx.is_bot_meant()?),
        };
        if !account && !bot {
            return Err(session_file::Error::Nobody.into());
        }
        if ctx.global.dry_run {
            let whom = match (account, bot) {
                (true, true) => "whose the session is, and whose the token",
                (true, false) => "whose the session is",
                _ => "whose the token is",
            };
            return ctx.would(format!("ask Telegram {whom}"));
        }
        let first = if bot { "bot" } else { "account" };
        let (account, bot) = ctx.talk(async {
            let account = if account { Some(the_account(ctx).await) } else { None };
            Ok((account, if bot { Some(the_bot(ctx).await) } else { None }))
        })?;
        let ((account, account_failed), (bot, bot_failed)) = (half(account), half(bot));
        // What is known of one is told, whatever is wrong with the other.
        if account.is_some() || bot.is_some() {
            ctx.output.show(&Everybody { account, bot, first }, &Clock::of_this_machine())?;
        }
        account_failed.or(bot_failed).map_or(Ok(()), Err)
    }
}

/// What was told, and what failed.
fn half<T>(asked: Option<Result<T, Failure>>) -> (Option<T>, Option<Failure>) {
    match asked {
        None => (None, None),
        Some(Ok(told)) => (Some(told), None),
        Some(Err(failed)) => (None, Some(failed)),
    }
}

async fn the_account(ctx: &Context<'_>) -> Result<Account, Failure> {
    let (_, person) = ctx.proven_account().await?;
    Ok(Account::of(person))
}

async fn the_bot(ctx: &Context<'_>) -> Result<Me, Failure> {
    ctx.connect()?.client.call(&GetMe {}).await.doing(|| "look at the bot".to_owned())
}

impl Shown for Everybody {
    const COLUMNS: &'static [&'static str] = &[
        "account_id",
        "account_username",
        "account_first_name",
        "account_last_name",
        "bot_id",
        "bot_username",
        "first",
    ];

    fn cells(&self) -> Vec<String> {
        let nothing = || Account::COLUMNS.iter().map(|_| String::new()).collect();
        let mut cells = self.account.as_ref().map_or_else(nothing, Account::cells);
        let bot = self.bot.as_ref();
        cells.push(bot.map(|bot| bot.id.to_string()).unwrap_or_default());
        cells.push(bot.and_then(|bot| bot.username.clone()).unwrap_or_default());
        cells.push(self.first.to_owned());
        cells
    }

    fn words(&self, clock: &Clock) -> String {
        let account = self.account.as_ref().map(|account| format!("account: {}", account.words()));
        let bot = self.bot.as_ref().map(|bot| format!("bot: {}", bot.words(clock)));
        let both = account.is_some() && bot.is_some();
        let first = both.then(|| format!("first: the {}, where both can", self.first));
        account.into_iter().chain(bot).chain(first).collect::<Vec<_>>().join("\n")
    }

    fn brief(&self) -> String {
        let account = self.account.as_ref().map(|account| account.id);
        let bot = self.bot.as_ref().map(|bot| bot.id);
        account.into_iter().chain(bot).map(|id| id.to_string()).collect::<Vec<_>>().join("\n")
    }
}
