//! Links are made: ahead of demand for the pool, and at once for whoever waits.
//!
//! The intent is committed first and names the link at Telegram; then Telegram is asked; then the link is committed,
//! and only then can anybody see it. What is lost between two of these steps was never shown, and ends by its expiry.

use super::chats;
use super::patience::{may_ask, put_off};
use crate::app::App;
use crate::bots::{Bot, CALL_LIMIT, Call};
use crate::error::Trouble;
use crate::metrics::LinkEvent;
use gate::Code;
use links::{ChatId, Expiry, Kind, Link, LinkHash, LinkName, LinkUrl, Terms, UnixTime};
use store::{GateState, Intent, LinkId, SavedGate};
use telegram::bot_api::methods::{CreateChatInviteLink, Method};
use tokio::task::JoinSet;
use tracing::warn;

/// So many are asked for at once, per chat.
const AT_ONCE: u32 = 8;
/// Whoever asked so long ago would know by now what came of it, but for a database that was away in between.
const SILENT_SECONDS: i64 = 3 * CALL_LIMIT.as_secs().cast_signed();

/// Makes what is wanted for one of a gate's chats; says whether there is more to do at once.
pub(crate) async fn fill(
    app: &App,
    bot: &Bot,
    gate: &SavedGate,
    chat: ChatId,
    fence: i64,
) -> Result<bool, Trouble> {
    let now = app.clock.now();
    let target = if gate.state == GateState::Open { gate.gate.pool_target(gate.issued, now) } else { 0 };
    let most = target + AT_ONCE;
    let stock = app.store.stock(gate.id, chat, bot.id, gate.gate.promised_until(now), most).await?;
    if stock.making > 0 {
        let before = UnixTime::new(now.get() - SILENT_SECONDS);
        let lost = app.store.lose_silent(gate.id, chat, bot.id, before, fence).await?;
        if lost > 0 {
            warn!(lost, "nobody knows what came of links that were asked for; others are made instead");
            return Ok(true);
        }
    }
    let stock = gate::Stock { target, free: stock.free, waiting: stock.waiting, making: stock.making };
    // Looked at first: to hand out nothing would cost a crowd the gate's turn at every look.
    if stock.waiting > 0
        && stock.free > 0
        && app.store.may_give(bot.id, chat).await?
        && app.store.hand_out(gate, chat, gate.gate.promised_until(now), now).await? > 0
    {
        // They waited while nothing could be given, and there is a pool again.
        app.bells.made.ring();
        return Ok(true);
    }
    let wanted = stock.wanted().min(AT_ONCE);
    if wanted == 0
        || !may_ask(app, bot, CreateChatInviteLink::NAME, chat).await?
        || !chats::may_give(app, bot, chat).await?
    {
        return Ok(false);
    }
    let mut making = JoinSet::new();
    for _ in 0..wanted {
        let intent = Intent {
            gate: gate.id,
            chat,
            bot: bot.id,
            marker: Code::new(app.chance()?),
            fence,
            expires_at: gate.gate.link_expiry(now).expect("a gate's links live for a bounded time").at(),
        };
        let (app, bot) = (app.clone(), bot.clone());
        making.spawn(async move { make(&app, &bot, intent).await });
    }
    // Each is followed to its end: what one of them met with leaves no other half-way.
    making.join_all().await.into_iter().try_fold(true, |goes_on, made| Ok(goes_on & made?))
}

/// Makes one link; says whether the next can be asked for at once.
async fn make(app: &App, bot: &Bot, intent: Intent) -> Result<bool, Trouble> {
    let link = app.store.intend(intent, app.clock.now()).await?;
    app.points.pass("make.intended");
    let name = LinkName::new(&intent.marker.to_string()).expect("a marker is short and plain");
    let expiry = Expiry::new(intent.expires_at).expect("a gate's links end within a bounded time from now");
    let made = bot.create(intent.chat, &Terms::for_one(expiry).named(name)).await?;
    app.points.pass("make.answered");
    match made.and_then(|made| read(app, made)) {
        Ok((url, hash)) => {
            bot.done(Call::of_chat(CreateChatInviteLink::NAME, intent.chat));
            keep(app, link, &url, &hash).await
        }
        Err(error) => not_made(app, bot, intent, link, &error).await,
    }
}

/// The link, and by what it is known again when somebody comes by it. Where one does not read as such, the next would be
/// no better.
fn read(app: &App, made: Link) -> Result<(LinkUrl, LinkHash), links::Error> {
    match app.links.parse(made.url.as_str()) {
        Ok(hash) => Ok((made.url, hash)),
        Err(why) => {
            warn!(
                "Telegram made a link that does not read as one; is `--telegram-url` where its links lead?"
            );
            Err(links::Error::because(Kind::BrokenAnswer, why).lasting())
        }
    }
}

async fn keep(app: &App, link: LinkId, url: &LinkUrl, hash: &LinkHash) -> Result<bool, Trouble> {
    app.store.made(link, url, hash, app.clock.now()).await?;
    app.points.pass("make.made");
    app.metrics.link(LinkEvent::Made);
    app.bells.made.ring();
    Ok(true)
}

/// No link came of it.
async fn not_made(
    app: &App,
    bot: &Bot,
    intent: Intent,
    link: LinkId,
    error: &links::Error,
) -> Result<bool, Trouble> {
    if matches!(error.kind(), Kind::OutcomeUnknown | Kind::BrokenAnswer) {
        // It may exist. Nobody was shown it, and its name says that it is ours if somebody comes by it.
        app.store.lost(link).await?;
        app.metrics.link(LinkEvent::Lost);
    } else {
        app.store.refused(link).await?;
        app.metrics.link(LinkEvent::Refused);
    }
    put_off(app, bot, CreateChatInviteLink::NAME, intent.chat, error).await?;
    Ok(false)
}
