//! One connection through its life: answers in every form HTTP has, and what becomes of a call when it ends.

use crate::server::{LINK, Reply, Server, client};
use admit_telegram::bot_api::Settings;
use admit_telegram::bot_api::methods::{ExportChatInviteLink, GetChatMemberCount, GetMe};
use links::{Chat, Kind, Links, Terms};

fn garden() -> Chat {
    "@garden".parse().unwrap()
}

fn raw(text: &str) -> Reply {
    Reply::Raw(text.as_bytes().to_vec())
}

#[tokio::test]
async fn an_answer_is_read_in_every_form_that_http_has() {
    for form in [
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"ok\"\r\n11\r\n:true,\"result\":12\r\n1\r\n}\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 23\r\n\r\n{\"ok\":true,\"result\":12}",
        "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 23\r\n\r\n{\"ok\":true,\"result\":12}",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"ok\":true,\"result\":12}",
        "HTTP/1.0 200 OK\r\n\r\n{\"ok\":true,\"result\":12}",
    ] {
        let server = Server::start([raw(form), Reply::ok("13")]).await;
        let client = server.client();
        assert_eq!(client.call(&GetChatMemberCount { chat_id: &garden() }).await.unwrap(), 12, "{form}");
        assert_eq!(client.call(&GetChatMemberCount { chat_id: &garden() }).await.unwrap(), 13, "{form}");
    }
}

#[tokio::test]
async fn a_chunked_answer_that_breaks_off_is_a_lost_one() {
    let chunk = raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"ok\"\r\n");
    let server = Server::start([chunk]).await;
    let error = server.client().call(&ExportChatInviteLink { chat_id: &garden() }).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::OutcomeUnknown);
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let elsewhere = Server::start([]).await;
    for status in [301, 302, 303, 307, 308] {
        let location = vec![("location", format!("{}/", elsewhere.url()))];
        let there = Reply::Say(status, location, Vec::new());
        let server = Server::start([there.clone(), there]).await;
        let client = server.client();
        assert_eq!(*client.call(&GetMe {}).await.unwrap_err().kind(), Kind::BrokenAnswer);
        assert_eq!(client.call_raw("getMe", &serde_json::json!({})).await.unwrap().status, status);
    }
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn headers_without_end_are_a_lost_answer() {
    for headers in [format!("x: {}\r\n", "y".repeat(1 << 20)), "x: y\r\n".repeat(1_000)] {
        let server = Server::start([raw(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n{{}}"))]).await;
        let error = server.client().call(&ExportChatInviteLink { chat_id: &garden() }).await.unwrap_err();
        assert_eq!(*error.kind(), Kind::OutcomeUnknown);
        server.forget();
    }
}

/// An answer to a question, after which the far side goes away without saying that it will.
fn last_words() -> Reply {
    raw("HTTP/1.1 200 OK\r\ncontent-length: 23\r\n\r\n{\"ok\":true,\"result\":12}")
}

#[tokio::test]
async fn a_connection_that_ended_while_idle_costs_a_new_link_nothing() {
    // Often, because it is a race: hyper takes back a request it has not begun to write, and nothing else.
    for _ in 0..50 {
        let server = Server::start([last_words(), Reply::ok(LINK)]).await;
        let client = server.client();
        client.call(&GetChatMemberCount { chat_id: &garden() }).await.unwrap();
        client.create(&garden(), &Terms::open()).await.unwrap();
        assert_eq!(server.asked().len(), 2);
    }
}

#[tokio::test]
async fn a_new_link_is_asked_for_once_on_a_used_connection_too() {
    let server = Server::start([Reply::ok("12"), Reply::hang_up()]).await;
    let client = server.client();
    client.call(&GetChatMemberCount { chat_id: &garden() }).await.unwrap();
    let error = client.create(&garden(), &Terms::open()).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::OutcomeUnknown);
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_call_that_is_dropped_takes_its_answer_with_it() {
    let server = Server::start([Reply::ok("11"), Reply::Silence, Reply::ok("12")]).await;
    let client = client(&Settings { idle_connections: 1, ..server.settings() });
    client.call(&GetChatMemberCount { chat_id: &garden() }).await.unwrap();
    let dropped = tokio::spawn({
        let client = client.clone();
        async move { client.call(&ExportChatInviteLink { chat_id: &garden() }).await }
    });
    while server.asked().len() < 2 {
        tokio::task::yield_now().await;
    }
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());
    assert_eq!(client.call(&GetChatMemberCount { chat_id: &garden() }).await.unwrap(), 12);
    assert_eq!(server.asked().len(), 3);
}
