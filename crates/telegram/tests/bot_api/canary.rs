//! Whatever goes wrong, the token does not ride out with it.

use crate::server::{CANARY, Reply, Server, client};
use admit_telegram::bot_api::methods::{ExportChatInviteLink, GetMe};
use admit_telegram::bot_api::{Settings, Token};
use links::Chat;
use std::error::Error;
use std::time::Duration;

fn check(shown: &str) {
    let (_, secret) = CANARY.split_once(':').unwrap();
    assert!(!shown.contains(secret), "{shown}");
    assert!(!shown.contains("canary-canary"), "{shown}");
}

fn check_error(error: &dyn Error) {
    check(&format!("{error:?} {error:#?} {error}"));
    let mut cause = error.source();
    while let Some(error) = cause {
        check(&format!("{error:?} {error}"));
        cause = error.source();
    }
}

#[tokio::test]
async fn no_error_shows_the_token_though_the_far_side_echoes_it() {
    let page = format!("<html>/bot{CANARY}/getMe was not found");
    let json =
        format!(r#"{{"ok":false,"error_code":400,"description":"Bad Request: /bot{CANARY}/ is odd"}}"#);
    let result = format!(r#"{{"ok":true,"result":{{"id":"{CANARY}"}}}}"#);
    let replies = [
        Reply::text(404, page.clone()),
        Reply::text(200, page.clone()),
        Reply::text(400, json.clone()),
        Reply::text(200, json),
        Reply::text(200, result),
        Reply::text(502, page),
        Reply::no(401, "Unauthorized"),
        Reply::no(404, "Not Found"),
        Reply::no(409, "Conflict: terminated by other getUpdates request"),
        Reply::wait(1_000),
        Reply::hang_up(),
        Reply::Silence,
        Reply::Raw(format!("HTTP/1.1 200 {CANARY}\r\n{CANARY}\r\n\r\n").into_bytes()),
        Reply::Raw(
            format!("HTTP/1.1 302 x\r\nlocation: /{CANARY}\r\ncontent-length: 0\r\n\r\n").into_bytes(),
        ),
    ];
    let garden: Chat = "@garden".parse().unwrap();
    for reply in replies {
        let server = Server::start([reply.clone(), reply]).await;
        let settings = Settings { limit: Duration::from_millis(200), ..server.settings() };
        // Each on a client of its own, so that a hold does not answer for the server.
        check_error(&client(&settings).call(&ExportChatInviteLink { chat_id: &garden }).await.unwrap_err());
        check_error(&client(&settings).call(&GetMe {}).await.unwrap_err());
        server.forget();
    }
    let settings = Settings { api_url: "http://127.0.0.1:1".to_owned(), ..Settings::default() };
    let settings = Settings { limit: Duration::from_millis(100), ..settings };
    check_error(&client(&settings).call(&GetMe {}).await.unwrap_err());
    check_error(&client(&settings).call_raw("get me", &serde_json::Value::Null).await.unwrap_err());
}

#[tokio::test]
async fn an_answer_as_it_came_does_not_have_the_token() {
    let echo = format!(r#"{{"ok":false,"error_code":400,"description":"/bot{CANARY}/x"}}"#).into_bytes();
    let header = vec![("location", format!("/bot{CANARY}/x"))];
    let odd = [&b"\xff"[..], &echo].concat();
    let innocent = b"\xff\x00".to_vec();
    let replies = [(400, echo), (302, odd), (200, innocent.clone())];
    let server = Server::start(replies.map(|(status, body)| Reply::Say(status, header.clone(), body))).await;
    let client = server.client();
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(client.call_raw("brewTea", &serde_json::json!({})).await.unwrap());
    }
    for answer in &answers {
        check(&format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.body)));
        check_error(&answer.refusal(links::Right::InviteUsers).unwrap());
    }
    assert_eq!(answers[2].body, innocent, "what has no token in it is left alone");
}

#[test]
fn no_debug_print_shows_the_token() {
    let token = Token::new(CANARY).unwrap();
    check(&format!("{token:?} {token:#?} {token}"));
    let settings = Settings::default();
    check(&format!("{:?} {settings:?}", client(&settings)));
    check(&format!("{:?}", client(&settings).updates(&["message"])));
    for wrong in [format!("{CANARY}\n"), format!("x{CANARY}"), CANARY.replace(':', "_")] {
        check_error(&Token::new(&wrong).unwrap_err());
    }
}
