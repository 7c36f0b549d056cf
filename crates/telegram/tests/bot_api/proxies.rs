//! The road through a proxy, with and without a login.

use crate::server::{LINK, Reply, Server, chain, client, read_request};
use admit_telegram::bot_api::Settings;
use admit_telegram::bot_api::methods::GetChatMemberCount;
use links::{Chat, Kind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

fn garden() -> Chat {
    "@garden".parse().unwrap()
}

/// A proxy that tunnels once if it is asked as `expected`, and hands on what it was asked.
async fn tunnel(expected_login: &'static str) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let proxy = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = read_request(&mut BufReader::new(&mut stream)).await.unwrap();
        if !asked.headers.iter().any(|header| header == expected_login) {
            stream.write_all(b"HTTP/1.1 407 no\r\n\r\n").await.unwrap();
            return asked.line;
        }
        let to = asked.line.split(' ').nth(1).unwrap();
        let mut onward = TcpStream::connect(to).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 yes\r\n\r\n").await.unwrap();
        tokio::spawn(async move { copy_bidirectional(&mut stream, &mut onward).await });
        asked.line
    });
    (at, proxy)
}

/// A SOCKS5 proxy that wants a login and takes Ann's, for one connection; hands on user and password.
async fn socks() -> (SocketAddr, tokio::task::JoinHandle<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let proxy = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut greeting = [0; 3];
        stream.read_exact(&mut greeting).await.unwrap();
        assert_eq!(greeting, [5, 1, 2], "one method: user and password");
        stream.write_all(&[5, 2]).await.unwrap();
        let Ok(1) = stream.read_u8().await else {
            return Default::default();
        };
        let login = (counted(&mut stream).await, counted(&mut stream).await);
        let verdict = u8::from(login.0 != "ann");
        stream.write_all(&[1, verdict]).await.unwrap();
        if verdict != 0 {
            return login;
        }
        let mut request = [0; 10];
        stream.read_exact(&mut request).await.unwrap();
        let [5, 1, 0, 1, a, b, c, d, high, low] = request else {
            panic!("not a connection to an IPv4 address")
        };
        let to = SocketAddr::from(([a, b, c, d], u16::from_be_bytes([high, low])));
        let mut onward = TcpStream::connect(to).await.unwrap();
        stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
        tokio::spawn(async move { copy_bidirectional(&mut stream, &mut onward).await });
        login
    });
    (at, proxy)
}

async fn counted(stream: &mut TcpStream) -> String {
    let mut text = vec![0; stream.read_u8().await.unwrap().into()];
    stream.read_exact(&mut text).await.unwrap();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn an_http_proxy_is_asked_to_connect_with_the_login() {
    let server = Server::start([Reply::ok("12")]).await;
    let (at, proxy) = tunnel("Proxy-Authorization: Basic YW5uOnBAc3M=").await;
    let proxy_url = format!("http://ann:p%40ss@{at}").parse().unwrap();
    let client = client(&Settings { proxy: Some(proxy_url), ..server.settings() });
    assert_eq!(client.call(&GetChatMemberCount { chat_id: &garden() }).await.unwrap(), 12);
    assert_eq!(proxy.await.unwrap(), format!("CONNECT {} HTTP/1.1", server.at));
}

/// What a call through this proxy ends in, all causes in one line. There is half a minute for it.
async fn refused(proxy: &str) -> String {
    let proxy = Some(proxy.parse().unwrap());
    let settings = Settings { api_url: "http://127.0.0.1:9".to_owned(), proxy, ..Settings::default() };
    let began = Instant::now();
    let error = client(&settings).call(&GetChatMemberCount { chat_id: &garden() }).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(5), "nothing is tried again");
    assert_eq!(*error.kind(), Kind::Unreachable);
    assert!(!error.is_retryable());
    assert!(!format!("{error:?} {settings:?}").contains("canary"));
    chain(&error)
}

#[tokio::test]
async fn a_login_that_a_proxy_does_not_take_is_reported_at_once_and_unsaid() {
    // Each proxy is there for one connection only.
    let (tunnel, _proxy) = tunnel("Proxy-Authorization: nobody").await;
    let (stranger, _proxy) = socks().await;
    let (talker, _proxy) = socks().await;
    let long = "canary".repeat(40);
    for proxy in [
        format!("http://ann:canary@{tunnel}"),
        format!("socks5://bob:canary@{stranger}"),
        format!("socks5://{long}:{long}@{talker}"),
    ] {
        let causes = refused(&proxy).await;
        assert!(causes.ends_with("the proxy does not take this login, or wants one"), "{causes}");
    }
}

#[tokio::test]
async fn a_socks_proxy_that_is_not_there_says_why() {
    let proxy = Some("socks5://127.0.0.1:1".parse().unwrap());
    let limit = Duration::from_millis(100);
    let client = client(&Settings { proxy, limit, ..Settings::default() });
    let error = client.call(&GetChatMemberCount { chat_id: &garden() }).await.unwrap_err();
    assert!(error.is_retryable(), "it may come back");
    let causes = chain(&error);
    assert!(causes.contains("no way through the proxy: ") && causes.contains("refused"), "{causes}");
}

#[tokio::test]
async fn a_socks_proxy_is_told_the_login() {
    let server = Server::start([Reply::ok(LINK)]).await;
    let (at, proxy) = socks().await;
    let proxy_url = format!("socks5://ann:p%40ss@{at}").parse().unwrap();
    let client = client(&Settings { proxy: Some(proxy_url), ..server.settings() });
    let answer = client.call_raw("createChatInviteLink", &serde_json::json!({})).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(proxy.await.unwrap(), ("ann".to_owned(), "p@ss".to_owned()));
}

#[tokio::test]
async fn a_connection_that_does_not_come_about_in_time_was_not_made() {
    // Accepts, and then says nothing.
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Some(format!("socks5://{}", proxy.local_addr().unwrap()).parse().unwrap());
    let (limit, connect_limit) = (Duration::from_millis(200), Duration::from_millis(50));
    let settings = Settings { proxy, limit, connect_limit, ..Settings::default() };
    let error = client(&settings).call(&GetChatMemberCount { chat_id: &garden() }).await.unwrap_err();
    assert!(matches!(error.kind(), Kind::Unreachable | Kind::OutOfTime), "{error}");
}
