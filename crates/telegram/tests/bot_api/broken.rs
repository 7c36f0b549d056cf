//! Answers that Telegram does not give: from proxies, from imitations, from a bad line.

use crate::server::{LINK, Reply, Server, client};
use admit_telegram::bot_api::methods::{ExportChatInviteLink, GetMe};
use admit_telegram::bot_api::{Broken, RawAnswer, Settings};
use links::{Chat, Kind, Right};

fn garden() -> Chat {
    "@garden".parse().unwrap()
}

/// How a question and something new end when this is all there is for an answer.
async fn check(reply: Reply, asking: Kind, making: Kind, why: &str) {
    let server = Server::start([reply.clone(), reply.clone()]).await;
    let client = client(&Settings { longest_answer_bytes: 10_000, ..server.settings() });
    let error = client.call(&GetMe {}).await.unwrap_err();
    assert_eq!(*error.kind(), asking, "{reply:?}");
    let because = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(because.contains(why), "{because}");
    let error = client.call(&ExportChatInviteLink { chat_id: &garden() }).await.unwrap_err();
    assert_eq!(*error.kind(), making, "{reply:?}");
}

#[tokio::test]
async fn a_result_that_cannot_be_read_leaves_doubt_about_what_was_made() {
    for (body, why) in [
        ("", "it is empty"),
        ("<html>hello", "it is not JSON; it begins with `<html>hello`"),
        (r#"{"ok":true,"result":{"id":7,"#, "it is JSON that breaks off"),
        (r#"{"ok":true,"result":[[]]}"#, "it is JSON of another shape"),
        (r#"{"ok":true}"#, "it says `ok` without a result"),
        (r#"{"ok":true,"result":null}"#, "it says `ok` without a result"),
        (r#"{"ok":false}"#, "it refuses without a code"),
        ("[]", "another shape"),
        ("\0\u{1}\u{1b}[2J", r"it begins with `\0\u{1}\u{1b}[2J`"),
    ] {
        check(Reply::text(200, body), Kind::BrokenAnswer, Kind::OutcomeUnknown, why).await;
    }
    let huge = format!(r#"{{"ok":true,"result":"{}"}}"#, "x".repeat(20_000));
    check(Reply::text(200, huge), Kind::BrokenAnswer, Kind::OutcomeUnknown, "limit").await;
}

#[tokio::test]
async fn a_refusal_that_cannot_be_read_is_a_refusal() {
    for status in [301, 400, 404, 413, 415, 431] {
        let why = format!("HTTP {status}");
        check(Reply::text(status, ""), Kind::BrokenAnswer, Kind::BrokenAnswer, &why).await;
        check(Reply::text(status, "<html>no"), Kind::BrokenAnswer, Kind::BrokenAnswer, &why).await;
    }
}

#[tokio::test]
async fn a_refusal_with_the_status_of_success_is_a_refusal() {
    let body = r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#;
    check(Reply::text(200, body), Kind::ChatNotFound, Kind::ChatNotFound, "chat not found").await;
}

#[tokio::test]
async fn an_error_with_a_result_is_not_believed() {
    check(
        Reply::text(400, format!(r#"{{"ok":true,"result":{LINK}}}"#)),
        Kind::BrokenAnswer,
        Kind::BrokenAnswer,
        "with the status of an error",
    )
    .await;
    let answer =
        |status| RawAnswer { status, headers: Vec::new(), body: br#"{"ok":true,"result":1}"#.to_vec() };
    let error = answer(400).refusal(Right::InviteUsers).unwrap();
    assert_eq!(*error.kind(), Kind::BrokenAnswer);
    assert!(answer(200).refusal(Right::InviteUsers).is_none());
}

#[tokio::test]
async fn what_is_not_http_is_a_lost_answer() {
    let noise = Reply::Raw(b"\x15\x03\x01\x00\x02\x02\x16".to_vec());
    let server = Server::start([noise]).await;
    let error = server.client().call(&ExportChatInviteLink { chat_id: &garden() }).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::OutcomeUnknown);
}

#[tokio::test]
async fn the_whole_of_a_page_is_not_quoted() {
    let server = Server::start([Reply::text(403, format!("<html>{}", "x".repeat(5_000)))]).await;
    let error = server.client().call(&GetMe {}).await.unwrap_err();
    let broken = std::error::Error::source(&error).unwrap().downcast_ref::<Broken>().unwrap();
    assert!(broken.to_string().len() < 300);
}
