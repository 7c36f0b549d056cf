//! The socket: one listener for all doors, and the ways an answer can be spoiled on purpose.

use crate::hub::Hub;
use crate::{bot_api, control, people};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const MOST_HEADER_BYTES: usize = 256 << 10;
const MOST_BODY_BYTES: usize = 64 << 20;

/// A request, read whole.
pub(crate) struct Request {
    pub(crate) verb: Method,
    /// As it was sent, percent signs and all.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) content_type: String,
    pub(crate) host: String,
    pub(crate) origin: String,
    pub(crate) body: Bytes,
    pub(crate) peer: SocketAddr,
}

/// An answer, or none at all.
pub(crate) enum Reply {
    Whole {
        status: u16,
        headers: Vec<(HeaderName, String)>,
        body: Bytes,
        cut: Option<usize>,
    },
    /// Lines of the ledger from there on, written while they are read.
    Ledger {
        after: usize,
    },
    /// The connection ends without a word.
    Lost,
}

impl Reply {
    pub(crate) fn json(status: u16, body: String) -> Self {
        Self::new(status, "application/json", body)
    }

    pub(crate) fn html(status: u16, page: impl Into<String>) -> Self {
        Self::new(status, "text/html; charset=utf-8", page.into())
    }

    fn new(status: u16, content_type: &str, body: String) -> Self {
        let headers = vec![(header::CONTENT_TYPE, content_type.to_owned())];
        Self::Whole { status, headers, body: body.into(), cut: None }
    }

    /// No body, and the connection ends.
    pub(crate) fn closing(status: u16) -> Self {
        let headers = vec![(header::CONNECTION, "close".to_owned())];
        Self::Whole { status, headers, body: Bytes::new(), cut: None }
    }

    /// The browser goes on elsewhere. What no header can hold is escaped.
    pub(crate) fn see_other(location: &str) -> Self {
        const ODD: &AsciiSet = &CONTROLS.add(b' ');
        let headers = vec![(header::LOCATION, utf8_percent_encode(location, ODD).to_string())];
        Self::Whole { status: 303, headers, body: Bytes::new(), cut: None }
    }

    pub(crate) fn with_header(mut self, name: &str, value: String) -> Self {
        if let Self::Whole { headers, .. } = &mut self {
            headers.push((
                HeaderName::from_bytes(name.as_bytes()).expect("our own header names are good"),
                value,
            ));
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

/// Serves every connection until it is dropped.
pub(crate) async fn serve(listener: TcpListener, hub: Arc<Hub>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let _ = stream.set_nodelay(true);
                    connections.spawn(connection(TokioIo::new(stream), peer, Arc::clone(&hub)));
                }
                // Out of file descriptors: those that are open must end first.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(io: TokioIo<tokio::net::TcpStream>, peer: SocketAddr, hub: Arc<Hub>) {
    let service = service_fn(move |request| answer(Arc::clone(&hub), peer, request));
    let mut http = hyper::server::conn::http1::Builder::new();
    http.max_buf_size(MOST_HEADER_BYTES);
    // Whatever ends a connection early is the other side's business, or a fault that was staged.
    let _ = http.serve_connection(io, service).await;
}

async fn answer(
    hub: Arc<Hub>,
    peer: SocketAddr,
    request: hyper::Request<Incoming>,
) -> Result<Response<ReplyBody>, io::Error> {
    let (head, body) = request.into_parts();
    let text = |name: HeaderName| {
        head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let encoding = text(header::CONTENT_ENCODING);
    let reply = match Limited::new(body, MOST_BODY_BYTES).collect().await {
        _ if !matches!(encoding.as_str(), "" | "identity") => Reply::closing(415),
        Err(_) => Reply::closing(413),
        Ok(body) => {
            let request = Request {
                path: head.uri.path().to_owned(),
                query: head.uri.query().unwrap_or_default().to_owned(),
                content_type: text(header::CONTENT_TYPE),
                host: text(header::HOST),
                origin: text(header::ORIGIN),
                verb: head.method,
                body: body.to_bytes(),
                peer,
            };
            route(&hub, request).await
        }
    };
    into_response(hub, reply)
}

async fn route(hub: &Arc<Hub>, request: Request) -> Reply {
    // A bot's public name may begin with `bot` too; a token has a colon, and a method follows a slash.
    let is_bot_api = |rest: &str| rest.contains(['/', ':', '%']);
    if request.path.strip_prefix("/bot").is_some_and(is_bot_api) {
        bot_api::serve(hub, &request).await
    } else if request.path == "/control" || request.path.starts_with("/control/") {
        control::serve(hub, &request).await
    } else {
        people::serve(hub, &request).await
    }
}

fn into_response(hub: Arc<Hub>, reply: Reply) -> Result<Response<ReplyBody>, io::Error> {
    match reply {
        Reply::Lost => Err(io::Error::other("a staged fault ends this connection")),
        Reply::Ledger { after } => {
            let mut response = Response::new(ReplyBody::Ledger { hub, after });
            let kind = HeaderValue::from_static("application/x-ndjson");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            Ok(response)
        }
        Reply::Whole { status, headers, body, cut } => {
            let body = match cut {
                Some(bytes) if bytes < body.len() => {
                    ReplyBody::Cut { begun: Some(body.slice(..bytes)), whole: body.len(), paused: false }
                }
                _ => ReplyBody::Whole(Some(body)),
            };
            let mut response = Response::new(body);
            *response.status_mut() =
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            for (name, value) in headers {
                if let Ok(value) = HeaderValue::from_str(&value) {
                    response.headers_mut().insert(name, value);
                }
            }
            Ok(response)
        }
    }
}

/// The bytes of an answer.
pub(crate) enum ReplyBody {
    Whole(Option<Bytes>),
    Cut { begun: Option<Bytes>, whole: usize, paused: bool },
    Ledger { hub: Arc<Hub>, after: usize },
}

/// So many lines of the ledger are written under one lock.
const LEDGER_PAGE: usize = 1000;

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(match &mut *self {
            Self::Whole(body) => {
                body.take().filter(|body| !body.is_empty()).map(|body| Ok(Frame::data(body)))
            }
            Self::Cut { begun, paused, .. } => match begun.take() {
                Some(begun) => Some(Ok(Frame::data(begun))),
                // One breath, so that what was begun leaves before the connection ends.
                None if !*paused => {
                    *paused = true;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                None => Some(Err(io::Error::other("a staged fault cuts this answer"))),
            },
            Self::Ledger { hub, after } => {
                let (lines, last) = hub.turn(|world| world.ledger_lines(*after, LEDGER_PAGE));
                *after = last;
                (!lines.is_empty()).then(|| Ok(Frame::data(lines.into())))
            }
        })
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, Bytes::len) as u64),
            Self::Cut { whole, .. } => SizeHint::with_exact(*whole as u64),
            Self::Ledger { .. } => SizeHint::default(),
        }
    }
}
