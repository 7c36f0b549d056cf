//! Bytes out and bytes in: the one place that knows the token, the road, and whether anything left this machine.

use super::settings::{BadSettings, Place, Proxy, ProxyKind, Settings, Token};
use crate::pace::Ending;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Buf, Bytes, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::http::uri::{Authority, Parts, PathAndQuery, Scheme};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tower_service::Service;

/// Shorter than what servers keep idle connections for, so that we rarely write into one that is just closing:
/// an answer lost that way is lost for good when the call makes something new.
const IDLE: Duration = Duration::from_secs(30);

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

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
            Err(_) => TimeIsUp("the call's time limit ran out").into(),
        };
        let ending = match () {
            () if is_barred(&*source) => Ending::Barred,
            () if !letter.taken.load(Ordering::Relaxed) => Ending::Unsent,
            () if source.is::<LengthLimitError>() => Ending::Garbled,
            () => Ending::Lost,
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
#[error("{0}")]
struct TimeIsUp(&'static str);

/// What stands in the way, when it will stand there however often one tries.
#[derive(Debug, thiserror::Error)]
enum Barred {
    #[error("the proxy does not take this login, or wants one")]
    Login,
    #[error("the connection cannot be made safe")]
    Tls(#[source] BoxError),
}

/// Whether a connection failed for good.
fn is_barred(source: &(dyn std::error::Error + 'static)) -> bool {
    source.is::<Barred>() || source.source().is_some_and(is_barred)
}

/// Whether a handshake failed because of what the far side said, and not because the line broke.
fn is_of_tls(source: &BoxError) -> bool {
    let within = source.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    within
        .and_then(|within| within.downcast_ref::<io::Error>())
        .is_some_and(|why| why.kind() == io::ErrorKind::InvalidData)
}

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

/// How a connection is made: directly or by a proxy, with TLS or without, but always in time.
///
/// The pool clones its connector for every call, so there is one pointer to clone.
#[derive(Clone)]
struct Road(Arc<Made>);

struct Made {
    way: Way,
    /// Only where it is needed; its certificates cost a millisecond.
    tls: Option<HttpsConnector<Way>>,
    limit: Duration,
}

impl Road {
    fn new(settings: &Settings, with_tls: bool) -> Self {
        let way = Way::new(settings.proxy.as_ref());
        let tls = with_tls.then(|| {
            // Not the process's default: there is none where two are linked, and it is not ours to set.
            let provider = rustls::crypto::ring::default_provider();
            let tls = HttpsConnectorBuilder::new().with_provider_and_webpki_roots(provider);
            let tls = tls.expect("ring knows the versions that are safe");
            tls.https_only().enable_http1().wrap_connector(way.clone())
        });
        Self(Arc::new(Made { way, tls, limit: settings.connect_limit }))
    }
}

impl Service<Uri> for Road {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    /// A connection can be begun at any time; none of the ways has a queue.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let limit = self.0.limit;
        let connecting: Connecting<Self::Response> = match &self.0.tls {
            Some(tls) => {
                let connecting = tls.clone().call(to);
                Box::pin(async {
                    let barred = |why| if is_of_tls(&why) { Barred::Tls(why).into() } else { why };
                    connecting.await.map_err(barred)
                })
            }
            None => {
                let connecting = self.0.way.clone().call(to);
                Box::pin(async move { connecting.await.map(MaybeHttpsStream::Http) })
            }
        };
        Box::pin(async move {
            let late = |_| Err(TimeIsUp("no connection came about in time").into());
            timeout(limit, connecting).await.unwrap_or_else(late)
        })
    }
}

#[derive(Clone)]
enum Way {
    Direct(HttpConnector),
    Tunnel(Tunnel<HttpConnector>),
    Socks(SocksV5<HttpConnector>),
}

impl Way {
    fn new(proxy: Option<&Proxy>) -> Self {
        let mut direct = HttpConnector::new();
        direct.enforce_http(false);
        direct.set_nodelay(true);
        let Some(proxy) = proxy else { return Self::Direct(direct) };
        let at = Uri::builder().scheme(Scheme::HTTP).authority(proxy.authority.clone()).path_and_query("/");
        let at = at.build().expect("scheme, authority and path are all there");
        match (proxy.kind, &proxy.login) {
            (ProxyKind::Tunnel, None) => Self::Tunnel(Tunnel::new(at, direct)),
            (ProxyKind::Tunnel, Some(login)) => {
                let login = BASE64_STANDARD.encode(format!("{}:{}", login.user, login.password));
                let basic = HeaderValue::from_maybe_shared(Bytes::from(format!("Basic {login}")));
                let basic = basic.expect("base64 has only characters that headers may have");
                Self::Tunnel(Tunnel::new(at, direct).with_auth(basic))
            }
            (ProxyKind::Socks5, None) => Self::Socks(SocksV5::new(at, direct)),
            (ProxyKind::Socks5, Some(login)) => {
                let (user, password) = (login.user.clone(), login.password.clone());
                Self::Socks(SocksV5::new(at, direct).with_auth(user, password))
            }
        }
    }
}

impl Service<Uri> for Way {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Direct(way) => way.poll_ready(context).map_err(Into::into),
            Self::Tunnel(way) => way.poll_ready(context).map_err(Into::into),
            Self::Socks(way) => way.poll_ready(context).map_err(Into::into),
        }
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        match self {
            Self::Direct(way) => {
                let connecting = way.call(to);
                Box::pin(async { Ok(connecting.await?) })
            }
            Self::Tunnel(way) => {
                let connecting = way.call(to);
                Box::pin(async { connecting.await.map_err(in_the_tunnel) })
            }
            Self::Socks(way) => {
                let connecting = way.call(to);
                Box::pin(async { connecting.await.map_err(behind_socks) })
            }
        }
    }
}

// The errors of these two have no public names.
type TunnelError = <Tunnel<HttpConnector> as Service<Uri>>::Error;
type SocksError = <SocksV5<HttpConnector> as Service<Uri>>::Error;

fn in_the_tunnel(why: TunnelError) -> BoxError {
    match why {
        TunnelError::ProxyAuthRequired => Barred::Login.into(),
        why => why.into(),
    }
}

fn behind_socks(why: SocksError) -> BoxError {
    match why {
        // How it prints is all that tells a login from a host that is away.
        SocksError::V5(why) if format!("{why:?}").starts_with("Auth(") => Barred::Login.into(),
        // They keep the cause to themselves.
        SocksError::Inner(why) => NoWay(why.into()).into(),
        SocksError::Io(why) => NoWay(why.into()).into(),
        why => why.into(),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("there is no way through the proxy")]
struct NoWay(#[source] BoxError);
