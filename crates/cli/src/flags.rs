//! Options that commands share.

use crate::credentials::Secret;
use crate::output::{Colour, Format, Output, is_watched};
use clap::{Args, ValueEnum};
use links::Chat;
use std::path::PathBuf;

/// Options that go with every command.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// How answers are written; sentences without it.
    #[arg(short, long, global = true, value_name = "FORMAT", value_enum)]
    pub(crate) output: Option<Format>,
    /// The same as `-o json`.
    #[arg(long, global = true, conflicts_with = "output")]
    pub(crate) json: bool,
    /// Print only the link or the id, and no notes.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Show what would be done, and change nothing.
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,
    /// Answer every question with yes.
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
    /// Ask nothing; what needs an answer fails.
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// Use this profile of the profile file; its settings beat the environment's. [env: ADMIT_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Read the bot's token from this file, or from `-`. [env: ADMIT_BOT_TOKEN_FILE]
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) token_file: Option<PathBuf>,
    /// Where the Bot API is. [env: ADMIT_API_URL] [default: https://api.telegram.org]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) api_url: Option<String>,
    /// Where the session of an account is kept; given here, the account speaks. [env: ADMIT_SESSION_FILE] [default: beside the profiles]
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) session_file: Option<PathBuf>,
    /// Who does what both could do; the bot, where its token is given and nobody else was named.
    #[arg(long = "as", global = true, value_name = "WHO", value_enum)]
    pub(crate) speak_as: Option<Speaker>,
    /// Go through this proxy: `http://host:3128`, `socks5://host:1080`. [env: ADMIT_PROXY]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) proxy: Option<Secret>,
    /// How long one call may take, waits included. [env: ADMIT_TIMEOUT] [default: 30s]
    #[arg(long, global = true, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) timeout: Option<String>,
    /// Log to stderr what happens on the way: `debug`, or `warn,admit_telegram=trace`. [env: ADMIT_LOG]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
    /// When to colour; NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM=dumb are heard too.
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: Colour,
    /// The same as `--color never`.
    #[arg(long, global = true, hide = true)]
    pub(crate) no_color: bool,
}

/// In whose name Telegram is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Speaker {
    /// The bot whose token is given.
    Bot,
    /// The account that `admit login` logged in to.
    Account,
}

impl Global {
    fn format(&self) -> Format {
        if self.json { Format::Json } else { self.output.unwrap_or_default() }
    }

    /// Where and how a command with these options speaks.
    pub(crate) fn speaker(&self, variable: impl Fn(&str) -> Option<String>) -> Output {
        let colour = if self.no_color { Colour::Never } else { self.color };
        let coloured = colour.decide(variable, is_watched());
        Output { format: self.format(), quiet: self.quiet, coloured }
    }
}

/// The chat a command is about.
#[derive(Args, Clone, Debug)]
pub(crate) struct InChat {
    /// The chat: `@name`, or its number such as `-1001234567890`.
    #[arg(long, value_name = "CHAT", allow_hyphen_values = true)]
    pub(crate) chat: Chat,
}
