//! `getUpdates` and webhooks: kinds, offsets, conflicts, expiry, retries, order.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod util;

use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use util::Town;

const BOT: i64 = 7_000_000_001;

async fn say(town: &Town, person: i64, text: &str) {
    town.control(&format!("people/{person}/send"), json!({ "bot": BOT, "text": text })).await;
}

fn texts(updates: &Value) -> Vec<&str> {
    updates.as_array().unwrap().iter().filter_map(|update| update["message"]["text"].as_str()).collect()
}

#[tokio::test]
async fn membership_is_told_only_to_those_who_ask() {
    let town = Town::demo().await;
    let made = town.bot("createChatInviteLink", json!({ "chat_id": town.chat() })).await.result();
    let link = made["invite_link"].as_str().unwrap();
    town.updates().await;
    town.join(town.person("Ann").await, link).await;
    assert!(town.updates().await.iter().all(|update| update.get("chat_member").is_none()));
    town.bot("getUpdates", json!({ "allowed_updates": ["Chat_Member", "no_such_kind"] })).await.result();
    town.join(town.person("Bob").await, link).await;
    let updates = town.updates().await;
    assert_eq!(updates.len(), 1, "{updates:?}");
    assert_eq!(updates[0]["chat_member"]["invite_link"]["invite_link"], link);
    // What cannot be read changes nothing; an empty list is the default set again.
    town.bot("getUpdates", json!({ "allowed_updates": "nonsense" })).await.result();
    let info = town.bot("getWebhookInfo", json!({})).await.result();
    assert_eq!(info["allowed_updates"], json!(["chat_member"]));
    town.bot("getUpdates", json!({ "allowed_updates": [] })).await.result();
    assert!(town.bot("getWebhookInfo", json!({})).await.result().get("allowed_updates").is_none());
}

#[tokio::test]
async fn an_offset_confirms_what_lies_below_it() {
    let town = Town::demo().await;
    town.updates().await;
    let ann = town.person("Ann").await;
    for text in ["one", "two", "three"] {
        say(&town, ann, text).await;
    }
    let all = town.bot("getUpdates", json!({ "timeout": 5 })).await;
    assert!(all.text.contains(",\n\"message\":{\"message_id\":"), "{}", all.text);
    let all = all.result();
    assert_eq!(texts(&all), ["one", "two", "three"]);
    let second = all[1]["update_id"].as_i64().unwrap();
    let after = town.bot("getUpdates", json!({ "offset": second, "limit": 1, "timeout": 5 })).await.result();
    assert_eq!(texts(&after), ["two"]);
    let far = town.bot("getUpdates", json!({ "offset": second + 1000, "timeout": 5 })).await.result();
    assert_eq!(texts(&far), ["two", "three"], "an offset far above the tail confirms nothing");
    let last = town.bot("getUpdates", json!({ "offset": -1, "timeout": 5 })).await.result();
    assert_eq!(texts(&last), ["three"]);
}

#[tokio::test]
async fn a_poll_waits_and_a_second_one_throws_it_out() {
    let town = Town::demo().await;
    town.updates().await;
    let ann = town.person("Ann").await;
    let (woken, ()) = tokio::join!(town.bot("getUpdates", json!({ "timeout": 50, "offset": -5 })), async {
        say(&town, ann, "hello").await;
    });
    assert_eq!(texts(&woken.result()), ["hello"]);
    town.updates().await;

    let (first, second) =
        tokio::join!(town.bot("getUpdates", json!({ "timeout": 50, "offset": -3 })), async {
            // The second comes when the first waits: the ledger cannot tell, but the conflict can.
            loop {
                let second = town.bot("getUpdates", json!({ "timeout": 1, "offset": -4 })).await;
                if second.status == 200 {
                    return second;
                }
            }
        });
    assert_eq!(second.result(), json!([]));
    let text =
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
    assert_eq!(first.refused(), (409, text.to_owned()));
}

#[tokio::test]
async fn updates_do_not_wait_for_ever() {
    let town = Town::demo().await;
    town.updates().await;
    let ann = town.person("Ann").await;
    say(&town, ann, "old").await;
    town.advance(24 * 3600).await;
    say(&town, ann, "new").await;
    assert_eq!(texts(&json!(town.updates().await)), ["new"]);
}

