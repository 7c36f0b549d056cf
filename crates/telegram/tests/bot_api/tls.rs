//! A far side that cannot prove who it is is told nothing.

use crate::server::{chain, client};
use admit_telegram::bot_api::Settings;
use admit_telegram::bot_api::methods::ExportChatInviteLink;
use links::{Chat, Kind};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};

fn garden() -> Chat {
    "@garden".parse().unwrap()
}

/// Says `localhost`, as it should; but nobody believes who says so. It was made by
///
/// ```sh
/// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=localhost \
///     -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE \
///     -keyout key.pem -outform DER -out self_signed.der
/// openssl pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out self_signed.key
/// ```
fn self_signed() -> TlsAcceptor {
    let certificate = include_bytes!("self_signed.der").to_vec().into();
    let key = include_bytes!("self_signed.key").to_vec().try_into().unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_refused_once_and_told_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api_url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let acceptor = self_signed();
    let far_side = tokio::spawn(async move {
        // The handshake fails on this side too, so there is nothing over which anything could have been said.
        let handshake = acceptor.accept(listener.accept().await.unwrap().0).await;
        (handshake.map(drop), listener)
    });
    let client = client(&Settings { api_url, ..Settings::default() });
    let error = client.call(&ExportChatInviteLink { chat_id: &garden() }).await.unwrap_err();

    assert_eq!(*error.kind(), Kind::Unreachable);
    assert!(!error.is_retryable());
    let causes = chain(&error);
    assert!(
        causes.contains("the connection cannot be made safe: invalid peer certificate: UnknownIssuer"),
        "{causes}"
    );
    let (handshake, listener) = far_side.await.unwrap();
    assert!(handshake.unwrap_err().to_string().contains("UnknownCA"));
    // Certificates do not become right by asking again.
    let again = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
    assert!(again.is_err(), "nobody came a second time");
}

#[tokio::test]
async fn a_far_side_without_tls_is_asked_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api_url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        std::future::pending::<()>().await
    });
    // A second try would find nobody who answers, and sit out the limit.
    let limit = Duration::from_secs(600);
    let call = async {
        let client = client(&Settings { api_url, limit, ..Settings::default() });
        client.call(&ExportChatInviteLink { chat_id: &garden() }).await.unwrap_err()
    };
    let error = tokio::time::timeout(Duration::from_secs(5), call).await.unwrap();
    assert_eq!(*error.kind(), Kind::Unreachable);
    assert!(!error.is_retryable());
    assert!(chain(&error).contains("the connection cannot be made safe: "), "{}", chain(&error));
}

#[test]
fn the_process_chooses_its_own_cryptography() {
    client(&Settings::default());
    // Had we asked for the default, rustls would have chosen one for everybody, or panicked where it has two.
    assert!(CryptoProvider::get_default().is_none());
}
