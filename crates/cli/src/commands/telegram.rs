//! `admit telegram`: a drop-in for scripts written for `oint telegram`.
//!
//! The same method, options and answer: Telegram's whole JSON, as it came. What differs is said on stderr or by
//! the exit code: a token in a flag is warned about, a date without a zone is read as this machine's with a
//! warning, and a refusal by Telegram is not a success.

use super::links::{Typed, terms};
use crate::context::{Connection, Context, settings};
use crate::credentials::{self, Secret};
use crate::failure::{Failure, Usage};
use crate::flags::Speaker;
use crate::output::{aside, hide_secrets};
use crate::when::{self, Clock};
use clap::Args;
use jiff::tz::TimeZone;
use links::{Chat, LinkName};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;
use telegram::bot_api::methods::{CreateChatInviteLink, Method};
use telegram::bot_api::{RawAnswer, Token};

/// The methods we have, in the spelling of that tool.
const METHODS: [&str; 1] = ["CreateInvitationLink"];

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit telegram CreateInvitationLink --chat @garden --title spring --expire 2027-05-03T11:19:33Z --limit 200
  admit telegram createinvitationlink --chat @garden --out answer.json
  admit telegram CreateInvitationLink --chat @garden --test

New scripts are better off with `admit link create`.")]
pub(crate) struct Telegram {
    /// The method, in any case; without it, the methods are listed.
    #[arg(value_name = "METHOD")]
    method: Option<String>,
    /// The bot's token. Other users of this machine can read it here: set ADMIT_BOT_TOKEN instead.
    #[arg(long, value_name = "TOKEN")]
    token: Option<Secret>,
    /// The chat: `@name`, its number, or `ID*TOPIC`, which is taken as the chat.
    #[arg(long, value_name = "CHAT", allow_hyphen_values = true)]
    chat: Option<String>,
    /// A name that only administrators see.
    #[arg(
        long,
        value_name = "TITLE",
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    title: String,
    /// When the link stops working, in ISO 8601.
    #[arg(
        long,
        value_name = "DATE",
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    expire: String,
    /// How many people may be members through it at the same time; 0 is any number.
    #[arg(long, value_name = "N", default_value = "0", allow_hyphen_values = true)]
    limit: String,
    /// Write the answer to this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print the call, and send nothing.
    #[arg(long)]
    test: bool,
    /// Print the call on the side, too.
    #[arg(long)]
    debug: bool,
    /// Settings as JSON, or a file of it: `proxy`, `timeout` in seconds, `adv_response`. Alone, they are listed.
    #[arg(long, value_name = "JSON", num_args = 0..=1, default_missing_value = "")]
    config: Option<String>,
}

