//! `admit link show`: one link of the ledger, and who was seen by it.

use super::ledger::ShownEntry;
use super::named::parser;
use crate::commands::passes::slugs;
use crate::config::Config;
use crate::context::Context;
use crate::failure::{Failure, Usage};
use crate::house::Housing;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use gate::Code;
use links::LinkHash;
use store::{LedgerLink, Sighting, Store};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit link show https://t.me/+AbCdEf0123456789
  admit link show +AbCdEf0123456789 --json
  admit link show mnopqrstuvwxyz234567abcdea

The last is a link's name at Telegram, by which it is known where only half of it is seen. Whoever has a link that was \
not used yet may come in by it.")]
pub(crate) struct Show {
    /// The link, in any spelling, its hash, or its name.
    #[arg(value_name = "LINK", allow_hyphen_values = true)]
    link: String,
    #[command(flatten)]
    housing: Housing,
}

impl Show {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let named = Named::read(&self.link, &ctx.config()?)?;
        let entry = runtime::run(async {
            let store = self.housing.open(ctx).await?.store;
            let (link, seen) = named.look_up(&store).await?.ok_or_else(|| Failure::NothingThere {
                what: "the ledger does not know this link".to_owned(),
                word: "no_link",
                hint: "it has the links that gates made; `admit link list` tells which".to_owned(),
            })?;
            Ok(ShownEntry::whole(&link, &seen, &slugs(&store).await?))
        })?;
        Ok(ctx.output.show(&entry, &Clock::of_this_machine())?)
    }
}

/// A link as somebody names it.
struct Named {
    marker: Option<Code>,
    hash: Option<LinkHash>,
}

impl Named {
    fn read(text: &str, config: &Config) -> Result<Self, Usage> {
        let text = text.trim();
        let marker = text.parse().ok();
        // Where only a link can be meant, a hash alone is one.
        let hash = parser(config).parse(text).or_else(|why| LinkHash::new(text).map_err(|_| why));
        match (marker, hash) {
            (None, Err(why)) => Err(Usage::new(format!("`{text}`"), why, "`https://t.me/+AbCdEf0123456789`")),
            (marker, hash) => Ok(Self { marker, hash: hash.ok() }),
        }
    }

    async fn look_up(&self, store: &Store) -> Result<Option<(LedgerLink, Vec<Sighting>)>, Failure> {
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
}
