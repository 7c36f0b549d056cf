//! Bytes out and bytes in: the one place that knows the token, and whether anything left this machine.

use super::road::{BoxError, Road, is_barred};
use super::settings::{BadSettings, Place, Settings, Token};
use crate::pace::Ending;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Buf, Bytes, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::http::uri::{Authority, Parts, PathAndQuery, Scheme};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Shorter than what servers keep idle connections for, so that we rarely write into one that is just closing:
/// an answer lost that way is lost for good when the call makes something new.
const IDLE: Duration = Duration::from_secs(30);

/// A pool of connections to one Bot API server, in the name of one bot.
///
/// A connection that closed while it was idle costs nothing: hyper takes back a request it has not begun to write, and
/// sends it over another. What it has begun to write it never sends again.
pub(super) struct Transport {
    http: legacy::Client<Road, Payload>,
    scheme: Scheme,
    authority: Authority,
    /// All of the path but the method. The token stands in it, and nowhere else.
    path: String,
    /// The address of the method called last, since a method called once is mostly called often. Locked for a
    /// look or a change, never across an await.
    last: Mutex<(String, Uri)>,
    token: Token,
    longest_answer_bytes: usize,
}

/// Whatever was answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// How long its header says to wait, as it says it.
    pub(super) fn retry_after(&self) -> Option<&str> {
        self.headers.get(RETRY_AFTER)?.to_str().ok()
    }
}

/// No answer, and how that came.
pub(super) struct Trouble {
    pub(super) ending: Ending,
    pub(super) source: BoxError,
}

impl Transport {
    pub(super) fn new(token: Token, settings: &Settings) -> Result<Self, BadSettings> {
        let Place { scheme, authority, prefix } = Place::read(&settings.api_url)?;
        let test = if settings.test_environment { "test/" } else { "" };
        let path = format!("{prefix}/bot{}/{test}", token.reveal());
        let road = Road::new(settings, scheme == Scheme::HTTPS);
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(settings.idle_connections)
            .build(road);
        let longest_answer_bytes = settings.longest_answer_bytes;
        let last = Mutex::default();
        Ok(Self { http, scheme, authority, path, last, token, longest_answer_bytes })
    }

    /// Posts a letter to a method and waits for the whole answer, but not beyond the deadline.
    ///
    /// The method's name has only letters and digits, which the caller has seen to.
    pub(super) async fn post(
        &self,
        method: &str,
        letter: &Arc<Letter>,
        deadline: Instant,
    ) -> Result<Answer, Trouble> {
        letter.taken.store(false, Ordering::Relaxed);
        let mut request = Request::new(Payload(Some(Arc::clone(letter))));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri(method);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));

        // Handed over at once: a request kept in this future would be carried along by every future around it.
        let response = self.http.request(request);
        let exchange = async {
            let (head, body) = response.await?.into_parts();
            let body = Limited::new(body, self.longest_answer_bytes).collect().await?.to_bytes();
            Ok::<_, BoxError>(Answer { status: head.status, headers: head.headers, body })
        };
        let source = match timeout_at(deadline, exchange).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(source)) => source,
            Err(_) => TimeIsUp.into(),
        };
        let ending = match () {
            () if is_barred(&*source) => Ending::Barred,
            () if !letter.taken.load(Ordering::Relaxed) => Ending::Unsent,
            () if source.is::<LengthLimitError>() => Ending::Garbled,
            () => Ending::Lost,
        };
        let source = match ending {
            Ending::Lost if !is_time(&source) => Ended(source).into(),
            _ => source,
        };
        Err(Trouble { ending, source })
    }

    /// Whether somebody echoed our path.
    pub(super) fn is_echoed(&self, bytes: &[u8]) -> bool {
        let secret = self.token.secret().as_bytes();
        bytes.windows(secret.len()).any(|window| window == secret)
    }

    /// A text without our token in it, should somebody have echoed our path.
    pub(super) fn without_token(&self, text: &str) -> String {
        text.replace(self.token.secret(), "(the bot's token)")
    }

    fn uri(&self, method: &str) -> Uri {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0 != method {
            *last = (method.to_owned(), self.make_uri(method));
        }
        last.1.clone()
    }

    fn make_uri(&self, method: &str) -> Uri {
        let mut path = String::with_capacity(self.path.len() + method.len());
        path.push_str(&self.path);
        path.push_str(method);
        let path = PathAndQuery::from_maybe_shared(Bytes::from(path));
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        // Neither error tells the path.
        parts.path_and_query = Some(path.expect("prefix, token and method were checked to be of a path"));
        Uri::from_parts(parts).expect("scheme, authority and path are all there")
    }
}

/// Whether a call ended because its time was up.
pub(super) fn is_time(source: &BoxError) -> bool {
    source.is::<TimeIsUp>()
}

#[derive(Debug, thiserror::Error)]
#[error("the call's time limit ran out")]
struct TimeIsUp;

#[derive(Debug, thiserror::Error)]
#[error("the connection ended before a whole answer came")]
struct Ended(#[source] BoxError);

/// The JSON of a call, which remembers whether hyper took it to write it: until then nothing can have happened.
pub(super) struct Letter {
    json: Vec<u8>,
    taken: AtomicBool,
}

impl Letter {
    pub(super) fn new(json: Vec<u8>) -> Arc<Self> {
        Arc::new(Self { json, taken: AtomicBool::new(false) })
    }
}

/// A request's body, which has a letter until it is taken.
struct Payload(Option<Arc<Letter>>);

impl Body for Payload {
    type Data = Unwritten;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Unwritten>, Infallible>>> {
        Poll::Ready(self.0.take().map(|letter| {
            letter.taken.store(true, Ordering::Relaxed);
            Ok(Frame::data(Unwritten { letter, from: 0 }))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |letter| letter.json.len() as u64))
    }
}

/// What of a letter is not yet written. The letter stays whole, in case it is sent again.
struct Unwritten {
    letter: Arc<Letter>,
    from: usize,
}

impl Buf for Unwritten {
    fn remaining(&self) -> usize {
        self.letter.json.len() - self.from
    }

    fn chunk(&self) -> &[u8] {
        &self.letter.json[self.from..]
    }

    fn advance(&mut self, written: usize) {
        assert!(written <= self.remaining(), "no more is written than there is");
        self.from += written;
    }
}
