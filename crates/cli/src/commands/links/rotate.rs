//! `admit link rotate`: replaces our primary link, which ends the old one at once.

use crate::context::Context;
use crate::failure::{Doing, Failure};
use crate::flags::{InChat, Speaker};
use crate::output::Shown;
use crate::when::Clock;
use clap::Args;
use futures_util::TryStreamExt;
use links::{Chat, LinkFilter, Links, Operation};
use serde::Serialize;
use std::future::ready;
use telegram::bot_api::methods::{ExportChatInviteLink, GetChat, Method};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit link rotate --chat @garden
  admit link rotate --chat -1001234567890 --yes --json

Every administrator has one primary link of their own. This replaces the bot's, or the account's; the old one is dead at \
once, and whoever still holds it cannot come in by it.")]
pub(crate) struct Rotate {
    #[command(flatten)]
    chat: InChat,
}

/// The new primary link, and the one it replaced, where that was known.
#[derive(Serialize)]
struct Rotated {
    invite_link: String,
    is_primary: bool,
    replaced: Option<String>,
}

impl Rotate {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let chat = &self.chat.chat;
        let speaker = ctx.speaker(Operation::Rotate)?;
        let whose = match speaker {
            Speaker::Bot => "the bot's",
            Speaker::Account => "the account's",
        };
        match (ctx.global.dry_run, speaker) {
            (true, Speaker::Bot) => {
                return ctx.rehearse(ExportChatInviteLink::NAME, &ExportChatInviteLink { chat_id: chat });
            }
            (true, Speaker::Account) => return ctx.would(format!("replace {whose} primary link to {chat}")),
            (false, _) => {}
        }
        ctx.can_ask(&format!("this ends {whose} primary link to {chat} at once"))?;
        let rotated = ctx.talk(async {
            // Only a look, so that the question can name what dies.
            let (links, old): (Box<dyn Links>, _) = match speaker {
                Speaker::Bot => {
                    let client = ctx.connect()?.client;
                    let seen = client.call(&GetChat { chat_id: chat }).await;
                    let old = seen.doing(|| format!("look at {chat}"))?.invite_link;
                    (Box::new(client), old)
                }
                Speaker::Account => {
                    let (account, _) = ctx.proven_account().await?;
                    let old = primary(&account, chat).await?;
                    (Box::new(account), old)
                }
            };
            let what = match &old {
                Some(old) => format!("this ends {old}, {whose} primary link to {chat}, at once"),
                None => format!("this ends {whose} primary link to {chat}, if it has one"),
            };
            ctx.confirm(&what).await?;
            let new = links.rotate(chat).await.doing(|| format!("replace the primary link to {chat}"))?;
            Ok(Rotated { invite_link: String::from(new), is_primary: true, replaced: old })
        })?;
        Ok(ctx.output.show(&rotated, &Clock::of_this_machine())?)
    }
}

/// The primary link of an account, which is among its others.
async fn primary(account: &dyn Links, chat: &Chat) -> Result<Option<String>, Failure> {
    let mine = LinkFilter::default();
    let mut primary = account.list(chat, &mine).try_filter(|link| ready(link.is_primary));
    let found = primary.try_next().await.doing(|| format!("list the links to {chat}"))?;
    Ok(found.map(|link| link.url.into()))
}

impl Shown for Rotated {
    const COLUMNS: &'static [&'static str] = &["invite_link", "replaced"];

    fn cells(&self) -> Vec<String> {
        vec![self.invite_link.clone(), self.replaced.clone().unwrap_or_default()]
    }

    fn words(&self, _: &Clock) -> String {
        let new = &self.invite_link;
        match &self.replaced {
            Some(old) => format!("{new}\nis the primary link now; {old} is dead"),
            None => format!("{new}\nis the primary link now"),
        }
    }

    fn brief(&self) -> String {
        self.invite_link.clone()
    }
}
