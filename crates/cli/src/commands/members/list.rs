//! `admit member list`: who came by a link, or by any.

use crate::commands::links::{parser, whole_link};
use crate::context::Context;
use crate::failure::Failure;
use crate::flags::InChat;
use crate::listing;
use crate::output::Shown;
use crate::person::ShownPerson;
use crate::rows::plain;
use crate::when::Clock;
use clap::Args;
use links::{Member, MemberFilter, Operation, UserId};
use serde::Serialize;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit member list --chat @garden
  admit member list --chat @garden --link https://t.me/+AbCdEf0123456789 -o csv
  admit member list --chat -1001234567890 --limit 100 --json

Newest first, from Telegram, which tells an account and no bot: `admit login`. Whoever came without a link is not on the \
list.")]
pub(crate) struct List {
    #[command(flatten)]
    chat: InChat,
    /// Those who came by this link only.
    #[arg(long, value_name = "LINK", allow_hyphen_values = true)]
    link: Option<String>,
    /// Those whose paid time ended, and who are out since.
    #[arg(long)]
    lapsed: bool,
    /// So many at most; without it, all of them.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

/// Somebody who came.
#[derive(Serialize)]
struct ShownMember {
    #[serde(flatten)]
    person: ShownPerson,
    joined_at: i64,
    /// The administrator who let them in, if they had asked.
    approved_by: Option<i64>,
    /// They came by a folder of chats.
    via_folder: bool,
    /// The link they came by, where it was asked for.
    invite_link: Option<String>,
}

impl List {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let chat = &self.chat.chat;
        let parser = parser(&ctx.config()?);
        let link = self.link.as_deref().map(|text| whole_link(text, &parser)).transpose()?;
        let filter = MemberFilter { link, lapsed: self.lapsed };
        listing::list(ctx, ("person", "people"), self.limit, async |listing| {
            let links = ctx.links(Operation::Members)?;
            let members = links.members(chat, &filter);
            listing.take(members, || format!("list who came to {chat}"), ShownMember::new).await?;
            Ok(listing.said())
        })
    }
}

impl ShownMember {
    fn new(member: Member) -> Self {
        Self {
            joined_at: member.joined_at.get(),
            approved_by: member.approved_by.map(UserId::get),
            via_folder: member.via_folder,
            invite_link: member.link.map(String::from),
            person: ShownPerson::new(member.person),
        }
    }
}

impl Shown for ShownMember {
    const COLUMNS: &'static [&'static str] =
        &["user_id", "name", "username", "joined_at", "approved_by", "via_folder", "invite_link", "is_bot"];

    fn cells(&self) -> Vec<String> {
        let person = &self.person;
        vec![
            person.user_id.to_string(),
            person.name(),
            person.username.clone().unwrap_or_default(),
            self.joined_at.to_string(),
            self.approved_by.map(|id| id.to_string()).unwrap_or_default(),
            self.via_folder.to_string(),
            self.invite_link.clone().unwrap_or_default(),
            person.is_bot.to_string(),
        ]
    }

    fn words(&self, _: &Clock) -> String {
        plain(&self.person.name())
    }

    fn brief(&self) -> String {
        self.person.user_id.to_string()
    }
}
