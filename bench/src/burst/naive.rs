//! The naive way: for each fan, Telegram is asked for a link.

use super::{CreateChatInviteLink, Method, WAIT_MS, each_fan, refused, slow_minute};
use crate::sandbox::Sandbox;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, StatusCode};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::time::Duration;

pub(crate) struct Naive {
    /// So many had their link in time.
    pub(crate) shown: usize,
    /// So many times Telegram said to wait.
    pub(crate) refused: usize,
}

/// By a client that remembers nothing: ours would keep quiet after the first refusal.
pub(crate) async fn burst(sandbox: &Sandbox) -> Naive {
    slow_minute(sandbox).await;
    let client = legacy::Client::builder(TokioExecutor::new()).build_http();
    let in_time = Duration::from_secs_f64(WAIT_MS / 1000.0);
    let asked = each_fan(async |_| tokio::time::timeout(in_time, create(&client, sandbox)).await).await;
    let shown = asked.iter().filter(|status| **status == Ok(StatusCode::OK)).count();
    let calls = sandbox.calls(CreateChatInviteLink::NAME).await;
    Naive { shown, refused: refused(&calls).count() }
}

async fn create(client: &legacy::Client<HttpConnector, Full<Bytes>>, sandbox: &Sandbox) -> StatusCode {
    let body = format!(r#"{{"chat_id":{},"member_limit":1}}"#, sandbox.chat);
    let uri = format!("http://{}/bot{}/{}", sandbox.at, sandbox.token, CreateChatInviteLink::NAME);
    let request = Request::post(uri).header(CONTENT_TYPE, "application/json").body(Full::from(body));
    let answer = client.request(request.expect("it is a request")).await;
    answer.expect("the sandbox answers").status()
}
