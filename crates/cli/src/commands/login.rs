//! `admit login`: a telephone and the code that was sent to it, or a code that a telephone scans; and the second
//! password. Or a key that is logged in already.

use crate::account::{account_settings, session_place};
use crate::ask::Question;
use crate::config::{self, Config, Origin, Setting, path_or_stdin};
use crate::context::Context;
use crate::credentials::{Secret, Source};
use crate::failure::{Failure, Usage};
use crate::flags::Speaker;
use crate::output::{Output, Shown, is_watched};
use crate::qr::Drawn;
use crate::session_file::{Kept, Place};
use crate::when::Clock;
use clap::Args;
use links::{Kind, Person};
use serde::Serialize;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use telegram::mtproto::{
    AuthKey, Client, CodeSent, LoginStep, LoginToken, Session, SignedIn, WRONG_CODE, WRONG_PASSWORD,
};

/// Codes are shown for so long, one after another; whoever wants to scan one has come by then.
const LONGEST_SHOW_SECONDS: i64 = 600;
const SCAN_IT: &str = "On the telephone, in Telegram: Settings > Devices > Link Desktop Device";

const PHONE: Question = Question {
    what: "telephone number",
    words: "The telephone number of the account, with its country code:",
    flag: "--phone",
    example: "`--phone +4915112345678`",
};
const PHONE_FILE: Question = Question { flag: "--phone-file", example: "`--phone-file PATH`", ..PHONE };
const CODE: Question = Question {
    what: "code",
    words: "The code that Telegram sent:",
    flag: "--code-file",
    example: "`--code-file PATH`",
};
const PASSWORD: Question = Question {
    what: "password",
    words: "The second password (it is not shown):",
    flag: "--password-file",
    example: "`--password-file PATH`",
};
const AUTH_KEY: Question =
    Question { what: "key", words: "", flag: "--auth-key-file", example: "`--auth-key-file PATH`" };
const API_HASH: Question = Question {
    what: "hash of the application",
    words: "",
    flag: "--api-hash-file",
    example: "`--api-hash-file PATH`, or ADMIT_API_HASH",
};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit login --api-id 12345 --api-hash-file api-hash
  admit login --phone +4915112345678 --code-file - --password-file password
  admit login --phone-file phone --code-file code --no-input
  admit login --qr
  admit login --server 127.0.0.1:39415 --dc 2 --auth-key-file auth-key

What is not said is asked for at the terminal. The session is kept in a file that only you can read, sealed with keys in \
another; `admit config show` tells where. Each `--profile` has its own. https://my.telegram.org gives an application its \
number and its hash.

With `--qr` a code is shown at the terminal, for the telephone that is logged in already: Telegram there, Settings, \
Devices, Link Desktop Device. Programs that draw it themselves say `--json`, or `-o ndjson`: each code is a line on \
stdout, `{\"login_token\":{\"url\":\"tg://login?token=...\",\"expires_at\":1795870830}}`, the next one ends the one before, \
and the last line is the answer. So it is too where nobody looks, with stderr not at a terminal. Whoever scans such a \
url gives their account to this machine: keep it out of logs.")]
pub(crate) struct Login {
    /// The telephone number of the account, with its country code.
    #[arg(long, value_name = "NUMBER", conflicts_with = "phone_file", allow_hyphen_values = true)]
    phone: Option<String>,
    /// Read it from this file, or from `-`: what stands in a command every user of the machine can read.
    #[arg(long, value_name = "PATH")]
    phone_file: Option<PathBuf>,
    /// Read the code that Telegram sends from this file, once it is sent, or from `-`.
    #[arg(long, value_name = "PATH")]
    code_file: Option<PathBuf>,
    /// Show a code to scan with a telephone where the account is logged in, instead.
    #[arg(long, conflicts_with_all = ["phone", "phone_file", "code_file"])]
    qr: bool,
    /// Read the second password from this file, or from `-`.
    #[arg(long, value_name = "PATH")]
    password_file: Option<PathBuf>,
    /// Which application logs in. [env: ADMIT_API_ID]
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    api_id: Option<String>,
    /// Read what came with the number from this file, or from `-`. [env: ADMIT_API_HASH, ADMIT_API_HASH_FILE]
    #[arg(long, value_name = "PATH")]
    api_hash_file: Option<PathBuf>,
    /// The address of another server than Telegram's own, such as a sandbox.
    #[arg(long, value_name = "ADDRESS", requires_all = ["dc", "auth_key_file"])]
    server: Option<SocketAddrV4>,
    /// The number of its data centre.
    #[arg(long, value_name = "NUMBER", requires = "server", value_parser = clap::value_parser!(i32).range(1..))]
    dc: Option<i32>,
    /// Read the key to speak to it with from this file, in hexadecimal, or from `-`. If somebody is logged in with it,
    /// that is the log-in.
    #[arg(long, value_name = "PATH", requires = "server")]
    auth_key_file: Option<PathBuf>,
}

