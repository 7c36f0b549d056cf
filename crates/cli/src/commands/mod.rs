//! Every command, and what all of them share: the options that go anywhere, and the way to Telegram.

pub(crate) mod bots;
pub(crate) mod chats;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod links;
pub(crate) mod man;
pub(crate) mod members;
pub(crate) mod requests;
pub(crate) mod sandbox;
pub(crate) mod telegram;

use crate::config::{Config, Variables};
use crate::credentials::{self, Secret};
use crate::failure::{Failure, Usage};
use crate::log;
use crate::output::{Colour, Format, Output, Shown, aside, is_watched};
use crate::runtime;
use crate::when::{Clock, whole_seconds};
use ::links::Chat;
use ::telegram::bot_api::{Client, Settings, Token};
use clap::{Args, CommandFactory, Parser, Subcommand};
use serde::Serialize;
use serde_json::Value;
use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// Telegram invite links: one link, one person, once.
#[derive(Parser, Debug)]
#[command(name = "admit", version, arg_required_else_help = true)]
#[command(before_help = "\
Examples:
  admit link create --chat @garden --limit 1 --expire 7d
  admit link revoke --chat @garden https://t.me/+AbCdEf0123456789
  admit request approve --chat @garden --user 123456789
  admit chat show --chat @garden --json

The bot's token comes from ADMIT_BOT_TOKEN, ADMIT_BOT_TOKEN_FILE, `--token-file` or a profile.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Make, change and end invite links.
    #[command(subcommand)]
    Link(links::Link),
    /// Decide about people who ask to join.
    #[command(subcommand)]
    Request(requests::Request),
    /// Look at chats.
    #[command(subcommand)]
    Chat(chats::Chat),
    /// Remove members.
    #[command(subcommand)]
    Member(members::Member),
    /// Look at the bot.
    #[command(subcommand)]
    Bot(bots::Bot),
    /// Run a small Telegram on this machine.
    Sandbox(sandbox::Sandbox),
    /// See the settings in force.
    #[command(subcommand)]
    Config(config::Config),
    /// For scripts written for `oint telegram`: the same method, options and answer.
    Telegram(telegram::Telegram),
    /// Print completions for a shell.
    Completions(completions::Completions),
    /// Write the man pages.
    Man(man::Man),
}

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
    /// Show what would be sent, and send nothing.
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

impl Global {
    fn format(&self) -> Format {
        if self.json { Format::Json } else { self.output.unwrap_or_default() }
    }

    /// Where and how a command with these options speaks.
    pub(crate) fn speaker(&self, variables: Variables<'_>) -> Output {
        let colour = if self.no_color { Colour::Never } else { self.color };
        let coloured = colour.decide(variables, is_watched());
        Output { format: self.format(), quiet: self.quiet, coloured }
    }
}

/// The definition of the command line, with our help's order: examples before options.
pub(crate) fn definition() -> clap::Command {
    fn styled(command: clap::Command) -> clap::Command {
        const TEMPLATE: &str =
            "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";
        let names: Vec<String> = command.get_subcommands().map(|each| each.get_name().to_owned()).collect();
        names
            .iter()
            .fold(command.help_template(TEMPLATE), |command, name| command.mut_subcommand(name, styled))
    }
    styled(Cli::command())
}

/// Does what was asked.
pub(crate) fn run(cli: Cli, output: Output, variables: Variables<'_>) -> Result<(), Failure> {
    log::start(&cli.global, variables)?;
    let ctx = Context { global: cli.global, output, variables };
    match cli.command {
        Command::Link(command) => command.run(&ctx),
        Command::Request(command) => command.run(&ctx),
        Command::Chat(command) => command.run(&ctx),
        Command::Member(command) => command.run(&ctx),
        Command::Bot(command) => command.run(&ctx),
        Command::Sandbox(command) => command.run(&ctx),
        Command::Config(command) => command.run(&ctx),
        Command::Telegram(command) => command.run(&ctx),
        Command::Completions(command) => command.run(&ctx),
        Command::Man(command) => command.run(&ctx),
    }
}

/// What a command may reach.
pub(crate) struct Context<'a> {
    pub(crate) global: Global,
    pub(crate) output: Output,
    pub(crate) variables: Variables<'a>,
}

/// A way to Telegram in the name of one bot.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) bot_id: Option<i64>,
}

/// A call that was not sent.
#[derive(Serialize)]
struct Rehearsed {
    dry_run: bool,
    method: String,
    parameters: Value,
}

