//! `admit bot forget`: a bot that nobody needs any more, and its token, are forgotten.

use crate::bot;
use crate::context::Context;
use crate::failure::Failure;
use crate::house::Housing;
use crate::output::Shown;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use serde::Serialize;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit bot forget @owl_bot
  admit bot forget 7000000001 --yes --json

A bot is needed while a gate of its is open, while a link that it made for somebody works, and while somebody who came \
by another's link is to be removed: nobody else could do that. At Telegram it stays what it is; @BotFather ends a token. \
Backups made before still have it.")]
pub(crate) struct Forget {
    /// The bot: `@name` or number.
    #[arg(value_name = "BOT")]
    bot: String,
    #[command(flatten)]
    housing: Housing,
}

/// The bot that was forgotten.
#[derive(Serialize)]
struct Forgotten {
    bot_id: i64,
    #[serde(skip)]
    name: String,
}

impl Forget {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let (id, name, what_came) = runtime::run(async {
            let store = self.housing.open(ctx).await?.store;
            let bots = store.bots().await?;
            let id = bot::find(&bots, &self.bot)?;
            let (name, now) = (bot::name(&bots, id), server::Clock::default().now());
            if ctx.global.dry_run {
                return Ok((id, name, store.cannot_forget(id, now).await?));
            }
            ctx.confirm(&format!("This forgets the bot {name} and its token.")).await?;
            let came = store.forget_bot(id, &ctx.who(), now).await?;
            Ok((id, name, Some(came)))
        })?;
        let needed =
            |why, hint| Failure::OtherState { what: format!("the bot {name}"), why, word: "in_use", hint };
        match what_came {
            None => ctx.would(format!("forget the bot {name}")),
            Some(store::Forgotten::Forgotten) => {
                Ok(ctx.output.show(&Forgotten { bot_id: id.get(), name }, &Clock::of_this_machine())?)
            }
            Some(store::Forgotten::Unknown) => Err(bot::unknown(&self.bot)),
            Some(store::Forgotten::Open(gates)) => {
                let first = gates.first().cloned().unwrap_or_default();
                Err(needed(
                    format!("it makes the links of gates that are open: {}", gates.join(", ")),
                    format!("`admit gate pause {first}`"),
                ))
            }
            Some(store::Forgotten::Unfinished { links, strangers }) => Err(needed(
                format!("{links} links of its may work still, and {strangers} strangers are to be dealt with"),
                "`admit link list` and `admit pass revoke` tell and end what is out; `admit serve` does the rest"
                    .to_owned(),
            )),
        }
    }
}

impl Shown for Forgotten {
    const COLUMNS: &'static [&'static str] = &["bot_id"];

    fn cells(&self) -> Vec<String> {
        vec![self.bot_id.to_string()]
    }

    fn words(&self, _: &Clock) -> String {
        format!("The bot {} is forgotten, and its token with it.", self.name)
    }

    fn brief(&self) -> String {
        self.bot_id.to_string()
    }
}
