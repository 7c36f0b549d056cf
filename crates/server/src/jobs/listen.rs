//! Hearing what Telegram says: we ask, or it sends.

use super::BREATH;
use crate::Hearing;
use crate::app::App;
use crate::bots::Bot;
use crate::error::chain;
use crate::flows::hear;
use links::Kind;
use std::time::Duration;
use telegram::bot_api::methods::{DeleteWebhook, GetWebhookInfo, SetWebhook};
use telegram::bot_api::updates::KINDS;
use tokio::time::sleep;
use tracing::{error, info, warn};

/// When somebody has to do something first.
const LONG_BREATH: Duration = Duration::from_secs(10);
/// Telegram gives so many updates at a time; fewer are all there are.
const MOST_AT_ONCE: usize = 100;
/// How long Telegram may think about whether there is news. That a link ran out unused is known so much later.
const LONGEST_QUESTION: u32 = 25;
/// How often Telegram is told where to send updates. To tell it again changes nothing; to be forgotten would.
const TELL_AGAIN_SECONDS: i64 = 600;
/// How often Telegram is asked whether it has sent everything.
const LOOK_BACK: Duration = Duration::from_secs(10);

pub(super) async fn listen(app: &App, bot: &Bot) {
    match app.hearing {
        Hearing::Asking => ask(app, bot).await,
        Hearing::Webhook => be_told(app, bot).await,
    }
}

/// What was taken in is acknowledged by the next question.
async fn ask(app: &App, bot: &Bot) {
    let ear = bot.ear();
    let mut done = None;
    // What is there already is asked for without waiting for more.
    let mut patience = 0;
    loop {
        let asked_at = app.clock.now();
        match ear.within(done, patience).await {
            Ok(updates) => {
                let all = (updates.len() < MOST_AT_ONCE).then_some(asked_at);
                while let Err(why) = hear::take_in(app, bot, &updates, all).await {
                    warn!(error = chain(&why), "updates could not be stored; they are not acknowledged");
                    sleep(BREATH).await;
                }
                done = updates.last().map(|update| update.update_id).or(done);
                patience = if all.is_some() { LONGEST_QUESTION } else { 0 };
            }
            Err(why) => sleep(deaf(app, bot, &why).await).await,
        }
    }
}

async fn be_told(app: &App, bot: &Bot) {
    let (url, secret) = (hear::webhook_url(app, bot.id), hear::webhook_secret(app, bot.id));
    let webhook = SetWebhook {
        url: &url,
        ip_address: None,
        max_connections: None,
        allowed_updates: Some(KINDS),
        drop_pending_updates: None,
        secret_token: Some(&secret),
    };
    loop {
        let wait = match bot.call(&webhook).await {
            Ok(_) => {
                let told_at = app.clock.now();
                while app.clock.now().get() < told_at.get() + TELL_AGAIN_SECONDS {
                    sleep(LOOK_BACK).await;
                    look_back(app, bot).await;
                }
                continue;
            }
            Err(why) => deaf(app, bot, &why).await,
        };
        sleep(wait).await;
    }
}

/// Whether Telegram has told all there is to tell.
async fn look_back(app: &App, bot: &Bot) {
    let asked_at = app.clock.now();
    if let Ok(info) = bot.call(&GetWebhookInfo {}).await
        && info.pending_update_count == 0
        && info.url == hear::webhook_url(app, bot.id)
        && let Err(why) = app.store.heard(bot.id, asked_at).await
    {
        warn!(error = chain(&why), "what was heard could not be written down");
    }
}

/// Nothing is heard; how long to wait follows from why.
async fn deaf(app: &App, bot: &Bot, why: &links::Error) -> Duration {
    let (wait, cure) = match why.kind() {
        Kind::Wait { seconds } => (Duration::from_secs((*seconds).into()), "Telegram wants us to wait"),
        Kind::TokenDead => {
            if matches!(app.store.bot_died(bot.id, app.clock.now()).await, Ok(true)) {
                error!(bot = bot.id.get(), "Telegram refuses this bot's token; give Admit the new one");
            }
            return LONG_BREATH;
        }
        Kind::Conflict => (
            LONG_BREATH,
            "another program asks for this bot's updates; a bot serves one program, so end it or use another bot",
        ),
        Kind::WebhookActive => return end_webhook(app, bot).await,
        _ => (BREATH, "it is tried again"),
    };
    warn!(bot = bot.id.get(), error = chain(why), cure, "updates are not heard");
    wait
}

/// Updates go to an address. If it is ours, from when we were told them, they shall come back to us.
async fn end_webhook(app: &App, bot: &Bot) -> Duration {
    let ours = match bot.call(&GetWebhookInfo {}).await {
        Ok(info) => info.url == hear::webhook_url(app, bot.id),
        Err(_) => return LONG_BREATH,
    };
    if !ours {
        warn!(
            bot = bot.id.get(),
            "this bot's updates go to a webhook of another program; delete it there, or use another bot"
        );
        return LONG_BREATH;
    }
    match bot.call(&DeleteWebhook { drop_pending_updates: None }).await {
        Ok(_) => {
            info!(bot = bot.id.get(), "our webhook is deleted; updates are asked for from now on");
            Duration::ZERO
        }
        Err(_) => LONG_BREATH,
    }
}
