//! Addresses, tokens, verbs, envelopes, and the faults that can be staged.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod util;

use admit_sandbox::{ClockMode, Seed, Settings, Unknowns};
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use util::Town;

async fn status_and_text(town: &Town, path: &str) -> (u16, String) {
    let answer = town.get(&format!("{}{path}", town.at.bot_api)).await;
    (answer.status, answer.json()["description"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn tokens_and_methods_are_refused_in_the_servers_order() {
    let town = Town::demo().await;
    let token = town.token();
    let secret = token.split_once(':').unwrap().1;
    for (path, status, text) in [
        ("/bot/getMe".to_owned(), 401, "Unauthorized: invalid token specified"),
        ("/bot0123:abc/getMe".to_owned(), 401, "Unauthorized: invalid token specified"),
        (format!("/bot1:{}/getMe", "x".repeat(90)), 401, "Unauthorized: invalid token specified"),
        ("/botabc:def/getMe".to_owned(), 421, "Misdirected Request: unallowed token specified"),
        ("/bot-5:def/getMe".to_owned(), 401, "Unauthorized: invalid token specified"),
        (format!("/bot7000000009:{secret}/getMe"), 401, "Unauthorized"),
        ("/bot7000000001:short/getMe".to_owned(), 401, "Unauthorized"),
        (format!("/bot{token}"), 404, "Not Found"),
        (format!("/bot{token}/testX"), 404, "Not Found"),
        (format!("/bot{token}/getMe/"), 404, "Not Found: method not found"),
        (format!("/bot{token}/noSuchMethod"), 404, "Not Found: method not found"),
        (
            "/botnonsense:nonsense-nonsense-nonsense/noSuchMethod".to_owned(),
            421,
            "Misdirected Request: unallowed token specified",
        ),
    ] {
        assert_eq!(status_and_text(&town, &path).await, (status, text.to_owned()), "{path}");
    }
    for path in ["GETME", "getme?x=1", "test/getMe", "?method=getMe", "get%4De"] {
        assert_eq!(town.get(&format!("{}/bot{token}/{path}", town.at.bot_api)).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn malformed_tokens_can_be_not_found_too() {
    let unknowns = Unknowns { malformed_tokens_are_not_found: true, ..Unknowns::default() };
    let town = Town::with(Settings { unknowns, ..Settings::default() }).await;
    assert_eq!(status_and_text(&town, "/bot123/getMe").await, (404, "Not Found".to_owned()));
}

#[tokio::test]
async fn other_verbs_get_no_body() {
    let town = Town::demo().await;
    for verb in ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let request =
            Request::builder().method(verb).uri(format!("{}/bot{}/getMe", town.at.bot_api, town.token()));
        let answer = town.send(request.body(Full::default()).unwrap()).await.unwrap();
        assert_eq!((answer.status, &*answer.text), (501, ""), "{verb}");
    }
}

#[tokio::test]
async fn arguments_come_from_everywhere() {
    let town = Town::demo().await;
    let chat = town.chat();
    let address = format!("{}/bot{}/createChatInviteLink", town.at.bot_api, town.token());
    let from_query = town.get(&format!("{address}?chat_id={chat}&name=a+b")).await.result();
    assert_eq!(from_query["name"], "a b");
    let post = async |kind: &str, body: String| {
        let request = Request::post(&address).header("content-type", kind).body(body.into());
        town.send(request.unwrap()).await.unwrap()
    };
    let form = post("application/x-www-form-urlencoded", format!("chat_id={chat}&name=x%20y")).await.result();
    assert_eq!(form["name"], "x y");
    let parts = format!(
        "--B\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n{chat}\r\n--B\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nparts\r\n--B--\r\n"
    );
    assert_eq!(post("multipart/form-data; boundary=B", parts).await.result()["name"], "parts");
    let broken =
        post("application/json", format!(r#"{{"chat_id":{chat},"name":"kept","member_limit" 3}}"#)).await;
    assert_eq!(broken.result()["name"], "kept");
    let ignored = post("text/plain", format!("chat_id={chat}")).await.refused();
    assert_eq!(ignored.1, "Bad Request: chat_id is empty");
    let odd = post("application/x-www-form-urlencoded", format!("chat_id={chat}&name=%ff")).await.refused();
    assert_eq!(odd.1, "Bad Request: strings must be encoded in UTF-8");
    let broken = post("multipart/form-data", "--B".to_owned()).await;
    assert_eq!((broken.status, &*broken.text), (400, ""));
    let huge =
        post("application/x-www-form-urlencoded", format!("chat_id={chat}&name={}", "x".repeat(1 << 20)))
            .await;
    assert_eq!((huge.status, &*huge.text), (413, ""));
}

#[tokio::test]
async fn staged_faults_strike_as_often_as_they_were_told() {
    let town = Town::demo().await;
    let chat = town.chat();
    let create =
        async || town.try_bot(town.token(), "createChatInviteLink", json!({ "chat_id": chat })).await;
    let stage = async |fault: Value| town.control("faults", fault).await;

    stage(json!({ "method": "createchatinvitelink", "kind": "429", "n": 7, "times": 2 })).await;
    for _ in 0..2 {
        let answer = create().await.unwrap();
        assert_eq!(answer.headers["retry-after"], "7");
        assert_eq!(
            answer.text,
            r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#
        );
    }
    create().await.unwrap().result();

    stage(json!({ "method": "createChatInviteLink", "chat_id": -5, "kind": "429", "n": 7 })).await;
    create().await.unwrap().result();
    stage(json!({ "method": "*", "kind": "flood", "n": 9 })).await;
    assert_eq!(create().await.unwrap().status, 429);
    stage(json!({ "method": "*", "kind": "5xx", "n": 502 })).await;
    assert_eq!(create().await.unwrap().status, 502);
    stage(json!({ "method": "*", "kind": "html" })).await;
    assert!(create().await.unwrap().text.starts_with("<html>"));

    let links = async || town.look(&format!("chats/{chat}")).await["links"].as_array().unwrap().len();
    let before = links().await;
    stage(json!({ "method": "*", "kind": "lost" })).await;
    create().await.unwrap_err();
    stage(json!({ "method": "*", "kind": "cut", "n": 10 })).await;
    create().await.unwrap_err();
    assert_eq!(links().await, before + 2, "lost answers tell of links that exist");
}

#[tokio::test]
async fn a_short_flood_is_only_slow() {
    let town = Town::demo().await;
    town.control("faults", json!({ "method": "*", "kind": "flood", "n": 8 })).await;
    let (made, ()) =
        tokio::join!(town.bot("createChatInviteLink", json!({ "chat_id": town.chat() })), async {
            // The call is held back when the ledger says so.
            while !town.get(&format!("{}/ledger", town.at.control)).await.text.contains("held back") {}
            town.advance(8).await;
        });
    made.result();
}

#[tokio::test]
async fn what_was_held_back_goes_on_at_its_own_moment() {
    let town = Town::demo().await;
    let began = town.now().await;
    town.control("faults", json!({ "method": "*", "kind": "flood", "n": 8 })).await;
    // It would be refused after its expiry.
    let terms = json!({ "chat_id": town.chat(), "expire_date": began + 60 });
    let (made, ()) = tokio::join!(town.bot("createChatInviteLink", terms), async {
        while !town.get(&format!("{}/ledger", town.at.control)).await.text.contains("held back") {}
        town.advance(3600).await;
    });
    made.result();
    let known = town.look(&format!("chats/{}", town.chat())).await;
    assert_eq!(known["links"][0]["created_at"], began + 8);
}

#[tokio::test]
async fn the_ledger_has_everything_refused_calls_included() {
    let town = Town::demo().await;
    let chat = town.chat();
    let made = town.bot("createChatInviteLink", json!({ "chat_id": chat })).await.result();
    let link = made["invite_link"].as_str().unwrap();
    town.bot("createChatInviteLink", json!({ "chat_id": chat, "member_limit": 100_000 })).await.refused();
    let ann = town.person("Ann").await;
    town.join(ann, link).await;
    let ledger = async |after: usize| {
        let text = town.get(&format!("{}/ledger?after={after}", town.at.control)).await.text;
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let lines = ledger(0).await;
    let numbers: Vec<_> = lines.iter().map(|line| line["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=lines.len() as u64).collect::<Vec<_>>());
    let now = town.now().await;
    let last = &lines[lines.len() - 3..];
    let expected = [
        json!({ "what": "call", "method": "createChatInviteLink", "chat_id": chat, "link": link, "at": now }),
        json!({ "what": "call", "method": "createChatInviteLink", "chat_id": chat, "error": "Bad Request: USAGE_LIMIT_INVALID", "at": now }),
        json!({ "what": "joined", "chat_id": chat, "user_id": ann, "link": link, "at": now }),
    ];
    for (line, mut expected) in last.iter().zip(expected) {
        expected["n"] = line["n"].clone();
        assert_eq!(*line, expected);
    }
    assert_eq!(ledger(lines.len() - 1).await, lines[lines.len() - 1..]);
    assert_eq!(ledger(lines.len() + 5).await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_control_door_opens_from_here_only() {
    let town = Town::demo().await;
    let foreign = Request::post(format!("{}/people", town.at.control)).header("host", "evil.example");
    let answer = town.send(foreign.body(r#"{"first_name":"Eve"}"#.into()).unwrap()).await.unwrap();
    assert_eq!(answer.status, 403);
    let wrong = town.try_control("people", json!({ "first": "Ann" })).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("first_name"), "{}", wrong.text);
    assert_eq!(town.try_control("no/such/call", json!({})).await.status, 404);
    assert_eq!(town.try_control("people/77/leave", json!({ "chat_id": town.chat() })).await.status, 404);
    assert_eq!(town.try_control("clock/advance", json!({ "seconds": -1 })).await.status, 400);
}

#[tokio::test]
async fn strict_has_the_public_servers_rules() {
    let settings =
        Settings { strict: true, seed: Some(Seed::Demo), clock: ClockMode::Frozen, ..Settings::default() };
    let town = Town::with(settings).await;
    let plain = town.bot("setWebhook", json!({ "url": "http://127.0.0.1:8443/x" })).await.refused();
    assert_eq!(plain.1, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook");
}

#[tokio::test]
async fn messages_reach_whom_they_may() {
    let town = Town::demo().await;
    let (ann, stranger) = (town.person("Ann").await, town.person("Stranger").await);
    let send = async |to: i64| town.bot("sendMessage", json!({ "chat_id": to, "text": "hi" })).await;
    assert_eq!(send(stranger).await.refused().1, "Bad Request: chat not found");
    let terms = json!({ "chat_id": town.chat(), "creates_join_request": true });
    let link =
        town.bot("createChatInviteLink", terms).await.result()["invite_link"].as_str().unwrap().to_owned();
    town.join(ann, &link).await;
    send(ann).await.result();
    town.advance(300).await;
    assert_eq!(
        send(ann).await.refused(),
        (403, "Forbidden: bot can't initiate conversation with a user".to_owned())
    );
    town.control(&format!("people/{ann}/send"), json!({ "bot": "admit_demo_bot", "text": "/start" })).await;
    send(ann).await.result();
    town.control(&format!("people/{ann}/block"), json!({ "bot": "@admit_demo_bot" })).await;
    assert_eq!(send(ann).await.refused(), (403, "Forbidden: bot was blocked by the user".to_owned()));
    let blocked = town.updates().await;
    assert_eq!(blocked.last().unwrap()["my_chat_member"]["new_chat_member"]["status"], "kicked");
}

#[tokio::test]
async fn a_button_is_pressed_and_answered_once() {
    let town = Town::demo().await;
    let ann = town.person("Ann").await;
    town.control(&format!("people/{ann}/send"), json!({ "bot": "admit_demo_bot", "text": "/start x" })).await;
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Yes", "callback_data": "yes" }]] });
    let sent = json!({ "chat_id": ann, "text": "in?", "reply_markup": keyboard });
    let sent = town.bot("sendMessage", sent).await.result();
    let press = json!({ "message_id": sent["message_id"], "data": "yes" });
    town.control(&format!("people/{ann}/press"), press).await;
    let wrong = json!({ "message_id": sent["message_id"], "data": "no" });
    assert_eq!(town.try_control(&format!("people/{ann}/press"), wrong).await.status, 404);
    let updates = town.updates().await;
    let query = &updates.last().unwrap()["callback_query"];
    assert_eq!((&query["data"], &query["message"]["text"]), (&json!("yes"), &json!("in?")));
    let answer = json!({ "callback_query_id": query["id"] });
    town.bot("answerCallbackQuery", answer.clone()).await.result();
    let twice = town.bot("answerCallbackQuery", answer).await.refused();
    assert_eq!(twice.1, "Bad Request: query is too old and response timeout expired or query ID is invalid");
}

/// What comes back on a bare connection, as far as the first answer goes.
async fn bare(town: &Town, request: &str) -> String {
    let address = town.at.bot_api.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test]
async fn odd_requests_are_turned_away_as_the_server_does() {
    let town = Town::demo().await;
    let token = town.token();
    let get = |target: &str, rest: &str| format!("GET {target} HTTP/1.1\r\nHost: x\r\n{rest}\r\n");
    let me = format!("/bot{token}/getMe");
    let answer = bare(&town, &get(&format!("http://x{me}"), "")).await;
    assert!(answer.contains(r#""Not Found: absolute URI is specified in the Request-Line""#), "{answer}");
    for (rest, status) in [
        ("Content-Encoding: br\r\n".to_owned(), "415"),
        ("Transfer-Encoding: gzip, chunked\r\n".to_owned(), "501"),
        (format!("X: {}\r\n", "x".repeat(300_000)), "431"),
    ] {
        let answer = bare(&town, &get(&me, &rest)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains("connection: close\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    }
    let answer = bare(&town, &get(&me, "")).await;
    let head = answer.split_once("\r\n\r\n").unwrap().0;
    let names: Vec<_> = head.lines().skip(1).map(|line| line.split_once(':').unwrap().0).collect();
    assert_eq!(names, ["content-type", "connection", "content-length"], "{head}");
    assert!(head.contains("connection: keep-alive"), "{head}");
    let answer = bare(&town, &get(&me, "Connection: close\r\n")).await;
    assert!(answer.contains("connection: close") && !answer.contains("keep-alive"), "{answer}");
    let answer = bare(&town, &format!("GET {me} HTTP/1.0\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.0 200 ") && !answer.contains("keep-alive"), "{answer}");
}

#[tokio::test]
async fn refused_tokens_and_methods_are_in_the_ledger_too() {
    let town = Town::demo().await;
    let before = town.get(&format!("{}/ledger", town.at.control)).await.text.lines().count();
    let not_found = "Not Found: method not found";
    for (path, status, text) in [
        ("/bot1:wrong-wrong-wrong-wrong-wrong/getMe".to_owned(), 401, "Unauthorized"),
        ("/bot+7000000001:x/getMe".to_owned(), 421, "Misdirected Request: unallowed token specified"),
        (format!("/bot{}/noSuchMethod", town.token()), 404, not_found),
        // Lower case is that of ASCII: this is no `kickChatMember`.
        (format!("/bot{}/%E2%84%AAickChatMember", town.token()), 404, not_found),
    ] {
        assert_eq!(status_and_text(&town, &path).await, (status, text.to_owned()), "{path}");
    }
    let ledger = town.get(&format!("{}/ledger?after={before}", town.at.control)).await.text;
    let lines: Vec<Value> = ledger.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4, "{ledger}");
    assert_eq!((&lines[0]["method"], &lines[0]["error"]), (&json!("getMe"), &json!("Unauthorized")));
    assert_eq!((lines[2].get("method"), &lines[2]["error"]), (None, &json!(not_found)));
    assert_eq!(status_and_text(&town, "/file/bot1:x/a").await, (404, "Not Found".to_owned()));
}

#[tokio::test]
async fn nonsense_at_the_control_door_is_refused_in_words() {
    let town = Town::demo().await;
    for fault in [
        json!({ "method": "createChatInvitLink", "kind": "429", "n": 1 }),
        json!({ "method": "*", "kind": "earthquake" }),
        json!({ "method": "*", "kind": "429", "n": -1 }),
        json!({ "method": "*", "kind": "flood", "n": i64::MIN }),
        json!({ "method": "*", "kind": "5xx", "n": 404 }),
        json!({ "method": "*", "kind": "lost", "times": 0 }),
        json!({ "method": "*", "kind": "lost", "times": -1 }),
        json!({ "method": "*", "kind": "latency", "n": 1e30 }),
    ] {
        let answer = town.try_control("faults", fault.clone()).await;
        assert_eq!(answer.status, 400, "{fault}");
        assert!(answer.json()["error"].is_string(), "{fault}");
    }
    for _ in 0..2 {
        town.control("faults", json!({ "method": "*", "kind": "reorder", "times": u32::MAX })).await;
        town.control("faults", json!({ "method": "*", "kind": "duplicate", "times": u32::MAX })).await;
    }
    for (call, body) in [
        ("clock/advance", json!({ "seconds": i64::MAX })),
        ("chats/99999999999999999999/ban", json!({ "user_id": 1 })),
        ("chats/-5/migrate", json!({})),
        ("people/1/join", json!({ "link": "nonsense", "chat_id": 5 })),
        ("people/-1/webapp", json!({ "bot": 1 })),
        ("people", json!(["Ann", 5])),
        ("bots", json!(null)),
        ("login-tokens", json!({ "seconds": 0 })),
        ("login-tokens", json!({ "seconds": 86_401 })),
    ] {
        let answer = town.try_control(call, body).await;
        assert!((400..500).contains(&answer.status), "{call}: {}", answer.text);
    }
    for after in ["x", "-1", "99999999999999999999999"] {
        assert_eq!(town.get(&format!("{}/ledger?after={after}", town.at.control)).await.status, 400);
    }
}

#[tokio::test]
async fn a_fault_for_one_chat_strikes_by_its_name_too() {
    let town = Town::demo().await;
    town.control(&format!("chats/{}/username", town.chat()), json!({ "username": "night_owls" })).await;
    let fault = json!({ "method": "getChat", "chat_id": town.chat(), "kind": "429", "n": 3 });
    town.control("faults", fault).await;
    assert_eq!(town.bot("getChat", json!({ "chat_id": "@Night_Owls" })).await.status, 429);
}

#[tokio::test]
async fn a_bot_logs_out_and_closes() {
    let town = Town::demo().await;
    let early = town.bot("close", json!({})).await;
    assert_eq!((early.status, &early.headers["retry-after"]), (429, &"600".parse().unwrap()));
    town.advance(600).await;
    town.bot("close", json!({})).await.result();
    assert_eq!(town.bot("close", json!({})).await.status, 429);
    town.bot("logOut", json!({})).await.result();
    let gone = town.bot("getMe", json!({})).await;
    assert_eq!(gone.text, r#"{"ok":false,"error_code":400,"description":"Logged out"}"#);
    town.advance(600).await;
    town.bot("getMe", json!({})).await.result();
}
