//! `admit member remove`: removes somebody from a chat.

use crate::context::Context;
use crate::failure::{Doing, Failure, Usage};
use crate::flags::{InChat, Speaker};
use crate::output::Shown;
use crate::when::Clock;
use clap::Args;
use links::{Chat, ChatIdKind, UserId};
use serde::Serialize;
use telegram::bot_api::Client;
use telegram::bot_api::methods::{BanChatMember, GetChatMember, Method, UnbanChatMember};
use telegram::bot_api::types::ChatMember;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit member remove --chat @garden --user 123456789
  admit member remove --chat -1001234567890 --user 123456789 --ban

Without `--ban` they may come back by any link that works. Whoever is not in the chat is left alone, and a ban \
is never lifted by this.")]
pub(crate) struct Remove {
    #[command(flatten)]
    chat: InChat,
    /// Who: the user id.
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    user: UserId,
    /// Keep them out, too.
    #[arg(long)]
    ban: bool,
}

/// What became of somebody.
#[derive(Serialize)]
struct Removed {
    user_id: i64,
    /// `removed`, `banned`, `left` if they were not in, or `kicked` if they were banned already.
    status: &'static str,
}

impl Remove {
    pub(crate) fn run(&self, ctx: &Context<'_>) -> Result<(), Failure> {
        ctx.expect_speaker(Speaker::Bot, "member remove")?;
        let (chat_id, user_id) = (&self.chat.chat, self.user);
        let is_basic = matches!(chat_id, Chat::Id(id) if id.kind() == ChatIdKind::Group);
        if self.ban && is_basic {
            let rule = "basic groups know no bans, only removals";
            return Err(
                Usage::new(format!("`--ban` with `--chat {chat_id}`"), rule, "it without `--ban`").into()
            );
        }
        let ban = BanChatMember { chat_id, user_id, until_date: None, revoke_messages: None };
        let unban = UnbanChatMember { chat_id, user_id, only_if_banned: None };
        let bans = self.ban || is_basic;
        if ctx.global.dry_run {
            return match bans {
                true => ctx.rehearse(BanChatMember::NAME, &ban),
                false => ctx.rehearse(UnbanChatMember::NAME, &unban),
            };
        }
        let client = ctx.connect()?.client;
        let status = ctx.talk(async {
            let doing = || format!("remove {user_id} from {chat_id}");
            if bans {
                client.call(&ban).await.doing(doing)?;
                return Ok(if is_basic { "removed" } else { "banned" });
            }
            // Lifting a ban and removing a member are one call to Telegram, so look which it would be.
            match self.standing(&client).await? {
                ChatMember::Kicked(..) => Ok("kicked"),
                member if member.is_in() == Some(false) => Ok("left"),
                _ => client.call(&unban).await.doing(doing).map(|_| "removed"),
            }
        })?;
        Ok(ctx.output.show(&Removed { user_id: user_id.get(), status }, &Clock::of_this_machine())?)
    }

    async fn standing(&self, client: &Client) -> Result<ChatMember, Failure> {
        let look = GetChatMember { chat_id: &self.chat.chat, user_id: self.user };
        client.call(&look).await.doing(|| format!("look for {} in {}", self.user, self.chat.chat))
    }
}

impl Shown for Removed {
    const COLUMNS: &'static [&'static str] = &["user_id", "status"];

    fn cells(&self) -> Vec<String> {
        vec![self.user_id.to_string(), self.status.to_owned()]
    }

    fn words(&self, _: &Clock) -> String {
        let what = match self.status {
            "removed" => "is removed, and may come back by a link that works",
            "banned" => "is banned",
            "kicked" => "was banned already; nothing was changed",
            _ => "is not in the chat; nothing was changed",
        };
        format!("{} {what}", self.user_id)
    }

    fn brief(&self) -> String {
        self.user_id.to_string()
    }
}
