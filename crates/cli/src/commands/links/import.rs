//! `admit link import`: links that were made elsewhere come into the ledger, so that whoever comes by them is seen.

use super::counted::LINKS;
use super::list::number;
use super::named::{link_or_hash, parser};
use super::whose::Whose;
use crate::commands::reconcile::failure;
use crate::commands::serve;
use crate::context::Context;
use crate::failure::{Doing, ErrorJson, Failure, Usage};
use crate::flags::{InChat, Speaker};
use crate::house::Housing;
use crate::listing::{self, Listing};
use crate::output::Shown;
use crate::rows::plain;
use crate::runtime;
use crate::several::{Those, each};
use crate::trials;
use crate::when::Clock;
use clap::Args;
use links::{Link, LinkFilter, LinkUrl, Links};
use serde::Serialize;
use server::{BecameOfIt, Books, CannotReconcile, Importing};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit link import --chat -1001234567890 https://t.me/+AbCdEf0123456789
  admit link import --chat -1001234567890 --dry-run
  admit link import --chat -1001234567890 --all-admins --json

Whoever comes by such a link from then on is seen, and `admit link show` tells who: at once if our bot made it; if \
somebody else did, which Telegram keeps from bots, after the next `admit reconcile`. It is never ended, given to anybody \
or changed. Imported again, it says what Telegram says then. Without a link, those of the account that work are \
imported. It takes an account: `admit login`; for links of others, the chat's owner. Works beside a service.")]
pub(crate) struct Import {
    #[command(flatten)]
    chat: InChat,
    /// The links, in any spelling.
    #[arg(value_name = "LINK")]
    links: Vec<String>,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    housing: Housing,
}

/// What became of one.
#[derive(Serialize)]
struct Imported {
    invite_link: String,
    name: Option<String>,
    creator_id: Option<i64>,
    uses: Option<u32>,
    /// `imported`, `would be imported`, `already`, `ours`, `stray`, `unreadable` or `failed`.
    status: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorJson>,
}

impl Import {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        ctx.expect_speaker(Speaker::Account, "link import")?;
        let chat = number(&self.chat.chat)?;
        let config = ctx.config()?;
        let parser = parser(&config);
        let keep_days = serve::keep_days(ctx, None)?.unwrap_or(server::Settings::default().keep_days);
        let (clock, who) = (trials::clock(ctx.variables), ctx.who());
        let importing = Importing { chat, dry_run: ctx.global.dry_run, who: &who };
        if self.links.is_empty() {
            return listing::tell(ctx, LINKS, async |listing| {
                let account = ctx.account()?;
                let store = self.housing.open(ctx).await?.store;
                let books =
                    Books { store: &store, account: &account, links: &parser, clock: &clock, keep_days };
                self.all(books, importing, listing).await
            });
        }
        if self.whose.all_admins || self.whose.admin.is_some() {
            let rule = "links that are named are imported whoever made them";
            let what = "links with `--admin` or `--all-admins`";
            let example = "`admit link import --chat -1001234567890 https://t.me/+AbCdEf0123456789`";
            return Err(Usage::new(what, rule, example).into());
        }
        let links = self.links.iter().map(|text| link_or_hash(text, &parser));
        let links = links.collect::<Result<Vec<_>, _>>()?;
        runtime::run_unstopped(async {
            let stopped = runtime::stopped();
            let account = ctx.account()?;
            let store = self.housing.open(ctx).await?.store;
            let books = Books { store: &store, account: &account, links: &parser, clock: &clock, keep_days };
            let import = async |url: &LinkUrl| {
                let shown = account.show(&self.chat.chat, url).await;
                let link = shown.doing(|| format!("look up the link {url}"))?;
                let became = server::import_named(books, &link, importing).await.map_err(not_taken_in)?;
                Ok(Imported::new(&link, became, importing.dry_run))
            };
            let failed = |url: &LinkUrl, failure: &Failure| Imported::failed(url, failure, importing.dry_run);
            each(ctx, stopped, Those::Named(&links), import, failed).await
        })
    }

    /// Each as it comes from Telegram.
    async fn all(
        &self,
        books: Books<'_>,
        importing: Importing<'_>,
        listing: &mut Listing<Imported>,
    ) -> Result<String, Failure> {
        let chat = &self.chat.chat;
        let (account, mut number) = (books.account, 0);
        for admin in self.whose.each(account, chat).await? {
            let filter = LinkFilter { admin, revoked: false };
            let mut links = account.list(chat, &filter);
            let doing = || format!("list the links to {chat}");
            while let Some(link) = self.whose.told(listing.next(&mut links, doing).await)? {
                let became = server::import(books, &link, importing).await.map_err(not_taken_in)?;
                number += u64::from(became == BecameOfIt::Imported);
                listing.put(&Imported::new(&link, became, importing.dry_run))?;
            }
        }
        let would = if importing.dry_run { "would import" } else { "imported" };
        Ok(format!("{would} {number} of {}", listing.said()))
    }
}

fn not_taken_in(why: CannotReconcile) -> Failure {
    failure("take the link into the ledger", why)
}

impl Imported {
    fn new(link: &Link, became: BecameOfIt, dry_run: bool) -> Self {
        let status = match became {
            BecameOfIt::Imported if dry_run => "would be imported",
            BecameOfIt::Imported => "imported",
            BecameOfIt::Already => "already",
            BecameOfIt::Ours => "ours",
            BecameOfIt::Stray => "stray",
            BecameOfIt::Unreadable => "unreadable",
        };
        Self {
            invite_link: link.url.to_string(),
            name: link.name.clone().map(String::from),
            creator_id: Some(link.creator.id.get()),
            uses: link.uses,
            status,
            dry_run,
            error: None,
        }
    }

    fn failed(url: &LinkUrl, failure: &Failure, dry_run: bool) -> Self {
        Self {
            invite_link: url.to_string(),
            name: None,
            creator_id: None,
            uses: None,
            status: "failed",
            dry_run,
            error: Some(failure.as_json()),
        }
    }
}

impl Shown for Imported {
    const COLUMNS: &'static [&'static str] =
        &["invite_link", "name", "creator_id", "uses", "status", "error"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.invite_link.clone(),
            self.name.clone().unwrap_or_default(),
            self.creator_id.map(|id| id.to_string()).unwrap_or_default(),
            self.uses.map(|uses| uses.to_string()).unwrap_or_default(),
            self.status.to_owned(),
            self.error.as_ref().map(|error| error.code.to_owned()).unwrap_or_default(),
        ]
    }

    fn words(&self, _: &Clock) -> String {
        let named = self.name.as_deref().map(|name| format!(", named {}", plain(name))).unwrap_or_default();
        let link = &self.invite_link;
        match (self.status, &self.error) {
            ("would be imported", _) => format!("would import {link}{named}"),
            ("imported", _) => format!("imported {link}{named}"),
            ("already", _) if self.dry_run => format!("{link}{named} is in the ledger already"),
            ("already", _) => format!("{link}{named} was in the ledger, which says now what Telegram says"),
            ("ours", _) => format!("{link} is a gate's, and in the ledger"),
            ("stray", _) => {
                format!("{link}{named} bears a name of ours and was lost; `admit reconcile` ends such links")
            }
            (_, Some(error)) => format!("failed for {link}: {}", error.code),
            _ => format!("{link} does not read as a link, and is left out"),
        }
    }

    fn brief(&self) -> String {
        self.invite_link.clone()
    }
}
