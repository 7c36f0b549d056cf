//! A small Telegram on your own machine: the real rules of invite links, join requests, updates and guard bots,
//! with a clock that can be moved and faults that can be staged.
//!
//! Three doors open on one address. Bots use the Bot API (`/botTOKEN/METHOD`), unmodified. People use pages
//! (`/+HASH`). Programs use the control door (`/control/...`), which plays the people, the human administrators,
//! time and misfortune, and shows the ledger of everything that happened. A fourth door has an address of its own: apps
//! use MTProto, unmodified too.

mod bot_api;
mod clock;
mod control;
mod exchange;
mod faults;
mod http;
mod hub;
mod mtproto;
mod people;
mod web_app;
mod world;
mod wrong;

pub use bot_api::arguments::{Arguments, Unreadable};
pub use clock::ClockMode;
pub use mtproto::calls_in;
pub use mtproto::frame::{BadFrame, Frames};
pub use world::Unknowns;

use hub::Hub;
use serde::Serialize;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use world::{ChatKind, Office, Rights, World};

/// How a sandbox starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the doors open; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// What links begin with.
    pub link_base: LinkBase,
    /// What the world holds at the beginning.
    pub seed: Option<Seed>,
    /// Whether time passes by itself.
    pub clock: ClockMode,
    /// The public server's rules, instead of those of a server in local mode: HTTPS, known ports and public
    /// addresses for webhooks and Mini Apps.
    pub strict: bool,
    /// Which answers are given where nobody knows Telegram's.
    pub unknowns: Unknowns,
    /// Chance begins here; two runs with the same number draw the same hashes and tokens.
    pub chance: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            link_base: LinkBase::Telegram,
            seed: None,
            clock: ClockMode::default(),
            strict: false,
            unknowns: Unknowns::default(),
            chance: 0,
        }
    }
}

/// What links begin with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LinkBase {
    /// `https://t.me`, as with Telegram.
    Telegram,
    /// The sandbox's own address, so that links can be clicked.
    Own,
    /// Any other.
    At(String),
}

/// What the world holds at the beginning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seed {
    /// A private supergroup with a human owner and a bot that may invite and restrict.
    Demo,
}

/// Where everything is: the line that is printed when the sandbox is ready.
#[derive(Clone, Debug, Serialize)]
pub struct Announcement {
    /// The address of the Bot API.
    pub bot_api: String,
    /// The address of the control door.
    pub control: String,
    /// The address people visit.
    pub people: String,
    /// The seeded bot's token; no secret, and it opens nothing else.
    pub token: Option<String>,
    /// The seeded chat.
    pub chat_id: Option<i64>,
    /// The key that `signature` in a Mini App's `initData` is checked with.
    pub web_app_public_key: String,
    /// Where apps are let in.
    pub mtproto: MtProto,
}

/// The door for apps.
#[derive(Clone, Debug, Serialize)]
pub struct MtProto {
    /// Its address, on this machine only.
    pub addr: String,
    /// The number of the one data centre.
    pub dc_id: i32,
    /// The key that an exchange of keys begins with, for clients that can be given one.
    pub public_key: String,
    /// The seeded chat's owner.
    pub admin: Option<Admin>,
}

/// Somebody to log in as; no secrets, and they open nothing else.
#[derive(Clone, Debug, Serialize)]
pub struct Admin {
    /// Who.
    pub user_id: i64,
    /// Their telephone.
    pub phone: String,
    /// The code that is sent there, every time.
    pub code: String,
    /// What is asked for after the code.
    pub password: String,
    /// 256 bytes in hexadecimal: a key with which they are logged in already, for clients that cannot be given another
    /// server's public key.
    pub auth_key: String,
}

/// A running sandbox. It ends when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    announcement: Announcement,
    tasks: JoinSet<()>,
}

impl Sandbox {
    /// Opens the doors. They are open when this answers.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        let own = format!("http://{}", listener.local_addr()?);
        let link_base = match &settings.link_base {
            LinkBase::Telegram => "https://t.me",
            LinkBase::Own => &own,
            LinkBase::At(address) => address,
        };
        let clock = clock::Clock::start(settings.clock);
        let world = World::new(clock.now(), settings.chance, link_base, settings.unknowns);
        let mut world = world.map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
        let seeded = settings.seed.map(|Seed::Demo| sow_demo(&mut world));
        let keys = web_app::Keys::from_chance(&mut world.chance);
        let owner = seeded.as_ref().and_then(|(_, chat)| world.chat(*chat)).map(|chat| chat.owner);
        let hub = Arc::new(Hub::new(world, clock, keys, settings.strict));
        let apps = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let announcement = Announcement {
            bot_api: own.clone(),
            control: format!("{own}/control"),
            people: own,
            token: seeded.as_ref().map(|(token, _)| token.clone()),
            chat_id: seeded.map(|(_, chat)| chat),
            web_app_public_key: hub.keys.public(),
            mtproto: MtProto {
                addr: apps.local_addr()?.to_string(),
                dc_id: mtproto::DC,
                public_key: mtproto::PUBLIC_KEY.to_owned(),
                admin: owner.map(|owner| admin(&hub, owner)),
            },
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(http::serve(listener, Arc::clone(&hub)));
        tasks.spawn(mtproto::serve(apps, Arc::clone(&hub)));
        tasks.spawn(bot_api::courier::run(Arc::clone(&hub)));
        tasks.spawn(async move { hub.tick().await });
        Ok(Self { announcement, tasks })
    }

    /// Where everything is.
    pub fn announcement(&self) -> &Announcement {
        &self.announcement
    }

    /// Runs until somebody drops the future.
    pub async fn run(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// The owner of the seeded chat, given what it takes to log in.
fn admin(hub: &Hub, owner: i64) -> Admin {
    // As on Telegram's own test servers: 99966, the data centre, and any four digits.
    const PHONE: &str = "9996620001";
    const PASSWORD: &str = "owls never sleep";
    let mut chance = hub.turn(|world| {
        if let Some(account) = world.account_mut(owner) {
            account.phone = Some(PHONE.to_owned());
            account.password = Some(world::Password::new(PASSWORD));
        }
        world.chance.fork()
    });
    Admin {
        user_id: owner,
        phone: PHONE.to_owned(),
        code: mtproto::CODE.to_owned(),
        password: PASSWORD.to_owned(),
        auth_key: hub.sessions.issue(owner, &mut chance).hex(),
    }
}

fn sow_demo(world: &mut World) -> (String, i64) {
    let rights = Rights::named(["can_invite_users", "can_restrict_members"]).expect("these are rights");
    let bot = world.add_bot("admit_demo_bot", false);
    let chat = world.add_chat(ChatKind::Supergroup, "Night Owls", None, false);
    world.set_office(chat, bot, Office::Administrator(rights)).expect("bot and chat were just made");
    (world.bot(bot).expect("it was just made").token.clone(), chat)
}
