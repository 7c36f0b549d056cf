//! How a gate looks where its address is shared: a title, a description and a picture, and nothing of its answers.

use crate::app::App;
use crate::pages::gate_path;
use axum::http::header;
use axum::response::{IntoResponse, Response};

/// The same for every gate: the title beside it is the gate's own.
const PICTURE: &[u8] = include_bytes!("../../templates/share.png");
pub(crate) const PICTURE_PATH: &str = "/share.png";

/// What a page that may be shared says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    pub(crate) url: String,
    pub(crate) picture: String,
}

impl Share {
    pub(crate) fn of(app: &App, slug: &str) -> Self {
        let at = &app.public_url;
        Self { url: format!("{at}{}", gate_path(slug)), picture: format!("{at}{PICTURE_PATH}") }
    }
}

/// `GET /share.png`.
pub(crate) async fn picture() -> Response {
    let headers = [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "public, max-age=86400")];
    (headers, PICTURE).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_as_large_as_pages_say_and_quickly_there() {
        assert!(PICTURE.starts_with(b"\x89PNG\r\n\x1a\n") && PICTURE.len() < 20_000);
        let number = |at: usize| u32::from_be_bytes(PICTURE[at..at + 4].try_into().expect("four bytes"));
        assert_eq!((number(16), number(20)), (1200, 630));
    }
}
