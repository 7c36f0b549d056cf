//! Which bot of the store is meant: the one that is named, the one whose token is given, or the only one there is.

use crate::context::{self, Context};
use crate::credentials::{self, Source};
use crate::failure::{Failure, Usage};
use links::{UnixTime, UserId};
use server::{CannotStart, Unusable};
use store::{Bot, Store};
use telegram::bot_api::Token;

/// A bot whose token was given.
pub(crate) struct Given {
    pub(crate) id: UserId,
    pub(crate) is_news: bool,
}

/// Remembers the bot whose token is given, if one is. Telegram is asked only about a token that is news, so that what
/// is known works while Telegram cannot be reached.
pub(crate) async fn remember(
    ctx: &Context<'_>,
    store: &Store,
    now: UnixTime,
) -> Result<Option<Given>, Failure> {
    let config = ctx.config()?;
    if config.token.value == Source::Nowhere {
        return Ok(None);
    }
    let token = credentials::read(&config.token.value)?;
    if let Some(known) = known(store, &token).await? {
        return Ok(Some(Given { id: known, is_news: false }));
    }
    let added = server::add_bot(store, token, &context::settings(&config), &ctx.who(), now).await;
    let id = added.map_err(|why| match why {
        CannotStart::Bot(Unusable::Telegram(error)) => {
            Failure::telegram("find out whose token this is".to_owned(), error)
        }
        CannotStart::Store(why) => Failure::Stored(why),
        other => Failure::Service(other),
    })?;
    Ok(Some(Given { id, is_news: true }))
}

async fn known(store: &Store, token: &Token) -> Result<Option<UserId>, Failure> {
    let Some(id) = token.bot_id().and_then(|id| UserId::new(id).ok()) else { return Ok(None) };
    let known = store.bot(id).await?;
    let is_same = |bot: &Bot| bot.token.reveal() == token.reveal() && bot.dead_at.is_none();
    Ok(known.filter(is_same).map(|bot| bot.id))
}

/// The bot that shall make a gate's links.
pub(crate) async fn choose(
    ctx: &Context<'_>,
    store: &Store,
    named: Option<&str>,
    now: UnixTime,
) -> Result<UserId, Failure> {
    let given = remember(ctx, store, now).await?;
    let bots = store.bots().await?;
    if let Some(news) = given.as_ref().filter(|given| given.is_news) {
        ctx.output.note(format_args!(
            "Remembered the bot {}. A service that runs tends it within moments.",
            name(&bots, news.id)
        ));
    }
    match (named, given, bots.as_slice()) {
        (Some(name), _, bots) => find(bots, name),
        (None, Some(given), _) => Ok(given.id),
        (None, None, [only]) => Ok(only.id),
        (None, None, []) => Err(Failure::NothingThere {
            what: "no bot is remembered here yet".to_owned(),
            word: "no_bot",
            hint: "give its token once, in ADMIT_BOT_TOKEN, ADMIT_BOT_TOKEN_FILE or `--token-file PATH`"
                .to_owned(),
        }),
        (None, None, several) => {
            let rule = format!("there are {}: say which one makes the links", names(several));
            Err(Usage::new("no `--bot`", rule, &format!("`--bot @{}`", several[0].username)).into())
        }
    }
}

/// The bot of this number or name.
fn find(bots: &[Bot], name: &str) -> Result<UserId, Failure> {
    let bare = name.trim_start_matches('@');
    let is_meant = |bot: &&Bot| bot.username.eq_ignore_ascii_case(bare) || bot.id.to_string() == bare;
    bots.iter().find(is_meant).map(|bot| bot.id).ok_or_else(|| Failure::NothingThere {
        what: format!("no bot `{name}` is remembered here"),
        word: "no_bot",
        hint: match bots {
            [] => "give its token once, in ADMIT_BOT_TOKEN, ADMIT_BOT_TOKEN_FILE or `--token-file PATH`"
                .to_owned(),
            known => format!("known: {}", names(known)),
        },
    })
}

/// The bot as people know it.
pub(crate) fn name(bots: &[Bot], id: UserId) -> String {
    let known = bots.iter().find(|bot| bot.id == id && !bot.username.is_empty());
    known.map_or_else(|| id.to_string(), |bot| format!("@{}", bot.username))
}

fn names(bots: &[Bot]) -> String {
    bots.iter().map(|bot| name(bots, bot.id)).collect::<Vec<_>>().join(", ")
}