#[tokio::test]
async fn staged_updates_come_twice_or_in_reverse() {
    let town = Town::demo().await;
    town.updates().await;
    let ann = town.person("Ann").await;
    town.control("faults", json!({ "method": "getUpdates", "kind": "duplicate" })).await;
    say(&town, ann, "one").await;
    say(&town, ann, "two").await;
    assert_eq!(texts(&json!(town.updates().await)), ["one", "one", "two"]);
    town.control("faults", json!({ "method": "getUpdates", "kind": "reorder" })).await;
    say(&town, ann, "one").await;
    say(&town, ann, "two").await;
    let reversed = town.bot("getUpdates", json!({ "timeout": 5, "offset": -50 })).await.result();
    assert_eq!(texts(&reversed), ["two", "one"]);
}

/// A bot's own server: hands what it gets to the test, and answers what the test wants.
struct Receiver {
    url: String,
    got: mpsc::UnboundedReceiver<(hyper::HeaderMap, String)>,
    answers: Arc<Mutex<Vec<Response<Full<hyper::body::Bytes>>>>>,
}

impl Receiver {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (sender, got) = mpsc::unbounded_channel();
        let answers: Arc<Mutex<Vec<Response<_>>>> = Arc::default();
        let planned = Arc::clone(&answers);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sender, planned) = (sender.clone(), Arc::clone(&planned));
                let service = service_fn(move |request: Request<Incoming>| {
                    let (sender, planned) = (sender.clone(), Arc::clone(&planned));
                    async move {
                        let (head, body) = request.into_parts();
                        let body = body.collect().await.unwrap().to_bytes();
                        let _ = sender.send((head.headers, String::from_utf8_lossy(&body).into_owned()));
                        let mut planned = planned.lock().unwrap();
                        let next = if planned.is_empty() { Response::default() } else { planned.remove(0) };
                        Ok::<_, Infallible>(next)
                    }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { url, got, answers }
    }

    fn answer(&self, status: u16, body: &str) {
        let response = Response::builder().status(status).header("content-type", "application/json");
        self.answers.lock().unwrap().push(response.body(body.to_owned().into()).unwrap());
    }

    async fn next(&mut self) -> (hyper::HeaderMap, Value) {
        let (headers, body) = self.got.recv().await.unwrap();
        (headers, serde_json::from_str(&body).unwrap_or_else(|why| panic!("{why}: {body}")))
    }
}

