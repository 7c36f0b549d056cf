//! What a call answers: the envelope, and the way every error of Telegram passes through one rewriting.
//! (Bot API server, `Query.h`, `Client::fail_query_with_error`.)

use crate::world::{Word, to_json};
use serde::Serialize;

/// A call that went well.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The `result`, as JSON.
    pub(crate) result: String,
    /// What the two webhook methods add.
    pub(crate) description: Option<&'static str>,
}

impl Answer {
    pub(crate) fn of(result: &impl Serialize) -> Self {
        Self { result: to_json(result), description: None }
    }

    pub(crate) fn yes() -> Self {
        Self { result: "true".to_owned(), description: None }
    }

    pub(crate) fn body(&self) -> String {
        match self.description {
            None => ["{\"ok\":true,\"result\":", &self.result, "}"].concat(),
            Some(text) => format!("{{\"ok\":true,\"result\":{},\"description\":\"{text}\"}}", self.result),
        }
    }
}

/// A call that was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Failure {
    pub(crate) code: u16,
    pub(crate) description: String,
    pub(crate) retry_after: Option<i64>,
    pub(crate) migrate_to: Option<i64>,
}

impl Failure {
    pub(crate) fn new(code: u16, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), retry_after: None, migrate_to: None }
    }

    /// 400, in prose.
    pub(crate) fn bad(text: &str) -> Self {
        Self::new(400, format!("Bad Request: {text}"))
    }

    /// 403, in prose.
    pub(crate) fn forbidden(text: &str) -> Self {
        Self::new(403, format!("Forbidden: {text}"))
    }

    /// 429, to be obeyed.
    pub(crate) fn too_many(seconds: i64) -> Self {
        let description = format!("Too Many Requests: retry after {seconds}");
        Self { retry_after: Some(seconds), ..Self::new(429, description) }
    }

    pub(crate) fn body(&self) -> String {
        #[derive(Serialize)]
        struct Envelope<'a> {
            ok: bool,
            error_code: u16,
            description: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            parameters: Option<Parameters>,
        }
        #[derive(Serialize)]
        struct Parameters {
            #[serde(skip_serializing_if = "Option::is_none")]
            retry_after: Option<i64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            migrate_to_chat_id: Option<i64>,
        }
        let parameters = Parameters { retry_after: self.retry_after, migrate_to_chat_id: self.migrate_to };
        let parameters = (self.retry_after.is_some() || self.migrate_to.is_some()).then_some(parameters);
        to_json(&Envelope { ok: false, error_code: self.code, description: &self.description, parameters })
    }
}

/// Nearly all of Telegram's words pass as they are; the table has the exceptions that concern us.
impl From<Word> for Failure {
    fn from(word: Word) -> Self {
        match word.0 {
            "INPUT_USER_DEACTIVATED" => Self::forbidden("user is deactivated"),
            "USER_IS_BLOCKED" => Self::forbidden("bot was blocked by the user"),
            "USER_ADMIN_INVALID" => Self::bad("user is an administrator of the chat"),
            "QUERY_ID_INVALID" => {
                Self::bad("query is too old and response timeout expired or query ID is invalid")
            }
            other => Self::bad(other),
        }
    }
}
