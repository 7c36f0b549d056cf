//! Which bots are tended: all that the store knows, those too that are added while we run, each with its latest token.

use super::tend;
use crate::CannotStart;
use crate::app::App;
use crate::bots::Bot;
use crate::error::chain;
use links::UserId;
use std::collections::HashMap;
use std::time::Duration;
use store::Token;
use telegram::bot_api::Settings as Road;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;
use tracing::error;

const LOOK: Duration = Duration::from_secs(2);

/// The bots and their jobs. The jobs end when this is dropped.
pub(crate) struct Attendance {
    app: App,
    road: Road,
    holder: String,
    tended: HashMap<UserId, (Token, AbortHandle)>,
    jobs: JoinSet<()>,
}

impl Attendance {
    /// Begins with the bots there are. `holder` is what we call ourselves to other nodes.
    pub(crate) async fn begin(app: App, road: Road, holder: String) -> Result<Self, CannotStart> {
        let mut all = Self { app, road, holder, tended: HashMap::new(), jobs: JoinSet::new() };
        all.look().await?;
        Ok(all)
    }

    /// Goes on for as long as this future is polled.
    pub(crate) async fn go_on(mut self) {
        loop {
            sleep(LOOK).await;
            if let Err(why) = self.look().await {
                error!(error = chain(&why), "the bots could not be looked up");
            }
        }
    }

    async fn look(&mut self) -> Result<(), CannotStart> {
        let known = self.app.store.bots().await?;
        self.tended.retain(|id, (token, job)| {
            let stays = known.iter().any(|bot| bot.id == *id && bot.token == *token);
            if !stays {
                job.abort();
                self.app.bots.remove(*id);
            }
            stays
        });
        for bot in known {
            if !self.tended.contains_key(&bot.id) {
                let tended = Bot::new(&bot, &self.road, self.app.store.clone(), self.app.clock.clone())?;
                self.app.bots.put(tended.clone());
                let job = self.jobs.spawn(tend(self.app.clone(), tended, self.holder.clone()));
                self.tended.insert(bot.id, (bot.token, job));
            }
        }
        // What ended is not kept.
        while self.jobs.try_join_next().is_some() {}
        Ok(())
    }
}
