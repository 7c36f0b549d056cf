//! `admit link import`: links that were made elsewhere come into the ledger, so that whoever comes by them is seen.

use super::list::number;
use super::named::{link_or_hash, parser};
use super::whose::Whose;
use crate::commands::reconcile::failure;
use crate::commands::serve;
use crate::context::Context;
use crate::failure::{ErrorJson, Failure, Usage};
use crate::flags::{InChat, Speaker};
use crate::house::Housing;
use crate::output::Shown;
use crate::rows::plain;
use crate::runtime;
use crate::trials;
use crate::when::Clock;
use clap::Args;
use serde::Serialize;
use server::{BecameOfIt, Books, NotThere, ToImport, Whose as Wanted};

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
        let whose = if self.links.is_empty() {
            match self.whose.all_admins {
                true => Wanted::Everybody,
                false => Wanted::Admin(self.whose.other()),
            }
        } else {
            if self.whose.all_admins || self.whose.admin.is_some() {
                let rule = "links that are named are imported whoever made them";
                let what = "links with `--admin` or `--all-admins`";
                let example = "`admit link import --chat -1001234567890 https://t.me/+AbCdEf0123456789`";
                return Err(Usage::new(what, rule, example).into());
            }
            let links = self.links.iter().map(|text| link_or_hash(text, &parser));
            Wanted::Links(links.collect::<Result<_, _>>()?)
        };
        let keep_days = serve::keep_days(ctx, None)?.unwrap_or(server::Settings::default().keep_days);
        let (clock, dry_run) = (trials::clock(ctx.variables), ctx.global.dry_run);
        let done = runtime::run(async {
            let account = ctx.account()?;
            let store = self.housing.open(ctx).await?.store;
            let books = Books { store: &store, account: &account, links: &parser, clock: &clock, keep_days };
            let done = server::import(books, chat, &whose, dry_run, &ctx.who()).await;
            done.map_err(|why| failure("look up the links", why))
        })?;
        // One alone fails alone.
        if let (Wanted::Links(links), [ToImport { link: Err(_), .. }]) = (&whose, done.as_slice())
            && links.len() == 1
        {
            let not_there = done.into_iter().find_map(|it| it.link.err());
            return not_there.map_or(Ok(()), |it| Err(Imported::failure(it)));
        }
        let rows: Vec<_> = done.into_iter().map(|it| Imported::new(it, dry_run)).collect();
        if rows.is_empty() {
            ctx.output.note("There is no such link that works");
        }
        ctx.output.show_all(&rows, &Clock::of_this_machine())?;
        match rows.iter().filter(|row| row.error.is_some()).count() {
            0 => Ok(()),
            failed => Err(Failure::SomeFailed { failed: failed as u64, total: rows.len() as u64 }),
        }
    }
}

impl Imported {
    fn failure(NotThere { url, why }: NotThere) -> Failure {
        Failure::telegram(format!("look up the link {url}"), why)
    }

    fn new(ToImport { link, became }: ToImport, dry_run: bool) -> Self {
        let status = match became {
            Some(BecameOfIt::Imported) if dry_run => "would be imported",
            Some(BecameOfIt::Imported) => "imported",
            Some(BecameOfIt::Already) => "already",
            Some(BecameOfIt::Ours) => "ours",
            Some(BecameOfIt::Stray) => "stray",
            None => "unreadable",
        };
        match link {
            Ok(link) => Self {
                invite_link: link.url.to_string(),
                name: link.name.map(String::from),
                creator_id: Some(link.creator.id.get()),
                uses: link.uses,
                status,
                dry_run,
                error: None,
            },
            Err(not_there) => {
                let invite_link = not_there.url.to_string();
                let error = Self::failure(not_there).as_json();
                Self {
                    invite_link,
                    name: None,
                    creator_id: None,
                    uses: None,
                    status: "failed",
                    dry_run,
                    error: Some(error),
                }
            }
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
