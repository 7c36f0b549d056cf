//! `admit link list`: links from Telegram, by administrator, the newest first of each; or from our own ledger, newest
//! first.

use super::counted::{CountedLink, LINKS};
use super::foreign::{self, Entry};
use super::ledger::ShownEntry;
use super::source::{Chosen, Source};
use super::whose::Whose;
use crate::commands::gates::find;
use crate::commands::passes::slugs;
use crate::context::Context;
use crate::failure::{Failure, Usage};
use crate::house::Housing;
use crate::listing::{self, count};
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use gate::Slug;
use links::{Chat, ChatId, Link, LinkFilter, Operation};
use std::str::FromStr;
use store::{LedgerFilter, LinkId, PassId};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit link list --chat @garden
  admit link list --chat @garden --all-admins -o csv
  admit link list --chat @garden --admin 123456789 --revoked --json
  admit link list --gate night-owls --limit 100 --json
  admit link list --from ledger --chat -1001234567890 --before 1200 -o ndjson

Telegram lists the links of a chat, with counts, to an account and to no bot: `admit login`. It lists those that are \
not revoked, by administrator, the newest first of each; with `--revoked` the others. Our own ledger has what \
gates made and what was imported, and what became of it; there a link's text is not listed, `admit link show MARKER` shows one. Where a \
session is kept and `--chat` is named, Telegram is asked.")]
pub(crate) struct List {
    /// Who is asked.
    #[arg(long, value_name = "WHERE", value_enum)]
    from: Option<Source>,
    /// Those into this chat; the ledger knows it by its number.
    #[arg(long, value_name = "CHAT", allow_hyphen_values = true)]
    chat: Option<Chat>,
    /// So many at most; without it, all that Telegram has, or 50 of the ledger.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten, next_help_heading = "From Telegram")]
    whose: Whose,
    /// Revoked links instead of live ones.
    #[arg(long, help_heading = "From Telegram")]
    revoked: bool,
    /// Those of this gate only.
    #[arg(long, value_name = "SLUG", help_heading = "From the ledger")]
    gate: Option<Slug>,
    /// Those of this pass only.
    #[arg(long, value_name = "ID", help_heading = "From the ledger")]
    pass: Option<PassId>,
    /// Those older than this one: for the next page.
    #[arg(long, value_name = "ID", help_heading = "From the ledger")]
    before: Option<Before>,
    #[command(flatten)]
    housing: Housing,
}

/// A link of the ledger, where a page begins. Those that were imported stand after the last that a gate made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Before {
    Ours(LinkId),
    Foreign(foreign::Id),
}

impl FromStr for Before {
    type Err = foreign::NotAnId;

    fn from_str(text: &str) -> Result<Self, foreign::NotAnId> {
        match text.parse() {
            Ok(id) => Ok(Self::Ours(id)),
            Err(_) => text.parse().map(Self::Foreign),
        }
    }
}

impl List {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let [data, keys] = self.housing.given();
        let of_ledger = [
            ("--gate", self.gate.is_some()),
            ("--pass", self.pass.is_some()),
            ("--before", self.before.is_some()),
            data,
            keys,
        ];
        let of_telegram = [
            ("--admin", self.whose.admin.is_some()),
            ("--all-admins", self.whose.all_admins),
            ("--revoked", self.revoked),
        ];
        match Source::choose(self.from, ctx, self.chat.as_ref(), &of_ledger, &of_telegram)? {
            Chosen::Telegram(chat) => self.of_telegram(ctx, chat),
            Chosen::Ledger => self.of_ledger(ctx),
        }
    }

    fn of_telegram(&self, ctx: &Context<'_>, chat: &Chat) -> Result<(), Failure> {
        listing::list(ctx, LINKS, self.limit, async |listing| {
            let links = ctx.links(Operation::List)?;
            let mut uses = 0;
            let mut counted = |link: Link| {
                uses += u64::from(link.uses.unwrap_or_default());
                CountedLink::new(link)
            };
            for admin in self.whose.each(&*links, chat).await? {
                let filter = LinkFilter { admin, revoked: self.revoked };
                let doing = || format!("list the links to {chat}");
                self.whose.told(listing.take(links.list(chat, &filter), doing, &mut counted).await)?;
            }
            Ok(format!("{}, {}", listing.said(), count(uses, ("use", "uses"))))
        })
    }

    fn of_ledger(&self, ctx: &Context<'_>) -> Result<(), Failure> {
        let limit = self.limit.unwrap_or(USUAL);
        let limit = u32::try_from(limit).ok().filter(|&limit| limit <= MOST).ok_or_else(|| {
            let rule = "the ledger lists 10000 at a time, and `--before` goes on";
            Usage::flag("--limit", limit, rule, "`--limit 10000`")
        })?;
        let chat = self.chat.as_ref().map(number).transpose()?;
        let entries = runtime::run(async {
            let store = self.housing.open(ctx).await?.store;
            let gate = match &self.gate {
                Some(slug) => Some(find(&store, slug).await?.id),
                None => None,
            };
            let slugs = slugs(&store).await?;
            let (before, before_foreign) = match self.before {
                Some(Before::Ours(id)) => (Some(id), None),
                Some(Before::Foreign(foreign::Id(id))) => (None, Some(id)),
                None => (None, None),
            };
            let filter = LedgerFilter { gate, chat, pass: self.pass, before };
            let links = match before_foreign {
                Some(_) => Vec::new(),
                None => store.ledger(filter, limit).await?,
            };
            let ours = links.iter().map(|link| Entry::Ours(Box::new(ShownEntry::new(link, &slugs))));
            let mut entries: Vec<Entry> = ours.collect();
            let rest = limit - u32::try_from(links.len()).unwrap_or(limit);
            if rest > 0 && self.gate.is_none() && self.pass.is_none() {
                let imported = store.foreign_links(chat, before_foreign, rest).await?;
                entries.extend(imported.iter().map(Entry::foreign));
            }
            Ok(entries)
        })?;
        ctx.output.list(&entries, &Clock::of_this_machine())?;
        if let Some(last) = entries.last().filter(|_| entries.len() == limit as usize) {
            ctx.output.note(format_args!("There may be more: `--before {}`", last.id()));
        }
        Ok(())
    }
}

/// So many of the ledger where nobody says how many, and so many at most.
const USUAL: u64 = 50;
const MOST: u32 = 10_000;

/// The ledger knows chats by their numbers.
pub(in crate::commands) fn number(chat: &Chat) -> Result<ChatId, Usage> {
    match chat {
        Chat::Id(id) => Ok(*id),
        Chat::Name(_) => {
            let rule = "the ledger knows chats by their numbers, which `admit chat show` tells a bot, and `admit link \
                        check LINK` an account that is in the chat";
            Err(Usage::flag("--chat", chat, rule, "`--chat -1001234567890`"))
        }
    }
}
