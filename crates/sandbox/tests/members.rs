//! Who is in, how they came, and when they go: owners, payers, guards, the banned, and groups that moved.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod util;

use admit_sandbox::{ClockMode, Seed, Settings, Unknowns};
use serde_json::{Value, json};
use util::Town;

const BOT: i64 = 7_000_000_001;

async fn town(unknowns: Unknowns) -> Town {
    let clock = ClockMode::Frozen;
    Town::with(Settings { seed: Some(Seed::Demo), clock, unknowns, ..Settings::default() }).await
}

async fn hear_of_members(town: &Town) {
    town.bot("getUpdates", json!({ "allowed_updates": ["chat_member"], "timeout": 9 })).await.result();
    town.updates().await;
}

async fn link(town: &Town, mut terms: Value) -> String {
    if terms.get("chat_id").is_none() {
        terms["chat_id"] = town.chat().into();
    }
    let made = town.bot("createChatInviteLink", terms).await.result();
    made["invite_link"].as_str().unwrap().to_owned()
}

async fn status(town: &Town, person: i64) -> Value {
    let of = json!({ "chat_id": town.chat(), "user_id": person });
    town.bot("getChatMember", of).await.result()["status"].clone()
}

/// The seeded chat, guarded by a bot of its own.
async fn set_guard(town: &Town) -> (i64, String) {
    let bot = town.control("bots", json!({ "username": "guard_bot", "guard": true })).await;
    let id = bot["id"].as_i64().unwrap();
    let office = json!({ "id": id, "rights": ["can_invite_users"] });
    town.control(&format!("chats/{}/bot", town.chat()), office).await;
    town.control(&format!("chats/{}/guard", town.chat()), json!({ "bot": id })).await;
    (id, bot["token"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_owner_can_neither_leave_nor_be_put_out() {
    let town = Town::demo().await;
    let chat = town.chat();
    let owner = town.look(&format!("chats/{chat}")).await["members"][0]["user"]["id"].as_i64().unwrap();
    for (call, body) in [
        (format!("people/{owner}/leave"), json!({ "chat_id": chat })),
        (format!("chats/{chat}/ban"), json!({ "user_id": owner })),
        (format!("chats/{chat}/bot"), json!({ "id": owner, "status": "left" })),
    ] {
        let refused = town.try_control(&call, body).await;
        assert_eq!((refused.status, &*refused.text), (400, r#"{"error":"USER_CREATOR"}"#), "{call}");
    }
    assert_eq!(status(&town, owner).await, "creator");
    let nobody = town.try_control(&format!("chats/{chat}/ban"), json!({ "user_id": 77 })).await;
    assert_eq!(nobody.text, r#"{"error":"USER_ID_INVALID"}"#);
}

#[tokio::test]
async fn a_paid_membership_ends_by_itself_at_its_own_moment() {
    let town = Town::demo().await;
    let bots = json!([{ "id": BOT, "rights": ["can_invite_users"] }]);
    let channel = json!({ "kind": "channel", "title": "Daily Owl", "bots": bots });
    let channel = town.control("chats", channel).await["chat_id"].as_i64().unwrap();
    let priced = json!({ "chat_id": channel, "subscription_period": 60, "subscription_price": 5 });
    let made = town.bot("createChatSubscriptionInviteLink", priced).await.result();
    hear_of_members(&town).await;
    let ann = town.person("Ann").await;
    let began = town.now().await;
    let paid = json!({ "link": made["invite_link"], "pay": true });
    town.control(&format!("people/{ann}/join"), paid.clone()).await;
    town.advance(59).await;
    assert_eq!(town.control(&format!("people/{ann}/join"), paid.clone()).await["result"], "already");
    town.advance(3600).await;
    let heard = town.updates().await;
    let changes: Vec<_> = heard.iter().map(|update| &update["chat_member"]).collect();
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert_eq!(changes[0]["new_chat_member"]["until_date"], began + 60);
    assert_eq!(
        (&changes[1]["old_chat_member"]["status"], &changes[1]["new_chat_member"]["status"]),
        (&json!("member"), &json!("left"))
    );
    assert_eq!(changes[1]["date"], began + 60);
    let known = town.look(&format!("chats/{channel}")).await;
    assert_eq!(known["links"][0]["uses"], 0);
    assert_eq!(town.control(&format!("people/{ann}/join"), paid).await["result"], "joined");
}

#[tokio::test]
async fn a_guard_that_is_gone_guards_no_more() {
    let town = Town::demo().await;
    let link = link(&town, json!({ "creates_join_request": true })).await;
    let (_, token) = set_guard(&town).await;
    town.bot_with(&token, "leaveChat", json!({ "chat_id": town.chat() })).await.result();
    assert_eq!(town.look(&format!("chats/{}", town.chat())).await["guard_bot"], Value::Null);
    let ann = town.person("Ann").await;
    let asked = town.join(ann, &link).await;
    assert_eq!((&asked["result"], &asked["reason"]), (&json!("requested"), &json!("INVITE_REQUEST_SENT")));
}

#[tokio::test]
async fn whoever_is_let_in_or_kept_out_meanwhile_learns_it_from_the_guards_query() {
    let town = Town::demo().await;
    let asking = link(&town, json!({ "creates_join_request": true })).await;
    let instant = link(&town, json!({})).await;
    let (_, token) = set_guard(&town).await;
    town.updates_of(&token).await;
    let asked = async || {
        let wait = json!({ "offset": -1, "timeout": 20 });
        let updates = town.bot_with(&token, "getUpdates", wait).await.result();
        updates[0]["chat_join_request"]["query_id"].as_str().unwrap().to_owned()
    };
    let (ann, bob) = (town.person("Ann").await, town.person("Bob").await);
    let (seen, query) = tokio::join!(town.join(ann, &asking), async {
        let query = asked().await;
        assert_eq!(town.join(ann, &instant).await["result"], "joined");
        query
    });
    assert_eq!(seen["result"], "joined");
    let late = json!({ "chat_join_request_query_id": query, "result": "decline" });
    assert_eq!(town.bot_with(&token, "answerChatJoinRequestQuery", late).await.status, 400);
    town.updates_of(&token).await;
    let (seen, ()) = tokio::join!(town.join(bob, &asking), async {
        asked().await;
        town.bot("banChatMember", json!({ "chat_id": town.chat(), "user_id": bob })).await.result();
    });
    assert_eq!(seen["result"], "declined");
    let known = town.look(&format!("chats/{}", town.chat())).await;
    assert_eq!(known["requests"], json!([]));
    assert_eq!(known["links"][0]["requests"], 0);
}

#[tokio::test]
async fn a_dead_primary_link_is_not_replaced_twice() {
    let town = Town::demo().await;
    let chat = town.chat();
    let first = town.bot("exportChatInviteLink", json!({ "chat_id": chat })).await.result();
    for _ in 0..2 {
        town.control(&format!("chats/{chat}/revoke"), json!({ "link": first })).await;
    }
    let known = town.look(&format!("chats/{chat}")).await;
    assert_eq!(known["links"].as_array().unwrap().len(), 2, "{known}");
}

#[tokio::test]
async fn nothing_happens_in_a_group_that_moved() {
    let town = Town::demo().await;
    let bots = json!([{ "id": BOT, "rights": ["can_invite_users"] }]);
    let group = town.control("chats", json!({ "kind": "group", "title": "Old", "bots": bots })).await;
    let group = group["chat_id"].as_i64().unwrap();
    let instant = link(&town, json!({ "chat_id": group })).await;
    let asking = link(&town, json!({ "chat_id": group, "creates_join_request": true })).await;
    let (ann, bob) = (town.person("Ann").await, town.person("Bob").await);
    town.join(ann, &instant).await;
    town.join(bob, &asking).await;
    let people = town.people_count().await;
    let new = town.control(&format!("chats/{group}/migrate"), json!({})).await["chat_id"].clone();
    assert_eq!(town.people_count().await, people, "nobody is made up for it");
    for (call, body) in [
        (format!("people/{ann}/leave"), json!({ "chat_id": group })),
        (format!("chats/{group}/ban"), json!({ "user_id": ann })),
        (format!("chats/{group}/bot"), json!({ "id": BOT, "status": "left" })),
        (format!("chats/{group}/decide"), json!({ "user_id": bob, "approve": true })),
        (format!("chats/{group}/username"), json!({ "username": "old_owls" })),
    ] {
        assert_eq!(town.try_control(&call, body).await.text, r#"{"error":"CHAT_ID_INVALID"}"#, "{call}");
    }
    let known = town.look(&format!("chats/{group}")).await;
    assert_eq!((&known["requests"], &known["links"][1]["requests"]), (&json!([]), &json!(0)));
    assert_eq!(town.join(bob, &asking).await["result"], "refused");
    let approve = json!({ "chat_id": new, "user_id": bob });
    let refused = town.bot("approveChatJoinRequest", approve).await.refused();
    assert_eq!(refused.1, "Bad Request: HIDE_REQUESTER_MISSING");
}

#[tokio::test]
async fn nobody_shares_a_public_name() {
    let town = Town::demo().await;
    town.control("chats", json!({ "kind": "channel", "title": "Owls", "username": "owls" })).await;
    town.control("people", json!({ "first_name": "Ann", "username": "ann" })).await;
    for (call, body) in [
        ("bots".to_owned(), json!({ "username": "Owls" })),
        ("bots".to_owned(), json!({ "username": "" })),
        ("people".to_owned(), json!({ "first_name": "Eve", "username": "admit_demo_bot" })),
        ("chats".to_owned(), json!({ "kind": "channel", "title": "x", "username": "ANN" })),
        ("chats".to_owned(), json!({ "kind": "channel", "title": "x", "username": "" })),
        ("chats".to_owned(), json!({ "kind": "group", "title": "x", "username": "groups_have_none" })),
        (format!("chats/{}/username", town.chat()), json!({ "username": "owls" })),
    ] {
        assert_eq!(town.try_control(&call, body.clone()).await.status, 400, "{call} {body}");
    }
    for name in ["night_owls", "Night_Owls"] {
        town.control(&format!("chats/{}/username", town.chat()), json!({ "username": name })).await;
    }
}

#[tokio::test]
async fn a_link_to_a_public_chat_counts_nobody() {
    for (joined_directly, uses) in [(true, 0), (false, 1)] {
        let unknowns = Unknowns { public_chats_are_joined_directly: joined_directly, ..Unknowns::default() };
        let town = town(unknowns).await;
        town.control(&format!("chats/{}/username", town.chat()), json!({ "username": "night_owls" })).await;
        let link = link(&town, json!({ "member_limit": 1 })).await;
        hear_of_members(&town).await;
        let (ann, bob) = (town.person("Ann").await, town.person("Bob").await);
        assert_eq!(town.join(ann, &link).await["result"], "joined");
        let change = town.updates().await[0]["chat_member"].clone();
        assert_eq!(change.get("invite_link").is_none(), joined_directly, "{change}");
        assert_eq!(town.look(&format!("chats/{}", town.chat())).await["links"][0]["uses"], uses);
        let second = town.join(bob, &link).await["result"].clone();
        assert_eq!(second, if joined_directly { "joined" } else { "refused" });
    }
}

#[tokio::test]
async fn a_request_may_outlive_its_link() {
    for outlive in [true, false] {
        let town = town(Unknowns { requests_outlive_links: outlive, ..Unknowns::default() }).await;
        let link = link(&town, json!({ "creates_join_request": true })).await;
        let ann = town.person("Ann").await;
        town.join(ann, &link).await;
        let revoke = json!({ "chat_id": town.chat(), "invite_link": link });
        town.bot("revokeChatInviteLink", revoke).await.result();
        let of_ann = json!({ "chat_id": town.chat(), "user_id": ann });
        let answer = town.bot("approveChatJoinRequest", of_ann).await;
        if outlive {
            answer.result();
        } else {
            assert_eq!(answer.refused().1, "Bad Request: HIDE_REQUESTER_MISSING");
        }
    }
}

#[tokio::test]
async fn an_edit_may_end_a_link_by_a_past_date() {
    for refuse in [true, false] {
        let town = town(Unknowns { edits_refuse_past_dates: refuse, ..Unknowns::default() }).await;
        let link = link(&town, json!({})).await;
        let past = json!({ "chat_id": town.chat(), "invite_link": link, "expire_date": 1_700_000_000 });
        let answer = town.bot("editChatInviteLink", past).await;
        if refuse {
            assert_eq!(answer.refused().1, "Bad Request: EXPIRE_DATE_INVALID");
        } else {
            assert_eq!(answer.result()["expire_date"], 1_700_000_000);
            assert_eq!(town.join(town.person("Ann").await, &link).await["result"], "refused");
        }
    }
}

#[tokio::test]
async fn whoever_approves_may_be_told_of_the_join() {
    for told in [true, false] {
        let town = town(Unknowns { approvers_are_told: told, ..Unknowns::default() }).await;
        let link = link(&town, json!({ "creates_join_request": true })).await;
        hear_of_members(&town).await;
        let ann = town.person("Ann").await;
        town.join(ann, &link).await;
        let of_ann = json!({ "chat_id": town.chat(), "user_id": ann });
        town.bot("approveChatJoinRequest", of_ann).await.result();
        assert_eq!(town.updates().await.len(), usize::from(told));
    }
}

#[tokio::test]
async fn a_second_request_may_take_the_first_ones_place() {
    let town = town(Unknowns { asking_again_is_silent: false, ..Unknowns::default() }).await;
    let first = link(&town, json!({ "creates_join_request": true, "name": "first" })).await;
    let second = link(&town, json!({ "creates_join_request": true, "name": "second" })).await;
    let ann = town.person("Ann").await;
    town.join(ann, &first).await;
    town.updates().await;
    town.join(ann, &second).await;
    let told = town.updates().await;
    assert_eq!(told[0]["chat_join_request"]["invite_link"]["name"], "second");
    assert_eq!(told[0]["chat_join_request"]["invite_link"]["pending_join_request_count"], 1);
    let known = town.look(&format!("chats/{}", town.chat())).await;
    assert_eq!((&known["links"][0]["requests"], &known["links"][1]["requests"]), (&json!(0), &json!(1)));
    assert_eq!(known["requests"][0]["link"], second);
}

#[tokio::test]
async fn everything_about_a_chat_is_told_in_one_shape() {
    let town = Town::demo().await;
    let (chat, now) = (town.chat(), town.now().await);
    let open = link(&town, json!({ "name": "spring", "member_limit": 2, "expire_date": now + 60 })).await;
    let asking = link(&town, json!({ "creates_join_request": true })).await;
    let [ann, bob, eve] = [town.person("Ann").await, town.person("Bob").await, town.person("Ève").await];
    town.join(ann, &open).await;
    town.join(bob, &asking).await;
    town.control(&format!("chats/{chat}/ban"), json!({ "user_id": eve })).await;

    let person = |id: i64, name: &str| format!(r#"{{"first_name":"{name}","id":{id},"is_bot":false}}"#);
    let bot = r#"{"first_name":"admit_demo_bot","id":7000000001,"is_bot":true,"username":"admit_demo_bot"}"#;
    let member = |user: &str, status: &str, link: &str| {
        format!(r#"{{"link":{link},"status":"{status}","until_date":null,"user":{user}}}"#)
    };
    let members = [
        member(&person(5_000_000_001, "Owner"), "creator", "null"),
        member(&person(ann, "Ann"), "member", &format!("\"{open}\"")),
        member(bot, "administrator", "null"),
    ];
    let request =
        format!(r#"{{"date":{now},"link":"{asking}","query_id":null,"user":{}}}"#, person(bob, "Bob"));
    let links = [
        format!(
            r#"{{"created_at":{now},"creates_join_request":false,"creator":{bot},"expire_date":{},"invite_link":"{open}","is_primary":false,"is_revoked":false,"member_limit":2,"name":"spring","requests":0,"uses":1}}"#,
            now + 60
        ),
        format!(
            r#"{{"created_at":{now},"creates_join_request":true,"creator":{bot},"invite_link":"{asking}","is_primary":false,"is_revoked":false,"pending_join_request_count":1,"requests":1,"uses":0}}"#
        ),
    ];
    let expected = format!(
        r#"{{"banned":[{}],"guard_bot":null,"id":{chat},"links":[{}],"members":[{}],"requests":[{request}],"title":"Night Owls","type":"supergroup","upgraded_to":null,"username":null}}"#,
        person(eve, "Ève"),
        links.join(","),
        members.join(","),
    );
    assert_eq!(town.get(&format!("{}/chats/{chat}", town.at.control)).await.text, expected);
}
