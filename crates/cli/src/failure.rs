//! What a command can fail with, and how each failure is told to a person, to a program and to the shell.

use crate::exit::{self, Exit};
use crate::{config, credentials, output, session_file};
use links::ChatId;
use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Usage(#[from] Usage),
    #[error(transparent)]
    Config(#[from] config::Error),
    #[error(transparent)]
    Credentials(#[from] credentials::Error),
    #[error(transparent)]
    Session(#[from] session_file::Error),
    /// A question that was answered with no, or that could not be asked.
    #[error("{}: {why}", what.trim_end_matches('.'))]
    NotConfirmed { what: String, why: &'static str },
    /// Telegram, or the way to it.
    #[error("cannot {doing}")]
    Telegram {
        doing: String,
        #[source]
        error: links::Error,
        hint: Option<String>,
    },
    #[error("{failed} of {total} failed")]
    SomeFailed { failed: u64, total: u64 },
    #[error("cannot write the output")]
    Output(#[from] io::Error),
    #[error("cannot {doing} `{}`", path.display())]
    File {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{}` holds no keys", path.display())]
    KeyFile {
        path: PathBuf,
        #[source]
        source: store::NotAKeyring,
    },
    #[error("the keys of the database {database} are not at `{}`", path.display())]
    NoKeys { database: String, path: PathBuf },
    #[error("cannot open the database {place}")]
    Store {
        place: String,
        #[source]
        source: store::OpenError,
    },
    /// The database, once it was open.
    #[error("the store could not do it")]
    Stored(#[from] store::Error),
    /// What is named is not remembered here.
    #[error("{what}")]
    NothingThere { what: String, word: &'static str, hint: String },
    /// It is in another state than the command needs.
    #[error("{what}: {why}")]
    OtherState { what: String, why: String, word: &'static str, hint: String },
    #[error("the gate `{slug}` cannot {what}")]
    CannotPublish { slug: String, what: &'static str, refusals: Vec<server::Refusal>, hint: Option<String> },
    #[error("the record of what people did is broken at place {place}")]
    AuditBroken { place: i64 },
    #[error("{0}")]
    Unhealthy(String),
    /// Waiting ended before what was waited for had come.
    #[error("{what}")]
    StillWaiting { what: String, hint: &'static str },
    #[error("the service cannot start")]
    Service(#[from] server::CannotStart),
    #[error("{}", .0.words())]
    Stopped(Stop),
    /// One that programs have read already, in an answer of another shape.
    #[error(transparent)]
    Told(Box<Failure>),
}

/// Who stopped us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    Interrupted,
    Terminated,
}

impl Stop {
    fn words(self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted",
            Self::Terminated => "asked to end",
        }
    }
}

/// Something typed that makes no sense: the flag, its value, the rule and a right example. Nothing was sent.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what}: {rule}")]
pub(crate) struct Usage {
    what: String,
    rule: String,
    example: Option<String>,
}

impl Usage {
    /// A flag with its value, as in `--limit 0`, or another place where something was typed.
    pub(crate) fn new(what: impl Into<String>, rule: impl ToString, example: &str) -> Self {
        Self { what: what.into(), rule: rule.to_string(), example: Some(example.to_owned()) }
    }

    /// The same, in a line of many.
    pub(crate) fn at(self, place: &str) -> Self {
        Self { what: format!("{place}: {}", self.what), ..self }
    }

    /// The flag and the value that were typed.
    pub(crate) fn flag(
        flag: &str,
        value: impl std::fmt::Display,
        rule: impl ToString,
        example: &str,
    ) -> Self {
        Self::new(format!("`{flag} {value}`"), rule, example)
    }
}

/// Adds to a `links::Error` what was being done.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T> Doing<T> for links::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure::telegram(what(), error))
    }
}

impl Failure {
    pub(crate) fn telegram(doing: String, error: links::Error) -> Self {
        let hint = exit::hint(error.kind());
        Self::Telegram { doing, error, hint }
    }

    /// The same, about other administrators. Only the owner of a chat may ask about them, and Telegram calls that a
    /// right that is missing.
    pub(crate) fn of_owners(self) -> Self {
        let Self::Telegram { doing, error, hint } = self else { return self };
        let hint = match error.kind() {
            links::Kind::MissingRight(_) => Some(
                "only the owner of a chat is told about the other administrators: `admit login` as the owner"
                    .to_owned(),
            ),
            links::Kind::PersonUnknown => {
                Some("`admit admin list` tells who administers the chat".to_owned())
            }
            _ => hint,
        };
        Self::Telegram { doing, error, hint }
    }

    pub(crate) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }

    /// The word for it in JSON, and the way the program ends.
    pub(crate) fn class(&self) -> (&'static str, Exit) {
        match self {
            Self::Usage(_) => ("bad_input", exit::USAGE),
            Self::Config(config::Error::TooOpen { .. }) => ("bad_token", exit::CREDENTIALS),
            Self::Config(_) => ("bad_input", exit::USAGE),
            Self::Credentials(credentials::Error::Nowhere | credentials::Error::AnotherWasNamed(_)) => {
                ("no_token", exit::CREDENTIALS)
            }
            Self::Credentials(_) => ("bad_token", exit::CREDENTIALS),
            Self::Session(session_file::Error::Nowhere(_) | session_file::Error::Nobody) => {
                ("no_session", exit::CREDENTIALS)
            }
            Self::Session(
                session_file::Error::OtherAccount { .. } | session_file::Error::NotWhose { .. },
            ) => ("other_account", exit::CONFLICT),
            Self::Session(_) => ("bad_session", exit::CREDENTIALS),
            Self::NotConfirmed { .. } => ("not_confirmed", exit::USAGE),
            Self::Telegram { error, .. } => exit::of(error.kind()),
            Self::SomeFailed { .. } => ("some_failed", exit::SOME_FAILED),
            Self::Output(source) if source.kind() == io::ErrorKind::BrokenPipe => {
                ("broken_pipe", exit::BROKEN_PIPE)
            }
            Self::Output(_) | Self::File { .. } => ("file", exit::FAILED),
            Self::KeyFile { .. } | Self::NoKeys { .. } => ("bad_keys", exit::CREDENTIALS),
            Self::Store { source: store::OpenError::WrongKeys(_), .. } => ("bad_keys", exit::CREDENTIALS),
            Self::Stored(store::Error::InDoubt(_)) => ("outcome_unknown", exit::UNKNOWN),
            Self::Store { .. } | Self::Stored(_) => ("store", exit::FAILED),
            Self::NothingThere { word, .. } => (word, exit::NOT_FOUND),
            Self::OtherState { word, .. } => (word, exit::CONFLICT),
            Self::CannotPublish { .. } => ("cannot_publish", exit::CONFLICT),
            Self::AuditBroken { .. } => ("audit_broken", exit::FAILED),
            Self::Unhealthy(_) => ("unhealthy", exit::FAILED),
            Self::StillWaiting { .. } => ("still_waiting", exit::UNKNOWN),
            Self::Service(_) => ("service", exit::FAILED),
            Self::Stopped(Stop::Interrupted) => ("interrupted", exit::INTERRUPTED),
            Self::Stopped(Stop::Terminated) => ("terminated", exit::TERMINATED),
            Self::Told(failure) => failure.class(),
        }
    }

    /// What a person can do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Usage(Usage { example, .. }) => {
                example.as_ref().map(|right| format!("for example {right}"))
            }
            Self::Config(error) => error.hint(),
            Self::Credentials(error) => error.hint(),
            Self::Session(error) => Some(error.hint()),
            Self::NotConfirmed { .. } => Some("nothing was changed; say `--yes` to go ahead".to_owned()),
            Self::Telegram { hint, .. } => hint.clone(),
            Self::KeyFile { .. } => {
                let hint = "put back the file of keys that was written when the database was made, or the first \
                    session; nothing else opens them";
                Some(hint.to_owned())
            }
            Self::NoKeys { .. } => Some(
                "nothing was changed; put the keys it was made with back there, or say where they are with \
                 `--key-file PATH` or ADMIT_KEY_FILE"
                    .to_owned(),
            ),
            Self::Store { source, .. } => Some(store_hint(source).to_owned()),
            Self::NothingThere { hint, .. } | Self::OtherState { hint, .. } => Some(hint.clone()),
            Self::CannotPublish { hint, .. } => hint.clone(),
            Self::AuditBroken { .. } => Some(
                "somebody changed the database by other means than Admit; the rows before that place are as they were \
                 written, and a backup tells the others"
                    .to_owned(),
            ),
            Self::StillWaiting { hint, .. } => Some((*hint).to_owned()),
            Self::Stopped(_) => {
                Some("a call that was on its way may have happened; look before you repeat it".to_owned())
            }
            Self::Told(failure) => failure.hint(),
            Self::File { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => Some(
                "run it as a user who may do that; what a service made is for the user it runs as".to_owned(),
            ),
            Self::Output(_) => {
                Some("what was asked may be done all the same; look before you repeat it".to_owned())
            }
            _ => None,
        }
    }

    /// Each reason on its own, where there are several.
    pub(crate) fn reasons(&self) -> Vec<Reason> {
        let Self::CannotPublish { refusals, .. } = self else { return Vec::new() };
        let reason = |refusal: &server::Refusal| Reason {
            code: refusal.code(),
            chat_id: refusal.chat().map(ChatId::get),
            detail: refusal.to_string(),
        };
        refusals.iter().map(reason).collect()
    }

    fn error(&self) -> Option<&links::Error> {
        match self {
            Self::Telegram { error, .. } => Some(error),
            _ => None,
        }
    }

    /// The failure as programs read it.
    pub(crate) fn as_json(&self) -> ErrorJson {
        let (code, exit) = self.class();
        ErrorJson {
            kind: exit.name,
            code,
            detail: output::hide_secrets(&chain(self).join(": ")),
            retryable: match self {
                Self::Stored(error) => error.is_retryable(),
                Self::StillWaiting { .. } => true,
                _ => self.error().is_some_and(links::Error::is_retryable),
            },
            retry_after_ms: self
                .error()
                .and_then(links::Error::retry_after_seconds)
                .map(|seconds| u64::from(seconds) * 1000),
            hint: self.hint().map(|hint| output::hide_secrets(&hint)),
            reasons: self.reasons(),
        }
    }
}

/// A failure as a line of JSON.
#[derive(serde::Serialize)]
pub(crate) struct ErrorLine {
    pub(crate) error: ErrorJson,
}

/// An error as programs read it; `null` where there is nothing to say, so that the fields are always the same.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub(crate) struct ErrorJson {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
    pub(crate) retryable: bool,
    pub(crate) retry_after_ms: Option<u64>,
    pub(crate) hint: Option<String>,
    /// Only where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) reasons: Vec<Reason>,
}

/// One of several reasons.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub(crate) struct Reason {
    code: &'static str,
    chat_id: Option<i64>,
    pub(crate) detail: String,
}

/// What can be done about a database that does not open.
fn store_hint(why: &store::OpenError) -> &'static str {
    match why {
        store::OpenError::WrongKeys(_) => {
            "nothing was changed; say where its own keys are with `--key-file PATH` or ADMIT_KEY_FILE; where `admit keys \
             rotate` ran on another machine, copy its file of keys"
        }
        store::OpenError::NewerSchema { .. } => "nothing was changed; `admit --version` tells which this is",
        store::OpenError::NetworkFileSystem { .. } => {
            "say `--data DIR` with a directory of this machine, or set DATABASE_URL"
        }
        _ => {
            "nothing was changed; look whether it is a database of Admit, who may read it, and whether it can be reached"
        }
    }
}

/// What went wrong, and why, and why that: one line each, none twice.
pub(crate) fn chain(error: &dyn StdError) -> Vec<String> {
    let mut lines = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let line = cause.to_string();
        if lines.last() != Some(&line) {
            lines.push(line);
        }
        next = cause.source();
    }
    lines
}
