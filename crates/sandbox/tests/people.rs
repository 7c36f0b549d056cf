//! The people door: what somebody with a browser sees and does. Looking changes nothing; forms do, and answer with
//! a redirect.

#![allow(clippy::unwrap_used, reason = "a test may end on the spot")]

mod util;

use admit_sandbox::{ClockMode, LinkBase, Seed, Settings};
use hyper::Request;
use serde_json::{Value, json};
use util::{Answer, Town};

const BOT: i64 = 7_000_000_001;
const ROBOT: &str = "TelegramBot (like TwitterBot)";

/// A seeded world whose links lead to itself.
async fn town() -> Town {
    let seed = Some(Seed::Demo);
    Town::with(Settings { seed, clock: ClockMode::Frozen, link_base: LinkBase::Own, ..Settings::default() })
        .await
}

/// The part of a link behind the host.
fn path(town: &Town, link: &Value) -> String {
    link.as_str().unwrap().strip_prefix(&town.at.people).unwrap().to_owned()
}

async fn link(town: &Town, terms: Value) -> String {
    let mut terms = terms;
    terms["chat_id"] = town.chat().into();
    path(town, &town.bot("createChatInviteLink", terms).await.result()["invite_link"])
}

async fn look(town: &Town, path: &str) -> Answer {
    town.get(&format!("{}{path}", town.at.people)).await
}

/// A form as a browser sends it.
async fn send(town: &Town, path: &str, form: &str) -> Answer {
    let request = Request::post(format!("{}{path}", town.at.people))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", &town.at.people)
        .body(form.to_owned().into());
    town.send(request.unwrap()).await.unwrap()
}

/// A form that must go well: where the browser goes next.
async fn done(town: &Town, path: &str, form: &str) -> String {
    let answer = send(town, path, form).await;
    assert_eq!(answer.status, 303, "{path} {form}: {}", answer.text);
    answer.headers["location"].to_str().unwrap().to_owned()
}

/// A form, and the page after it.
async fn after(town: &Town, path: &str, form: &str) -> String {
    let next = done(town, path, form).await;
    let page = look(town, &next).await;
    assert_eq!(page.status, 200, "{next}");
    page.text
}

#[track_caller]
fn says(page: &str, expected: &str) {
    assert!(page.contains(expected), "no `{expected}` in {page}");
}

#[track_caller]
fn hides(page: &str, secret: &str) {
    assert!(!page.contains(secret), "`{secret}` in {page}");
}

async fn members(town: &Town, chat: i64) -> Vec<i64> {
    let known = town.look(&format!("chats/{chat}")).await;
    known["members"].as_array().unwrap().iter().map(|it| it["user"]["id"].as_i64().unwrap()).collect()
}

