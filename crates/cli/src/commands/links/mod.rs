//! `admit link`: make, change and end invite links.

mod create;
mod edit;
mod named;
mod parse;
mod revoke;
mod rotate;
mod terms;
mod was;

pub(crate) use create::request;
pub(crate) use terms::{Typed, terms};

use crate::context::Context;
use crate::failure::Failure;
use clap::Subcommand;

#[derive(Subcommand, Debug)]
#[command(before_help = "\
Examples:
  admit link create --chat @garden --limit 1 --expire 7d
  admit link edit --chat @garden --was link.json --name spring
  admit link revoke --chat @garden https://t.me/+AbCdEf0123456789")]
pub(crate) enum Link {
    /// Make one link, or many.
    Create(create::Create),
    /// Change what is named, and keep the rest.
    Edit(edit::Edit),
    /// End a link.
    Revoke(revoke::Revoke),
    /// Replace the bot's primary link.
    Rotate(rotate::Rotate),
    /// Read any spelling of an invite link.
    Parse(parse::Parse),
}

impl Link {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        match self {
            Self::Create(command) => command.run(ctx),
            Self::Edit(command) => command.run(ctx),
            Self::Revoke(command) => command.run(ctx),
            Self::Rotate(command) => command.run(ctx),
            Self::Parse(command) => command.run(ctx),
        }
    }
}
