//! The road to Telegram: directly or by a proxy, with TLS or without, but always in time. What bars it is named here.

use super::settings::{Proxy, ProxyKind, Settings};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::Uri;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper::http::uri::Scheme;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::rt::TokioIo;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// How a connection is made.
///
/// The pool clones its connector for every call, so there is one pointer to clone.
#[derive(Clone)]
pub(super) struct Road(Arc<Made>);

struct Made {
    way: Way,
    /// Only where it is needed; its certificates cost a millisecond.
    tls: Option<HttpsConnector<Way>>,
    limit: Duration,
}

impl Road {
    pub(super) fn new(settings: &Settings, with_tls: bool) -> Self {
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
        Box::pin(async move { timeout(limit, connecting).await.unwrap_or_else(|_| Err(Late.into())) })
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
        // User and password together are longer than the connector can say.
        SocksError::Serialize(_) => Barred::Login.into(),
        // They keep the cause to themselves.
        SocksError::Inner(why) => NoWay(why.into()).into(),
        SocksError::Io(why) => NoWay(why.into()).into(),
        why => why.into(),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no connection came about in time")]
struct Late;

#[derive(Debug, thiserror::Error)]
#[error("there is no way through the proxy")]
struct NoWay(#[source] BoxError);

/// What stands in the way, when it will stand there however often one tries.
#[derive(Debug, thiserror::Error)]
enum Barred {
    #[error("the proxy does not take this login, or wants one")]
    Login,
    #[error("the connection cannot be made safe")]
    Tls(#[source] BoxError),
}

/// Whether a connection failed for good.
pub(super) fn is_barred(source: &(dyn std::error::Error + 'static)) -> bool {
    source.is::<Barred>() || source.source().is_some_and(is_barred)
}

/// Whether a handshake failed because of what the far side said, and not because the line broke.
fn is_of_tls(source: &BoxError) -> bool {
    let within = source.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    within
        .and_then(|within| within.downcast_ref::<io::Error>())
        .is_some_and(|why| why.kind() == io::ErrorKind::InvalidData)
}
