//! `admit sandbox`: a small Telegram on this machine.

use crate::context::Context;
use crate::failure::{Failure, Usage};
use crate::runtime;
use crate::when::Clock;
use clap::{Args, ValueEnum};
use sandbox::{Announcement, ClockMode, LinkBase, Seed, Settings};
use std::io;
use std::net::SocketAddr;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit sandbox --seed demo --link-base own
  admit sandbox --seed demo --listen 127.0.0.1:8081 --json

It speaks the Bot API, without a token of yours and without a network. When it is ready, one line of JSON on stdout \
says where it is; on stderr are lines to copy into another shell, unless `--json` or `-q` is given.")]
pub(crate) struct Sandbox {
    /// Where to listen; port 0 takes any that is free.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// What links begin with; `own` is the sandbox's own address.
    #[arg(long, value_name = "URL", default_value = "https://t.me")]
    link_base: String,
    /// What is there at the beginning: `demo` has a private group, its owner and a bot that may invite.
    #[arg(long, value_name = "NAME", value_enum)]
    seed: Option<SeedName>,
    /// Whether time passes by itself.
    #[arg(long, value_name = "MODE", value_enum, default_value_t)]
    clock: ClockName,
    /// Hold webhooks and Mini Apps to the public server's rules: HTTPS and public addresses.
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SeedName {
    Demo,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ClockName {
    /// Time ticks.
    #[default]
    Ticking,
    /// Time moves only when it is advanced.
    Frozen,
}

impl Sandbox {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        ctx.cannot_rehearse("sandbox")?;
        let settings = Settings {
            listen: self.listen,
            link_base: link_base(&self.link_base)?,
            seed: self.seed.map(|SeedName::Demo| Seed::Demo),
            clock: match self.clock {
                ClockName::Ticking => ClockMode::Ticking,
                ClockName::Frozen => ClockMode::Frozen,
            },
            strict: self.strict,
            chance: chance(),
            ..Settings::default()
        };
        let is_clickable = !matches!(settings.link_base, LinkBase::Telegram);
        runtime::run_unstopped(async {
            let listen = self.listen;
            let sandbox =
                sandbox::Sandbox::start(settings).await.map_err(|why| cannot_listen(listen, &why))?;
            // Whoever is told that it is ready may stop it.
            let stopped = runtime::stopped();
            ctx.output.json(sandbox.announcement())?;
            ctx.output.guide(guide(sandbox.announcement(), is_clickable, &program()));
            // It runs until it is stopped, so being stopped is no failure.
            tokio::select! {
                () = sandbox.run() => {}
                _ = stopped => {}
            }
            Ok(())
        })
    }
}

/// What to do with it, for a person: lines for another shell, and where to click.
fn guide(at: &Announcement, is_clickable: bool, program: &str) -> String {
    let Announcement { bot_api, people, .. } = at;
    let (Some(token), Some(chat)) = (&at.token, at.chat_id) else {
        return format!(
            "It is empty: people and chats are made by {}, or begin with `--seed demo`.",
            at.control
        );
    };
    // A sandbox's token opens nothing else, so it is shown.
    let lines = format!(
        "A small Telegram is running. Copy these lines into another shell:

  export ADMIT_API_URL={bot_api}
  export ADMIT_BOT_TOKEN={token}
  {program} link create --chat {chat} --limit 1 --expire 7d
"
    );
    match is_clickable {
        true => {
            format!("{lines}\nOpen the link in a browser to join, and {people} for the people there are.")
        }
        false => format!(
            "{lines}\nThe people are at {people}. With `--link-base own` the links can be clicked, too."
        ),
    }
}

/// How this program was called, so that it can be called again.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "admit".to_owned())
}

fn link_base(text: &str) -> Result<LinkBase, Usage> {
    match text.trim_end_matches('/') {
        "https://t.me" => Ok(LinkBase::Telegram),
        "own" => Ok(LinkBase::Own),
        url if url.starts_with("http://") || url.starts_with("https://") => Ok(LinkBase::At(url.to_owned())),
        _ => {
            let rule = "links begin with `https://` or `http://`";
            Err(Usage::flag("--link-base", text, rule, "`--link-base https://t.me`, or `--link-base own`"))
        }
    }
}

fn cannot_listen(listen: SocketAddr, why: &io::Error) -> Usage {
    Usage::flag("--listen", listen, why, "`--listen 127.0.0.1:0`, which takes a port that is free")
}

/// Two sandboxes of the same second still draw different hashes and tokens.
pub(crate) fn chance() -> u64 {
    let nanoseconds = Clock::of_this_machine().now.as_nanosecond();
    nanoseconds as u64 ^ u64::from(std::process::id()).rotate_left(32)
}
