//! What goes on without anybody asking: for each bot its ear, the making and the ending of its links. One node at a time
//! does it, and all of it is safe to do twice.

mod attend;
mod house;
mod listen;
mod nightly;

pub(crate) use attend::Attendance;
pub(crate) use house::keep_house;
pub(crate) use nightly::every_night;

use crate::app::App;
use crate::bells::Ear;
use crate::bots::Bot;
use crate::error::{Trouble, chain};
use crate::flows::{chats, doubts, errands, make, revoke, strangers};
use links::{UnixTime, UserId};
use std::time::Duration;
use tokio::time::sleep;
use tracing::{info, warn};

/// A lease is good for so long, and renewed three times in it.
const LEASE_SECONDS: i64 = 30;
const RENEW: Duration = Duration::from_secs(10);
/// How often a job looks though no bell rang: the bells of other nodes are not heard.
const LOOK: Duration = Duration::from_millis(500);
/// Doubts come once in a long while, and those who cannot be asked about stay.
const LOOK_FOR_DOUBTS: Duration = Duration::from_secs(30);
/// After a failure.
const BREATH: Duration = Duration::from_secs(1);

/// Tends a bot for as long as this future is polled.
async fn tend(app: App, bot: Bot, holder: String) {
    let name = lease(bot.id);
    loop {
        let now = app.clock.now();
        let until = UnixTime::new(now.get() + LEASE_SECONDS);
        match app.store.lease(&name, &holder, now, until).await {
            Ok(Some(fence)) => {
                info!(bot = bot.id.get(), "tending this bot");
                tokio::select! {
                    () = renew(&app, &name, &holder) => warn!(bot = bot.id.get(), "another node tends this bot now"),
                    () = work(&app, &bot, &holder, fence) => {}
                }
            }
            Ok(None) => {}
            Err(why) => warn!(error = chain(&why), "the lease of a bot could not be taken"),
        }
        sleep(BREATH).await;
    }
}

/// Leaves a bot to others at once, and not when the lease ends.
pub(crate) async fn leave(app: &App, bot: UserId, holder: &str) {
    if let Err(why) = app.store.give_back(&lease(bot), holder).await {
        warn!(error = chain(&why), "the lease of a bot could not be given back");
    }
}

fn lease(bot: UserId) -> String {
    format!("bot:{bot}")
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

async fn work(app: &App, bot: &Bot, holder: &str, fence: i64) {
    if let Err(why) = app.store.lose_earlier(bot.id, fence).await {
        warn!(error = chain(&why), "links of an earlier run could not be given up");
        return;
    }
    tokio::join!(
        listen::listen(app, bot),
        make_links(app, bot, fence),
        end_links(app, bot),
        look_after_chats(app, bot),
        settle_doubts(app, bot),
        run_errands(app, bot, holder)
    );
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
    for slug in app.store.slugs(bot.id).await? {
        let Some(gate) = app.gate(slug.as_str()).await? else { continue };
        for &chat in gate.gate.chats.iter() {
            more |= make::fill(app, bot, &gate, chat, fence).await?;
        }
    }
    Ok(more)
}

async fn end_links(app: &App, bot: &Bot) {
    let mut bell: Ear = app.bells.ending.listen();
    loop {
        match end_in_all(app, bot).await {
            Ok(0) => bell.wait(LOOK).await,
            Ok(_) => {}
            Err(why) => {
                warn!(error = chain(&why), "links could not be ended");
                sleep(BREATH).await;
            }
        }
    }
}

/// A link ends before anything is done with whoever came by it. Says how much was done.
async fn end_in_all(app: &App, bot: &Bot) -> Result<usize, Trouble> {
    let mut done = 0;
    for chat in app.store.chats_to_tend(bot.id).await? {
        done += revoke::end(app, bot, chat).await?;
        done += strangers::settle(app, bot, chat).await?;
    }
    Ok(done)
}

/// How our chats look, and what may have happened while we were not told of it.
async fn look_after_chats(app: &App, bot: &Bot) {
    loop {
        let looked = async {
            doubts::hear_again(app, bot).await?;
            chats::look_at_all(app, bot).await
        };
        if let Err(why) = looked.await {
            warn!(error = chain(&why), "the chats could not be looked at");
        }
        sleep(BREATH).await;
    }
}

async fn settle_doubts(app: &App, bot: &Bot) {
    let mut bell = app.bells.doubted.listen();
    loop {
        match doubts::settle(app, bot).await {
            Ok(0) => bell.wait(LOOK_FOR_DOUBTS).await,
            Ok(_) => {}
            Err(why) => {
                warn!(error = chain(&why), "doubts could not be settled");
                sleep(BREATH).await;
            }
        }
    }
}

async fn run_errands(app: &App, bot: &Bot, holder: &str) {
    let mut bell = app.bells.errand.listen();
    loop {
        match errands::run(app, bot, holder).await {
            Ok(0) => bell.wait(LOOK).await,
            Ok(_) => {}
            Err(why) => {
                warn!(error = chain(&why), "errands could not be run");
                sleep(BREATH).await;
            }
        }
    }
}