/// Who logged in, and where that is kept.
#[derive(Serialize)]
struct LoggedIn {
    #[serde(flatten)]
    account: Account,
    session_file: String,
}

/// An account as it is shown.
#[derive(Serialize)]
pub(crate) struct Account {
    pub(crate) id: i64,
    first_name: String,
    last_name: Option<String>,
    username: Option<String>,
}

impl Login {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        ctx.expect_speaker(Speaker::Account, "login")?;
        self.expect_one_stdin()?;
        let config = ctx.config()?;
        let place = session_place(&config)?;
        // Nobody should be sent a code for nothing.
        place.look()?;
        let api_id = self.api_id(&config)?;
        if ctx.global.dry_run {
            let server = self.server.map_or("Telegram".to_owned(), |address| address.to_string());
            let path = place.path.display();
            return ctx.would(format!(
                "log in at {server} as the application {api_id}, and keep the session in `{path}`"
            ));
        }
        let logged_in = ctx.talk(self.log_in(ctx, &config, &place, api_id))?;
        Ok(ctx.output.show(&logged_in, &Clock::of_this_machine())?)
    }

    async fn log_in(
        &self,
        ctx: &Context<'_>,
        config: &Config,
        place: &Place,
        api_id: i32,
    ) -> Result<LoggedIn, Failure> {
        let settings = account_settings(config, api_id)?;
        let given = self.given_session().await?;
        let (client, whose) = match &given {
            Some(session) => {
                let client = Client::connect(session, &settings).on_wait(ctx.teller());
                let whose = whose(&client).await?;
                (client, whose)
            }
            None => (Client::begin(&settings).on_wait(ctx.teller()), None),
        };
        let (person, is_new) = match whose {
            Some(person) => (person, false),
            None => (self.sign_in(ctx, config, &client).await?, true),
        };
        let kept = keep(place, api_id, &client, &person);
        // A session that nobody keeps is nobody's to end later.
        if kept.is_err() && is_new && client.log_out().await.is_err() {
            ctx.output.warn(
                "the session that was made just now could not be ended, and lives on: end it in Telegram, under \
                 Settings, Devices",
            );
        }
        if kept? {
            ctx.output.note(
                "The session that was kept there before is not ended: Telegram lists it under Settings, Devices.",
            );
        }
        Ok(LoggedIn { account: Account::of(person), session_file: place.path.display().to_string() })
    }

    /// A session of a key from elsewhere.
    async fn given_session(&self) -> Result<Option<Session>, Failure> {
        let (Some(address), Some(dc_id), Some(path)) = (self.server, self.dc, &self.auth_key_file) else {
            return Ok(None);
        };
        let Secret(text) = AUTH_KEY.read(path.clone()).await?;
        let auth_key: AuthKey = text.trim().parse().map_err(|why| AUTH_KEY.bad(why))?;
        Ok(Some(Session { dc_id, address, auth_key }))
    }

    async fn sign_in(&self, ctx: &Context<'_>, config: &Config, client: &Client) -> Result<Person, Failure> {
        let signed_in = match self.qr {
            true => self.be_scanned(ctx, config, client).await?,
            false => self.be_sent_a_code(ctx, config, client).await?,
        };
        match signed_in {
            SignedIn::As(person) => Ok(person),
            SignedIn::PasswordNeeded => self.give_password(ctx, client).await,
        }
    }

    /// Shows one token after another, until a telephone lets this machine in.
    async fn be_scanned(
        &self,
        ctx: &Context<'_>,
        config: &Config,
        client: &Client,
    ) -> Result<SignedIn, Failure> {
        const DOING: &str = "log in by a code to scan";
        let Secret(api_hash) = self.api_hash(config).await?;
        let mut step = client.login_token(&api_hash).await;
        let mut first = None;
        loop {
            let token = match step.map_err(|why| failed(DOING, why))? {
                LoginStep::In(signed_in) => return Ok(signed_in),
                LoginStep::Show(token) => token,
            };
            // By Telegram's clock alone, so that it does not matter whether ours is right.
            let shown = token.expires_at().get() - first.get_or_insert(token.expires_at()).get();
            if shown > LONGEST_SHOW_SECONDS {
                let what = format!("nobody scanned the code in {} minutes", LONGEST_SHOW_SECONDS / 60);
                let hint = "nothing was kept; do it again with the telephone at hand";
                return Err(Failure::StillWaiting { what, hint });
            }
            let _drawn = show(&ctx.output, &token)?;
            step = client.token_accepted(&token, &api_hash).await;
        }
    }

    async fn be_sent_a_code(
        &self,
        ctx: &Context<'_>,
        config: &Config,
        client: &Client,
    ) -> Result<SignedIn, Failure> {
        if self.code_file.is_none() {
            CODE.can_ask(ctx)?;
        }
        let Secret(api_hash) = self.api_hash(config).await?;
        let phone = match (&self.phone, &self.phone_file) {
            (Some(phone), _) => phone.clone(),
            (None, Some(path)) => PHONE_FILE.read(path.clone()).await?.0,
            (None, None) => PHONE.ask(ctx).await?,
        };
        let sent = client.send_code(phone.trim(), &api_hash).await;
        let sent = sent.map_err(|why| failed("have a code sent", why))?;
        ctx.output.note("Telegram sent a code: to where the account is logged in, or to the telephone.");
        self.give_code(ctx, client, &sent).await
    }

    async fn give_code(
        &self,
        ctx: &Context<'_>,
        client: &Client,
        sent: &CodeSent,
    ) -> Result<SignedIn, Failure> {
        const DOING: &str = "log in with the code";
        if let Some(path) = &self.code_file {
            let Secret(code) = CODE.read(path.clone()).await?;
            return client.sign_in(sent, &code).await.map_err(|why| failed(DOING, why));
        }
        loop {
            match client.sign_in(sent, &CODE.ask(ctx).await?).await {
                Err(why) if *why.kind() == WRONG_CODE => ctx.output.warn("that is not the code"),
                answer => return answer.map_err(|why| failed(DOING, why)),
            }
        }
    }

    async fn give_password(&self, ctx: &Context<'_>, client: &Client) -> Result<Person, Failure> {
        const DOING: &str = "log in with the password";
        if let Some(path) = &self.password_file {
            let Secret(password) = PASSWORD.read(path.clone()).await?;
            return client.check_password(&password).await.map_err(|why| failed(DOING, why));
        }
        loop {
            let Secret(password) = PASSWORD.ask_unseen(ctx).await?;
            match client.check_password(&password).await {
                Err(why) if *why.kind() == WRONG_PASSWORD => ctx.output.warn("that is not the password"),
                answer => return answer.map_err(|why| failed(DOING, why)),
            }
        }
    }

    fn api_id(&self, config: &Config) -> Result<i32, Failure> {
        let said = match &self.api_id {
            Some(id) => {
                config::check_api_id(Setting { value: id.clone(), origin: Origin::Flag("--api-id") })?.value
            }
            // A sandbox takes any.
            None => config.api_id.value.or(self.server.map(|_| 1)),
        };
        let rule = "an application logs in, and https://my.telegram.org gives each one a number";
        Ok(said.ok_or_else(|| Usage::new("no `--api-id`", rule, "`--api-id 12345`, or ADMIT_API_ID"))?)
    }

    async fn api_hash(&self, config: &Config) -> Result<Secret, Failure> {
        let source = self.api_hash_file.as_deref().map(path_or_stdin);
        match source.unwrap_or_else(|| config.api_hash.value.clone()) {
            Source::Nowhere => {
                let rule = "https://my.telegram.org gives one out with each number of an application";
                Err(Usage::new("no `--api-hash-file`", rule, API_HASH.example).into())
            }
            Source::Text(Secret(text)) => Ok(Secret(API_HASH.one_line(&text)?.trim().to_owned())),
            Source::File(path) => API_HASH.read(path).await,
            Source::Stdin => API_HASH.read("-".into()).await,
        }
    }

    /// Standard input can be only one of them.
    fn expect_one_stdin(&self) -> Result<(), Usage> {
        let files = [
            ("--auth-key-file", &self.auth_key_file),
            ("--api-hash-file", &self.api_hash_file),
            ("--phone-file", &self.phone_file),
            ("--code-file", &self.code_file),
            ("--password-file", &self.password_file),
        ];
        let mut claims = files.into_iter().filter(|(_, path)| path.as_deref() == Some(Path::new("-")));
        match (claims.next(), claims.next()) {
            (Some((one, _)), Some((other, _))) => {
                let what = format!("`{one} -` with `{other} -`");
                Err(Usage::new(what, "standard input can be only one of the two", &format!("`{other} PATH`")))
            }
            _ => Ok(()),
        }
    }
}

