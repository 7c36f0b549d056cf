//! The trait `Links` through a bot: what is written to Telegram, and what its answers become.

use crate::server::{CANARY, LINK, Reply, Server};
use links::{Chat, Links, Terms, UnixTime};

fn garden() -> Chat {
    "-1001234567890".parse().unwrap()
}

#[tokio::test]
async fn creating_says_what_was_meant_and_nothing_else() {
    let server = Server::start([Reply::ok(LINK)]).await;
    let terms = Terms::for_one(links::Expiry::new(UnixTime::new(1_790_000_000)).unwrap());
    let link = server.client().create(&garden(), &terms).await.unwrap();
    assert_eq!(link.url.as_str(), "https://t.me/+Xy3kQ2LmN0o5ZjEy");

    let [asked] = &server.asked()[..] else { panic!("one call, one request") };
    assert_eq!(asked.line, format!("POST /bot{CANARY}/createChatInviteLink HTTP/1.1"));
    assert_eq!(asked.body, r#"{"chat_id":-1001234567890,"expire_date":1790000000,"member_limit":1}"#);
    assert!(!asked.headers.iter().any(|header| header.to_ascii_lowercase().starts_with("accept-encoding")));
}
