//! The ledger beside Telegram's links, with the real binary: on demand, by the service, and where somebody is in the way.

use crate::house::House;
use crate::operator::{Service, json, run};
use serde_json::{Value, json};
use std::thread::yield_now;
use std::time::{Duration, Instant};

/// A name such as ours.
const MARKER: &str = "a4dqobyha4dqobyha4dqobyha4";

/// An open gate that no service stands behind, and the owner of its chat logged in.
fn house() -> House {
    let house = House::new();
    house.log_in();
    house.admit("gate new owls --title Owls --chat CHAT --ask Who? --answer owl").is(0, "is a draft");
    run(&house, "gate publish owls").is(0, "is open");
    house
}

fn made(house: &House, name: &str) -> String {
    let chat: i64 = house.chat.parse().unwrap();
    let made = house.bot_api("createChatInviteLink", json!({ "chat_id": chat, "name": name }));
    made["result"]["invite_link"].as_str().unwrap().to_owned()
}

fn reconciled(house: &House, more: &str) -> Value {
    let mut chats = json(house, &format!("reconcile{more}"));
    let chat = chats[0].take();
    assert_eq!(chat["status"], "compared", "{chat}");
    chat
}

#[test]
fn strays_end_and_what_is_foreign_stays() {
    let house = house();
    // The bot's primary link, and nothing else.
    run(&house, "reconcile").is(0, "the ledger says what Telegram says of 1 link");
    let (stray, foreign) = (made(&house, MARKER), made(&house, "spring"));
    run(&house, "reconcile --dry-run").is(0, "is in no ledger, and would be ended");
    run(&house, "reconcile").is(2, "this ends 1 link of 1 chat for good");
    let never = house.chat()["links"].to_string();
    assert!(!never.contains("\"is_revoked\":true"), "{never}");
    assert_eq!(reconciled(&house, " --keep-strays")["strays"][0]["status"], "left");
    run(&house, "reconcile -o csv --keep-strays").is(0, ",compared,3,0,1,1,0,0,0,0,");
    // What Telegram does not show before it is asked about may be found after.
    house.fault("messages.getExportedChatInvites", "5xx", 500, 6);
    let ran = run(&house, "reconcile --timeout 2s");
    assert!(ran.err.contains("Telegram did not show all at first"), "{}{}", ran.out, ran.err);
    ran.is(0, "is in no ledger, and is left as it is");
    // Telegram refuses, which is a failure.
    let words =
        json!({ "method": "revokeChatInviteLink", "kind": "4xx", "n": 400, "text": "Bad Request: NO" });
    house.control("faults", words);
    let refused = run(&house, "reconcile --yes --json");
    assert!(refused.out.contains("\"failed\""), "{}", refused.out);
    refused.is(9, "1 of 1 failed");
    let found = reconciled(&house, " --yes");
    assert_eq!(found["strays"], json!([{ "marker": MARKER, "status": "ended", "uses": 0 }]));
    assert_eq!(found["foreign"], json!([{ "invite_link": foreign, "name": "spring", "uses": 0 }]));
    assert_eq!(house.join(house.person(), &stray), "refused");

    run(&house, "link import --chat CHAT --all-admins --dry-run").is(0, "would import");
    run(&house, "link import --chat CHAT --all-admins --dry-run -o csv").is(0, ",would be imported,");
    assert_eq!(json(&house, "link list --from ledger"), json!([]));
    let one = json(&house, &format!("link import --chat CHAT {foreign}"));
    assert_eq!((&one["status"], &one["invite_link"]), (&json!("imported"), &json!(foreign)));
    run(&house, "link import --chat CHAT --all-admins").is(0, "was in the ledger");
    run(&house, "link import --chat CHAT --all-admins").is(0, "imported 0 of ");
    run(&house, "reconcile").is(0, "the ledger says what Telegram says of 3 links");
    let listed = json(&house, "link list --from ledger");
    let spring = listed.as_array().unwrap().iter().find(|link| link["name"] == "spring").unwrap();
    assert_eq!((&spring["state"], spring.get("invite_link")), (&json!("imported"), None));
    run(&house, "link list --from ledger").is(0, "spring");
    let row = format!(",spring,,{},imported,,", house.chat);
    run(&house, "link list --from ledger -o csv").is(0, &row);
    // Page by page, each by the name it has there.
    assert_eq!((&spring["id"], spring["foreign_link_id"].is_i64()), (&json!("imported-1"), true));
    let ran = run(&house, "link list --from ledger --limit 1 -q");
    let first = ran.out.trim().to_owned();
    run(&house, "link list --from ledger --limit 1").is(0, &format!("There may be more: `--before {first}`"));
    let rest = json(&house, &format!("link list --from ledger --before {first}"));
    assert_eq!(rest.as_array().unwrap().len(), listed.as_array().unwrap().len() - 1);
    run(&house, &format!("link show {first}")).is(0, &format!("here       {first}"));
    run(&house, "link show imported-99 --json").fails_as(3, "not_found", "no_link");
    run(&house, "link list --before imported-x").is(2, "`imported-` and a number");
    assert_eq!(json(&house, "link list --gate owls"), json!([]));

    let ann = house.person();
    assert_eq!(house.join(ann, &foreign), "joined");
    run(&house, "reconcile").is(0, &format!("{ann} came unseen by spring"));
    let shown = json(&house, &format!("link show --from ledger {foreign}"));
    assert_eq!((&shown["uses"], &shown["seen"][0]["user_id"]), (&json!(1), &json!(ann)));
    run(&house, &format!("link show --from ledger {foreign}")).is(0, "is left alone");
    let audit = json(&house, "audit list");
    let done: Vec<_> = audit.as_array().unwrap().iter().filter_map(|done| done["what"].as_str()).collect();
    assert!(done.contains(&"import link"), "{audit}");
    assert_eq!(done[0], "reconcile");
    assert!(audit[0]["about"].as_str().unwrap().ends_with("1 came, 0 asked"), "{audit}");
}

