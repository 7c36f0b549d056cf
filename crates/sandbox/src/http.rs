//! The socket: one listener for all doors, and the ways an answer can be spoiled on purpose.

use crate::exchange::{Reply, Request, text};
use crate::hub::Hub;
use crate::{bot_api, control, people};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::http::request;
use hyper::service::service_fn;
use hyper::{Response, Version};
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const MOST_HEADER_BYTES: usize = 256 << 10;
const MOST_BODY_BYTES: usize = 64 << 20;

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
    // Telegram sends no date.
    http.max_buf_size(MOST_HEADER_BYTES).auto_date_header(false);
    // Whatever ends a connection early is the other side's business, or a fault that was staged.
    let _ = http.serve_connection(io, service).await;
}

async fn answer(
    hub: Arc<Hub>,
    peer: SocketAddr,
    request: hyper::Request<Incoming>,
) -> Result<Response<ReplyBody>, io::Error> {
    let (head, body) = request.into_parts();
    let lasts = head.version == Version::HTTP_11 && !head.headers.contains_key(header::CONNECTION);
    let reply = match unreadable(&head) {
        Some(refused) => refused,
        None => match Limited::new(body, MOST_BODY_BYTES).collect().await {
            Err(_) => Reply::closing(413),
            Ok(body) => route(&hub, Request { head, body: body.to_bytes(), peer }).await,
        },
    };
    let mut response = into_response(hub, reply)?;
    if lasts {
        // Said aloud, as Telegram does.
        const KEEP_ALIVE: HeaderValue = HeaderValue::from_static("keep-alive");
        response.headers_mut().entry(header::CONNECTION).or_insert(KEEP_ALIVE);
    }
    Ok(response)
}

/// Why a request is turned away before its body is read. (Bot API server, `HttpReader`.)
fn unreadable(head: &request::Parts) -> Option<Reply> {
    let size: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let odd = |name: HeaderName, known: &str| {
        head.headers.contains_key(&name) && !text(head, name).eq_ignore_ascii_case(known)
    };
    if size > MOST_HEADER_BYTES {
        Some(Reply::closing(431))
    } else if odd(header::TRANSFER_ENCODING, "chunked") {
        Some(Reply::closing(501))
    } else if odd(header::CONTENT_ENCODING, "identity") {
        Some(Reply::closing(415))
    } else {
        None
    }
}

async fn route(hub: &Arc<Hub>, request: Request) -> Reply {
    // A bot's public name may begin with `bot` too; a token has a colon, and a method follows a slash.
    let is_bot_api = |rest: &str| rest.contains(['/', ':', '%']);
    let path = request.path();
    if request.head.uri.scheme().is_some() {
        bot_api::nothing_here("absolute URI is specified in the Request-Line")
    } else if path.strip_prefix("/bot").is_some_and(is_bot_api) {
        bot_api::serve(hub, &request).await
    } else if path.starts_with("/file/bot") {
        bot_api::nothing_here("")
    } else if path == "/control" || path.starts_with("/control/") {
        control::serve(hub, &request).await
    } else {
        people::serve(hub, &request).await
    }
}

fn into_response(hub: Arc<Hub>, reply: Reply) -> Result<Response<ReplyBody>, io::Error> {
    match reply {
        Reply::Lost => Err(io::Error::other("a staged fault ends this connection")),
        Reply::Ledger { after, until } => {
            let mut response = Response::new(ReplyBody::Ledger { hub, after, until });
            let kind = HeaderValue::from_static("application/x-ndjson");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            Ok(response)
        }
        Reply::Whole { response, cut } => Ok(response.map(|body| match cut {
            Some(bytes) if bytes < body.len() => {
                ReplyBody::Cut { begun: Some(body.slice(..bytes)), whole: body.len(), paused: false }
            }
            _ => ReplyBody::Whole(Some(body)),
        })),
    }
}

/// The bytes of an answer.
pub(crate) enum ReplyBody {
    Whole(Option<Bytes>),
    Cut { begun: Option<Bytes>, whole: usize, paused: bool },
    Ledger { hub: Arc<Hub>, after: usize, until: usize },
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
            Self::Ledger { hub, after, until } => {
                let most = until.saturating_sub(*after).min(LEDGER_PAGE);
                let (lines, last) = hub.turn(|world| world.ledger_lines(*after, most));
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
