//! `admit link create`: one link; or many, in a batch that can be resumed.

use super::terms::{self, Typed, terms};
use crate::bulk::{self, Job};
use crate::context::Context;
use crate::failure::{Doing, Failure, Usage};
use crate::flags::{InChat, Speaker};
use crate::output::Format;
use crate::shown::{ShownLink, does};
use crate::when::Clock;
use clap::Args;
use links::{Admission, Chat, Entrance, Link, LinkName, Operation, Subscription, Terms};
use std::path::{Path, PathBuf};
use telegram::bot_api::methods::{CreateChatInviteLink, CreateChatSubscriptionInviteLink, Method};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit link create --chat @garden --limit 1 --expire 7d
  admit link create --chat -1001234567890 --request --name spring
  admit link create --chat @garden --expire 2026-11-28T14:00 --tz Europe/Berlin --json
  admit link create --chat @garden --limit 1 --count 500 --out links.ndjson
  admit link create --chat @garden --from people.csv --out links.ndjson

`--from` reads CSV with a header, or JSON lines, with the columns name, limit, expire and request; what a line \
leaves out comes from the flags. A batch with `--out` survives being killed: run the same command again, and \
only what is missing is made. One that is complete is not begun anew: the file is there already, exit code 2.")]
pub(crate) struct Create {
    #[command(flatten)]
    chat: InChat,
    /// A name that only administrators see, 32 characters at most.
    #[arg(long, alias = "title", value_name = "NAME", allow_hyphen_values = true)]
    name: Option<String>,
    /// How many people may be members through it at the same time, 1 to 99999.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    limit: Option<String>,
    /// When it stops working: `7d`, `36h`, `2026-11-28T14:00+01:00`, or a local time with `--tz`.
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    expire: Option<String>,
    /// The zone of local times, such as `Europe/Berlin`; answers are told in it too.
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// Let people ask, and an administrator decide.
    #[arg(long)]
    request: bool,
    /// Let people in for so many Stars a month; channels only.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    stars: Option<String>,
    /// Make so many links.
    #[arg(long, value_name = "N", allow_hyphen_values = true, help_heading = "Many at once")]
    count: Option<String>,
    /// Make one link for each line of this file, or of `-`.
    #[arg(long, value_name = "FILE", help_heading = "Many at once")]
    from: Option<PathBuf>,
    /// How many calls are on their way at the same time, 1 to 256.
    #[arg(long, value_name = "K", allow_hyphen_values = true, help_heading = "Many at once")]
    concurrency: Option<String>,
    /// Write the batch to this file, and be able to resume it.
    #[arg(long, value_name = "FILE", help_heading = "Many at once")]
    out: Option<PathBuf>,
}

