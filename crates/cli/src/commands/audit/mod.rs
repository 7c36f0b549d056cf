//! `admit audit`: what people did, and whether its record is whole.

mod list;
mod verify;

use crate::context::Context;
use crate::failure::Failure;
use clap::Subcommand;

#[derive(Subcommand, Debug)]
#[command(before_help = "\
Examples:
  admit audit list --limit 20
  admit audit verify

Gates that were changed, opened or paused, passes given or taken back by hand, bots, keys, backups: each with its time \
and the name of whoever did it.")]
pub(crate) enum Audit {
    /// List what people did, newest first.
    List(list::List),
    /// Look whether the record is whole.
    Verify(verify::Verify),
}

impl Audit {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        match self {
            Self::List(command) => command.run(ctx),
            Self::Verify(command) => command.run(ctx),
        }
    }
}
