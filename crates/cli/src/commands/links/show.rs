//! `admit link show`: one link, with its counts from Telegram, or from the ledger with who was seen by it.

use super::counted::CountedLink;
use super::foreign::{self, Entry};
use super::ledger::ShownEntry;
use super::named::{link_or_hash, parser, some_hash};
use super::source::{Chosen, Source};
use crate::commands::passes::slugs;
use crate::config::Config;
use crate::context::Context;
use crate::failure::{Doing, Failure, Usage};
use crate::house::Housing;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use gate::Code;
use links::{Chat, LinkHash, Operation};
use store::{ForeignLink, ForeignLinkId, LedgerLink, LinkId, Sighting, Store};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit link show --chat @garden https://t.me/+AbCdEf0123456789
  admit link show https://t.me/+AbCdEf0123456789
  admit link show +AbCdEf0123456789 --json
  admit link show mnopqrstuvwxyz234567abcdea

With `--chat` Telegram is asked, which tells an account and no bot: `admit login`. Without it our own ledger, which has \
the links that gates made or that were imported. The last is a link's name at Telegram, by which the ledger knows it where only half of it is \
seen. Whoever has a link that was not used yet may come in by it.")]
pub(crate) struct Show {
    /// The link, in any spelling, its hash, or in the ledger its name, or `imported-` and its number there.
    #[arg(value_name = "LINK", allow_hyphen_values = true)]
    link: String,
    /// Who is asked.
    #[arg(long, value_name = "WHERE", value_enum)]
    from: Option<Source>,
    /// The chat it leads to; Telegram wants to be told.
    #[arg(long, value_name = "CHAT", allow_hyphen_values = true)]
    chat: Option<Chat>,
    #[command(flatten)]
    housing: Housing,
}

impl Show {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let of_telegram = [("--chat", self.chat.is_some())];
        match Source::choose(self.from, ctx, self.chat.as_ref(), &self.housing.given(), &of_telegram)? {
            Chosen::Telegram(chat) => self.of_telegram(ctx, chat),
            Chosen::Ledger => self.of_ledger(ctx),
        }
    }

    fn of_telegram(&self, ctx: &Context<'_>, chat: &Chat) -> Result<(), Failure> {
        let link = link_or_hash(&self.link, &parser(&ctx.config()?))?;
        let link = ctx.talk(async {
            let links = ctx.links(Operation::Show)?;
            links.show(chat, &link).await.doing(|| format!("look up the link {link}"))
        })?;
        Ok(ctx.output.show(&CountedLink::new(link), &Clock::of_this_machine())?)
    }

    fn of_ledger(&self, ctx: &Context<'_>) -> Result<(), Failure> {
        let named = Named::read(&self.link, &ctx.config()?)?;
        let entry = runtime::run(async {
            let store = self.housing.open(ctx).await?.store;
            if let Some((link, seen)) = named.look_up(&store).await? {
                let slugs = slugs(&store).await?;
                return Ok(Entry::Ours(Box::new(ShownEntry::whole(&link, &seen, &slugs))));
            }
            if let Some((link, seen)) = named.look_up_foreign(&store).await? {
                return Ok(Entry::whole_foreign(&link, &seen));
            }
            Err(Failure::NothingThere {
                what: "the ledger does not know this link".to_owned(),
                word: "no_link",
                hint: "it has the links that gates made or that were imported, which `admit link list` tells; for any \
                    other, name its `--chat`"
                    .to_owned(),
            })
        })?;
        Ok(ctx.output.show(&entry, &Clock::of_this_machine())?)
    }
}

/// A link as somebody names it.
#[derive(Default)]
struct Named {
    marker: Option<Code>,
    hash: Option<LinkHash>,
    /// As `admit link list` calls one of a gate, and one that was imported.
    id: Option<LinkId>,
    foreign: Option<ForeignLinkId>,
}

impl Named {
    fn read(text: &str, config: &Config) -> Result<Self, Usage> {
        let text = text.trim();
        if let Ok(foreign::Id(id)) = text.parse() {
            return Ok(Self { foreign: Some(id), ..Self::default() });
        }
        // Nothing else that names a link is a number.
        if let (true, Ok(id)) = (text.bytes().all(|it| it.is_ascii_digit()), text.parse()) {
            return Ok(Self { id: Some(LinkId::new(id)), ..Self::default() });
        }
        match (text.parse().ok(), some_hash(text, &parser(config))) {
            (None, Err(why)) => Err(why),
            (marker, hash) => Ok(Self { marker, hash: hash.ok(), ..Self::default() }),
        }
    }

    async fn look_up(&self, store: &Store) -> Result<Option<(LedgerLink, Vec<Sighting>)>, Failure> {
        if let Some(id) = self.id {
            return Ok(store.ledger_by_id(id).await?);
        }
        // A name looks like a hash as well, and no hash we are told looks like one of our names.
        if let Some(marker) = self.marker
            && let Some(found) = store.ledger_by_marker(marker).await?
        {
            return Ok(Some(found));
        }
        match &self.hash {
            Some(hash) => Ok(store.ledger_by_hash(hash).await?),
            None => Ok(None),
        }
    }

    async fn look_up_foreign(&self, store: &Store) -> Result<Option<(ForeignLink, Vec<Sighting>)>, Failure> {
        match (self.foreign, &self.hash) {
            (Some(id), _) => Ok(store.foreign_link_by_id(id).await?),
            (None, Some(hash)) => Ok(store.foreign_link(hash).await?),
            (None, None) => Ok(None),
        }
    }
}
