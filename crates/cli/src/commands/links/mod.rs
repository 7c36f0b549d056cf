//! `admit link`: make, change, end and look up invite links.

mod check;
mod counted;
mod create;
mod delete;
mod edit;
mod foreign;
mod import;
mod kept;
mod ledger;
mod list;
mod named;
mod parse;
mod purge;
mod revoke;
mod rotate;
mod show;
mod source;
mod terms;
mod was;
mod whose;

pub(crate) use create::request;
pub(super) use list::number;
pub(crate) use named::{parser, whole_link};
pub(crate) use terms::{Typed, terms};

use crate::context::Context;
use crate::failure::Failure;
use clap::Subcommand;

#[derive(Subcommand, Debug)]
#[command(before_help = "\
Examples:
  admit link create --chat @garden --limit 1 --expire 7d
  admit link edit --chat @garden --was link.json --name spring
  admit link revoke --chat @garden https://t.me/+AbCdEf0123456789
  admit link list --chat @garden --all-admins")]
pub(crate) enum Link {
    /// Make one link, or many.
    Create(create::Create),
    /// Change what is named, and keep the rest.
    Edit(edit::Edit),
    /// End a link.
    Revoke(revoke::Revoke),
    /// Replace the primary link.
    Rotate(rotate::Rotate),
    /// List links: with counts as Telegram has them, or those that gates made.
    List(list::List),
    /// Show one link: with its counts as Telegram has them, or as a gate made it.
    Show(show::Show),
    /// Look at a link without joining.
    Check(check::Check),
    /// Delete revoked links from Telegram's memory.
    Delete(delete::Delete),
    /// Delete every revoked link.
    Purge(purge::Purge),
    /// Take links that were made elsewhere into the ledger.
    Import(import::Import),
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
            Self::List(command) => command.run(ctx),
            Self::Show(command) => command.run(ctx),
            Self::Check(command) => command.run(ctx),
            Self::Delete(command) => command.run(ctx),
            Self::Purge(command) => command.run(ctx),
            Self::Import(command) => command.run(ctx),
            Self::Parse(command) => command.run(ctx),
        }
    }
}
