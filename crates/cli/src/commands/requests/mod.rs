//! `admit request`: who asks to join, and deciding about them.

mod decide;
mod list;

use crate::context::Context;
use crate::failure::Failure;
use clap::Subcommand;
use links::Verdict;

#[derive(Subcommand, Debug)]
#[command(before_help = "\
Examples:
  admit request list --chat @garden
  admit request approve --chat @garden --user 123456789
  admit request approve --chat @garden --all
  admit request decline --chat @garden --user 123456789

Bots cannot list who waits; to a bot the user id comes with the request.")]
pub(crate) enum Request {
    /// List who waits; it takes an account.
    List(list::List),
    /// Let people in.
    #[command(before_help = "\
Examples:
  admit request approve --chat @garden --user 123456789
  admit request approve --chat -1001234567890 --user 123456789,987654321 --json
  admit request approve --chat @garden --all --link https://t.me/+AbCdEf0123456789

`--all` is one call, which takes an account: `admit login`.")]
    Approve(decide::Decide),
    /// Turn people away; they may ask again.
    #[command(before_help = "\
Examples:
  admit request decline --chat @garden --user 123456789
  admit request decline --chat -1001234567890 --user 123456789 --user 987654321
  admit request decline --chat @garden --all --dry-run

`--all` is one call, which takes an account: `admit login`.")]
    Decline(decide::Decide),
}

impl Request {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        match self {
            Self::List(command) => command.run(ctx),
            Self::Approve(command) => command.run(ctx, Verdict::Approve),
            Self::Decline(command) => command.run(ctx, Verdict::Decline),
        }
    }
}
