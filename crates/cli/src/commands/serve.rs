//! `admit serve`: gates and passes, until somebody stops it.

use crate::bot;
use crate::context::{self, Context};
use crate::failure::{Failure, Stop, Usage, chain};
use crate::flags::Speaker;
use crate::house::{House, Housing};
use crate::listen::Listen;
use crate::runtime;
use crate::trials;
use clap::Args;
use serde::Serialize;
use server::{Account, Hearing, Service, Settings, Strays};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit serve --token-file token --data /var/lib/admit --public-url https://gate.example
  admit serve --listen 127.0.0.1:0 --json
  admit serve --listen unix:/run/admit/web --public-url https://gate.example --metrics-listen 127.0.0.1:9100

The bot's token is needed once: it is kept sealed in the database, and known from then on. Gates are made with \
`admit gate new`, while this runs or before. The database is a file in `--data`, or the PostgreSQL of DATABASE_URL \
or DATABASE_URL_FILE.

Where the session of an account is kept, as by `admit login` of the chats' owner, the ledger is compared with Telegram's \
links every night at three, in UTC: `admit reconcile` tells what that does. With `--as bot` nothing is compared.

At its address, `/livez` and `/readyz` tell how it is, and `/metrics` counts, that for this machine only; or all three \
at `--metrics-listen`, and nowhere else. It logs to stderr what is worth knowing; \
`--log` says how much. Ctrl-C or SIGTERM lets those who are being served finish; a second one does not.")]
pub(crate) struct Serve {
    #[command(flatten)]
    housing: Housing,
    /// Where to listen; port 0 takes any that is free, `unix:PATH` is a socket. [env: ADMIT_LISTEN] [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<Listen>,
    /// Where `/livez`, `/readyz` and `/metrics` are then, for whoever can reach it. [env: ADMIT_METRICS_LISTEN]
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<Listen>,
    /// Where people reach it, as they see it. [env: ADMIT_PUBLIC_URL] [default: where it listens]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Where people reach Telegram; for a sandbox, its own address. [env: ADMIT_TELEGRAM_URL] [default: https://t.me]
    #[arg(long, value_name = "URL")]
    telegram_url: Option<String>,
    /// Have Telegram send its updates to the public URL, instead of asking for them. [env: ADMIT_WEBHOOK]
    #[arg(long)]
    webhook: bool,
    /// For how many days people are remembered who hold no pass. [env: ADMIT_KEEP_DAYS] [default: 90]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    keep_days: Option<u32>,
    /// Every night, leave strays as they are: `admit reconcile` tells what they are. [env: ADMIT_KEEP_STRAYS]
    #[arg(long)]
    keep_strays: bool,
}

/// The line that is printed when it is ready.
#[derive(Serialize)]
struct Ready<'a> {
    url: &'a str,
    public_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics_url: Option<&'a str>,
}

impl Serve {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        ctx.cannot_rehearse("serve")?;
        ctx.expect_speaker(Speaker::Bot, "serve")?;
        let road = context::settings(&ctx.config()?);
        let listen = place(ctx, self.listen.as_ref(), "ADMIT_LISTEN")?;
        let listen = listen.unwrap_or(Listen::At(SocketAddr::from(([127, 0, 0, 1], 8080))));
        let metrics_listen = place(ctx, self.metrics_listen.as_ref(), "ADMIT_METRICS_LISTEN")?;
        let public_url = address(ctx, "--public-url", "ADMIT_PUBLIC_URL", self.public_url.as_deref())?;
        #[cfg(unix)]
        if let (Listen::Socket(_), None) = (&listen, &public_url) {
            let rule = "nobody reaches a socket by its path, so say what people see";
            return Err(Usage::flag("--listen", &listen, rule, "`--public-url https://gate.example`").into());
        }
        let telegram_url =
            address(ctx, "--telegram-url", "ADMIT_TELEGRAM_URL", self.telegram_url.as_deref())?;
        let strays =
            if is_on(ctx, self.keep_strays, "ADMIT_KEEP_STRAYS")? { Strays::Keep } else { Strays::End };
        let hearing = if webhook(ctx, self.webhook)? { Hearing::Webhook } else { Hearing::Asking };
        let keep_days = keep_days(ctx, self.keep_days)?;
        runtime::serve(async {
            let bound = listen.bind("--listen").await?;
            let watching = match &metrics_listen {
                Some(place) => Some(place.bind("--metrics-listen").await?),
                None => None,
            };
            let url = bound.url;
            let House { store, keys } = self.housing.open_or_make(ctx).await?;
            let clock = trials::clock(ctx.variables);
            bot::remember(ctx, &store, clock.now()).await?;
            let has_no_bot = store.bots().await?.is_empty();
            // Held until the end.
            let standing = self.housing.place(ctx)?.stand_on();
            let settings = Settings {
                public_url: public_url.unwrap_or_else(|| url.clone()),
                telegram_url: telegram_url.unwrap_or_else(|| Settings::default().telegram_url),
                road,
                hearing,
                keep_days: keep_days.unwrap_or(Settings::default().keep_days),
                account: account(ctx).await,
                strays,
                is_alone: standing.as_ref().is_some_and(|(_, is_alone)| *is_alone),
                clock,
                points: trials::points(ctx.variables),
            };
            let public_url = settings.public_url.clone();
            let mut service = Service::start(store, &keys, settings).await?;
            let (mut metrics_url, mut _socket) = (None, None);
            if let Some(watching) = watching {
                (metrics_url, _socket) = (Some(watching.url), watching.file);
                service = service.watched_at(watching.listener);
            }
            if has_no_bot {
                ctx.output.warn(
                    "no bot is remembered here, so no link can be made; give a token, by ADMIT_BOT_TOKEN_FILE or \
                     `--token-file PATH`, to this command or to `admit gate new`",
                );
            }
            // Whoever is told that it is ready may stop it.
            let (stopped, insisted) = (runtime::stopped(), insisted());
            if ctx.output.is_for_programs() {
                ctx.output.json(&Ready {
                    url: &url,
                    public_url: &public_url,
                    metrics_url: metrics_url.as_deref(),
                })?;
            } else {
                ctx.output.note(format_args!("Serving gates at {public_url}. Ctrl-C ends it."));
            }
            tokio::select! {
                // Being stopped is how a service ends, and no failure.
                () = service.serve(bound.listener, async { _ = stopped.await }) => Ok(()),
                stop = insisted => Err(Failure::Stopped(stop)),
            }
        })
    }
}

