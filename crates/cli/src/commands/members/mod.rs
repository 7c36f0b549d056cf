//! `admit member`: who came to a chat, and their end there.

mod list;
mod remove;

use crate::context::Context;
use crate::failure::Failure;
use clap::Subcommand;

#[derive(Subcommand, Debug)]
#[command(before_help = "\
Examples:
  admit member list --chat @garden
  admit member remove --chat @garden --user 123456789")]
pub(crate) enum Member {
    /// List who came by links; it takes an account.
    List(list::List),
    /// Remove somebody, who may come back; or ban them.
    Remove(remove::Remove),
}

impl Member {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        match self {
            Self::List(command) => command.run(ctx),
            Self::Remove(command) => command.run(ctx),
        }
    }
}
