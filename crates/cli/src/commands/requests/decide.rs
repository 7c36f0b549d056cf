//! `admit request approve` and `decline`: the people who are named, one by one; or everybody who waits, in one call.

use super::list::{PEOPLE, ShownRequest, looking};
use crate::commands::links::{parser, whole_link};
use crate::context::{Context, WouldBe};
use crate::failure::{Doing, ErrorJson, Failure};
use crate::flags::{InChat, Speaker};
use crate::listing::{self, count, number};
use crate::output::Shown;
use crate::runtime;
use crate::several::{Those, each};
use crate::when::Clock;
use clap::Args;
use links::{Kind, Links, Operation, RequestFilter, UserId, Verdict};
use serde::Serialize;
use std::pin::pin;
use telegram::bot_api::methods::{ApproveChatJoinRequest, DeclineChatJoinRequest, Method};

#[derive(Args, Debug)]
pub(crate) struct Decide {
    #[command(flatten)]
    chat: InChat,
    /// Who: the user id; again, or with commas, for several.
    #[arg(
        long = "user",
        value_name = "ID",
        required_unless_present = "all",
        conflicts_with = "all",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    users: Vec<UserId>,
    /// Everybody who waits.
    #[arg(long)]
    all: bool,
    /// Of everybody, those who came by this link only.
    #[arg(long, value_name = "LINK", requires = "all", conflicts_with = "users", allow_hyphen_values = true)]
    link: Option<String>,
}

/// What became of one person.
#[derive(Serialize)]
struct Decided {
    user_id: i64,
    /// `approved`, `declined`, or `failed`.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorJson>,
}

/// What became of everybody.
#[derive(Serialize)]
struct AllDecided {
    /// `approved` or `declined`.
    status: &'static str,
    /// How many waited just before; not counted where nobody was asked whether to go on.
    count: Option<u64>,
}

impl Decide {
    pub(crate) fn run(&self, ctx: &Context<'_>, verdict: Verdict) -> Result<(), Failure> {
        if self.all {
            return self.everybody(ctx, verdict);
        }
        if ctx.global.dry_run {
            return self.rehearse(ctx, verdict);
        }
        runtime::run_unstopped(async {
            let mut stopped = pin!(runtime::stopped());
            let speaker = ctx.speaker(Operation::Decide)?;
            let links = tokio::select! {
                biased;
                stop = &mut stopped => return Err(Failure::Stopped(stop)),
                links = ctx.proven_links(Operation::Decide) => links?,
            };
            let decide = async |user: &UserId| {
                let decided = links.decide(&self.chat.chat, *user, verdict).await;
                let decided = decided.doing(|| self.doing(verdict, *user));
                let decided = if speaker == Speaker::Account { decided.map_err(look_first) } else { decided };
                decided.map(|()| Decided::done(*user, verdict))
            };
            each(ctx, stopped, Those::Named(&self.users), decide, Decided::failed).await
        })
    }

    /// Decides about everybody. Who waits is listed to show it, and counted to ask.
    fn everybody(&self, ctx: &Context<'_>, verdict: Verdict) -> Result<(), Failure> {
        let parser = parser(&ctx.config()?);
        let link = self.link.as_deref().map(|text| whole_link(text, &parser)).transpose()?;
        let filter = RequestFilter { link, search: None };
        let (chat, words) = (&self.chat.chat, Words::of(verdict));
        if ctx.global.dry_run {
            return listing::list(ctx, PEOPLE, None, async |listing| {
                let links = ctx.links(Operation::DecideAll).map_err(one_by_one)?;
                let would = |request| WouldBe::new(words.would, ShownRequest::new(request));
                listing.take(links.requests(chat, &filter), || looking(chat), would).await?;
                Ok(format!("would {} all of them: {}", words.act, listing.said()))
            });
        }
        let who = filter.link.as_ref().map(|link| format!(" and came by {link}")).unwrap_or_default();
        let what = format!("this {}s everybody who waits at {chat}{who}, at once", words.act);
        ctx.can_ask(&what)?;
        let decided = ctx.talk(async {
            ctx.speaker(Operation::DecideAll).map_err(one_by_one)?;
            let (links, _) = ctx.proven_account().await?;
            let waiting = if ctx.global.yes {
                None
            } else {
                Some(number(ctx, links.requests(chat, &filter), PEOPLE, || looking(chat)).await?)
            };
            if let Some(waiting) = waiting.filter(|&waiting| waiting > 0) {
                ctx.confirm(&format!("{}: {what}", count(waiting, PEOPLE))).await?;
            }
            if waiting != Some(0) {
                let decided = links.decide_all(chat, filter.link.as_ref(), verdict).await;
                decided.doing(|| format!("{} everybody who waits at {chat}", words.act))?;
            }
            Ok(AllDecided { status: words.done, count: waiting })
        })?;
        Ok(ctx.output.show(&decided, &Clock::of_this_machine())?)
    }

