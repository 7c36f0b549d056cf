//! `admit link parse`: any spelling of an invite link to its hash, with nothing sent.

use super::named::parser;
use crate::context::Context;
use crate::failure::{Failure, Usage};
use crate::output::Shown;
use crate::when::Clock;
use clap::Args;
use serde::Serialize;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit link parse t.me/joinchat/AbCdEf0123456789
  admit link parse tg://join?invite=AbCdEf0123456789 --json

Two links are the same if their hashes are. Nothing is sent anywhere.")]
pub(crate) struct Parse {
    /// The links.
    #[arg(value_name = "LINK", required = true)]
    links: Vec<String>,
}

/// A link in its usual spelling, and the part that names it.
#[derive(Serialize)]
struct Parsed {
    invite_link: String,
    hash: String,
}

impl Parse {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let parser = parser(&ctx.config()?);
        let read = |text: &String| match parser.parse(text) {
            Ok(hash) => Ok(Parsed { invite_link: format!("https://t.me/+{hash}"), hash: hash.to_string() }),
            Err(why) => Err(Usage::new(format!("`{text}`"), why, "`https://t.me/+AbCdEf0123456789`")),
        };
        let parsed = self.links.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let clock = Clock::of_this_machine();
        match parsed.as_slice() {
            [one] => ctx.output.show(one, &clock)?,
            several => ctx.output.show_all(several, &clock)?,
        }
        Ok(())
    }
}

impl Shown for Parsed {
    const COLUMNS: &'static [&'static str] = &["invite_link", "hash"];

    fn cells(&self) -> Vec<String> {
        vec![self.invite_link.clone(), self.hash.clone()]
    }

    fn words(&self, _: &Clock) -> String {
        format!("{} has the hash {}", self.invite_link, self.hash)
    }

    fn brief(&self) -> String {
        self.hash.clone()
    }
}
