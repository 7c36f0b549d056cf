//! `admit demo`: a small Telegram, a service, and a gate that is ready to be passed.

use super::Context;
use super::sandbox::chance;
use crate::failure::{Failure, Usage};
use crate::house::{House, Place};
use crate::runtime;
use clap::Args;
use gate::Gate;
use sandbox::{Announcement, LinkBase, Sandbox, Seed};
use serde::Serialize;
use server::{Clock, Service, Settings};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use store::Store;
use telegram::bot_api::{Settings as Road, Token};
use tokio::net::TcpListener;

/// Where it is, unless something else is there already.
const USUALLY: &str = "127.0.0.1:8080";
const ANSWER: &str = "espresso";
const SLUG: &str = "night-owls";
/// What the sandbox calls the bot of its demo.
const BOT: &str = "admit_demo_bot";

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit demo
  admit demo --listen 127.0.0.1:0 --json

Nothing has to be configured and nothing leaves this machine. Open the address it prints, answer, and join.")]
pub(crate) struct Demo {
    /// Where to listen; port 0 takes any that is free. [default: 127.0.0.1:8080, or a free port]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Keep what it remembers in this directory; without it, it is gone in the end. Another demo may go on there: passes
    /// are remembered, though links of the Telegram that ended let nobody in any more.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// The line that is printed when everything is ready.
#[derive(Serialize)]
struct Ready<'a> {
    url: &'a str,
    gate: &'a str,
    answer: &'a str,
    console: Option<&'a str>,
    sandbox: &'a Announcement,
}

impl Demo {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        ctx.cannot_rehearse("demo")?;
        runtime::serve(async {
            let listener = self.bind().await?;
            let url = format!("http://{}", listener.local_addr()?);
            let sandbox = open_sandbox().await?;
            let at = sandbox.announcement().clone();
            let scratch;
            let data = match self.data {
                Some(data) => data,
                None => {
                    scratch = tempfile::Builder::new().prefix("admit-demo-").tempdir()?;
                    scratch.path().to_owned()
                }
            };
            let place = Place::in_dir(&data);
            let House { store, keys } = place.open_or_make().await?;
            // Held until the end.
            let standing = place.stand_on();
            let is_alone = standing.as_ref().is_some_and(|(_, is_alone)| *is_alone);
            if !is_alone || !is_of_a_demo(&store).await? {
                return Err(not_ours(&data));
            }
            let clock = Clock::default();
            let road = Road { api_url: at.bot_api.clone(), ..Road::default() };
            let token = at.token.as_deref().expect("the demo's sandbox has a bot");
            let token = Token::new(token).expect("a sandbox's token is a token");
            let bot = server::add_bot(&store, token, &road, "demo", clock.now()).await?;
            store.drop_pools(bot).await?;
            let chat = at.chat_id.expect("the demo's sandbox has a chat");
            server::open_gate(&store, &night_owls(chat), bot, "demo", clock.now()).await?;
            let settings = Settings {
                public_url: url.clone(),
                telegram_url: at.people.clone(),
                road,
                clock,
                is_alone,
                ..Settings::default()
            };
            let service = Service::start(store, &keys, settings).await?;
            let gate = format!("{url}/g/{SLUG}");
            let ready = Ready { url: &url, gate: &gate, answer: ANSWER, console: None, sandbox: &at };
            // Whoever is told that it is ready may stop it; that is how a service ends, and no failure.
            let stopped = runtime::stopped();
            if ctx.output.is_for_programs() {
                ctx.output.json(&ready)?;
            } else {
                ctx.output.line(guide(&ready))?;
            }
            tokio::select! {
                () = service.serve(listener, async { _ = stopped.await }) => {}
                () = sandbox.run() => {}
            }
            Ok(())
        })
    }

    async fn bind(&self) -> Result<TcpListener, Failure> {
        let bad = |listen: SocketAddr, why: &io::Error| {
            Usage::flag("--listen", listen, why, "`--listen 127.0.0.1:0`, which takes a port that is free")
        };
        if let Some(listen) = self.listen {
            return Ok(TcpListener::bind(listen).await.map_err(|why| bad(listen, &why))?);
        }
        match TcpListener::bind(USUALLY).await {
            Ok(listener) => Ok(listener),
            Err(_) => Ok(TcpListener::bind("127.0.0.1:0").await?),
        }
    }
}

/// A demo's bot and gate are nothing to put beside what is real.
async fn is_of_a_demo(store: &Store) -> Result<bool, Failure> {
    let bots = store.bots().await?;
    let gates = store.gates().await?;
    Ok(bots.iter().all(|bot| bot.username == BOT) && gates.iter().all(|gate| gate.gate.slug.as_str() == SLUG))
}

fn not_ours(data: &Path) -> Failure {
    Failure::OtherState {
        what: format!("the directory `{}`", data.display()),
        why: "it has a database that is not a demo's, or that a service has in hand".to_owned(),
        word: "database_exists",
        hint: "nothing was changed; say `--data` with a directory that is new, or leave it away".to_owned(),
    }
}

async fn open_sandbox() -> io::Result<Sandbox> {
    let settings = sandbox::Settings {
        link_base: LinkBase::Own,
        seed: Some(Seed::Demo),
        chance: chance(),
        ..sandbox::Settings::default()
    };
    Sandbox::start(settings).await
}

fn night_owls(chat: i64) -> Gate {
    let text = format!(
        r#"
        slug = "{SLUG}"
        title = "Night Owls"
        intro = "A group for those who are up late. One question, and you are in."
        chats = [{chat}]

        [[questions]]
        ask = "What does our host drink at three in the morning?"
        answers = ["{ANSWER}", "an {ANSWER}"]
        "#
    );
    toml::from_str(&text).expect("the demo's gate is a gate")
}

fn guide(ready: &Ready<'_>) -> String {
    let Ready { gate, answer, sandbox, .. } = ready;
    format!(
        "A small Telegram and a gate are running on this machine. Nothing leaves it.

  the gate     {gate}
  the answer   {answer}
  the people   {people}

Open the gate, answer, and join by the link: it works once. Ctrl-C ends it.",
        people = sandbox.people
    )
}
