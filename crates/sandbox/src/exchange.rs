//! What the socket and the doors hand each other: a request, and the reply to it.

use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::http::request;
use hyper::{Method, Response, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::net::SocketAddr;

/// A request, read whole.
pub(crate) struct Request {
    pub(crate) head: request::Parts,
    pub(crate) body: Bytes,
    pub(crate) peer: SocketAddr,
}

impl Request {
    pub(crate) fn verb(&self) -> &Method {
        &self.head.method
    }

    /// As it was sent, percent signs and all.
    pub(crate) fn path(&self) -> &str {
        self.head.uri.path()
    }

    pub(crate) fn query(&self) -> &str {
        self.head.uri.query().unwrap_or_default()
    }

    /// A header's text; empty, if it is not there.
    pub(crate) fn header(&self, name: HeaderName) -> &str {
        text(&self.head, name)
    }
}

/// The same, of a request whose body is not read yet.
pub(crate) fn text(head: &request::Parts, name: HeaderName) -> &str {
    head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// An answer, or none at all.
pub(crate) enum Reply {
    Whole {
        response: Response<Bytes>,
        cut: Option<usize>,
    },
    /// Lines of the ledger between two numbers, written while they are read.
    Ledger {
        after: usize,
        until: usize,
    },
    /// The connection ends without a word.
    Lost,
}

impl Reply {
    pub(crate) fn json(status: u16, body: String) -> Self {
        const KIND: HeaderValue = HeaderValue::from_static("application/json");
        Self::new(status, body.into()).with_header(header::CONTENT_TYPE, KIND)
    }

    pub(crate) fn html(status: u16, page: impl Into<Bytes>) -> Self {
        const KIND: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
        Self::new(status, page.into()).with_header(header::CONTENT_TYPE, KIND)
    }

    fn new(status: u16, body: Bytes) -> Self {
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::Whole { response, cut: None }
    }

    /// No body, and the connection ends.
    pub(crate) fn closing(status: u16) -> Self {
        const CLOSE: HeaderValue = HeaderValue::from_static("close");
        Self::new(status, Bytes::new()).with_header(header::CONNECTION, CLOSE)
    }

    /// The browser goes on elsewhere. What no header can hold is escaped.
    pub(crate) fn see_other(location: &str) -> Self {
        const ODD: &AsciiSet = &CONTROLS.add(b' ');
        let location = utf8_percent_encode(location, ODD).to_string();
        let location = HeaderValue::try_from(location).expect("every odd character is escaped");
        Self::new(303, Bytes::new()).with_header(header::LOCATION, location)
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if let Self::Whole { response, .. } = &mut self {
            response.headers_mut().insert(name, value);
        }
        self
    }

    /// The same answer, of which only so many bytes arrive.
    pub(crate) fn cut_after(mut self, bytes: usize) -> Self {
        if let Self::Whole { cut, .. } = &mut self {
            *cut = Some(bytes);
        }
        self
    }
}