/// A token that somebody may scan, for programs.
#[derive(Serialize)]
struct TokenLine {
    login_token: ShownToken,
}

#[derive(Serialize)]
struct ShownToken {
    url: String,
    expires_at: i64,
}

/// Shows a token: as a code where a person looks, until that is dropped; else as a line of JSON.
fn show(output: &Output, token: &LoginToken) -> Result<Option<Drawn>, Failure> {
    let (url, expires_at) = (token.url(), token.expires_at());
    if output.is_for_programs() || !is_watched() {
        output.json(&TokenLine { login_token: ShownToken { url, expires_at: expires_at.get() } })?;
        return Ok(None);
    }
    let until = Clock::of_this_machine().say_second(expires_at);
    let below = format!("It holds until {until}; then another one is shown.");
    let drawn = Drawn::new(output, SCAN_IT, &url, &below);
    let no_code = |why| failed("draw the code", links::Error::because(Kind::BrokenAnswer, why));
    drawn.map(Some).map_err(no_code)
}

/// Who is logged in with the key, if somebody is.
async fn whose(client: &Client) -> Result<Option<Person>, Failure> {
    match client.me().await {
        Ok(person) if person.is_bot => {
            let rule = "a bot is logged in with it, and bots speak by their token";
            Err(AUTH_KEY.bad(rule).into())
        }
        Ok(person) => Ok(Some(person)),
        Err(why) if *why.kind() == Kind::SessionOver => Ok(None),
        Err(why) => Err(failed("ask whose the key is", why)),
    }
}

