//! `admit sandbox`: a small Telegram on this machine.

use super::Context;
use crate::failure::{Failure, Usage};
use crate::runtime;
use crate::when::Clock;
use clap::{Args, ValueEnum};
use sandbox::{ClockMode, LinkBase, Seed, Settings};
use std::io;
use std::net::SocketAddr;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit sandbox --seed demo
  admit sandbox --seed demo --listen 127.0.0.1:8081 --link-base http://127.0.0.1:8081

It speaks the Bot API, without a token of yours and without a network. One line of JSON says where it is: \
`export ADMIT_API_URL=... ADMIT_BOT_TOKEN=...` with its `bot_api` and `token`, and every command here works on it.")]
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
        runtime::run_unstopped(async {
            let listen = self.listen;
            let sandbox =
                sandbox::Sandbox::start(settings).await.map_err(|why| cannot_listen(listen, &why))?;
            ctx.output.json(sandbox.announcement())?;
            // It runs until it is stopped, so being stopped is no failure.
            tokio::select! {
                () = sandbox.run() => {}
                _ = runtime::stopped() => {}
            }
            Ok(())
        })
    }
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
fn chance() -> u64 {
    let nanoseconds = Clock::of_this_machine().now.as_nanosecond();
    nanoseconds as u64 ^ u64::from(std::process::id()).rotate_left(32)
}
