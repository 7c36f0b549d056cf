//! One call through good and bad days: what is waited for, what is repeated, and what is not.

use crate::server::{LINK, Reply, Server, chain, client};
use admit_telegram::bot_api::methods::{
    CreateChatInviteLink, GetChat, GetChatMemberCount, Method, RevokeChatInviteLink,
};
use admit_telegram::bot_api::{RawAnswer, Settings};
use admit_telegram::pace::Effect;
use links::{Chat, Kind, LinkUrl, Links};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

fn chat(number: i64) -> Chat {
    number.to_string().parse().unwrap()
}

fn create(chat: &Chat) -> CreateChatInviteLink<'_> {
    let (name, expire_date, member_limit, creates_join_request) = (None, None, None, None);
    CreateChatInviteLink { chat_id: chat, name, expire_date, member_limit, creates_join_request }
}

fn revoke(chat: &Chat) -> RevokeChatInviteLink<'_> {
    RevokeChatInviteLink { chat_id: chat, invite_link: "https://t.me/+Xy3kQ2LmN0o5ZjEy" }
}

/// A clock that moves only when told to: a paused one leaps as long as nothing runs, unless something blocks.
struct Clock {
    _blocks: std::sync::mpsc::Sender<()>,
}

impl Clock {
    fn stop() -> Self {
        let (sender, receiver) = std::sync::mpsc::channel();
        tokio::time::pause();
        tokio::task::spawn_blocking(move || receiver.recv());
        Self { _blocks: sender }
    }

    async fn move_on(&self, by: Duration) {
        tokio::time::advance(by).await;
    }

