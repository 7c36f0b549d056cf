//! Everything that stays up: the pages strangers see, the bot's ear, and the jobs that make and end links.
//!
//! [`Service::start`] opens the store's bots and begins their jobs; [`Service::serve`] answers people until it is told
//! to stop. Nothing is kept here that a restart would miss.

mod app;
mod bells;
mod bots;
mod clock;
mod error;
mod flows;
mod headers;
mod jobs;
mod listen;
mod metrics;
mod pages;
mod points;
mod router;
mod setup;
mod sign;
mod visitor;

pub use bots::Unusable;
pub use clock::Clock;
pub use flows::import::{BecameOfIt, Importing, import, import_named};
pub use flows::reconcile::{
    Became, Books, Came, CannotReconcile, ChatReport, Difference, End, Failure, Foreign, NotCompared, Report,
    Strays, Unshown, Wish, reconcile,
};
pub use listen::Listener;
pub use points::Points;
pub use setup::{
    CannotPublish, Refusal, add_bot, change_gate, open_gate, publish, refusals, refusals_of_itself,
    refusals_to_open, refusals_to_publish,
};

use crate::app::{App, Shared};
use crate::bells::Bells;
use crate::bots::Bots;
use crate::jobs::Attendance;
use crate::metrics::Metrics;
use crate::router::Door;
use crate::sign::Signer;
use crate::visitor::Cookie;
use links::{Links, Parser, UserId};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use store::{Keyring, Store};
use telegram::bot_api::Settings as Road;
use tokio::task::JoinSet;

/// What a service is told once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where people reach us: what every address we write begins with.
    pub public_url: String,
    /// Where people reach Telegram; a sandbox has an address of its own.
    pub telegram_url: String,
    /// The way to the Bot API.
    pub road: Road,
    /// How Telegram's updates reach us.
    pub hearing: Hearing,
    /// For how long people are remembered who hold no pass.
    pub keep_days: u32,
    /// The account of somebody who owns the chats, which sees what no bot is told.
    pub account: Option<Account>,
    /// What is done every night about links that bear a name of ours and which the store does not know.
    pub strays: Strays,
    /// No other service stands on this store, so what an earlier one held is free.
    pub is_alone: bool,
    /// Tells the time.
    pub clock: Clock,
    /// Where tests end the process.
    pub points: Points,
}

impl Default for Settings {
    /// On this machine, with Telegram itself.
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            telegram_url: "https://t.me".to_owned(),
            road: Road::default(),
            hearing: Hearing::default(),
            keep_days: 90,
            account: None,
            strays: Strays::default(),
            is_alone: false,
            clock: Clock::default(),
            points: Points::default(),
        }
    }
}

/// Opens somebody's account at Telegram, for one comparison: two that have it open at once are logged out. Who it is,
/// nothing here shows.
#[derive(Clone)]
pub struct Account(pub Arc<dyn Fn() -> Box<dyn Links> + Send + Sync>);

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account(..)")
    }
}

/// How Telegram's updates reach us.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Hearing {
    /// We ask for them, which works behind any wall.
    #[default]
    Asking,
    /// Telegram sends them to the public address, which has to be HTTPS for it.
    Webhook,
}

/// A service whose jobs run. They end when it is dropped.
pub struct Service {
    app: App,
    /// What this service calls itself to other nodes.
    name: String,
    jobs: JoinSet<()>,
    /// Where operators look, if not where everybody does.
    watching: Option<Listener>,
}

impl Service {
    /// Begins to tend the bots of the store, and those that are added to it later.
    pub async fn start(store: Store, keys: &Keyring, settings: Settings) -> Result<Self, CannotStart> {
        let is_https = settings.public_url.starts_with("https://");
        let own = Parser::telegram();
        let links = own.clone().and_host(&settings.telegram_url).unwrap_or(own);
        let app = App::new(Shared {
            store,
            clock: settings.clock,
            signer: Signer::new(keys.derive("server")),
            cookie: if is_https { Cookie::Secure } else { Cookie::Plain },
            public_url: settings.public_url.trim_end_matches('/').to_owned(),
            links,
            telegram_url: settings.telegram_url.trim_end_matches('/').to_owned(),
            hearing: settings.hearing,
            keep_days: settings.keep_days,
            bots: Bots::default(),
            bells: Bells::default(),
            metrics: Metrics::new(),
            points: settings.points,
            published: Default::default(),
            begun: Default::default(),
        });
        if settings.is_alone {
            app.store.end_leases().await?;
        }
        let name = base64_of(app.chance::<12>().map_err(|_| CannotStart::Chance)?);
        let bots = Attendance::begin(app.clone(), settings.road, name.clone()).await?;
        let mut jobs = JoinSet::new();
        jobs.spawn(jobs::keep_house(app.clone()));
        jobs.spawn(bots.go_on());
        if let Some(account) = settings.account {
            jobs.spawn(jobs::every_night(app.clone(), account, settings.strays, name.clone()));
        }
        Ok(Self { app, name, jobs, watching: None })
    }

    /// Tells how it is, and counts, at this listener only.
    #[must_use]
    pub fn watched_at(self, listener: Listener) -> Self {
        Self { watching: Some(listener), ..self }
    }

    /// Answers people until `shutdown`, then lets those who are being served finish, ends the jobs, and leaves the bots
    /// to other nodes.
    pub async fn serve(mut self, listener: impl Into<Listener>, shutdown: impl Future<Output = ()>) {
        let door = Door::public(self.app.clone(), self.watching.is_some());
        if let Some(listener) = self.watching.take() {
            let watching = Door::watching(self.app.clone());
            // As long as the jobs, so that whoever looks sees how it ends.
            self.jobs.spawn(listen::serve(listener, watching, std::future::pending()));
        }
        listen::serve(listener.into(), door, shutdown).await;
        self.jobs.shutdown().await;
        self.app.end_begun().await;
        for bot in self.app.bots.ids() {
            jobs::leave(&self.app, bot, &self.name).await;
        }
    }
}

fn base64_of(bytes: [u8; 12]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Why a service does not start.
#[derive(Debug, thiserror::Error)]
pub enum CannotStart {
    /// The store could not be read.
    #[error("what is stored cannot be read")]
    Store(#[from] store::Error),
    /// A token that was stored is none.
    #[error("the token of bot {0} is none; add the bot again")]
    Token(UserId),
    /// The way to the Bot API is none.
    #[error(transparent)]
    Road(#[from] telegram::bot_api::BadSettings),
    /// A bot that cannot be used.
    #[error(transparent)]
    Bot(#[from] Unusable),
    /// Nobody gives us random bytes.
    #[error("the machine gives no random bytes")]
    Chance,
}