impl Telegram {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let Some(method) = &self.method else {
            return METHODS.iter().try_for_each(|name| Ok(ctx.output.line(name)?));
        };
        if !METHODS.iter().any(|known| known.eq_ignore_ascii_case(method)) {
            let rule = format!("the methods here are {}", METHODS.join(", "));
            return Err(Usage::new(
                format!("the method `{method}`"),
                rule,
                "`admit telegram CreateInvitationLink`",
            )
            .into());
        }
        ctx.expect_speaker(Speaker::Bot, "telegram")?;
        if self.token.is_some() {
            ctx.output.warn(
                "a token in `--token` can be read by every user of this machine: set ADMIT_BOT_TOKEN instead",
            );
        }
        let advanced = match self.config.as_deref() {
            Some("") => return list_settings(ctx),
            Some(text) => Advanced::read(text)?,
            None => Advanced::default(),
        };
        let parameters = self.parameters(ctx)?;
        let name = CreateChatInviteLink::NAME;
        if self.test || ctx.global.dry_run {
            let call =
                serde_json::json!({ "method": name, "parameters": parameters, "config": advanced.shown() });
            return self.answer(call.to_string().as_bytes());
        }
        if self.debug {
            aside(format_args!("calls {name} with {parameters}"));
        }
        self.can_answer()?;
        let client = self.connect(ctx, &advanced)?.client;
        let answer = ctx.talk(async {
            client
                .call_raw(name, &parameters)
                .await
                .map_err(|error| Failure::telegram("make the link".into(), error))
        })?;
        self.answer(&if advanced.whole_answer { whole(&answer)? } else { answer.body.clone() })?;
        match refusal(&answer) {
            Err(failure) if self.out.is_none() => Err(Failure::Told(failure.into())),
            other => other,
        }
    }

    fn parameters(&self, ctx: &Context<'_>) -> Result<Value, Failure> {
        let chat = self.chat()?;
        let now = Clock::of_this_machine().now;
        let expire = when::at_midnight(&self.expire);
        let zone = if when::is_local(&expire) { Some(TimeZone::system()) } else { None };
        if let Some(zone) = &zone {
            ctx.output.warn(format_args!(
                "`--expire {expire}` has no zone and is read in this machine's, {}; write it with its offset",
                zone.iana_name().unwrap_or("whatever that is")
            ));
        }
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.trim().is_empty());
        let typed = Typed {
            name: None,
            limit: given(&self.limit).filter(|text| text.trim() != "0"),
            expire: given(&expire),
            request: false,
        };
        let mut terms = terms(&typed, zone.as_ref(), now)?;
        terms.name = LinkName::clean(&self.title);
        if LinkName::new(&self.title).is_err() && !self.title.is_empty() {
            let kept = terms.name.as_ref().map_or("nothing".to_owned(), |name| format!("`{name}`"));
            ctx.output.warn(format_args!("Telegram will make {kept} of `--title {}`", self.title));
        }
        Ok(serde_json::to_value(CreateChatInviteLink::new(&chat, &terms)).map_err(io::Error::from)?)
    }

    /// Topics mean nothing to an invitation; scripts write them because other methods of that tool take them.
    fn chat(&self) -> Result<Chat, Usage> {
        let text =
            self.chat.as_deref().ok_or_else(|| Usage::new("`--chat`", "it is needed", "`--chat @garden`"))?;
        let chat = text.split_once('*').map_or(text, |(chat, _)| chat).trim();
        chat.parse().map_err(|why| Usage::flag("--chat", text, why, "`--chat @garden`"))
    }

    fn connect(&self, ctx: &Context<'_>, advanced: &Advanced) -> Result<Connection, Failure> {
        let config = ctx.config()?;
        let mut settings = settings(&config);
        if let Some(proxy) = &advanced.proxy {
            let example = r#"`--config '{"proxy":"http://host:3128"}'`"#;
            settings.proxy =
                Some(proxy.parse().map_err(|why| Usage::new("`proxy` in `--config`", why, example))?);
        }
        settings.limit = advanced.timeout.unwrap_or(settings.limit);
        let token = match &self.token {
            None => ctx.token(&config)?,
            Some(Secret(text)) => Token::new(text.trim())
                .map_err(|source| credentials::Error::Bad { place: "`--token`".into(), source })?,
        };
        ctx.connect_with(token, &settings)
    }

    /// Fails before anything is sent if there will be no place for the answer.
    fn can_answer(&self) -> Result<(), Usage> {
        let Some(path) = &self.out else { return Ok(()) };
        let wrong = |why| Usage::flag("--out", path.display(), why, "`--out answer.json`");
        OpenOptions::new().append(true).create(true).open(path).map(drop).map_err(wrong)
    }

    /// Writes the answer where it was asked for, and ends the line.
    fn answer(&self, answer: &[u8]) -> Result<(), Failure> {
        let mut bytes = answer.trim_ascii_end().to_vec();
        bytes.push(b'\n');
        match &self.out {
            Some(path) => std::fs::write(path, bytes).map_err(Failure::file("write", path)),
            None => {
                let mut stdout = io::stdout().lock();
                Ok(stdout.write_all(&bytes).and_then(|()| stdout.flush())?)
            }
        }
    }
}

fn list_settings(ctx: &Context<'_>) -> Result<(), Failure> {
    for line in [
        "proxy: a URL, or an object with Protocol, Host, Port, User and Password",
        "timeout: seconds that the call may take",
        "adv_response: true for an answer with code, body and headers",
    ] {
        ctx.output.line(line)?;
    }
    Ok(())
}

/// What `--config` says.
#[derive(Default)]
struct Advanced {
    proxy: Option<String>,
    timeout: Option<Duration>,
    whole_answer: bool,
}

impl Advanced {
    fn read(text: &str) -> Result<Self, Usage> {
        const EXAMPLE: &str = r#"`--config '{"timeout":30,"adv_response":true}'`"#;
        let wrong = |rule: String| Usage::new("`--config`", rule, EXAMPLE);
        let text = match text.trim_start().starts_with('{') {
            true => text.to_owned(),
            false => std::fs::read_to_string(text)
                .map_err(|why| wrong(format!("this is neither JSON nor a file: {why}")))?,
        };
        let settings: Map<String, Value> =
            serde_json::from_str(&text).map_err(|why| wrong(format!("this is no JSON object: {why}")))?;
        let mut advanced = Self::default();
        for (name, value) in settings {
            match (name.to_lowercase().as_str(), value) {
                ("proxy", Value::String(url)) => advanced.proxy = Some(url),
                ("proxy", Value::Object(fields)) => advanced.proxy = Some(proxy(&fields).map_err(wrong)?),
                ("timeout", value) => {
                    let seconds = value.as_f64().filter(|seconds| (0.001..=86_400.0).contains(seconds));
                    let rule =
                        || wrong(format!("`timeout` is a number of seconds up to 86400, not `{value}`"));
                    advanced.timeout = Some(Duration::from_secs_f64(seconds.ok_or_else(rule)?));
                }
                ("adv_response", Value::Bool(whole)) => advanced.whole_answer = whole,
                ("proxy" | "adv_response", _) => return Err(wrong(format!("`{name}` is of another kind"))),
                _ => {
                    return Err(wrong(format!(
                        "there is no setting `{name}`; there are proxy, timeout, adv_response"
                    )));
                }
            }
        }
        Ok(advanced)
    }