#[tokio::test]
async fn a_webhook_gets_each_update_with_its_secret() {
    let town = Town::demo().await;
    town.updates().await;
    let mut receiver = Receiver::open().await;
    let ann = town.person("Ann").await;
    let hook = json!({ "url": receiver.url, "secret_token": "not-so-secret", "max_connections": 3 });
    let set = town.bot("setWebhook", hook.clone()).await;
    assert_eq!(set.text, r#"{"ok":true,"result":true,"description":"Webhook was set"}"#);
    say(&town, ann, "hello").await;
    let (headers, update) = receiver.next().await;
    assert_eq!(headers["x-telegram-bot-api-secret-token"], "not-so-secret");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(update["message"]["text"], "hello");

    let conflict = town.bot("getUpdates", json!({})).await.refused();
    assert_eq!(conflict.0, 409);
    let info = town.bot("getWebhookInfo", json!({})).await.result();
    assert_eq!((&info["url"], &info["max_connections"]), (&json!(receiver.url), &json!(3)));
    let gone = town.bot("deleteWebhook", json!({})).await;
    assert_eq!(gone.text, r#"{"ok":true,"result":true,"description":"Webhook was deleted"}"#);
    let gone = town.bot("setWebhook", json!({ "url": "" })).await;
    assert_eq!(gone.text, r#"{"ok":true,"result":true,"description":"Webhook is already deleted"}"#);
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_later_and_in_order() {
    let town = Town::demo().await;
    town.updates().await;
    let mut receiver = Receiver::open().await;
    let ann = town.person("Ann").await;
    for _ in 0..3 {
        receiver.answer(500, "");
    }
    town.bot("setWebhook", json!({ "url": receiver.url })).await.result();
    say(&town, ann, "one").await;
    say(&town, ann, "two").await;
    // At once, at once again, and then after two seconds and four.
    for _ in 0..2 {
        assert_eq!(receiver.next().await.1["message"]["text"], "one");
    }
    town.advance(2).await;
    assert_eq!(receiver.next().await.1["message"]["text"], "one");
    let info = town.bot("getWebhookInfo", json!({})).await.result();
    assert_eq!(info["last_error_message"], "Wrong response from the webhook: 500 Internal Server Error");
    assert_eq!(info["pending_update_count"], 2);
    town.advance(4).await;
    assert_eq!(receiver.next().await.1["message"]["text"], "one");
    assert_eq!(receiver.next().await.1["message"]["text"], "two");
}

#[tokio::test]
async fn a_webhook_may_answer_with_a_call() {
    let town = Town::demo().await;
    town.updates().await;
    let mut receiver = Receiver::open().await;
    let ann = town.person("Ann").await;
    receiver.answer(200, &json!({ "method": "sendMessage", "chat_id": ann, "text": "well met" }).to_string());
    town.bot("setWebhook", json!({ "url": receiver.url })).await.result();
    say(&town, ann, "hello").await;
    receiver.next().await;
    town.advance(1).await;
    let mut inbox = town.look(&format!("people/{ann}/inbox")).await;
    while inbox == json!([]) {
        // The call is made after the delivery is settled; the second look waits for nobody but the scheduler.
        tokio::task::yield_now().await;
        inbox = town.look(&format!("people/{ann}/inbox")).await;
    }
    assert_eq!(inbox[0]["text"], "well met");
}

#[tokio::test]
async fn a_bad_webhook_leaves_the_bot_with_none() {
    let town = Town::demo().await;
    let refused = async |hook: Value| {
        // A second change within a second is refused for that alone.
        loop {
            let answer = town.bot("setWebhook", hook.clone()).await;
            if answer.status != 429 {
                return answer.refused().1;
            }
        }
    };
    assert_eq!(refused(json!({ "url": "http://" })).await, "Bad Request: invalid webhook URL specified");
    let long = json!({ "url": "http://127.0.0.1:9", "secret_token": "x".repeat(257) });
    assert_eq!(refused(long).await, "Bad Request: secret token is too long");
    let odd = json!({ "url": "http://127.0.0.1:9", "secret_token": "a b" });
    assert_eq!(refused(odd).await, "Bad Request: secret token contains unallowed characters");
    assert_eq!(town.bot("getWebhookInfo", json!({})).await.result()["url"], "");
}

#[tokio::test]
async fn retries_within_one_move_of_the_clock_come_at_their_own_moments() {
    let town = Town::demo().await;
    town.updates().await;
    let mut receiver = Receiver::open().await;
    let ann = town.person("Ann").await;
    for _ in 0..5 {
        receiver.answer(500, "");
    }
    town.bot("setWebhook", json!({ "url": receiver.url })).await.result();
    let began = town.now().await;
    say(&town, ann, "one").await;
    town.advance(3600).await;
    for _ in 0..6 {
        assert_eq!(receiver.next().await.1["message"]["text"], "one");
    }
    let ledger = town.get(&format!("{}/ledger", town.at.control)).await.text;
    let tried = ledger.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let tried =
        tried.filter(|line| line["what"] == "webhook").map(|line| line["at"].as_i64().unwrap() - began);
    assert_eq!(tried.collect::<Vec<_>>(), [0, 0, 2, 6, 14, 30]);
}

#[tokio::test]
async fn a_webhook_that_is_gone_for_a_day_is_closed() {
    let town = Town::demo().await;
    town.updates().await;
    let receiver = Receiver::open().await;
    let ann = town.person("Ann").await;
    for _ in 0..2000 {
        receiver.answer(410, "");
    }
    town.bot("setWebhook", json!({ "url": receiver.url })).await.result();
    say(&town, ann, "one").await;
    town.advance(22 * 3600).await;
    let info = town.bot("getWebhookInfo", json!({})).await.result();
    assert_eq!(info["last_error_message"], "Wrong response from the webhook: 410 Gone");
    town.advance(7200).await;
    assert_eq!(town.bot("getWebhookInfo", json!({})).await.result()["url"], "");
}

#[tokio::test]
async fn a_retry_that_would_come_too_late_is_not_kept() {
    let town = Town::demo().await;
    town.updates().await;
    let receiver = Receiver::open().await;
    let ann = town.person("Ann").await;
    town.control(&format!("people/{ann}/send"), json!({ "bot": BOT, "text": "/start" })).await;
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Yes", "callback_data": "yes" }]] });
    let sent = json!({ "chat_id": ann, "text": "in?", "reply_markup": keyboard });
    let sent = town.bot("sendMessage", sent).await.result();
    town.updates().await;
    // Zero is no time to wait: the usual pauses count.
    for seconds in ["0", "0", "0", "100000"] {
        let response = Response::builder().status(503).header("retry-after", seconds);
        receiver.answers.lock().unwrap().push(response.body(Full::default()).unwrap());
    }
    town.bot("setWebhook", json!({ "url": receiver.url })).await.result();
    let press = json!({ "message_id": sent["message_id"], "data": "yes" });
    town.control(&format!("people/{ann}/press"), press).await;
    town.advance(5).await;
    assert_eq!(town.bot("getWebhookInfo", json!({})).await.result()["pending_update_count"], 1);
    // A press lives for 150 seconds, and an hour is the longest anybody may ask for.
    town.advance(2).await;
    assert_eq!(town.bot("getWebhookInfo", json!({})).await.result()["pending_update_count"], 0);
}

#[tokio::test]
async fn a_receiver_that_hangs_does_not_stop_the_clock() {
    let town = Town::demo().await;
    town.updates().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    town.bot("setWebhook", json!({ "url": url })).await.result();
    let ann = town.person("Ann").await;
    say(&town, ann, "one").await;
    let before = town.now().await;
    let moved = tokio::time::timeout(Duration::from_secs(20), town.advance(3600)).await;
    assert!(moved.is_ok(), "the clock waited for a receiver that says nothing");
    assert_eq!(town.now().await, before + 3600);
}

#[tokio::test]
async fn quarrels_are_told_of_every_three_seconds() {
    let town = Town::demo().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    town.bot("setWebhook", json!({ "url": url })).await.result();
    let began = Instant::now();
    assert_eq!(town.bot("getUpdates", json!({})).await.refused().0, 409);
    assert!(began.elapsed() < Duration::from_secs(2), "the first is told at once");
    assert_eq!(town.bot("getUpdates", json!({})).await.refused().0, 409);
    assert!(began.elapsed() >= Duration::from_secs(3), "the second is told three seconds later");
}

#[tokio::test]
async fn whoever_asks_the_same_again_at_once_gets_one() {
    let town = Town::demo().await;
    town.updates().await;
    let ann = town.person("Ann").await;
    for text in ["one", "two", "three"] {
        say(&town, ann, text).await;
    }
    let poll = json!({ "offset": -3, "timeout": 9 });
    let first = town.bot("getUpdates", poll.clone()).await.result();
    assert_eq!(texts(&first), ["one", "two", "three"]);
    assert_eq!(texts(&town.bot("getUpdates", poll).await.result()), ["one"]);
}

#[tokio::test]
async fn the_first_poll_is_never_too_hasty() {
    let town = Town::demo().await;
    let fresh = town.control("bots", json!({ "username": "new_bot" })).await;
    let token = fresh["token"].as_str().unwrap();
    let began = Instant::now();
    assert_eq!(town.bot_with(token, "getUpdates", json!({ "offset": -1 })).await.result(), json!([]));
    assert!(began.elapsed() < Duration::from_secs(2), "it was taken for a repetition");
}

#[tokio::test]
async fn dropping_what_waits_is_a_change() {
    let town = Town::demo().await;
    let gone = town.bot("deleteWebhook", json!({ "drop_pending_updates": true })).await;
    assert_eq!(gone.text, r#"{"ok":true,"result":true,"description":"Webhook was deleted"}"#);
    town.bot("deleteWebhook", json!({ "allowed_updates": ["chat_member"] })).await.result();
    let info = town.bot("getWebhookInfo", json!({})).await.result();
    assert_eq!(
        (&info["allowed_updates"], &info["pending_update_count"]),
        (&json!(["chat_member"]), &json!(0))
    );
}
