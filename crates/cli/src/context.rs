//! What a command may reach: the options, the settings, a person to ask, and the way to Telegram.

use crate::config::{Config, Variables};
use crate::failure::{Failure, Usage};
use crate::flags::Global;
use crate::output::{Output, Shown, aside};
use crate::runtime;
use crate::when::{Clock, whole_seconds};
use serde::Serialize;
use serde_json::Value;
use std::io::{self, BufRead, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use telegram::bot_api::{Client, OnWait, Settings, Token};
use tokio::task::spawn_blocking;

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

impl Context<'_> {
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Ok(Config::load(&self.global, self.variables)?)
    }

    /// Who is at work here, for the record of what people did.
    pub(crate) fn who(&self) -> String {
        let name = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| (self.variables)(name));
        name.map_or_else(|| "command line".to_owned(), |name| name.chars().take(64).collect())
    }

    /// The way to Telegram that the settings describe. Nothing is sent yet.
    pub(crate) fn connect(&self) -> Result<Connection, Failure> {
        let config = self.config()?;
        let token = self.token(&config)?;
        self.connect_with(token, &settings(&config))
    }

    /// The way to Telegram with settings of the caller's own.
    pub(crate) fn connect_with(&self, token: Token, settings: &Settings) -> Result<Connection, Failure> {
        let bot_id = token.bot_id();
        let bad =
            |why| Usage::flag("--api-url", &settings.api_url, why, "`--api-url https://api.telegram.org`");
        let client = Client::new(token, settings).map_err(bad)?;
        Ok(Connection { client: client.on_wait(self.teller()), bot_id })
    }

    /// What is told when Telegram makes somebody wait.
    pub(crate) fn teller(&self) -> OnWait {
        let output = self.output.clone();
        Arc::new(move |_, wait| {
            output.note(format_args!("Telegram asked to wait {} s", whole_seconds(wait)));
        })
    }

    /// Runs one command's conversation with Telegram to its end.
    pub(crate) fn talk<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        runtime::run(work)
    }

    /// Shows a call instead of sending it.
    pub(crate) fn rehearse(&self, method: &str, parameters: &impl Serialize) -> Result<(), Failure> {
        self.rehearse_each(method, [parameters])
    }

    /// The same for several calls, as one answer. One alone is answered alone.
    pub(crate) fn rehearse_each(
        &self,
        method: &str,
        calls: impl IntoIterator<Item = impl Serialize>,
    ) -> Result<(), Failure> {
        let call = |parameters| {
            let parameters = serde_json::to_value(parameters).map_err(io::Error::from)?;
            Ok(Rehearsed { dry_run: true, method: method.to_owned(), parameters })
        };
        self.show_or_list(&calls.into_iter().map(call).collect::<io::Result<Vec<_>>>()?)
    }

    /// Says what would be done here, and does nothing.
    pub(crate) fn would(&self, would: String) -> Result<(), Failure> {
        self.would_each(vec![would])
    }

    /// The same of several things, as one answer. One alone is answered alone.
    pub(crate) fn would_each(&self, all: Vec<String>) -> Result<(), Failure> {
        let would = |would| Would { dry_run: true, would };
        self.show_or_list(&all.into_iter().map(would).collect::<Vec<_>>())
    }

    fn show_or_list(&self, answers: &[impl Shown]) -> Result<(), Failure> {
        let clock = Clock::of_this_machine();
        match answers {
            [one] => Ok(self.output.show(one, &clock)?),
            several => Ok(self.output.show_all(several, &clock)?),
        }
    }

    /// Fails where a command that runs until it is stopped is to be shown first.
    pub(crate) fn cannot_rehearse(&self, command: &str) -> Result<(), Usage> {
        if !self.global.dry_run {
            return Ok(());
        }
        let rule = "it runs until it is stopped, and there is nothing to show before";
        Err(Usage::new(format!("`admit {command} --dry-run`"), rule, &format!("`admit {command}`")))
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

/// Somebody or something on a list of what it would happen to. For people the list says so as a whole.
#[derive(Serialize)]
pub(crate) struct WouldBe<T> {
    dry_run: bool,
    /// Such as `would be deleted`.
    status: &'static str,
    #[serde(flatten)]
    row: T,
}

impl<T> WouldBe<T> {
    pub(crate) fn new(status: &'static str, row: T) -> Self {
        Self { dry_run: true, status, row }
    }
}

impl<T: Shown> Shown for WouldBe<T> {
    const COLUMNS: &'static [&'static str] = T::COLUMNS;

    fn cells(&self) -> Vec<String> {
        self.row.cells()
    }

    fn words(&self, clock: &Clock) -> String {
        self.row.words(clock)
    }

    fn brief(&self) -> String {
        self.row.brief()
    }
}

/// Something that was not done.
#[derive(Serialize)]
struct Would {
    dry_run: bool,
    would: String,
}

impl Shown for Would {
    const COLUMNS: &'static [&'static str] = &["would"];

    fn cells(&self) -> Vec<String> {
        vec![self.would.clone()]
    }

    fn words(&self, _: &Clock) -> String {
        self.brief()
    }

    fn brief(&self) -> String {
        format!("would {}", self.would)
    }
}