    /// Timers round up to the next millisecond.
    async fn move_past(&self, by: Duration) {
        self.move_on(by + Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn telegrams_wait_is_waited_to_the_second() {
    let clock = Clock::stop();
    let server = Server::start([Reply::wait(7), Reply::ok(LINK)]).await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let client = server.client().on_wait(Arc::new(move |method, wait| {
        tell.send((method.to_owned(), wait)).unwrap();
    }));
    let call = tokio::spawn(async move { client.call(&create(&chat(-1001))).await });

    assert_eq!(told.recv().await.unwrap(), ("createChatInviteLink".to_owned(), Duration::from_secs(7)));
    clock.move_on(Duration::from_millis(6_990)).await;
    assert!(!call.is_finished());
    assert_eq!(server.asked().len(), 1);
    clock.move_on(Duration::from_millis(20)).await;
    call.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_wait_beyond_the_time_limit_is_handed_to_the_caller() {
    let server = Server::start([Reply::wait(31)]).await;
    let client = server.client();
    let error = client.call(&create(&chat(-1001))).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::Wait { seconds: 31 });
    // The next call on the same pair knows without asking.
    let error = client.clone().call(&create(&chat(-1001))).await.unwrap_err();
    assert!(matches!(error.kind(), Kind::Wait { seconds: 1..=31 }));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn what_telegram_holds_back_is_held_for_that_method_and_chat_only() {
    let clock = Clock::stop();
    let server = Server::start([Reply::wait(7), Reply::ok(LINK), Reply::ok("12")]).await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let client = server.client().on_wait(Arc::new(move |_, wait| tell.send(wait).unwrap()));
    let call = |number, client: &admit_telegram::bot_api::Client| {
        let client = client.clone();
        tokio::spawn(async move { client.call(&create(&chat(number))).await.map(|_| ()) })
    };
    let first = call(-1001, &client);
    assert_eq!(told.recv().await.unwrap(), Duration::from_secs(7));
    clock.move_on(Duration::from_secs(3)).await;

    let second = call(-1001, &client);
    assert_eq!(told.recv().await.unwrap(), Duration::from_secs(4));
    call(-1002, &client).await.unwrap().unwrap();
    assert_eq!(client.call(&GetChatMemberCount { chat_id: &chat(-1001) }).await.unwrap(), 12);
    assert_eq!(server.asked().len(), 3);

    server.expect([Reply::ok(LINK), Reply::ok(LINK)]);
    clock.move_past(Duration::from_secs(4)).await;
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_operation_of_two_calls_has_one_time_limit() {
    let clock = Clock::stop();
    let primary = LINK.replace(r#""is_primary":false"#, r#""is_primary":true"#);
    let server = Server::start([Reply::wait(7), Reply::ok(&primary), Reply::Silence]).await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let client = client(&Settings { limit: Duration::from_secs(10), ..server.settings() })
        .on_wait(Arc::new(move |_, wait| tell.send(wait).unwrap()));
    let revoking = tokio::spawn(async move {
        let link = LinkUrl::new("https://t.me/+Xy3kQ2LmN0o5ZjEy");
        client.revoke(&chat(-1001), &link).await
    });
    assert_eq!(told.recv().await.unwrap(), Duration::from_secs(7));
    clock.move_past(Duration::from_secs(7)).await;
    while server.asked().len() < 3 {
        tokio::task::yield_now().await;
    }
    clock.move_past(Duration::from_secs(3)).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(revoking.is_finished());
    // The link is revoked; what replaced it could not be learned in time.
    assert!(revoking.await.unwrap().unwrap().replaced_by.is_none());
}

#[tokio::test]
async fn a_header_may_say_how_long_to_wait() {
    let clock = Clock::stop();
    let header = vec![("retry-after", "2".to_owned())];
    let server = Server::start([Reply::Say(429, header, b"<html>slow down".to_vec()), Reply::ok(LINK)]).await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let client = server.client().on_wait(Arc::new(move |_, wait| tell.send(wait).unwrap()));
    let call = tokio::spawn(async move { client.call(&create(&chat(-1001))).await });
    assert_eq!(told.recv().await.unwrap(), Duration::from_secs(2));
    clock.move_past(Duration::from_secs(2)).await;
    call.await.unwrap().unwrap();
}

/// A wait as `parameters`, under some status.
fn throttle(status: u16, retry_after: &str) -> Reply {
    Reply::text(
        status,
        format!(
            r#"{{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{{"retry_after":{retry_after}}}}}"#
        ),
    )
}

#[tokio::test]
async fn a_wait_is_a_wait_under_any_status_and_in_quotes() {
    for asked in [throttle(200, "2"), throttle(429, r#""2""#)] {
        let clock = Clock::stop();
        let server = Server::start([asked, Reply::ok(LINK)]).await;
        let (tell, mut told) = mpsc::unbounded_channel();
        let client = server.client().on_wait(Arc::new(move |_, wait| tell.send(wait).unwrap()));
        let call = tokio::spawn(async move { client.call(&create(&chat(-1001))).await });
        assert_eq!(told.recv().await.unwrap(), Duration::from_secs(2));
        clock.move_past(Duration::from_secs(2)).await;
        call.await.unwrap().unwrap();
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_wait_that_is_none_is_not_invented() {
    for odd in ["-7", "0", "9223372036854775808", "1e3", "[]", "null"] {
        let server = Server::start([throttle(429, odd), Reply::ok(LINK)]).await;
        server.client().call(&create(&chat(-1001))).await.unwrap();

        let Reply::Say(status, _, body) = throttle(429, odd) else { panic!("an answer") };
        let answer = RawAnswer { status, headers: Vec::new(), body };
        let error = answer.refusal(links::Right::InviteUsers).unwrap();
        assert!(matches!(error.kind(), Kind::Refused { code: 429, .. }), "{odd}: {error:?}");
    }
    let longest = throttle(429, &i64::MAX.to_string());
    let server = Server::start([longest]).await;
    let error = server.client().call(&create(&chat(-1001))).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::Wait { seconds: u32::MAX });
}

#[tokio::test]
async fn a_throttle_that_names_no_time_is_tried_again_because_nothing_was_made() {
    let server = Server::start([Reply::text(429, "<html>slow down"), Reply::ok(LINK)]).await;
    server.client().call(&create(&chat(-1001))).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_to_something_new_is_not_asked_for_again() {
    let cut =
        b"HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n{\"ok\":true,\"result\":{\"invite_link\":\"https"
            .to_vec();
    let ended = "the connection ended before a whole answer came: ";
    let restart = "Internal Server Error: restart";
    for (lost, why) in
        [(Reply::hang_up(), ended), (Reply::Raw(cut), ended), (Reply::no(500, restart), restart)]
    {
        let server = Server::start([lost]).await;
        let error = server.client().call(&create(&chat(-1001))).await.unwrap_err();
        assert_eq!(*error.kind(), Kind::OutcomeUnknown);
        assert!(!error.is_retryable());
        assert_eq!(server.asked().len(), 1);
        let causes = chain(&error);
        assert!(causes.contains(why) && !causes.contains("could not be reached"), "{causes}");
    }
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_a_lost_one() {
    let server = Server::start([Reply::Silence, Reply::Silence]).await;
    let client = client(&Settings { limit: Duration::from_millis(50), ..server.settings() });
    let error = client.call(&create(&chat(-1001))).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::OutcomeUnknown);
    assert!(chain(&error).ends_with(": the call's time limit ran out"), "{}", chain(&error));
    let error = client.call(&GetChat { chat_id: &chat(-1001) }).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::OutOfTime);
}

#[tokio::test]
async fn a_lost_answer_to_a_question_is_asked_for_again() {
    let server =
        Server::start([Reply::hang_up(), Reply::text(502, "<html>Bad Gateway"), Reply::ok("12")]).await;
    let count = server.client().call(&GetChatMemberCount { chat_id: &chat(-1001) }).await.unwrap();
    assert_eq!(count, 12);
}

#[tokio::test]
async fn a_refusal_after_a_lost_answer_says_nothing_about_the_first_try() {
    let dead = "Bad Request: INVITE_HASH_EXPIRED";
    let server = Server::start([Reply::hang_up(), Reply::no(400, dead)]).await;
    let error = server.client().call(&revoke(&chat(-1001))).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::OutcomeUnknown);
    let because = std::error::Error::source(&error).unwrap().downcast_ref::<links::Error>().unwrap();
    assert_eq!(*because.kind(), Kind::LinkDead);

    let refusal = format!(r#"{{"ok":false,"error_code":400,"description":"{dead}"}}"#);
    let server = Server::start([Reply::hang_up(), Reply::text(200, refusal)]).await;
    let error = server.client().call(&revoke(&chat(-1001))).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::OutcomeUnknown);

    let server = Server::start([Reply::hang_up(), Reply::ok(LINK)]).await;
    server.client().call(&revoke(&chat(-1001))).await.unwrap();
}

#[tokio::test]
async fn what_was_never_sent_is_sent_again_and_then_reported_as_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let limit = Duration::from_millis(600);
    let client = client(&Settings { api_url: format!("http://{nobody}"), limit, ..Settings::default() });
    let error = client.call(&create(&chat(-1001))).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::Unreachable);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn without_tls_on_the_far_side_nothing_is_said() {
    let server = Server::start([]).await;
    let api_url = format!("https://{}", server.at);
    let client = client(&Settings { api_url, limit: Duration::from_millis(300), ..Settings::default() });
    let error = client.call(&create(&chat(-1001))).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::Unreachable);
    assert!(server.asked().is_empty());
}

/// A method of somebody else's making.
#[derive(serde::Serialize)]
struct Patient {}

impl Method for Patient {
    const NAME: &'static str = "brewTea";
    const EFFECT: Effect = Effect::Read;
    type Answer = u32;

    fn patience(&self) -> Duration {
        Duration::MAX
    }
}

#[tokio::test]
async fn a_limit_may_be_as_long_as_anybody_likes() {
    let server = Server::start([Reply::ok("12"), Reply::ok("13")]).await;
    let client = client(&Settings { limit: Duration::MAX, ..server.settings() });
    client.call(&GetChatMemberCount { chat_id: &chat(-1001) }).await.unwrap();
    client.call(&Patient {}).await.unwrap();
}

/// A method whose name would change the path.
#[derive(serde::Serialize)]
struct Misnamed {}

impl Method for Misnamed {
    const NAME: &'static str = "get Me";
    const EFFECT: Effect = Effect::Read;
    type Answer = bool;
}

#[tokio::test]
async fn a_method_has_a_name_of_letters_and_digits() {
    let server = Server::start([]).await;
    let error = server.client().call(&Misnamed {}).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::BadValue("method name"));
    for name in ["", "../getMe", "get\r\nMe", "getM\u{e9}"] {
        let error = server.client().call_raw(name, &serde_json::json!({})).await.unwrap_err();
        assert_eq!(*error.kind(), Kind::BadValue("method name"));
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_raw_call_gives_the_whole_answer_whatever_it_says() {
    let server =
        Server::start([Reply::no(400, "Bad Request: chat not found"), Reply::wait(1), Reply::hang_up()])
            .await;
    let client = server.client();
    let arguments = serde_json::json!({"chat_id": "@garden", "tea": [1, {"sugar": true}]});
    let answer = client.call_raw("brewTea", &arguments).await.unwrap();
    assert_eq!(answer.status, 400);
    assert!(String::from_utf8(answer.body).unwrap().contains("chat not found"));
    assert!(answer.headers.iter().any(|(name, _)| name == "content-length"));
    assert_eq!(server.asked()[0].body, r#"{"chat_id":"@garden","tea":[1,{"sugar":true}]}"#);

    assert_eq!(client.call_raw("brewTea", &serde_json::json!({})).await.unwrap().status, 429);
    let error = client.call_raw("brewCoffee", &serde_json::json!({})).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::OutcomeUnknown);
}
