//! Connections: taken in, served, and on the way out given time to finish.

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

/// Who says nothing for so long has hung up.
const HEADER_LIMIT: Duration = Duration::from_secs(15);
/// How long those who are being served may take when we stop.
const GRACE: Duration = Duration::from_secs(10);
/// After a failed accept, so that a lack of descriptors is no busy loop.
const BREATH: Duration = Duration::from_millis(50);

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Serves until `shutdown`, then lets those who are being served finish.
pub(crate) async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    let connections = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => attend(stream, peer, &router, &connections),
                Err(why) => {
                    warn!(error = %why, "a connection could not be taken");
                    sleep(BREATH).await;
                }
            },
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    if timeout(GRACE, connections.shutdown()).await.is_err() {
        warn!("some connections were cut; they had {} s to finish", GRACE.as_secs());
    }
}

fn attend(stream: TcpStream, peer: SocketAddr, router: &Router, connections: &GracefulShutdown) {
    // Answers are small and written at once; waiting for more only delays them.
    let _ = stream.set_nodelay(true);
    let service = router.clone().layer(axum::Extension(Peer(peer)));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_LIMIT)
        .max_buf_size(32 << 10)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(why) = connection.await {
            debug!(error = %why, "a connection ended early");
        }
    });
}