impl Create {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let is_batch = self.count.is_some() || self.from.is_some();
        match (&self.stars, is_batch) {
            (Some(stars), _) => self.paid(ctx, stars),
            (None, true) => self.many(ctx),
            (None, false) => self.one(ctx),
        }
    }

    fn typed(&self) -> Typed {
        Typed {
            name: self.name.clone(),
            limit: self.limit.clone(),
            expire: self.expire.clone(),
            request: self.request,
        }
    }

    fn one(&self, ctx: &Context<'_>) -> Result<(), Failure> {
        for (flag, given) in [("--concurrency", self.concurrency.is_some()), ("--out", self.out.is_some())] {
            if given {
                let rule = "this is for batches";
                return Err(
                    Usage::new(format!("`{flag}`"), rule, &format!("`--count 500 {flag} ...`")).into()
                );
            }
        }
        let zone = terms::zone(self.tz.as_deref())?;
        let clock = Clock::of_this_machine();
        let terms = terms(&self.typed(), zone.as_ref(), clock.now)?;
        let chat = &self.chat.chat;
        if ctx.global.dry_run {
            return match ctx.speaker(Operation::Create)? {
                Speaker::Bot => {
                    ctx.rehearse(CreateChatInviteLink::NAME, &CreateChatInviteLink::new(chat, &terms))
                }
                Speaker::Account => {
                    ctx.would(format!("make a link to {chat} that {}", does(&terms, &clock.told_in(zone))))
                }
            };
        }
        let made = ctx
            .talk(async { ctx.links(Operation::Create)?.create(chat, &terms).await.doing(|| doing(chat)) })?;
        ctx.output.show(&ShownLink::new(made.clone()), &clock.told_in(zone))?;
        advise(ctx, chat, &made);
        Ok(())
    }

    /// Subscription links have a price and a name, and nothing else.
    fn paid(&self, ctx: &Context<'_>, stars: &str) -> Result<(), Failure> {
        let others = [
            ("--limit", self.limit.is_some()),
            ("--expire", self.expire.is_some()),
            ("--request", self.request),
            ("--count", self.count.is_some()),
            ("--from", self.from.is_some()),
            ("--concurrency", self.concurrency.is_some()),
            ("--out", self.out.is_some()),
        ];
        if let Some((flag, _)) = others.iter().find(|(_, given)| *given) {
            let rule = "a link that costs Stars has a price and a name, and is made one at a time";
            let what = format!("`{flag}` with `--stars {stars}`");
            return Err(Usage::new(what, rule, "`--stars 50 --name spring`").into());
        }
        let name = self.name.as_deref().map(terms::name).transpose()?;
        let subscription = Subscription { name, pricing: terms::stars(stars)? };
        let zone = terms::zone(self.tz.as_deref())?;
        let chat = &self.chat.chat;
        if ctx.global.dry_run {
            let request = CreateChatSubscriptionInviteLink {
                chat_id: chat,
                name: subscription.name.as_ref().map(LinkName::as_str),
                subscription_period: subscription.pricing.period_seconds(),
                subscription_price: subscription.pricing.stars(),
            };
            return match ctx.speaker(Operation::CreateSubscription)? {
                Speaker::Bot => ctx.rehearse(CreateChatSubscriptionInviteLink::NAME, &request),
                Speaker::Account => {
                    ctx.would(format!("make a link to {chat} that works for {stars} Stars a month"))
                }
            };
        }
        let made = ctx.talk(async {
            let links = ctx.links(Operation::CreateSubscription)?;
            links.create_subscription(chat, &subscription).await.doing(|| doing(chat))
        })?;
        ctx.output.show(&ShownLink::new(made), &Clock::of_this_machine().told_in(zone))?;
        Ok(())
    }

    fn many(&self, ctx: &Context<'_>) -> Result<(), Failure> {
        if ctx.global.speak_as == Some(Speaker::Account) {
            let rule = "a batch is made by a bot";
            return Err(Usage::new("`--as account` with `--count` or `--from`", rule, "`--as bot`").into());
        }
        if matches!(ctx.global.output, Some(Format::Csv | Format::Table)) {
            let rule = "a batch is written as JSON lines, one for each link";
            return Err(Usage::new("`-o` with `--count` or `--from`", rule, "`-o ndjson`").into());
        }
        if self.from.as_deref() == Some(Path::new("-")) {
            ctx.claim_stdin("--from")?;
        }
        if self.out.as_deref() == Some(Path::new("-")) {
            let rule = "answers go to standard output without it, and only a file can be resumed";
            return Err(Usage::new("`--out -`", rule, "`--out links.ndjson`").into());
        }
        let job = Job {
            chat: self.chat.chat.clone(),
            defaults: self.typed(),
            zone: terms::zone(self.tz.as_deref())?,
            source: bulk::Source::choose(self.count.as_deref(), self.from.as_deref())?,
            concurrency: bulk::concurrency(self.concurrency.as_deref())?,
            out: self.out.clone(),
        };
        bulk::run(ctx, &job)
    }
}

fn doing(chat: &Chat) -> String {
    format!("make a link to {chat}")
}

/// A call as it would be sent; for batches.
pub(crate) fn request<'a>(chat: &'a Chat, terms: &'a Terms) -> CreateChatInviteLink<'a> {
    CreateChatInviteLink::new(chat, terms)
}

/// Says what is true of the link and surprises most people.
fn advise(ctx: &Context<'_>, chat: &Chat, link: &Link) {
    if ctx.output.is_for_programs() {
        return;
    }
    if let Entrance::Ordinary(Admission::Instant { limit: Some(_) }) = link.entrance {
        ctx.output.note(format_args!(
            "Whoever leaves frees a place. To end the link: `admit link revoke --chat {chat} {}`",
            link.url
        ));
    }
}