async fn requests(town: &Town, chat: i64) -> usize {
    town.look(&format!("chats/{chat}")).await["requests"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_click_on_a_link_leads_in_and_out_again() {
    let town = town().await;
    let chat = town.chat();
    let expires = town.now().await + 86_400;
    let terms = json!({ "name": "for the press", "member_limit": 4321, "expire_date": expires });
    let door = link(&town, terms).await;

    let page = look(&town, &door).await;
    assert_eq!(page.status, 200);
    says(&page.text, "Night Owls");
    says(&page.text, "group, 2 members");
    says(&page.text, "Who are you?");
    for hidden in ["for the press", "4321", &expires.to_string()] {
        hides(&page.text, hidden);
    }

    let page = done(&town, &door, "act=become&first_name=Ann").await;
    let ann: i64 = page.strip_prefix(&format!("{door}?as=")).unwrap().parse().unwrap();
    says(&look(&town, &page).await.text, ">Join</button>");

    let page = after(&town, &door, &format!("act=join&as={ann}")).await;
    says(&page, "You are in.");
    says(&page, "group, 3 members");
    assert!(members(&town, chat).await.contains(&ann));
    let known = town.look(&format!("chats/{chat}")).await;
    assert_eq!(known["links"][0]["uses"], 1);

    let page = after(&town, &door, &format!("act=leave&as={ann}")).await;
    says(&page, "You left.");
    assert!(!members(&town, chat).await.contains(&ann));
}

#[tokio::test]
async fn every_spelling_of_a_link_is_the_same_door() {
    let town = town().await;
    let door = link(&town, json!({})).await;
    let hash = door.strip_prefix("/+").unwrap();
    for spelled in [
        format!("/joinchat/{hash}"),
        format!("/joinchat/{hash}/?x=1"),
        format!("/+{hash}/"),
        format!("/%2B{hash}"),
        format!("/%20{hash}"),
        format!("/s/+{hash}"),
    ] {
        assert_eq!(look(&town, &spelled).await.text, look(&town, &door).await.text, "{spelled}");
        assert!(look(&town, &spelled).await.text.contains("Night Owls"));
    }
}

#[tokio::test]
async fn a_member_still_sees_the_chat_when_the_link_is_used_up() {
    let town = town().await;
    let door = link(&town, json!({ "member_limit": 1 })).await;
    let ann = town.person("Ann").await;
    let page = after(&town, &door, &format!("act=join&as={ann}")).await;
    says(&page, "You are a member.");
    says(&look(&town, &door).await.text, "not valid any more");
}

#[tokio::test]
async fn all_dead_links_look_the_same() {
    let town = town().await;
    let chat = town.chat();
    let (ann, bob) = (town.person("Ann").await, town.person("Bob").await);
    let expired = link(&town, json!({ "expire_date": town.now().await + 60 })).await;
    let used = link(&town, json!({ "member_limit": 1 })).await;
    let revoked = link(&town, json!({})).await;
    let open = link(&town, json!({})).await;
    done(&town, &used, &format!("act=join&as={bob}")).await;
    town.bot(
        "revokeChatInviteLink",
        json!({ "chat_id": chat, "invite_link": town.at.people.clone() + &revoked }),
    )
    .await
    .result();
    town.control(&format!("chats/{chat}/ban"), json!({ "user_id": ann })).await;
    town.advance(60).await;

    let unknown = "/+aaaaaaaaaaaaaaaa".to_owned();
    let page = async |door: &str, end: &str| {
        let answer = look(&town, &format!("{door}{end}")).await;
        (answer.status, answer.text.replace(door, "DOOR"))
    };
    let expected = page(&unknown, &format!("?as={ann}")).await;
    says(&expected.1, "not valid any more");
    hides(&expected.1, "Night Owls");
    for door in [&expired, &used, &revoked, &open] {
        // To a banned person even the good link is a dead one.
        assert_eq!(page(door, &format!("?as={ann}")).await, expected, "{door}");
    }
    let expected = page(&unknown, "").await;
    for door in [&expired, &used, &revoked] {
        assert_eq!(page(door, "").await, expected, "{door}");
        let next = done(&town, door, &format!("act=join&as={ann}")).await;
        says(&look(&town, &next).await.text, "not valid any more");
    }
}

#[tokio::test]
async fn requests_are_sent_withdrawn_and_decided() {
    let town = town().await;
    let chat = town.chat();
    let ann = town.person("Ann").await;
    let door = link(&town, json!({ "creates_join_request": true })).await;
    says(&look(&town, &format!("{door}?as={ann}")).await.text, "Request to join");
    let page = after(&town, &door, &format!("act=join&as={ann}")).await;
    says(&page, "Your request is sent.");
    assert_eq!(requests(&town, chat).await, 1);
    says(&after(&town, &door, &format!("act=withdraw&as={ann}")).await, "Your request is withdrawn.");
    assert_eq!(requests(&town, chat).await, 0);

    done(&town, &door, &format!("act=join&as={ann}")).await;
    says(&look(&town, &format!("/people/{ann}")).await.text, "asked to join");
    done(&town, &format!("/people/{ann}"), &format!("act=withdraw&chat_id={chat}")).await;
    done(&town, &door, &format!("act=join&as={ann}")).await;
    town.control(&format!("chats/{chat}/decide"), json!({ "user_id": ann, "approve": true })).await;
    says(&look(&town, &format!("{door}?as={ann}")).await.text, "You are a member.");
    done(&town, &format!("/people/{ann}"), &format!("act=leave&chat_id={chat}")).await;
    assert!(!members(&town, chat).await.contains(&ann));
}

#[tokio::test]
async fn a_paid_channel_says_its_price() {
    let town = town().await;
    let bots = json!([{ "id": BOT, "rights": ["can_invite_users"] }]);
    let channel = json!({ "kind": "channel", "title": "Daily Owl", "bots": bots });
    let channel = town.control("chats", channel).await["chat_id"].as_i64().unwrap();
    let priced = json!({ "chat_id": channel, "subscription_period": 2_592_000, "subscription_price": 50 });
    let made = town.bot("createChatSubscriptionInviteLink", priced).await.result();
    let door = path(&town, &made["invite_link"]);
    let ann = town.person("Ann").await;
    let page = look(&town, &format!("{door}?as={ann}")).await.text;
    says(&page, "channel, 2 subscribers");
    says(&page, "50 Stars a month");
    says(&page, "Pay and join");
    done(&town, &door, &format!("act=join&as={ann}")).await;
    assert!(!members(&town, channel).await.contains(&ann), "nobody comes in without paying");
    done(&town, &door, &format!("act=pay&as={ann}")).await;
    assert!(members(&town, channel).await.contains(&ann));
}

#[tokio::test]
async fn public_chats_open_by_their_name() {
    let town = town().await;
    let chat = town.chat();
    town.control(&format!("chats/{chat}/username"), json!({ "username": "night_owls" })).await;
    let ann = town.person("Ann").await;
    says(&look(&town, "/").await.text, "href=\"/night_owls\"");
    says(&look(&town, &format!("/Night_Owls?as={ann}")).await.text, ">Join</button>");
    says(&after(&town, "/night_owls", &format!("act=join&as={ann}")).await, "You are in.");
    assert!(members(&town, chat).await.contains(&ann));
}

#[tokio::test]
async fn a_guard_bot_is_waited_for() {
    let town = town().await;
    let guard = town.control("bots", json!({ "username": "gate_bot", "guard": true })).await;
    let (id, token) = (guard["id"].as_i64().unwrap(), guard["token"].as_str().unwrap().to_owned());
    let chat = town.chat();
    town.control(&format!("chats/{chat}/bot"), json!({ "id": id, "rights": ["can_invite_users"] })).await;
    town.control(&format!("chats/{chat}/guard"), json!({ "bot": id })).await;
    let door = link(&town, json!({ "creates_join_request": true })).await;
    let ann = town.person("Ann").await;

    let verdict = async |result: &str| {
        let query = loop {
            let updates = town.updates_of(&token).await;
            let asked = updates.iter().find(|it| it.get("chat_join_request").is_some());
            if let Some(asked) = asked {
                break asked["chat_join_request"]["query_id"].clone();
            }
        };
        let answer = json!({ "chat_join_request_query_id": query, "result": result });
        town.bot_with(&token, "answerChatJoinRequestQuery", answer).await.result();
    };
    let join = format!("act=join&as={ann}");
    for (result, expected) in [
        ("decline", "Your request was declined."),
        ("queue", "Your request is sent."),
        ("approve", "You are in."),
    ] {
        let (page, ()) = tokio::join!(after(&town, &door, &join), verdict(result));
        says(&page, expected);
        if result == "queue" {
            done(&town, &door, &format!("act=withdraw&as={ann}")).await;
        }
    }
}

#[tokio::test]
async fn a_late_guard_leaves_it_to_the_administrators() {
    let town = town().await;
    let guard = town.control("bots", json!({ "username": "gate_bot", "guard": true })).await;
    let chat = town.chat();
    let office = json!({ "id": guard["id"], "rights": ["can_invite_users"] });
    town.control(&format!("chats/{chat}/bot"), office).await;
    town.control(&format!("chats/{chat}/guard"), json!({ "bot": guard["id"] })).await;
    let door = link(&town, json!({ "creates_join_request": true })).await;
    let ann = town.person("Ann").await;
    let later = async {
        while requests(&town, chat).await == 0 {}
        says(&look(&town, &format!("{door}?as={ann}")).await.text, "is about to answer");
        town.advance(10).await;
    };
    let join = format!("act=join&as={ann}");
    let (page, ()) = tokio::join!(after(&town, &door, &join), later);
    says(&page, "The administrators have not decided yet.");
}

#[tokio::test]
async fn looking_changes_nothing() {
    let (busy, still) = (town().await, town().await);
    for town in [&busy, &still] {
        let ann = town.person("Ann").await;
        town.control(&format!("people/{ann}/send"), json!({ "bot": BOT, "text": "/start" })).await;
        let keyboard = json!({ "inline_keyboard": [[{ "text": "Yes", "callback_data": "yes" }]] });
        let hello = json!({ "chat_id": ann, "text": "Hello", "reply_markup": keyboard });
        town.bot("sendMessage", hello).await.result();
        town.control(&format!("chats/{}/username", town.chat()), json!({ "username": "night_owls" })).await;
    }
    let ann = 5_000_000_002i64;
    let doors = [json!({}), json!({ "creates_join_request": true }), json!({ "member_limit": 1 })];
    let mut pages: Vec<String> =
        ["/", "/night_owls", "/admit_demo_bot", "/admit_demo_bot?start=x", "/nobody"]
            .map(str::to_owned)
            .into();
    for terms in doors {
        pages.push(link(&busy, terms.clone()).await);
        link(&still, terms).await;
    }
    pages.push("/+aaaaaaaaaaaaaaaa".to_owned());
    let seen: Vec<String> = pages
        .iter()
        .map(|page| {
            format!("{page}{}as={ann}&act=join&said=joined", if page.contains('?') { '&' } else { '?' })
        })
        .chain([format!("/people/{ann}"), format!("/people/{ann}?act=press&message_id=2&button=0.0")])
        .collect();

    let ledger = busy.get(&format!("{}/ledger", busy.at.control)).await.text;
    for address in pages.iter().chain(&seen) {
        for verb in ["GET", "HEAD"] {
            let request = Request::builder().method(verb).uri(format!("{}{address}", busy.at.people));
            let request = request.header("user-agent", ROBOT).body(http_body_util::Full::default());
            let answer = busy.send(request.unwrap()).await.unwrap();
            let expected = if address.contains("nobody") { 404 } else { 200 };
            assert_eq!(answer.status, expected, "{verb} {address}");
            assert!(answer.headers.get("set-cookie").is_none());
            if verb == "GET" {
                says(&answer.text, "<meta property=\"og:title\" content=\"");
            }
        }
    }
    assert_eq!(busy.get(&format!("{}/ledger", busy.at.control)).await.text, ledger);
    let chat = format!("chats/{}", busy.chat());
    // Where and when it began differs.
    let known = async |town: &Town| {
        let known = town.look(&chat).await.to_string();
        known.replace(&town.at.people, "").replace(&town.now().await.to_string(), "now")
    };
    assert_eq!(
        known(&busy).await,
        known(&still).await,
        "members, requests and links are those of a world nobody looked at"
    );
    assert_eq!(busy.updates().await.len(), still.updates().await.len());
    // Not even chance was drawn: the next link is the same in both worlds.
    assert_eq!(link(&busy, json!({})).await, link(&still, json!({})).await);
}

#[tokio::test]
async fn a_preview_robot_reads_the_title_and_nothing_more() {
    let town = town().await;
    let door = link(&town, json!({ "name": "secret", "member_limit": 1 })).await;
    let page = look(&town, &door).await.text;
    says(&page, "<meta property=\"og:title\" content=\"Night Owls\">");
    says(&page, "<meta property=\"og:description\" content=\"You are invited to this group of 2 members.\">");
    let robot = town.control("robot", json!({ "url": town.at.people.clone() + &door })).await;
    assert_eq!(robot["status"], 200);
    let ann = town.person("Ann").await;
    says(&after(&town, &door, &format!("act=join&as={ann}")).await, "You are in.");
}

#[tokio::test]
async fn a_bot_is_started_written_to_and_blocked() {
    let town = town().await;
    let ann = town.person("Ann").await;
    let texts = async || -> Vec<String> {
        let updates = town.updates().await;
        let texts = updates.iter().filter_map(|it| it["message"]["text"].as_str());
        texts.map(str::to_owned).collect()
    };
    let page = look(&town, &format!("/admit_demo_bot?start=gate_1&as={ann}")).await.text;
    says(&page, "<code>/start gate_1</code>");
    let next = done(&town, "/admit_demo_bot", &format!("act=start&start=gate_1&as={ann}")).await;
    assert_eq!(next, format!("/people/{ann}?said=sent#messages"));
    done(&town, "/Admit_Demo_Bot", &format!("act=start&as={ann}")).await;
    assert_eq!(texts().await, ["/start gate_1", "/start"]);

    // Telegram drops what is no start parameter.
    for odd in ["a%20b", &"x".repeat(65)] {
        says(&look(&town, &format!("/admit_demo_bot?start={odd}&as={ann}")).await.text, "is dropped");
        done(&town, "/admit_demo_bot", &format!("act=start&start={odd}&as={ann}")).await;
        assert_eq!(texts().await, ["/start"]);
    }
    let phone = format!("/people/{ann}");
    done(&town, &phone, &format!("act=send&bot={BOT}&text=What+is+this%3F")).await;
    assert_eq!(texts().await, ["What is this?"]);
    assert_eq!(send(&town, &phone, &format!("act=send&bot={BOT}&text=+")).await.status, 400);

    says(&after(&town, &phone, &format!("act=block&bot={BOT}")).await, "Unblock and start");
    let refused = town.bot("sendMessage", json!({ "chat_id": ann, "text": "Hello" })).await.refused();
    assert_eq!(refused, (403, "Forbidden: bot was blocked by the user".to_owned()));
    done(&town, &phone, &format!("act=start&bot={BOT}")).await;
    town.bot("sendMessage", json!({ "chat_id": ann, "text": "Hello again" })).await.result();
    says(&look(&town, &phone).await.text, "Hello again");
}

#[tokio::test]
async fn a_quick_answer_is_on_the_next_page() {
    let town = town().await;
    let ann = town.person("Ann").await;
    let answer = async {
        let asked = json!({ "timeout": 5 });
        town.bot("getUpdates", asked).await.result();
        town.bot("sendMessage", json!({ "chat_id": ann, "text": "Good evening" })).await.result();
    };
    let start = format!("act=start&as={ann}");
    let (page, ()) = tokio::join!(after(&town, "/admit_demo_bot", &start), answer);
    says(&page, "Good evening");
}

#[tokio::test]
async fn buttons_work() {
    let town = town().await;
    let ann = town.person("Ann").await;
    town.control(&format!("people/{ann}/send"), json!({ "bot": BOT, "text": "/start" })).await;
    town.updates().await;
    let door = link(&town, json!({})).await;
    let keyboard = json!({ "inline_keyboard": [
        [{ "text": "No", "callback_data": "no" }, { "text": "Yes", "callback_data": "yes\n\"&" }],
        [{ "text": "Rules", "url": "https://example.org/rules" }, { "text": "In", "url": format!("https://t.me{door}") }],
        [{ "text": "Trap", "url": "javascript:alert(1)" }],
    ] });
    let text = format!("Your link: {}{door}. Or (https://t.me/admit_demo_bot?start=x)", town.at.people);
    let sent = json!({ "chat_id": ann, "text": text, "reply_markup": keyboard });
    let message = town.bot("sendMessage", sent).await.result()["message_id"].clone();

    let phone = format!("/people/{ann}");
    let page = look(&town, &phone).await.text;
    says(&page, "href=\"https://example.org/rules\"");
    says(&page, &format!("href=\"{door}?as={ann}\""));
    says(&page, &format!("href=\"/admit_demo_bot?start=x&#38;as={ann}\""));
    hides(&page, "javascript:");

    let page = after(&town, &phone, &format!("message_id={message}&button=0.1")).await;
    says(&page, "Pressed.");
    let updates = town.updates().await;
    let pressed = &updates.last().unwrap()["callback_query"];
    assert_eq!(pressed["data"], "yes\n\"&");
    assert_eq!(pressed["from"]["id"], ann);
    for nowhere in ["0.2", "7.0", "1.0", "", "x.y"] {
        let answer = send(&town, &phone, &format!("message_id={message}&button={nowhere}")).await;
        assert_eq!(answer.status, 404, "{nowhere}");
    }
}

#[tokio::test]
async fn strange_names_stay_names() {
    let town = town().await;
    let odd = "\u{202e}<b>bold</b> \"quoted\" & 'so' <script>alert(1)</script>";
    let long = "W".repeat(200);
    let ann = town.person(&format!("{odd}{long}")).await;
    let bots = json!([{ "id": BOT, "rights": ["can_invite_users"] }]);
    let chat = json!({ "kind": "supergroup", "title": odd, "username": "odd\"/<b>", "bots": bots });
    town.control("chats", chat).await;
    town.control("bots", json!({ "username": "<b>bot" })).await;
    town.control(&format!("people/{ann}/send"), json!({ "bot": BOT, "text": "/start" })).await;
    let keyboard = json!({ "inline_keyboard": [[{ "text": odd, "callback_data": odd }]] });
    let hello = json!({ "chat_id": ann, "text": odd, "reply_markup": keyboard });
    town.bot("sendMessage", hello).await.result();
    for address in
        ["/", "/odd%22%2F%3Cb%3E", "/%3Cb%3Ebot", "/people/5000000002", "/odd%22%2F%3Cb%3E?as=5000000002"]
    {
        let page = look(&town, address).await;
        assert_eq!(page.status, 200, "{address}");
        hides(&page.text, "<b>");
        hides(&page.text, "<script");
        hides(&page.text, "content=\"\u{202e}<");
    }
    says(&look(&town, "/odd%22%2F%3Cb%3E").await.text, "&#60;script&#62;");
}

#[tokio::test]
async fn foreign_forms_and_odd_requests_are_refused() {
    let town = town().await;
    let ann = town.person("Ann").await;
    let door = link(&town, json!({})).await;
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"] {
        let request = Request::post(format!("{}{door}", town.at.people))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", origin)
            .body(format!("act=join&as={ann}").into());
        assert_eq!(town.send(request.unwrap()).await.unwrap().status, 403, "{origin}");
    }
    assert_eq!(members(&town, town.chat()).await.len(), 2);

    for (path, form, status) in [
        (&*door, "act=join".to_owned(), 400),
        (&*door, format!("act=join&as={BOT}"), 400),
        (&*door, format!("act=dance&as={ann}"), 400),
        (&*door, format!("act=leave&as={ann}"), 400),
        (&*door, format!("act=open&as={ann}"), 400),
        (&*door, "act=become&first_name=+".to_owned(), 400),
        ("/+aaaaaaaaaaaaaaaa", format!("act=withdraw&as={ann}"), 400),
        ("/", "act=join".to_owned(), 404),
        ("/people/1", "act=send&bot=1&text=x".to_owned(), 404),
        ("/nobody", "act=become&first_name=Ann".to_owned(), 404),
    ] {
        let answer = send(&town, path, &form).await;
        assert_eq!(answer.status, status, "{path} {form}: {}", answer.text);
    }
    for address in [format!("/people/{BOT}"), "/people/1".into(), "/people/x".into(), "/a/b".into()] {
        assert_eq!(look(&town, &address).await.status, 404, "{address}");
    }
    let request = Request::put(format!("{}/", town.at.people)).body(http_body_util::Full::default());
    assert_eq!(town.send(request.unwrap()).await.unwrap().status, 405);
}
