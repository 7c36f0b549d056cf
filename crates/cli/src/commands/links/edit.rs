//! `admit link edit`: changes what is named and keeps the rest.

use super::kept::{self, Kept};
use super::named::{parser, whole_link};
use super::terms;
use super::was;
use crate::context::Context;
use crate::failure::{Doing, Failure, Usage};
use crate::flags::{InChat, Speaker};
use crate::house::Housing;
use crate::runtime;
use crate::shown::{ShownLink, does};
use crate::when::Clock;
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use links::{
    Admission, AdmissionChange, CannotMerge, Change, Entrance, Link, LinkName, LinkUrl, MemberLimit,
    Operation,
};
use std::path::PathBuf;
use telegram::bot_api::methods::{EditChatInviteLink, EditChatSubscriptionInviteLink, Method};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit link edit --chat @garden --was link.json --name spring
  admit link edit --chat @garden --was link.json --expire 7d --no-limit
  admit link edit --chat @garden https://t.me/+AbCdEf0123456789 --no-name --expire 7d --instant --limit 5

A bot's edit erases whatever it does not say. So a bot needs the link as it was, in `--was` as \
`admit link create --json` printed it; or every field: a name, an expiry, and a way to come in. An account \
looks it up itself. A link that a gate made is in the ledger, and needs neither; of such a link only the expiry can \
change, as long as a pass has it and nobody came by it.")]
pub(crate) struct Edit {
    /// The link; without it, the one in `--was`.
    #[arg(value_name = "LINK")]
    link: Option<String>,
    #[command(flatten)]
    chat: InChat,
    /// The link as it was: a file that `link create --json` wrote, or `-`.
    #[arg(long, value_name = "FILE")]
    was: Option<PathBuf>,
    /// Its name from now on.
    #[arg(
        long,
        alias = "title",
        value_name = "NAME",
        conflicts_with = "no_name",
        allow_hyphen_values = true
    )]
    name: Option<String>,
    /// Take its name away.
    #[arg(long, alias = "no-title")]
    no_name: bool,
    /// When it stops working: `7d`, `36h`, `2026-11-28T14:00+01:00`, or a local time with `--tz`.
    #[arg(long, value_name = "WHEN", conflicts_with = "no_expire", allow_hyphen_values = true)]
    expire: Option<String>,
    /// Let it work until it is revoked.
    #[arg(long)]
    no_expire: bool,
    /// The zone of local times, such as `Europe/Berlin`; answers are told in it too.
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// How many people may be members through it at the same time.
    #[arg(long, value_name = "N", conflicts_with = "no_limit", allow_hyphen_values = true)]
    limit: Option<String>,
    /// Admit any number.
    #[arg(long)]
    no_limit: bool,
    /// Let people ask, and an administrator decide.
    #[arg(long, conflicts_with = "instant")]
    request: bool,
    /// Let people in without asking.
    #[arg(long)]
    instant: bool,
    /// It costs Stars: only its name can change. Known from `--was`, if that is given.
    #[arg(long, conflicts_with_all = ["expire", "no_expire", "limit", "no_limit", "request", "instant"])]
    paid: bool,
    #[command(flatten)]
    housing: Housing,
}

