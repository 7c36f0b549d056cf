//! After a time in which something was not heard: links that worked meanwhile are ended, and where the person of a pass
//! is known, Telegram is asked whether they are in. Of everybody else nobody can say; a person has to.

use super::presence::{self, Presence};
use crate::app::App;
use crate::bots::Bot;
use crate::error::Trouble;
use tracing::{info, warn};

/// So many are looked up at a time.
const AT_A_TIME: u32 = 64;

/// Chats in which everything is told again are dealt with; says how many that were.
pub(crate) async fn hear_again(app: &App, bot: &Bot) -> Result<usize, Trouble> {
    let again = app.store.chats_heard_again(bot.id).await?;
    for (chat, from) in &again {
        let doubted = app.store.hear_again(bot.id, *chat, *from, app.clock.now()).await?;
        info!(
            telegram.chat = chat.get(),
            doubted, "we are told again who comes here, and end the links that were out meanwhile"
        );
        tell_of(app, doubted);
    }
    Ok(again.len())
}

/// Something was missed.
pub(crate) fn tell_of(app: &App, doubted: u64) {
    if doubted > 0 {
        warn!(doubted, "somebody may have come by the links of passes unheard of; those links end");
        app.bells.doubted.ring();
        app.bells.ending.ring();
    }
}

/// Asks where the people are whose passes are in doubt; says how many doubts are gone.
pub(crate) async fn settle(app: &App, bot: &Bot) -> Result<usize, Trouble> {
    let mut settled = 0;
    for doubt in app.store.doubts(bot.id, AT_A_TIME).await? {
        let found = presence::of(app, bot, doubt.chat, doubt.person).await?;
        match found {
            Some(Presence::In { asked_at }) => {
                app.store.found_in(doubt.pass, doubt.chat, asked_at).await?;
                app.bells.ending.ring();
            }
            Some(Presence::Out | Presence::Banned) => app.store.found_out(doubt).await?,
            None => continue,
        }
        settled += 1;
    }
    if settled > 0 {
        app.bells.ended.ring();
    }
    Ok(settled)
}
