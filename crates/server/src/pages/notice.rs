//! A page that only says something.

use super::{Frame, Share, Way, show};
use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// What is said, and where to go from here.
#[derive(Template, Clone, Debug)]
#[template(path = "pages/notice.html")]
pub(crate) struct Notice<'a> {
    frame: Frame<'a>,
    text: String,
    is_alert: bool,
    way: Option<Way>,
    #[allow(dead_code, reason = "askama reads the fields of the template; this one is the answer's")]
    status: StatusCode,
}

impl<'a> Notice<'a> {
    pub(crate) fn new(status: StatusCode, title: &'a str, text: impl Into<String>) -> Self {
        let frame = Frame { title, ..Frame::default() };
        Self { frame, text: text.into(), is_alert: !status.is_success(), way: None, status }
    }

    /// Its address may be shared, and is described like this.
    pub(crate) fn shared(mut self, share: Share, description: Option<&'a str>) -> Self {
        self.frame.share = Some(share);
        self.frame.description = description;
        self
    }

    pub(crate) fn leading_to(mut self, url: String, text: &'static str) -> Self {
        self.way = Some(Way { url, text });
        self
    }
}

impl IntoResponse for Notice<'_> {
    fn into_response(self) -> Response {
        show(self.status, &self)
    }
}
