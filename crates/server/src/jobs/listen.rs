//! Hearing what Telegram says: we ask, or it sends.

use super::BREATH;
use crate::Hearing;
use crate::app::App;
use crate::bots::Bot;
use crate::error::chain;
use crate::flows::hear::{self, Gap, KINDS};
use links::Kind;
use std::time::Duration;
use telegram::bot_api::methods::{DeleteWebhook, GetWebhookInfo, SetWebhook};
use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

/// When somebody has to do something first.
const LONG_BREATH: Duration = Duration::from_secs(10);
/// Telegram gives so many updates at a time; fewer are all there are.
const MOST_AT_ONCE: usize = 100;
/// Whoever asks the same again so soon may be given one update only, however many there are.
const HASTE: Duration = Duration::from_secs(3);
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
    let mut done = None;
    // What is there already is asked for without waiting for more.
    let mut patience = 0;
    let mut others = Others::default();
    let mut news = app.bells.news.listen();
    let mut last = None;
    loop {
        let asked_at = app.clock.now();
        let again = last.replace((done, Instant::now()));
        let is_hasty = again.is_some_and(|(same, at)| same == done && at.elapsed() < HASTE);
        let answer = tokio::select! {
            answer = bot.updates(done, patience) => answer,
            // Somebody waits for what there is by now. A question that is dropped loses nothing.
            () = news.rung(), if patience > 0 => {
                patience = 0;
                continue;
            }
        };
        match answer {
            Ok(Ok(updates)) => {
                others.live(app, bot).await;
                let is_all = updates.is_empty() || updates.len() < MOST_AT_ONCE && !is_hasty;
                let all = is_all.then_some(asked_at);
                while let Err(why) = hear::take_in(app, bot, &updates, all, others.gap()).await {
                    warn!(error = chain(&why), "updates could not be stored; they are not acknowledged");
                    sleep(BREATH).await;
                }
                // With nothing left to confirm, none is named: after a quiet week Telegram may begin to count anew, and
                // lower.
                done = updates.last().map(|update| update.update_id);
                if all.is_some() {
                    others = Others::default();
                }
                patience = if all.is_some() { LONGEST_QUESTION } else { 0 };
            }
            Ok(Err(why)) => {
                sleep(deaf(app, bot, &why, &mut others).await).await;
                patience = 0;
            }
            Err(why) => sleep(lost(&why)).await,
        }
    }
}

/// Whether another program takes what is ours to hear.
#[derive(Default)]
struct Others {
    /// Nothing is heard since the last answer.
    is_deaf: bool,
    /// So often in a row somebody else asked. Once is a node of ours that is just leaving.
    asked: u32,
    /// Updates went to an address that is not ours.
    have_webhook: bool,
}

impl Others {
    fn gap(&self) -> Gap {
        if self.have_webhook || self.asked > 1 { Gap::OthersListened } else { Gap::None }
    }

    /// Telegram answers: the token is good.
    async fn live(&mut self, app: &App, bot: &Bot) {
        if std::mem::take(&mut self.is_deaf) {
            match app.store.bot_lives(bot.id).await {
                Ok(true) => info!(bot = bot.id.get(), "Telegram accepts this bot's token again"),
                Ok(false) => {}
                Err(why) => warn!(error = chain(&why), "that a bot lives could not be written down"),
            }
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
    let mut others = Others::default();
    let mut news = app.bells.news.listen();
    loop {
        let wait = match bot.call(&webhook).await {
            Ok(Ok(_)) => {
                others.live(app, bot).await;
                let told_at = app.clock.now();
                while app.clock.now().get() < told_at.get() + TELL_AGAIN_SECONDS {
                    news.wait(LOOK_BACK).await;
                    if !look_back(app, bot, &mut others).await {
                        break;
                    }
                }
                continue;
            }
            Ok(Err(why)) => deaf(app, bot, &why, &mut others).await,
            Err(why) => lost(&why),
        };
        sleep(wait).await;
    }
}

/// Looks whether Telegram has told all there is to tell; says whether it tells us, and nobody else.
async fn look_back(app: &App, bot: &Bot, others: &mut Others) -> bool {
    let asked_at = app.clock.now();
    let info = match bot.call(&GetWebhookInfo {}).await {
        Ok(Ok(info)) => info,
        Ok(Err(why)) => {
            deaf(app, bot, &why, others).await;
            return true;
        }
        Err(why) => {
            lost(&why);
            return true;
        }
    };
    others.live(app, bot).await;
    if info.url != hear::webhook_url(app, bot.id) {
        warn!(bot = bot.id.get(), "another program took this bot's webhook; it is taken back");
        others.have_webhook = true;
        return false;
    }
    if info.pending_update_count == 0 {
        match hear::take_in(app, bot, &[], Some(asked_at), others.gap()).await {
            Ok(()) => *others = Others::default(),
            Err(why) => warn!(error = chain(&why), "what was heard could not be written down"),
        }
    }
    true
}

/// Nobody knows what Telegram wants held back, so it is not asked; how long to wait.
fn lost(why: &store::Error) -> Duration {
    warn!(error = chain(why), "what Telegram wants held back could not be looked up");
    BREATH
}

/// Nothing is heard; how long to wait follows from why.
async fn deaf(app: &App, bot: &Bot, why: &links::Error, others: &mut Others) -> Duration {
    others.is_deaf = true;
    others.asked = if *why.kind() == Kind::Conflict { others.asked + 1 } else { others.asked };
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
        Kind::WebhookActive => return end_webhook(app, bot, others).await,
        _ => (BREATH, "it is tried again"),
    };
    warn!(bot = bot.id.get(), error = chain(why), cure, "updates are not heard");
    wait
}

/// Updates go to an address. If it is ours, from when we were told them, they shall come back to us.
async fn end_webhook(app: &App, bot: &Bot, others: &mut Others) -> Duration {
    let Ok(Ok(info)) = bot.call(&GetWebhookInfo {}).await else { return LONG_BREATH };
    if info.url != hear::webhook_url(app, bot.id) {
        others.have_webhook = true;
        let cure = match info.url.ends_with(&hear::webhook_path(bot.id)) {
            true => {
                "perhaps ours, from another public URL: start Admit with that one once, or delete the webhook"
            }
            false => "delete it there, or use another bot",
        };
        warn!(bot = bot.id.get(), cure, "this bot's updates go to a webhook of another program");
        return LONG_BREATH;
    }
    match bot.call(&DeleteWebhook { drop_pending_updates: None }).await {
        Ok(Ok(_)) => {
            info!(bot = bot.id.get(), "our webhook is deleted; updates are asked for from now on");
            Duration::ZERO
        }
        Ok(Err(_)) | Err(_) => LONG_BREATH,
    }
}