    fn rehearse(&self, ctx: &Context<'_>, verdict: Verdict) -> Result<(), Failure> {
        let chat_id = &self.chat.chat;
        if ctx.speaker(Operation::Decide)? == Speaker::Account {
            let would = |&user: &UserId| self.doing(verdict, user);
            return ctx.would_each(self.users.iter().map(would).collect());
        }
        let users = self.users.iter();
        match verdict {
            Verdict::Approve => {
                let calls = users.map(|&user_id| ApproveChatJoinRequest { chat_id, user_id });
                ctx.rehearse_each(ApproveChatJoinRequest::NAME, calls)
            }
            Verdict::Decline => {
                let calls = users.map(|&user_id| DeclineChatJoinRequest { chat_id, user_id });
                ctx.rehearse_each(DeclineChatJoinRequest::NAME, calls)
            }
        }
    }

    fn doing(&self, verdict: Verdict, user: UserId) -> String {
        let verb = Words::of(verdict).act;
        format!("{verb} the request of {user} in {}", self.chat.chat)
    }
}

impl Decided {
    fn done(user: UserId, verdict: Verdict) -> Self {
        Self { user_id: user.get(), status: Words::of(verdict).done, error: None }
    }

    fn failed(user: &UserId, failure: &Failure) -> Self {
        Self { user_id: user.get(), status: "failed", error: Some(failure.as_json()) }
    }
}

/// A verdict as it is said.
#[derive(Clone, Copy)]
struct Words {
    act: &'static str,
    done: &'static str,
    would: &'static str,
}

impl Words {
    fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Approve => Self { act: "approve", done: "approved", would: "would be approved" },
            Verdict::Decline => Self { act: "decline", done: "declined", would: "would be declined" },
        }
    }
}

/// An account can look who waits.
fn look_first(failure: Failure) -> Failure {
    match failure {
        Failure::Telegram { doing, error, .. } if *error.kind() == Kind::PersonUnknown => {
            let hint = "`admit request list` tells who waits";
            Failure::Telegram { doing, error, hint: Some(hint.to_owned()) }
        }
        other => other,
    }
}

/// A bot cannot do it, but for each.
fn one_by_one(failure: Failure) -> Failure {
    match failure {
        Failure::Telegram { doing, error, .. } if matches!(error.kind(), Kind::NotHere(_)) => {
            let hint = "name each with `--user ID`, or log in with an account: `admit login`";
            Failure::Telegram { doing, error, hint: Some(hint.to_owned()) }
        }
        other => other,
    }
}

impl Shown for Decided {
    const COLUMNS: &'static [&'static str] = &["user_id", "status", "error"];

    fn cells(&self) -> Vec<String> {
        let error = self.error.as_ref().map(|error| error.code.to_owned()).unwrap_or_default();
        vec![self.user_id.to_string(), self.status.to_owned(), error]
    }

    fn words(&self, _: &Clock) -> String {
        match &self.error {
            None => format!("{} {}", self.status, self.user_id),
            Some(error) => format!("failed for {}: {}", self.user_id, error.code),
        }
    }

    fn brief(&self) -> String {
        self.user_id.to_string()
    }
}

impl Shown for AllDecided {
    const COLUMNS: &'static [&'static str] = &["status", "count"];

    fn cells(&self) -> Vec<String> {
        vec![self.status.to_owned(), self.count.map(|count| count.to_string()).unwrap_or_default()]
    }

    fn words(&self, _: &Clock) -> String {
        match self.count {
            Some(0) => "nobody waits".to_owned(),
            Some(several) => format!("{} all {several} who waited", self.status),
            None => format!("{} everybody who waited", self.status),
        }
    }

    fn brief(&self) -> String {
        self.count.map_or_else(|| self.status.to_owned(), |count| count.to_string())
    }
}