/// Tells whether another session was kept there before.
fn keep(place: &Place, api_id: i32, client: &Client, person: &Person) -> Result<bool, Failure> {
    let why = "Telegram logged somebody in without a key";
    let session = client
        .session()
        .ok_or_else(|| failed("keep the session", links::Error::because(Kind::BrokenAnswer, why)))?;
    let kept = Kept { account: person.id, api_id, session };
    let replaced = place.keep(&kept)?;
    Ok(replaced.is_some_and(|before| before.session.auth_key != kept.session.auth_key))
}

fn failed(doing: &str, error: links::Error) -> Failure {
    let hint = match error.kind() {
        Kind::Unreachable => Some("nothing was kept; check the network".to_owned()),
        Kind::OutcomeUnknown => Some(
            "nothing was kept; do it again, and end what was not finished in Telegram, under Settings, Devices"
                .to_owned(),
        ),
        Kind::SessionOver => Some("the server does not know the key; log in with another".to_owned()),
        kind if *kind == WRONG_CODE => {
            Some("nothing was kept; do it again, and Telegram sends another code".to_owned())
        }
        kind if *kind == WRONG_PASSWORD => {
            Some("nothing was kept; it is the password of the account's two-step verification".to_owned())
        }
        _ => return Failure::telegram(doing.to_owned(), error),
    };
    Failure::Telegram { doing: doing.to_owned(), error, hint }
}

impl Account {
    pub(crate) const COLUMNS: [&'static str; 4] = ["id", "username", "first_name", "last_name"];

    pub(crate) fn of(person: Person) -> Self {
        let Person { id, first_name, last_name, username, .. } = person;
        Self { id: id.get(), first_name, last_name, username }
    }

    pub(crate) fn cells(&self) -> Vec<String> {
        let or_nothing = |text: &Option<String>| text.clone().unwrap_or_default();
        let (username, last_name) = (or_nothing(&self.username), or_nothing(&self.last_name));
        vec![self.id.to_string(), username, self.first_name.clone(), last_name]
    }

    pub(crate) fn words(&self) -> String {
        let username = self.username.as_ref().map(|name| format!("@{name}, ")).unwrap_or_default();
        let last_name = self.last_name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        format!("{username}{}{last_name} ({})", self.first_name, self.id)
    }
}

impl Shown for LoggedIn {
    const COLUMNS: &'static [&'static str] = &["id", "username", "first_name", "last_name", "session_file"];

    fn cells(&self) -> Vec<String> {
        let mut cells = self.account.cells();
        cells.push(self.session_file.clone());
        cells
    }

    fn words(&self, _: &Clock) -> String {
        format!("Logged in as {}. The session is in `{}`.", self.account.words(), self.session_file)
    }

    fn brief(&self) -> String {
        self.account.id.to_string()
    }
}
