//! `admit request list`: who waits to be let in.

use crate::commands::links::{parser, whole_link};
use crate::context::Context;
use crate::failure::Failure;
use crate::flags::InChat;
use crate::listing::{self, Noun};
use crate::output::Shown;
use crate::person::ShownPerson;
use crate::rows::plain;
use crate::when::Clock;
use clap::Args;
use links::{Chat, Operation, Request, RequestFilter};
use serde::Serialize;

/// Who waits.
pub(super) const PEOPLE: Noun = ("person waits", "people wait");

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit request list --chat @garden
  admit request list --chat @garden --link https://t.me/+AbCdEf0123456789
  admit request list --chat -1001234567890 --search ann -o ndjson

From Telegram, which tells an account and no bot: `admit login`.")]
pub(crate) struct List {
    #[command(flatten)]
    chat: InChat,
    /// Those who came by this link only.
    #[arg(long, value_name = "LINK", allow_hyphen_values = true)]
    link: Option<String>,
    /// Those whose name has this in it only.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    search: Option<String>,
    /// So many at most; without it, all of them.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

/// Somebody who waits.
#[derive(Serialize)]
pub(super) struct ShownRequest {
    #[serde(flatten)]
    person: ShownPerson,
    asked_at: i64,
    /// What they say about themselves.
    about: Option<String>,
}

impl List {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let parser = parser(&ctx.config()?);
        let link = self.link.as_deref().map(|text| whole_link(text, &parser)).transpose()?;
        let filter = RequestFilter { link, search: self.search };
        listing::list(ctx, PEOPLE, self.limit, async |listing| {
            let links = ctx.links(Operation::Requests)?;
            let chat = &self.chat.chat;
            listing.take(links.requests(chat, &filter), || looking(chat), ShownRequest::new).await?;
            Ok(listing.said())
        })
    }
}

pub(super) fn looking(chat: &Chat) -> String {
    format!("list who waits at {chat}")
}

impl ShownRequest {
    pub(super) fn new(request: Request) -> Self {
        let person = ShownPerson::new(request.person);
        Self { person, asked_at: request.asked_at.get(), about: request.bio }
    }
}

impl Shown for ShownRequest {
    const COLUMNS: &'static [&'static str] = &["user_id", "name", "username", "asked_at", "about"];

    fn cells(&self) -> Vec<String> {
        let person = &self.person;
        vec![
            person.user_id.to_string(),
            person.name(),
            person.username.clone().unwrap_or_default(),
            self.asked_at.to_string(),
            self.about.clone().unwrap_or_default(),
        ]
    }

    fn words(&self, _: &Clock) -> String {
        plain(&self.person.name())
    }

    fn brief(&self) -> String {
        self.person.user_id.to_string()
    }
}
