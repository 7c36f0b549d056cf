//! Connections: taken in, served, and on the way out given time to finish.

use crate::router::Door;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

/// Who says nothing for so long has hung up.
const HEADER_LIMIT: Duration = Duration::from_secs(15);
/// How long those who are being served may take when we stop.
const GRACE: Duration = Duration::from_secs(10);
/// After a failed accept, so that a lack of descriptors is no busy loop.
const BREATH: Duration = Duration::from_millis(50);

/// Where connections come in.
#[derive(Debug)]
pub enum Listener {
    /// At an address of the network.
    Tcp(TcpListener),
    /// At a socket of the file system, for whoever is on this machine.
    #[cfg(unix)]
    Unix(UnixListener),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

#[cfg(unix)]
impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Self::Unix(listener)
    }
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// A process of this machine, perhaps on somebody else's behalf.
    pub(crate) is_near: bool,
}

/// Serves until `shutdown`, then lets those who are being served finish.
pub(crate) async fn serve(listener: Listener, door: Door, shutdown: impl Future<Output = ()>) {
    let door = Arc::new(door);
    let connections = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            taken = take(&listener, &door, &connections) => if let Err(why) = taken {
                warn!(error = %why, "a connection could not be taken");
                sleep(BREATH).await;
            },
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    if timeout(GRACE, connections.shutdown()).await.is_err() {
        warn!("some connections were cut; they had {} s to finish", GRACE.as_secs());
    }
}

/// Takes one connection and serves it from then on.
async fn take(listener: &Listener, door: &Arc<Door>, connections: &GracefulShutdown) -> io::Result<()> {
    match listener {
        Listener::Tcp(listener) => {
            let (stream, peer) = listener.accept().await?;
            // Answers are small and written at once; waiting for more only delays them.
            let _ = stream.set_nodelay(true);
            attend(stream, Peer { is_near: peer.ip().is_loopback() }, door, connections);
        }
        #[cfg(unix)]
        Listener::Unix(listener) => {
            let (stream, _) = listener.accept().await?;
            attend(stream, Peer { is_near: true }, door, connections);
        }
    }
    Ok(())
}

fn attend<S>(stream: S, peer: Peer, door: &Arc<Door>, connections: &GracefulShutdown)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let door = door.clone();
    let service = service_fn(move |request| {
        let door = door.clone();
        async move { Ok::<_, Infallible>(door.answer(peer, request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_LIMIT)
        .max_buf_size(32 << 10)
        .serve_connection(TokioIo::new(stream), service);
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(why) = connection.await {
            debug!(error = %why, "a connection ended early");
        }
    });
}