impl Shown for Rehearsed {
    const COLUMNS: &'static [&'static str] = &["method", "parameters"];

    fn cells(&self) -> Vec<String> {
        vec![self.method.clone(), self.parameters.to_string()]
    }

    fn words(&self, _: &Clock) -> String {
        self.brief()
    }

    fn brief(&self) -> String {
        format!("would send {} {}", self.method, self.parameters)
    }
}

impl Context<'_> {
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Ok(Config::load(&self.global, self.variables)?)
    }

    /// The way to Telegram that the settings describe. Nothing is sent yet.
    pub(crate) fn connect(&self) -> Result<Connection, Failure> {
        let config = self.config()?;
        let token = credentials::read(&config.token.value)?;
        self.connect_with(token, &settings(&config))
    }

    /// The way to Telegram with settings of the caller's own.
    pub(crate) fn connect_with(&self, token: Token, settings: &Settings) -> Result<Connection, Failure> {
        let bot_id = token.bot_id();
        let bad =
            |why| Usage::flag("--api-url", &settings.api_url, why, "`--api-url https://api.telegram.org`");
        let client = Client::new(token, settings).map_err(bad)?;
        if self.output.quiet {
            return Ok(Connection { client, bot_id });
        }
        let output = self.output.clone();
        let client = client.on_wait(Arc::new(move |_, wait| {
            output.note(format_args!("Telegram asked to wait {} s", whole_seconds(wait)));
        }));
        Ok(Connection { client, bot_id })
    }

    /// Runs one command's conversation with Telegram to its end.
    pub(crate) fn talk<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        runtime::run(work)
    }

    /// Shows a call instead of sending it.
    pub(crate) fn rehearse(&self, method: &str, parameters: &impl Serialize) -> Result<(), Failure> {
        let parameters = serde_json::to_value(parameters).map_err(io::Error::from)?;
        let call = Rehearsed { dry_run: true, method: method.to_owned(), parameters };
        Ok(self.output.show(&call, &Clock::of_this_machine())?)
    }

    /// Fails where standard input would be read for this flag and for the token.
    pub(crate) fn claim_stdin(&self, flag: &str) -> Result<(), Usage> {
        if self.global.token_file.as_deref() != Some(Path::new("-")) {
            return Ok(());
        }
        let what = format!("`{flag} -` with `--token-file -`");
        Err(Usage::new(what, "standard input can be only one of the two", "`--token-file PATH`"))
    }

    /// Asks before something that cannot be undone. Without a terminal to ask at, or told not to ask, it fails.
    pub(crate) async fn confirm(&self, what: &str) -> Result<(), Failure> {
        let refuse = |why| Failure::NotConfirmed { what: what.to_owned(), why };
        if self.global.yes {
            return Ok(());
        }
        self.can_ask(what)?;
        aside(format_args!("{what}\nGo ahead? [y/N]"));
        // On another thread, so that signals are heard meanwhile.
        let answer =
            spawn_blocking(|| io::stdin().lock().lines().next().unwrap_or_else(|| Ok(String::new())));
        let answer = answer.await.map_err(io::Error::from).and_then(|read| read);
        let answer = answer.map_err(|_| refuse("no answer could be read"))?;
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(refuse("not confirmed")),
        }
    }

    /// Fails early where `confirm` would have nobody to ask.
    pub(crate) fn can_ask(&self, what: &str) -> Result<(), Failure> {
        let refuse = |why| Err(Failure::NotConfirmed { what: what.to_owned(), why });
        if self.global.yes {
            Ok(())
        } else if self.global.no_input {
            refuse("this needs a confirmation, and `--no-input` forbids asking")
        } else if !io::stdin().is_terminal() {
            refuse("this needs a confirmation, and there is no terminal to ask at")
        } else {
            Ok(())
        }
    }
}

/// What the client is told of the settings.
pub(crate) fn settings(config: &Config) -> Settings {
    Settings {
        api_url: config.api_url.value.clone(),
        proxy: config.proxy.value.clone(),
        limit: config.timeout.value,
        ..Settings::default()
    }
}

/// The chat a command is about.
#[derive(Args, Clone, Debug)]
pub(crate) struct InChat {
    /// The chat: `@name`, or its number such as `-1001234567890`.
    #[arg(long, value_name = "CHAT", allow_hyphen_values = true)]
    pub(crate) chat: Chat,
}
