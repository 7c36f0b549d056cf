//! What goes on without anybody asking: for each bot its ear, the making and the ending of its links. One node at a time
//! does it, and all of it is safe to do twice.

use crate::app::App;
use crate::bells::Ear;
use crate::bots::Bot;
use crate::error::{Trouble, chain};
use crate::flows::{hear, make, revoke};
use links::{Kind, UnixTime};
use std::time::Duration;
use store::GateState;
use tokio::time::sleep;
use tracing::{info, warn};

/// A lease is good for so long, and renewed three times in it.
const LEASE_SECONDS: i64 = 30;
const RENEW: Duration = Duration::from_secs(10);
/// How often a job looks though no bell rang: the bells of other nodes are not heard.
const LOOK: Duration = Duration::from_millis(500);
/// After a failure.
const BREATH: Duration = Duration::from_secs(1);

/// Tends a bot for as long as this future is polled.
pub(crate) async fn tend(app: App, bot: Bot, holder: String) {
    let name = format!("bot:{}", bot.id);
    loop {
        let now = app.clock.now();
        let until = UnixTime::new(now.get() + LEASE_SECONDS);
        match app.store.lease(&name, &holder, now, until).await {
            Ok(Some(fence)) => {
                info!(bot = bot.id.get(), "tending this bot");
                tokio::select! {
                    () = renew(&app, &name, &holder) => warn!(bot = bot.id.get(), "another node tends this bot now"),
                    () = work(&app, &bot, fence) => {}
                }
            }
            Ok(None) => {}
            Err(why) => warn!(error = chain(&why), "the lease of a bot could not be taken"),
        }
        sleep(BREATH).await;
    }
}

/// Ends when the lease is lost.
async fn renew(app: &App, name: &str, holder: &str) {
    let mut failures = 0;
    loop {
        sleep(RENEW).await;
        let now = app.clock.now();
        match app.store.lease(name, holder, now, UnixTime::new(now.get() + LEASE_SECONDS)).await {
            Ok(Some(_)) => failures = 0,
            Ok(None) => return,
            // The lease outlives two failures.
            Err(_) if failures == 2 => return,
            Err(_) => failures += 1,
        }
    }
}

async fn work(app: &App, bot: &Bot, fence: i64) {
    if let Err(why) = app.store.lose_earlier(bot.id, fence).await {
        warn!(error = chain(&why), "links of an earlier run could not be given up");
        return;
    }
    tokio::join!(listen(app, bot), make_links(app, bot, fence), end_links(app, bot));
}

/// Hears what Telegram says. What was taken in is acknowledged by the next question.
async fn listen(app: &App, bot: &Bot) {
    let ear = bot.ear();
    let mut done = None;
    loop {
        match ear.after(done).await {
            Ok(updates) => {
                while let Err(why) = hear::take_in(app, bot, &updates).await {
                    warn!(error = chain(&why), "updates could not be stored; they are not acknowledged");
                    sleep(BREATH).await;
                }
                done = updates.last().map(|update| update.update_id).or(done);
            }
            Err(why) => {
                let wait = match why.kind() {
                    Kind::Wait { seconds } => Duration::from_secs((*seconds).into()),
                    Kind::TokenDead | Kind::Conflict | Kind::WebhookActive => Duration::from_secs(10),
                    _ => BREATH,
                };
                warn!(bot = bot.id.get(), error = chain(&why), "updates could not be fetched");
                sleep(wait).await;
            }
        }
    }
}

async fn make_links(app: &App, bot: &Bot, fence: i64) {
    let mut bell = app.bells.wanted.listen();
    loop {
        match make_for_all(app, bot, fence).await {
            Ok(true) => {}
            Ok(false) => bell.wait(LOOK).await,
            Err(why) => {
                warn!(error = chain(&why), "links could not be made");
                sleep(BREATH).await;
            }
        }
    }
}

/// Says whether there is more to do at once.
async fn make_for_all(app: &App, bot: &Bot, fence: i64) -> Result<bool, Trouble> {
    let mut more = false;
    for saved in app.store.gates().await? {
        if saved.bot != bot.id || saved.state == GateState::Draft {
            continue;
        }
        let Some(gate) = app.gate(&saved.slug).await? else { continue };
        for &chat in gate.gate.chats.iter() {
            more |= make::fill(app, bot, &gate, chat, fence).await?;
        }
    }
    Ok(more)
}

async fn end_links(app: &App, bot: &Bot) {
    let mut bell: Ear = app.bells.ending.listen();
    loop {
        match revoke::end(app, bot).await {
            Ok(0) => bell.wait(LOOK).await,
            Ok(_) => {}
            Err(why) => {
                warn!(error = chain(&why), "links could not be ended");
                sleep(BREATH).await;
            }
        }
    }
}
