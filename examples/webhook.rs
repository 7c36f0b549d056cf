//! Have updates sent to you instead of asking for them, and believe only those that Telegram sent.
//!
//! Whoever finds the address can post to it. Telegram adds a header with the secret it was told, so everything
//! without it is somebody else's.
//!
//! It prints:
//!
//! ```text
//! a stranger posts: 401
//! Ann taps the link: joined
//! the webhook heard: Ann joined
//! ```

use admit_examples::{Demo, Result};
use admit_links::{Event, Links, Terms};
use admit_telegram::bot_api::methods::SetWebhook;
use admit_telegram::bot_api::types::Update;
use admit_telegram::bot_api::updates::{KINDS, event};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// In your program this is drawn at random and kept like the token. Letters, digits, `_` and `-`.
const SECRET: &str = "drawn-at-random-and-kept-like-the-token";

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    // Telegram itself wants `https` on port 443, 80, 88 or 8443; the sandbox takes what a server in local mode takes.
    let url = format!("http://{}/telegram", listener.local_addr()?);
    let (tell, mut told) = unbounded_channel();
    let receiver = tokio::spawn(receive(listener, tell));

    demo.bot
        .call(&SetWebhook {
            url: &url,
            secret_token: Some(SECRET),
            allowed_updates: Some(KINDS),
            ip_address: None,
            max_connections: None,
            drop_pending_updates: None,
        })
        .await?;

    let forged = r#"{"update_id":1,"message":{"text":"let me in"}}"#;
    println!("a stranger posts: {}", demo.post(&url, forged.to_owned()).await?.0);

    let link = demo.bot.create(&demo.chat, &Terms::open()).await?;
    println!("Ann taps the link: {}", demo.join(demo.person("Ann").await?, &link.url).await?);
    while let Some(update) = told.recv().await {
        if let Some(Event::Joined(joined)) = event(&update) {
            println!("the webhook heard: {} joined", joined.person.first_name);
            break;
        }
    }
    receiver.abort();
    Ok(())
}

async fn receive(listener: TcpListener, tell: UnboundedSender<Update>) -> Result {
    loop {
        let (stream, _) = listener.accept().await?;
        let tell = tell.clone();
        let service = service_fn(move |request| answer(request, tell.clone()));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    tell: UnboundedSender<Update>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let status = match read(request).await {
        // Telegram sends an update again until it is answered with 200, so keep it safe first, then say yes.
        Ok(update) => tell.send(update).map_or(StatusCode::SERVICE_UNAVAILABLE, |()| StatusCode::OK),
        Err(status) => status,
    };
    let mut response = Response::new(Empty::new());
    *response.status_mut() = status;
    Ok(response)
}

async fn read(request: Request<Incoming>) -> Result<Update, StatusCode> {
    let secret = request.headers().get("x-telegram-bot-api-secret-token");
    if !secret.is_some_and(|secret| is_same(secret.as_bytes(), SECRET.as_bytes())) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let body = Limited::new(request.into_body(), 1 << 20).collect().await;
    let body = body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?.to_bytes();
    serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)
}

/// Compares all of it whatever differs, so that the time it takes tells nothing.
fn is_same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |differs, (l, r)| differs | (l ^ r)) == 0
}
