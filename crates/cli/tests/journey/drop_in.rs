//! Scripts written for another tool.

use crate::house::House;
use serde_json::{Value, json};

#[test]
fn a_script_gets_telegrams_whole_answer() {
    let house = House::new();
    let title = "Link 05/02/2026 11:19:33";
    let chat = format!("{}*42", house.chat);
    let arguments =
        ["telegram", "createINVITATIONlink", "--chat", &chat, "--title", title, "--limit", "200", "--expire"];
    let ran = house.finish(house.command(&arguments).arg("2027-05-03T11:19:33").env("TZ", "Europe/Berlin"));
    ran.is(0, "has no zone");
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&answer["ok"], &answer["result"]["name"]), (&json!(true), &json!(title)));
    assert_eq!(
        (&answer["result"]["expire_date"], &answer["result"]["member_limit"]),
        (&json!(1_809_335_973), &json!(200))
    );
}

#[test]
fn a_refusal_is_printed_and_is_no_success() {
    let house = House::new();
    let ran = house.admit("telegram CreateInvitationLink --chat @nowhere --limit 0");
    ran.is(3, "there is no such chat");
    assert_eq!(serde_json::from_str::<Value>(&ran.out).unwrap()["ok"], false);
    let json = house.admit("telegram CreateInvitationLink --chat @nowhere --json");
    assert_eq!(json.out, ran.out, "one answer, in that tool's shape");
}

#[test]
fn a_token_in_a_flag_is_warned_about_and_never_printed() {
    let house = House::new();
    for more in
        [&["--test"][..], &["--debug"], &["--config", r#"{"adv_response":true}"#], &["--out", "answer.json"]]
    {
        let call = ["telegram", "CreateInvitationLink", "--token", &house.token, "--chat", &house.chat];
        let ran = house.finish(house.bare(&call).args(more));
        ran.is(0, "set ADMIT_BOT_TOKEN instead");
    }
    let answer: Value =
        serde_json::from_slice(&std::fs::read(house.home.path().join("answer.json")).unwrap()).unwrap();
    assert_eq!(answer["ok"], true);
    let call = ["telegram", "CreateInvitationLink", "--token", "123", "--chat", &house.chat];
    house.finish(&mut house.bare(&call)).is(4, "`--token` holds no bot token");
}

#[test]
fn settings_are_listed_and_used() {
    let house = House::new();
    house.admit("telegram").is(0, "CreateInvitationLink");
    house.admit("telegram CreateInvitationLink --config").is(0, "adv_response");
    let ran = house
        .admit(r#"telegram CreateInvitationLink --chat CHAT --config {"adv_response":true,"timeout":5}"#);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&answer["code"], &answer["body"]["ok"]), (&json!(200), &json!(true)));
    assert!(answer["headers"]["content-type"].is_string());
}

#[test]
fn a_day_alone_is_its_midnight() {
    let house = House::new();
    let create = ["telegram", "CreateInvitationLink", "--chat", &house.chat, "--expire", "2027-05-03"];
    let ran = house.finish(house.command(&create).env("TZ", "Europe/Berlin"));
    ran.is(0, "`--expire 2027-05-03T00:00` has no zone");
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer["result"]["expire_date"], 1_809_295_200);
}

#[test]
fn nothing_is_sent_if_the_answer_has_no_place() {
    let house = House::new();
    let before = house.ledger();
    house
        .admit("telegram CreateInvitationLink --chat CHAT --out gone/answer.json")
        .is(2, "--out gone/answer.json");
    assert_eq!(house.ledger(), before);
}