impl Edit {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let zone = terms::zone(self.tz.as_deref())?;
        let clock = Clock::of_this_machine();
        let edit = self.patch(zone.as_ref(), clock.now)?;
        let parser = parser(&ctx.config()?);
        let typed = self.link.as_deref().map(|text| whole_link(text, &parser)).transpose()?;
        let was = match &self.was {
            Some(path) => Some(was::read(ctx, path, typed.as_ref().map(LinkUrl::as_str))?),
            None => None,
        };
        let link = match (typed, &was) {
            (Some(link), _) => link,
            (None, Some(was)) => was.url.clone(),
            (None, None) => {
                let rule = "say which one: give it, or the file it is in";
                return Err(Usage::new("no link", rule, "`--was link.json`").into());
            }
        };
        let clock = clock.told_in(zone);
        if !self.paid
            && let Some((store, entry)) = kept::entry(ctx, &self.housing, &link, &parser)?
        {
            if ctx.global.speak_as == Some(Speaker::Account) {
                let rule = "a gate made this link, and its bot edits it";
                return Err(Usage::new("`--as account`", rule, "`--as bot`").into());
            }
            let kept = runtime::run(Kept::new(store, entry))?;
            return kept.edit(ctx, &self.chat.chat, &edit, &clock);
        }
        let is_paid = self.paid || was.as_ref().is_some_and(|was| matches!(was.entrance, Entrance::Paid(_)));
        if is_paid {
            self.rename(ctx, &link, &edit, &clock)
        } else {
            self.change(ctx, &link, &edit, was.as_ref(), &clock)
        }
    }

    fn change(
        &self,
        ctx: &Context<'_>,
        link: &LinkUrl,
        edit: &links::Edit,
        was: Option<&Link>,
        clock: &Clock,
    ) -> Result<(), Failure> {
        let (speaker, chat) = (ctx.speaker(Operation::Edit)?, &self.chat.chat);
        let terms = match (edit.merge(link, was), speaker) {
            (Ok(terms), _) => Some(terms),
            // What is not said here, an account is told by Telegram.
            (Err(CannotMerge::Unknown(_)), Speaker::Account) => None,
            (Err(why), _) => return Err(self.cannot_merge(why).into()),
        };
        match (ctx.global.dry_run, speaker, terms) {
            (true, Speaker::Bot, Some(terms)) => {
                return ctx.rehearse(EditChatInviteLink::NAME, &EditChatInviteLink::new(chat, link, &terms));
            }
            (true, _, Some(terms)) => {
                return ctx.would(format!("edit {link}, so that it {}", does(&terms, clock)));
            }
            (true, _, None) => {
                return ctx.would(format!("edit {link}: what is named changes, and the rest stays"));
            }
            (false, ..) => {}
        }
        let edited = ctx.talk(async {
            let links = ctx.links(Operation::Edit)?;
            links.edit(chat, link, edit, was).await.doing(|| format!("edit the link {link}"))
        })?;
        Ok(ctx.output.show(&ShownLink::new(edited), clock)?)
    }

    fn rename(
        &self,
        ctx: &Context<'_>,
        link: &LinkUrl,
        edit: &links::Edit,
        clock: &Clock,
    ) -> Result<(), Failure> {
        let is_only_a_name = edit.expires_at == Change::Keep && edit.admission == AdmissionChange::Keep;
        let name = match &edit.name {
            _ if !is_only_a_name => return Err(self.cannot_merge(CannotMerge::Subscription).into()),
            Change::Set(name) => Some(name),
            Change::Clear | Change::Keep => None,
        };
        let chat = &self.chat.chat;
        if ctx.global.dry_run {
            let request = EditChatSubscriptionInviteLink {
                chat_id: chat,
                invite_link: link.as_str(),
                name: name.map(LinkName::as_str),
            };
            return match ctx.speaker(Operation::RenameSubscription)? {
                Speaker::Bot => ctx.rehearse(EditChatSubscriptionInviteLink::NAME, &request),
                Speaker::Account => ctx.would(match name {
                    Some(name) => format!("name {link} `{name}`"),
                    None => format!("take the name of {link} away"),
                }),
            };
        }
        let renamed = ctx.talk(async {
            let links = ctx.links(Operation::RenameSubscription)?;
            links.rename_subscription(chat, link, name).await.doing(|| format!("rename the link {link}"))
        })?;
        Ok(ctx.output.show(&ShownLink::new(renamed), clock)?)
    }

    /// What was said, as a patch.
    fn patch(&self, zone: Option<&TimeZone>, now: Timestamp) -> Result<links::Edit, Usage> {
        let name = match self.name.as_deref() {
            Some(text) => Change::Set(terms::name(text)?),
            None if self.no_name => Change::Clear,
            None => Change::Keep,
        };
        let expires_at = match self.expire.as_deref() {
            Some(text) => Change::Set(terms::expiry(text, zone, now)?),
            None if self.no_expire => Change::Clear,
            None => Change::Keep,
        };
        let edit = links::Edit { name, expires_at, admission: self.admission()? };
        if edit == links::Edit::default() && !self.instant {
            let rule = "say what shall change";
            return Err(Usage::new(
                "`admit link edit`",
                rule,
                "`--name spring`, `--expire 7d` or `--no-limit`",
            ));
        }
        Ok(edit)
    }

    fn admission(&self) -> Result<AdmissionChange, Usage> {
        let limit: Option<MemberLimit> = self.limit.as_deref().map(terms::limit).transpose()?;
        Ok(match (self.request, self.instant, limit) {
            (true, _, Some(limit)) => return Err(terms::limit_and_request(limit)),
            (true, _, None) => AdmissionChange::Become(Admission::ByRequest),
            (_, true, Some(limit)) => AdmissionChange::Become(Admission::Instant { limit: Some(limit) }),
            (_, true, None) if self.no_limit => AdmissionChange::Become(Admission::OPEN),
            (_, true, None) => {
                let rule = "a link without asking has a limit or none: say which";
                return Err(Usage::new(
                    "`--instant`",
                    rule,
                    "`--instant --limit 1` or `--instant --no-limit`",
                ));
            }
            (_, _, Some(limit)) => AdmissionChange::Limit(limit),
            _ if self.no_limit => AdmissionChange::NoLimit,
            _ => AdmissionChange::Keep,
        })
    }

    fn cannot_merge(&self, why: CannotMerge) -> Usage {
        let example = match why {
            CannotMerge::AnotherLink => "`--was` with what `create` printed for this link",
            CannotMerge::LimitNeedsInstant => "`--instant --limit 1`",
            CannotMerge::Subscription => "`--name spring` alone",
            CannotMerge::Primary => "`admit link rotate`, which replaces it",
            CannotMerge::OddExpiry => "`--expire 7d` or `--no-expire`",
            CannotMerge::Unknown(_) => {
                "`--was link.json`; or all of `--name`/`--no-name`, `--expire`/`--no-expire`, and `--request`, `--instant --limit N` or `--instant --no-limit`"
            }
        };
        Usage::new("this edit", why, example)
    }
}
