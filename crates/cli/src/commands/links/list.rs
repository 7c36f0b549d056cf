//! `admit link list`: the links that gates made, newest first.

use super::ledger::ShownEntry;
use crate::commands::gates::find;
use crate::commands::passes::slugs;
use crate::context::Context;
use crate::failure::{Failure, Usage};
use crate::house::Housing;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use gate::Slug;
use links::{Chat, ChatId};
use store::{LedgerFilter, LinkId, PassId};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit link list
  admit link list --gate night-owls --limit 100 --json
  admit link list --chat -1001234567890 --before 1200 -o ndjson

Bots cannot list links, so this is our own ledger: what gates made, and what became of it. The links themselves are \
not shown here; `admit link show MARKER` shows one.")]
pub(crate) struct List {
    /// Those of this gate only.
    #[arg(long, value_name = "SLUG")]
    gate: Option<Slug>,
    /// Those into this chat only, by its number.
    #[arg(long, value_name = "CHAT", allow_hyphen_values = true)]
    chat: Option<Chat>,
    /// Those of this pass only.
    #[arg(long, value_name = "ID")]
    pass: Option<PassId>,
    /// So many at most.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Those older than this one: for the next page.
    #[arg(long, value_name = "ID")]
    before: Option<LinkId>,
    #[command(flatten)]
    housing: Housing,
}

impl List {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let chat = self.chat.as_ref().map(number).transpose()?;
        let (links, entries) = runtime::run(async {
            let store = self.housing.open(ctx).await?.store;
            let gate = match &self.gate {
                Some(slug) => Some(find(&store, slug).await?.id),
                None => None,
            };
            let filter = LedgerFilter { gate, chat, pass: self.pass, before: self.before };
            let slugs = slugs(&store).await?;
            let links = store.ledger(filter, self.limit).await?;
            let entries = links.iter().map(|link| ShownEntry::new(link, &slugs)).collect::<Vec<_>>();
            Ok((links, entries))
        })?;
        ctx.output.list(&entries, &Clock::of_this_machine())?;
        if let Some(last) = links.last().filter(|_| links.len() == self.limit as usize) {
            ctx.output.note(format_args!("There may be more: `--before {}`", last.id));
        }
        Ok(())
    }
}

/// The ledger knows chats by their numbers.
fn number(chat: &Chat) -> Result<ChatId, Usage> {
    match chat {
        Chat::Id(id) => Ok(*id),
        Chat::Name(_) => {
            let rule = "the ledger knows chats by their numbers, which `admit chat show` tells";
            Err(Usage::flag("--chat", chat, rule, "`--chat -1001234567890`"))
        }
    }
}
