//! The poller: what it asks for, and what it has Telegram forget.

use crate::server::{Reply, Server};
use links::Kind;

#[tokio::test]
async fn only_what_is_done_is_forgotten() {
    let update = r#"{"update_id":9,"tea_time":{}}"#;
    let batch = format!("[{update}]");
    let server = Server::start([Reply::ok("[]"), Reply::ok(&batch), Reply::ok(&batch)]).await;
    let updates = server.client().updates(&["message", "chat_member"]);
    let got = updates.after(None).await.unwrap();
    assert_eq!(got.iter().map(|update| update.update_id).collect::<Vec<_>>(), [9]);
    updates.after(Some(9)).await.unwrap();

    let bodies: Vec<_> = server.asked().into_iter().map(|asked| asked.body).collect();
    let first = r#"{"timeout":50,"allowed_updates":["message","chat_member"]}"#;
    let then = r#"{"offset":10,"timeout":50,"allowed_updates":["message","chat_member"]}"#;
    assert_eq!(bodies, [first, first, then]);
}

#[tokio::test]
async fn a_webhook_and_a_second_listener_are_told_apart() {
    let webhook = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
    let other =
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
    let server = Server::start([Reply::no(409, webhook), Reply::no(409, other)]).await;
    let updates = server.client().updates(&[]);
    assert_eq!(*updates.after(None).await.unwrap_err().kind(), Kind::WebhookActive);
    assert_eq!(*updates.after(None).await.unwrap_err().kind(), Kind::Conflict);
}

#[tokio::test]
async fn the_last_number_there_is_has_no_next() {
    let server = Server::start([Reply::ok(r#"[{"update_id":9223372036854775807}]"#)]).await;
    server.client().updates(&[]).after(Some(i64::MAX)).await.unwrap();
    assert!(server.asked()[0].body.contains(r#""offset":9223372036854775807"#));
}
