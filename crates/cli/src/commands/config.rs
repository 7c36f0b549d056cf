//! `admit config`: the settings in force, and where each comes from.

use crate::account::session_place;
use crate::config::{self, EXAMPLE, Setting};
use crate::context::Context;
use crate::credentials::{self, Source};
use crate::failure::Failure;
use crate::output::{Shown, hide_secrets};
use crate::when::{Clock, say_length};
use clap::Subcommand;
use serde::Serialize;
use std::fmt::Display;
use std::path::PathBuf;

#[derive(Subcommand, Debug)]
#[command(before_help = "\
Examples:
  admit config show
  admit config explain")]
pub(crate) enum Config {
    /// Show the settings of the way to Telegram that are in force, and where each comes from.
    #[command(before_help = "\
Examples:
  admit config show
  admit config show --profile garden --json

These are the settings that every command has. Where it is remembered, and how a service runs, is said to each command \
by itself: `admit serve --help` names these flags and their variables, ADMIT_DATA, ADMIT_KEY_FILE, DATABASE_URL, \
DATABASE_URL_FILE, ADMIT_LISTEN, ADMIT_METRICS_LISTEN, ADMIT_PUBLIC_URL, ADMIT_TELEGRAM_URL, ADMIT_WEBHOOK, \
ADMIT_KEEP_DAYS and ADMIT_KEEP_STRAYS.")]
    Show,
    /// Explain each setting, and the format of the profile file.
    #[command(before_help = "\
Examples:
  admit config explain")]
    Explain,
}

/// A setting, what it is and where that was said.
#[derive(Serialize)]
struct Line {
    setting: &'static str,
    value: String,
    origin: String,
    #[serde(skip)]
    about: &'static str,
}

impl Config {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let config = ctx.config()?;
        let lines = lines(&config);
        match self {
            Self::Show => Ok(ctx.output.show_all(&lines, &Clock::of_this_machine())?),
            Self::Explain if ctx.output.is_for_programs() => {
                Ok(ctx.output.show_all(&lines, &Clock::of_this_machine())?)
            }
            Self::Explain => {
                for Line { setting, value, origin, about } in &lines {
                    ctx.output.line(format_args!("{setting} = {value}  ({origin})\n    {about}"))?;
                }
                let place =
                    config.file.as_ref().map_or("no file".to_owned(), |path| path.display().to_string());
                Ok(ctx
                    .output
                    .line(format_args!("\nProfiles are read from {place}:\n\n{}", EXAMPLE.trim_end()))?)
            }
        }
    }
}

fn lines(config: &config::Config) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |setting, value: String, origin: &dyn Display, about| {
        lines.push(Line { setting, value: hide_secrets(&value), origin: origin.to_string(), about });
    };
    let Setting { value, origin } = &config.profile;
    let about = "Whose settings of the profile file are used: `--profile`, ADMIT_PROFILE, or `default` in the file. \
        Named by `--profile`, they beat the environment.";
    add("profile", value.clone().unwrap_or_else(|| "none".to_owned()), origin, about);
    let Setting { value, origin } = &config.token;
    let about = "The bot's token: `--token-file PATH`, a profile named by `--profile`, ADMIT_BOT_TOKEN, \
        ADMIT_BOT_TOKEN_FILE, or another profile. Never the value of a flag, where other people's `ps` shows it.";
    add("token", token(value), origin, about);
    let Setting { value, origin } = &config.api_url;
    let about =
        "Where the Bot API is: Telegram, a server of your own, or a sandbox. `--api-url`, ADMIT_API_URL.";
    add("api_url", value.clone(), origin, about);
    let Setting { value, origin } = &config.proxy;
    let about = "The proxy on the way there, `http://` or `socks5://`. `--proxy`, ADMIT_PROXY.";
    add("proxy", value.as_ref().map_or("none".to_owned(), ToString::to_string), origin, about);
    let Setting { value, origin } = &config.timeout;
    let about = "How long one call may take, with all its waits and tries. `--timeout`, ADMIT_TIMEOUT.";
    add("timeout", say_length(*value), origin, about);
    let Setting { value, origin } = &config.session_file;
    let about = "Where the session of an account is kept, which `admit login` makes: `--session-file`, \
        ADMIT_SESSION_FILE.";
    let path = |path: &Option<PathBuf>, none: &str| {
        path.as_ref().map_or(none.to_owned(), |path| path.display().to_string())
    };
    add("session_file", path(value, "none"), origin, about);
    let Setting { origin, .. } = &config.session_key_file;
    let keys = session_place(config).ok().map(|place| place.keys);
    let about = "Where the keys are that the session is sealed with: ADMIT_SESSION_KEY_FILE.";
    add("session_key_file", path(&keys, "none"), origin, about);
    let Setting { value, origin } = &config.api_id;
    let about = "Which application logs in: `admit login --api-id`, ADMIT_API_ID.";
    add("api_id", value.map_or("none".to_owned(), |id| id.to_string()), origin, about);
    let Setting { value, origin } = &config.api_hash;
    let about = "What my.telegram.org gave out with the `api_id`: `admit login --api-hash-file`, ADMIT_API_HASH, \
        ADMIT_API_HASH_FILE. It is never shown.";
    add("api_hash", api_hash(value), origin, about);
    lines
}

fn api_hash(source: &Source) -> String {
    match source {
        Source::Nowhere => "none".to_owned(),
        Source::Stdin => "on standard input".to_owned(),
        Source::Text(_) => "given".to_owned(),
        Source::File(path) => format!("in {}", path.display()),
    }
}

/// Whose token it is, as far as that can be told without showing it. Standard input is left to who needs it.
fn token(source: &Source) -> String {
    let place = match source {
        Source::Nowhere => return "none".to_owned(),
        Source::Stdin => return "on standard input".to_owned(),
        Source::Text(_) => String::new(),
        Source::File(path) => format!(", in {}", path.display()),
    };
    match credentials::read(source) {
        Ok(token) => format!("of the bot {}{place}", token.bot_id().unwrap_or_default()),
        Err(why) => format!("unusable: {}", crate::failure::chain(&why).join(": ")),
    }
}

impl Shown for Line {
    const COLUMNS: &'static [&'static str] = &["setting", "value", "origin"];

    fn cells(&self) -> Vec<String> {
        vec![self.setting.to_owned(), self.value.clone(), self.origin.clone()]
    }

    fn words(&self, _: &Clock) -> String {
        format!("{} = {}  ({})", self.setting, self.value, self.origin)
    }

    fn brief(&self) -> String {
        self.value.clone()
    }
}
