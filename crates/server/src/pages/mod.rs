//! What strangers see: a gate, and what became of their answer.

pub(crate) mod gate;
mod notice;
pub(crate) mod pass;
mod share;

pub(crate) use notice::Notice;
pub(crate) use share::{PICTURE_PATH, Share, picture};

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

/// Stands inside every page, and its hash in every page's policy.
pub(crate) const STYLE: &str = include_str!("../../templates/style.css");

/// What is around a page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame<'a> {
    pub(crate) title: &'a str,
    /// Of pages that may be shared.
    pub(crate) share: Option<Share>,
    pub(crate) description: Option<&'a str>,
    /// For pages that look again by themselves.
    pub(crate) again_after_seconds: Option<u32>,
}

/// A sentence above the rest.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) text: String,
    pub(crate) is_bad: bool,
    pub(crate) way: Option<Way>,
}

/// A button that leads on.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) url: String,
    pub(crate) text: &'static str,
}

impl Told {
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_bad: true, way: None }
    }

    pub(crate) fn leading_to(self, url: String, text: &'static str) -> Self {
        Self { way: Some(Way { url, text }), ..self }
    }
}

/// A page as an answer.
pub(crate) fn show(status: StatusCode, page: &impl Template) -> Response {
    let page = page.render().expect("our pages render into memory");
    (status, Html(page)).into_response()
}

pub(crate) fn gate_path(slug: &str) -> String {
    format!("/g/{slug}")
}

pub(crate) fn pass_path(slug: &str) -> String {
    format!("/g/{slug}/pass")
}

/// "3 tries", "1 try".
pub(crate) fn count(number: u32, one: &str, more: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {more}") }
}

/// A span of time, as people say it: rounded up, so that who waits so long has waited long enough.
pub(crate) fn span(seconds: i64) -> String {
    let up = |unit: i64| u32::try_from((seconds.max(1) + unit - 1) / unit).unwrap_or(u32::MAX);
    match seconds {
        ..=90 => count(up(1), "second", "seconds"),
        91..=5_400 => count(up(60), "minute", "minutes"),
        5_401..=172_800 => count(up(3_600), "hour", "hours"),
        _ => count(up(86_400), "day", "days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_rounded_up() {
        let check = |seconds, said: &str| assert_eq!(span(seconds), said);
        check(0, "1 second");
        check(90, "90 seconds");
        check(91, "2 minutes");
        check(5_400, "90 minutes");
        check(5_401, "2 hours");
        check(172_801, "3 days");
    }
}
