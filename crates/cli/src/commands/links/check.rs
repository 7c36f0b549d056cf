//! `admit link check`: what a visitor sees of a link, without joining.

use super::named::{link_or_hash, parser, some_hash};
use crate::context::Context;
use crate::failure::{Doing, Failure};
use crate::output::Shown;
use crate::rows::plain;
use crate::when::Clock;
use clap::Args;
use links::{ChatId, Invitation, LinkUrl, Operation, Pricing};
use serde::Serialize;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit link check https://t.me/+AbCdEf0123456789
  admit link check t.me/joinchat/AbCdEf0123456789 --json

From Telegram, which tells an account and no bot: `admit login`. Nobody joins by it.")]
pub(crate) struct Check {
    /// The link, in any spelling, or its hash.
    #[arg(value_name = "LINK", allow_hyphen_values = true)]
    link: String,
}

/// What a link leads to.
#[derive(Serialize)]
struct ShownInvitation {
    invite_link: String,
    title: String,
    about: Option<String>,
    member_count: u32,
    /// Told only to those who are in already or may peek.
    chat_id: Option<i64>,
    /// Joining only asks. Whoever need not join is not told.
    creates_join_request: Option<bool>,
    subscription_price: Option<u32>,
    subscription_period: Option<u32>,
}

impl Check {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let parser = parser(&ctx.config()?);
        let (link, hash) = (link_or_hash(&self.link, &parser)?, some_hash(&self.link, &parser)?);
        let seen = ctx.talk(async {
            let links = ctx.links(Operation::Check)?;
            links.check(&hash).await.doing(|| format!("look at the link {link}"))
        })?;
        Ok(ctx.output.show(&ShownInvitation::new(link, seen), &Clock::of_this_machine())?)
    }
}

impl ShownInvitation {
    fn new(link: LinkUrl, seen: Invitation) -> Self {
        Self {
            invite_link: link.into(),
            title: seen.title,
            about: seen.about,
            member_count: seen.member_count,
            chat_id: seen.chat.map(ChatId::get),
            creates_join_request: seen.chat.is_none().then_some(seen.by_request),
            subscription_price: seen.pricing.map(Pricing::stars),
            subscription_period: seen.pricing.map(Pricing::period_seconds),
        }
    }
}

impl Shown for ShownInvitation {
    const COLUMNS: &'static [&'static str] =
        &["title", "member_count", "creates_join_request", "subscription_price", "chat_id", "about"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.title.clone(),
            self.member_count.to_string(),
            self.creates_join_request.map(|asks| asks.to_string()).unwrap_or_default(),
            self.subscription_price.map(|stars| stars.to_string()).unwrap_or_default(),
            self.chat_id.map(|id| id.to_string()).unwrap_or_default(),
            self.about.clone().unwrap_or_default(),
        ]
    }

    fn words(&self, _: &Clock) -> String {
        let members = match self.member_count {
            1 => "1 member".to_owned(),
            several => format!("about {several} members"),
        };
        let opens = match (self.chat_id, self.subscription_price, self.creates_join_request) {
            (Some(id), ..) => format!("this account is in already, or may look in; its number is {id}"),
            (None, Some(stars), _) => {
                let days = self.subscription_period.unwrap_or_default() / 86_400;
                format!("joining costs {stars} Stars every {days} days")
            }
            (None, None, Some(true)) => "joining asks an administrator".to_owned(),
            (None, None, _) => "whoever opens it is in".to_owned(),
        };
        let about = self.about.iter().map(|about| format!("\n{}", plain(about))).collect::<String>();
        format!("{}: {members}\n{opens}{about}", plain(&self.title))
    }

    fn brief(&self) -> String {
        plain(&self.title)
    }
}
