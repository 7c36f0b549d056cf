//! `admit link`: make, change and end invite links.

mod create;
mod edit;
mod parse;
mod revoke;
mod rotate;
mod terms;
mod was;

pub(crate) use create::request;
pub(crate) use terms::{Typed, terms};

use super::Context;
use crate::config::Config;
use crate::failure::{Failure, Usage};
use clap::Subcommand;
use links::{LinkUrl, Parser};

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

/// A parser that knows the links of this Bot API too: a sandbox makes links to its own address.
fn parser(config: &Config) -> Parser {
    let (scheme, rest) = config.api_url.value.split_once("://").unwrap_or(("https", &config.api_url.value));
    let address = format!("{scheme}://{}", rest.split('/').next().unwrap_or(rest));
    Parser::telegram().and_host(&address).unwrap_or_else(|_| Parser::telegram())
}

/// A link that was typed, as Telegram wants it back.
fn whole_link(text: &str, parser: &Parser) -> Result<LinkUrl, Failure> {
    let text = text.trim();
    let hash = parser
        .parse(text)
        .map_err(|why| Usage::new(format!("the link `{text}`"), why, "`https://t.me/+AbCdEf0123456789`"))?;
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    Ok(LinkUrl::new(if is_web { text.to_owned() } else { format!("https://t.me/+{hash}") }))
}
