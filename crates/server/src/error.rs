//! What a request ends with when we cannot do our part: one page for the person, one line in the log.

use crate::pages::Notice;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::error::Error;
use tracing::error;

/// Why an answer could not be given. It is nobody's fault who asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("the store could not do it")]
    Store(#[from] store::Error),
    #[error("the machine gives no random bytes")]
    Chance(#[from] getrandom::Error),
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        error!(error = chain(&self), "a request could not be answered");
        let text = "Something on our side is not working right now. Nothing is lost that was confirmed; wait a moment, \
                    then try again.";
        let mut page = Notice::new(StatusCode::SERVICE_UNAVAILABLE, "One moment", text).into_response();
        page.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        page
    }
}