/// The account whose session is kept, if one is and bots alone are not all that is to speak. A service without it does
/// all the rest, so what is wrong with it is said and keeps nothing from starting. Whose it is, Telegram is asked for a
/// moment only: the nights find out the rest.
async fn account(ctx: &Context<'_>) -> Option<Account> {
    if ctx.global.speak_as == Some(Speaker::Bot) {
        return None;
    }
    let account = match ctx.has_account() {
        Ok(false) => return None,
        Ok(true) => match timeout(A_MOMENT, ctx.proven_account()).await {
            Ok(Err(why @ Failure::Session(_))) => Err(why),
            _ => ctx.account_opener(),
        },
        Err(why) => Err(why),
    };
    match account {
        Ok(open) => Some(Account(Arc::new(move || Box::new(open())))),
        Err(why) => {
            let why = chain(&why).join(": ");
            ctx.output.warn(format_args!("the ledger is not compared with Telegram's links: {why}"));
            None
        }
    }
}

/// Whoever waits for a page waits no longer for this.
const A_MOMENT: Duration = Duration::from_secs(3);

/// For how many days people are remembered: by a flag, or else by a variable.
pub(super) fn keep_days(ctx: &Context<'_>, flag: Option<u32>) -> Result<Option<u32>, Usage> {
    let Some(text) = (ctx.variables)("ADMIT_KEEP_DAYS").filter(|_| flag.is_none()) else {
        return Ok(flag);
    };
    match text.parse() {
        Ok(days @ 1..=36_500) => Ok(Some(days)),
        _ => {
            let rule = "this is a number of days from 1 to 36500";
            Err(Usage::new(format!("`ADMIT_KEEP_DAYS={text}`"), rule, "`ADMIT_KEEP_DAYS=90`"))
        }
    }
}

/// Where to listen: by a flag, or else by a variable.
fn place(ctx: &Context<'_>, flag: Option<&Listen>, variable: &str) -> Result<Option<Listen>, Usage> {
    let Some(text) = (ctx.variables)(variable).filter(|_| flag.is_none()) else {
        return Ok(flag.cloned());
    };
    let bad = |why| Usage::new(format!("`{variable}={text}`"), why, &format!("`{variable}=127.0.0.1:8080`"));
    text.parse().map(Some).map_err(bad)
}

/// Whether Telegram sends its updates: by the flag, or else by the variable.
pub(super) fn webhook(ctx: &Context<'_>, flag: bool) -> Result<bool, Usage> {
    is_on(ctx, flag, "ADMIT_WEBHOOK")
}

/// What a flag or else a variable switches on.
fn is_on(ctx: &Context<'_>, flag: bool, variable: &str) -> Result<bool, Usage> {
    let said = (ctx.variables)(variable).unwrap_or_default();
    match said.as_str() {
        _ if flag => Ok(true),
        "1" | "true" => Ok(true),
        "" | "0" | "false" => Ok(false),
        _ => {
            Err(Usage::new(format!("`{variable}={said}`"), "this is `1` or `0`", &format!("`{variable}=1`")))
        }
    }
}

/// An address of the web, without the slash at its end: by a flag, or else by a variable.
pub(super) fn address(
    ctx: &Context<'_>,
    flag: &str,
    variable: &str,
    given: Option<&str>,
) -> Result<Option<String>, Usage> {
    let (what, text) = match (given, (ctx.variables)(variable)) {
        (Some(text), _) => (format!("`{flag} {text}`"), text.to_owned()),
        (None, Some(text)) => (format!("`{variable}={text}`"), text),
        (None, None) => return Ok(None),
    };
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain = |rest: &str| {
        let host = rest.trim_end_matches('/');
        !host.is_empty() && !host.contains(['/', '?', '#', '@']) && !host.contains(char::is_whitespace)
    };
    if rest.is_some_and(is_plain) {
        return Ok(Some(text.trim_end_matches('/').to_owned()));
    }
    let rule = "this is `https://` or `http://`, a host, and perhaps a port";
    Err(Usage::new(what, rule, &format!("`{flag} https://gate.example`")))
}

/// Ends when somebody asked twice.
fn insisted() -> impl Future<Output = Stop> {
    let asked = runtime::stopped();
    async {
        asked.await;
        runtime::stopped().await
    }
}
