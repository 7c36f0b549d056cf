//! `admit request`: decides about people who ask to join.

use crate::bulk::fails_all;
use crate::context::Context;
use crate::failure::{ErrorJson, Failure};
use crate::flags::InChat;
use crate::output::{Format, Shown};
use crate::runtime;
use crate::when::Clock;
use clap::{Args, Subcommand};
use links::{Links, UserId, Verdict};
use serde::Serialize;
use telegram::bot_api::Client;
use telegram::bot_api::methods::{ApproveChatJoinRequest, DeclineChatJoinRequest, Method};

#[derive(Subcommand, Debug)]
#[command(before_help = "\
Examples:
  admit request approve --chat @garden --user 123456789
  admit request decline --chat @garden --user 123456789

Bots cannot list who waits; the user id comes with the request.")]
pub(crate) enum Request {
    /// Let people in.
    #[command(before_help = "\
Examples:
  admit request approve --chat @garden --user 123456789
  admit request approve --chat -1001234567890 --user 123456789,987654321 --json")]
    Approve(Decide),
    /// Turn people away; they may ask again.
    #[command(before_help = "\
Examples:
  admit request decline --chat @garden --user 123456789
  admit request decline --chat -1001234567890 --user 123456789 --user 987654321")]
    Decline(Decide),
}

#[derive(Args, Debug)]
pub(crate) struct Decide {
    #[command(flatten)]
    chat: InChat,
    /// Who: the user id; again, or with commas, for several.
    #[arg(
        long = "user",
        value_name = "ID",
        required = true,
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    users: Vec<UserId>,
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

impl Request {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        match self {
            Self::Approve(decide) => decide.run(ctx, Verdict::Approve),
            Self::Decline(decide) => decide.run(ctx, Verdict::Decline),
        }
    }
}

impl Decide {
    fn run(&self, ctx: &Context<'_>, verdict: Verdict) -> Result<(), Failure> {
        if ctx.global.dry_run {
            return self.users.iter().try_for_each(|&user| self.rehearse(ctx, verdict, user));
        }
        let client = ctx.connect()?.client;
        let (mut decided, end) =
            runtime::run_unstopped(async { Ok(self.decide_all(ctx, &client, verdict).await) })?;
        let failed = decided.iter().filter(|each| each.error.is_some()).count() as u64;
        if ctx.output.quiet {
            decided.retain(|each| each.error.is_none());
        }
        let clock = Clock::of_this_machine();
        match decided.as_slice() {
            [] => {}
            [one] if self.users.len() == 1 => ctx.output.show(one, &clock)?,
            several => ctx.output.show_all(several, &clock)?,
        }
        match (end, failed) {
            (Some(end), _) => Err(end),
            (None, 0) => Ok(()),
            (None, failed) => Err(Failure::SomeFailed { failed, total: self.users.len() as u64 }),
        }
    }

    /// Decides about one after the other. What would fail for all the others, too, ends it, and so does a signal;
    /// what was decided until then is told all the same.
    async fn decide_all(
        &self,
        ctx: &Context<'_>,
        client: &Client,
        verdict: Verdict,
    ) -> (Vec<Decided>, Option<Failure>) {
        let mut decided = Vec::new();
        let mut stopping = std::pin::pin!(runtime::stopped());
        for &user in &self.users {
            let answer = tokio::select! {
                biased;
                stop = &mut stopping => return (decided, Some(Failure::Stopped(stop))),
                answer = client.decide(&self.chat.chat, user, verdict) => answer,
            };
            let Err(error) = answer else {
                decided.push(Decided::done(user, verdict));
                continue;
            };
            let is_last_word = self.users.len() == 1 || fails_all(error.kind());
            let failure = Failure::telegram(self.doing(verdict, user), error);
            if is_last_word {
                return (decided, Some(failure));
            }
            if ctx.output.format == Format::Words {
                ctx.output.warn(crate::failure::chain(&failure).join(": "));
            }
            decided.push(Decided::failed(user, &failure));
        }
        (decided, None)
    }

    fn rehearse(&self, ctx: &Context<'_>, verdict: Verdict, user_id: UserId) -> Result<(), Failure> {
        let chat_id = &self.chat.chat;
        match verdict {
            Verdict::Approve => {
                ctx.rehearse(ApproveChatJoinRequest::NAME, &ApproveChatJoinRequest { chat_id, user_id })
            }
            Verdict::Decline => {
                ctx.rehearse(DeclineChatJoinRequest::NAME, &DeclineChatJoinRequest { chat_id, user_id })
            }
        }
    }

    fn doing(&self, verdict: Verdict, user: UserId) -> String {
        let verb = match verdict {
            Verdict::Approve => "approve",
            Verdict::Decline => "decline",
        };
        format!("{verb} the request of {user} in {}", self.chat.chat)
    }
}

impl Decided {
    fn done(user: UserId, verdict: Verdict) -> Self {
        let status = match verdict {
            Verdict::Approve => "approved",
            Verdict::Decline => "declined",
        };
        Self { user_id: user.get(), status, error: None }
    }

    fn failed(user: UserId, failure: &Failure) -> Self {
        Self { user_id: user.get(), status: "failed", error: Some(failure.as_json()) }
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
