//! `admit admin list`: the administrators of a chat, and how many links each of them has.

use crate::context::Context;
use crate::failure::Failure;
use crate::flags::InChat;
use crate::listing::{self, count};
use crate::output::Shown;
use crate::person::ShownPerson;
use crate::rows::plain;
use crate::when::Clock;
use clap::{Args, Subcommand};
use links::{AdminLinks, Operation};
use serde::Serialize;

#[derive(Subcommand, Debug)]
#[command(before_help = "\
Examples:
  admit admin list --chat @garden")]
pub(crate) enum Admin {
    /// List administrators and how many links they have; it takes the account of the chat's owner.
    List(List),
}

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit admin list --chat @garden
  admit admin list --chat -1001234567890 -o csv

From Telegram, which tells the owner's account and no bot: `admit login`.")]
pub(crate) struct List {
    #[command(flatten)]
    chat: InChat,
}

/// An administrator and their links.
#[derive(Serialize)]
struct ShownAdmin {
    #[serde(flatten)]
    person: ShownPerson,
    /// Links that are not revoked.
    live: u32,
    /// Links that are.
    revoked: u32,
}

impl Admin {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let Self::List(list) = self;
        list.run(ctx)
    }
}

impl List {
    fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let chat = &self.chat.chat;
        listing::list(ctx, ADMINISTRATORS, None, async |listing| {
            let links = ctx.links(Operation::Admins)?;
            let (mut live, mut revoked) = (0, 0);
            let shown = |admin: AdminLinks| {
                live += u64::from(admin.live);
                revoked += u64::from(admin.revoked);
                ShownAdmin::new(admin)
            };
            let taken =
                listing.take(links.admins(chat), || format!("list the administrators of {chat}"), shown);
            taken.await.map_err(Failure::of_owners)?;
            Ok(format!("{}, {}, {revoked} of them revoked", listing.said(), count(live + revoked, LINKS)))
        })
    }
}

/// Telegram lists nobody else.
const ADMINISTRATORS: listing::Noun = ("administrator with links", "administrators with links");
const LINKS: listing::Noun = ("link", "links");

impl ShownAdmin {
    fn new(admin: AdminLinks) -> Self {
        Self { person: ShownPerson::new(admin.admin), live: admin.live, revoked: admin.revoked }
    }
}

impl Shown for ShownAdmin {
    const COLUMNS: &'static [&'static str] = &["user_id", "name", "username", "is_bot", "live", "revoked"];

    fn cells(&self) -> Vec<String> {
        let person = &self.person;
        vec![
            person.user_id.to_string(),
            person.name(),
            person.username.clone().unwrap_or_default(),
            person.is_bot.to_string(),
            self.live.to_string(),
            self.revoked.to_string(),
        ]
    }

    fn words(&self, _: &Clock) -> String {
        plain(&self.person.name())
    }

    fn brief(&self) -> String {
        self.person.user_id.to_string()
    }
}