    /// The settings without what is secret in them.
    fn shown(&self) -> Value {
        serde_json::json!({
            "proxy": self.proxy.as_deref().map(hide_secrets),
            "timeout": self.timeout.map(|limit| limit.as_secs_f64()),
            "adv_response": self.whole_answer,
        })
    }
}

/// A proxy in the pieces of that tool, as a URL.
fn proxy(fields: &Map<String, Value>) -> Result<String, String> {
    let field = |name: &str| {
        let value = fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        match value {
            Some(Value::String(text)) => Some(text.clone()).filter(|text| !text.is_empty()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        }
    };
    let host = field("host").ok_or("`proxy` has no Host")?;
    let port = field("port").ok_or("`proxy` has no Port")?;
    let protocol = field("protocol").unwrap_or_else(|| "http".to_owned()).to_lowercase();
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let login = field("user").map(|user| {
        format!(
            "{}:{}@",
            encode(&user),
            field("password").map(|password| encode(&password)).unwrap_or_default()
        )
    });
    Ok(format!("{protocol}://{}{host}:{port}", login.unwrap_or_default()))
}

/// The whole answer in that tool's shape: code, body and headers.
fn whole(answer: &RawAnswer) -> Result<Vec<u8>, Failure> {
    #[derive(serde::Serialize)]
    struct Whole {
        code: u16,
        body: Box<RawValue>,
        headers: Map<String, Value>,
    }
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let body = match RawValue::from_string(text.trim().to_owned()) {
        Ok(body) => body,
        Err(_) => serde_json::value::to_raw_value(&text).map_err(io::Error::from)?,
    };
    let headers =
        answer.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    Ok(serde_json::to_vec(&Whole { code: answer.status, body, headers }).map_err(io::Error::from)?)
}

/// A refusal is an error here, although its JSON is already printed.
fn refusal(answer: &RawAnswer) -> Result<(), Failure> {
    match answer.refusal(CreateChatInviteLink::RIGHT) {
        None => Ok(()),
        Some(error) => Err(Failure::telegram("make the link".into(), error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_in_that_tools_shape() {
        let advanced = Advanced::read(
            r#"{"Proxy":{"Protocol":"HTTP","Host":"p","Port":3128,"User":"ann","Password":"a:b@c"},"timeout":5,"adv_response":true}"#,
        )
        .unwrap();
        assert_eq!(advanced.proxy.as_deref(), Some("http://ann:a%3Ab%40c@p:3128"));
        assert_eq!(advanced.timeout, Some(Duration::from_secs(5)));
        assert!(advanced.whole_answer);
        assert!(!advanced.shown().to_string().contains("a%3Ab"));
        let check = |text: &str, words: &str| {
            let why = Advanced::read(text).err().expect(text).to_string();
            assert!(why.contains(words), "{why}");
        };
        check("{", "no JSON object");
        check("gone.json", "neither JSON nor a file");
        check(r#"{"timeout":"soon"}"#, "number of seconds");
        check(r#"{"speed":1}"#, "no setting `speed`");
        check(r#"{"proxy":{"Host":"x"}}"#, "no Port");
    }

    #[test]
    fn a_refusal_is_no_success() {
        let check = |status, body: &str, expected: Option<u8>| {
            let answer = RawAnswer { status, headers: Vec::new(), body: body.as_bytes().to_vec() };
            assert_eq!(refusal(&answer).err().map(|failure| failure.class().1.code), expected, "{body}");
        };
        check(200, r#"{"ok":true,"result":{}}"#, None);
        check(200, r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#, Some(3));
        check(401, r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#, Some(4));
        check(
            429,
            r#"{"ok":false,"error_code":429,"description":"x","parameters":{"retry_after":7}}"#,
            Some(7),
        );
        check(502, "<html>", Some(8));
    }
}