#[test]
fn what_cannot_be_compared_or_imported_is_named() {
    let house = house();
    let chat = run(&house, "reconcile --chat -1009999999999 --json");
    assert_eq!(chat.code, Some(9), "{}{}", chat.out, chat.err);
    assert!(
        chat.out.contains("not_compared") && chat.err.contains("1 of 1 failed"),
        "{}{}",
        chat.out,
        chat.err
    );
    run(&house, "reconcile --chat @garden").is(2, "the ledger knows chats by their numbers");
    run(&house, "link import --chat CHAT https://t.me/+Nobody0123456789 --json").fails_as(
        3,
        "not_found",
        "link_dead",
    );
    run(&house, "link import --chat CHAT --all-admins https://t.me/+AbC").is(2, "whoever made them");
    let two = "link import --chat CHAT https://t.me/+Nobody0123456789 https://t.me/+Nothing123456789";
    run(&house, two).is(9, "2 of 2 failed");
    // Somebody else administers the chat.
    let deputy = house.person();
    let office = json!({ "id": deputy, "rights": ["can_invite_users"] });
    house.control(&format!("chats/{}/bot", house.chat), office);
    let key = house.control(&format!("people/{deputy}/session"), json!({}));
    house.log_in_with(key["auth_key"].as_str().unwrap(), "--session-file deputy.session");
    let as_deputy = "reconcile --session-file deputy.session";
    run(&house, as_deputy).is(9, "only the owner of a chat sees the links of its bots");
    // What somebody lacks for their own links is not the owner's account.
    house.control(&format!("chats/{}/bot", house.chat), json!({ "id": deputy, "rights": [] }));
    let ran = run(&house, "link import --chat CHAT --session-file deputy.session --json");
    let error = ran.fails_as(5, "right_missing", "missing_right");
    assert!(error["hint"].as_str().unwrap().starts_with("an administrator of the chat grants"), "{error}");
    // The owner's session is ended from elsewhere.
    house.control(&format!("people/{}/logout", house.mtproto["admin"]["user_id"]), json!({}));
    run(&house, "reconcile --json").fails_as(4, "credentials", "session_over");
    run(&house, "doctor").is(1, "Telegram ended the session of the account");
    run(&house, "reconcile --session-file none.session --json").fails_as(4, "credentials", "no_session");
}

#[test]
fn a_service_with_a_session_compares_by_itself() {
    let house = house();
    let stray = made(&house, MARKER);
    let _service = Service::start(&house);
    let until = Instant::now() + Duration::from_secs(60);
    while house.chat()["links"]
        .as_array()
        .unwrap()
        .iter()
        .any(|link| link["invite_link"] == stray.as_str() && link["is_revoked"] == false)
    {
        assert!(Instant::now() < until, "the stray works");
        yield_now();
    }
}

#[test]
fn a_service_whose_session_is_over_says_so_and_goes_on() {
    let house = house();
    house.control(&format!("people/{}/logout", house.mtproto["admin"]["user_id"]), json!({}));
    let mut service = Service::start(&house);
    service.logs("the account's session is over");
    assert!(service.get("/readyz").ends_with("ready\n"));
    assert!(service.get("/g/owls").contains("Who?"));
    drop(service);
    // One that cannot be opened is named as well.
    house.write(".config/admit/sessions/default.session", "nonsense");
    let mut service = Service::start(&house);
    service.logs("the ledger is not compared with Telegram's links");
    assert!(service.get("/readyz").ends_with("ready\n"));
}
