//! `admit bot`: who the token belongs to, and which bots are remembered.

mod forget;
mod list;
mod show;

use crate::context::Context;
use crate::failure::Failure;
use clap::Subcommand;

#[derive(Subcommand, Debug)]
#[command(before_help = "\
Examples:
  admit bot show
  admit bot list
  admit bot forget @owl_bot

A bot that makes links for gates is remembered when its token is given once: by ADMIT_BOT_TOKEN_FILE, \
`--token-file PATH` or a profile, to `admit serve` or `admit gate`.")]
pub(crate) enum Bot {
    /// Show the bot, which also proves its token.
    Show(show::Show),
    /// List the bots that are remembered.
    List(list::List),
    /// Forget a bot and its token.
    Forget(forget::Forget),
}

impl Bot {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        match self {
            Self::Show(command) => command.run(ctx),
            Self::List(command) => command.run(ctx),
            Self::Forget(command) => command.run(ctx),
        }
    }
}
