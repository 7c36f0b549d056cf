//! Every exit code, from the real binary.

use crate::house::{ADMIT, House};
use serde_json::json;
use std::io::{BufRead, Read, Write};
use std::process::{Command, Stdio};

const CREATE: &str = "link create --chat CHAT --json --timeout 2s";

#[test]
fn done_is_0_and_nonsense_is_2() {
    let house = House::new();
    assert_eq!(house.admit(CREATE).code, Some(0));
    house.admit("link create --chat CHAT --limit 0 --json").fails_as(2, "usage", "bad_input");
    house.admit("link create --chat").is(2, "admit link create --chat @garden");
    house.admit("link crate").is(2, "'create'");
    assert_eq!(house.admit("--version").out, concat!("admit ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn what_is_not_there_is_3() {
    let house = House::new();
    house.admit("link create --chat @nowhere --json").fails_as(3, "not_found", "chat_not_found");
    house.admit("link revoke --chat CHAT https://t.me/+AbCdEf --json").fails_as(3, "not_found", "link_dead");
    let ann = house.person();
    house.join(ann, house.admit("link create --chat CHAT -q").out.trim());
    house.control(&format!("people/{ann}/leave"), json!({ "chat_id": house.chat.parse::<i64>().unwrap() }));
    let asked = house.admit(&format!("request approve --chat CHAT --user {ann} --json"));
    asked.fails_as(3, "not_found", "nobody_waiting");
    house.admit("request approve --chat CHAT --user 5 --json").fails_as(3, "not_found", "person_unknown");
}

#[test]
fn no_token_or_a_dead_one_is_4() {
    let house = House::new();
    let ran = house.finish(&mut house.bare(&["bot", "show", "--json"]));
    ran.fails_as(4, "credentials", "no_token");
    let ran = house.finish(house.bare(&["bot", "show", "--json"]).env("ADMIT_BOT_TOKEN", "nonsense"));
    ran.fails_as(4, "credentials", "bad_token");
    let ran =
        house.finish(house.bare(&["bot", "show", "--json"]).env("ADMIT_BOT_TOKEN", "1:AAAAAAAAAAAAAAAAAAAA"));
    ran.fails_as(4, "credentials", "token_dead");
}

#[test]
fn a_missing_right_is_5() {
    let house = House::new();
    let bot = house.json("bot show")["id"].as_i64().unwrap();
    let set = |body| house.control(&format!("chats/{}/bot", house.chat), body);
    set(json!({ "id": bot, "rights": [] }));
    let error = house.admit(CREATE).fails_as(5, "right_missing", "missing_right");
    assert!(error["hint"].as_str().unwrap().contains("can_invite_users"));
    set(json!({ "id": bot, "status": "kicked" }));
    house.admit(CREATE).fails_as(5, "right_missing", "bot_not_in_chat");
}

#[test]
fn another_state_is_6() {
    let house = House::new();
    let bot = house.json("bot show")["id"].as_i64().unwrap();
    let bots = json!([{ "id": bot, "rights": ["can_invite_users"] }]);
    let group = house.control("chats", json!({ "kind": "group", "title": "Old", "bots": bots }));
    let group = group["chat_id"].to_string();
    let new = house.control(&format!("chats/{group}/migrate"), json!({}))["chat_id"].to_string();
    let moved = house.admit(&format!("link create --chat {group} --json"));
    let error = moved.fails_as(6, "conflict", "chat_moved");
    assert!(error["hint"].as_str().unwrap().contains(&new), "{error}");

    let link = house.admit("link create --chat CHAT --request -q").out;
    let ann = house.person();
    house.join(ann, link.trim());
    let approve = format!("request approve --chat CHAT --user {ann} --json");
    house.admit(&approve).is(0, "approved");
    house.admit(&approve).fails_as(6, "conflict", "already_in");
}

#[test]
fn a_wait_is_7_when_it_is_longer_than_the_time_limit() {
    let house = House::new();
    house.fault("createChatInviteLink", "429", 60, 1);
    let error = house.admit(CREATE).fails_as(7, "rate_limited", "wait");
    assert_eq!((&error["retryable"], &error["retry_after_ms"]), (&json!(true), &json!(60_000)));
    // A wait that fits is waited, and said.
    house.fault("getMe", "429", 1, 1);
    house.admit("bot show").is(0, "Telegram asked to wait 1 s");
}

#[test]
fn no_telegram_there_is_8() {
    let house = House::new();
    house.admit("bot show --json --api-url http://127.0.0.1:9 --timeout 1s").fails_as(
        8,
        "unreachable",
        "unreachable",
    );
    house.fault("getMe", "html", 0, 9);
    house.admit("bot show --json --timeout 2s").fails_as(8, "unreachable", "broken_answer");
}

#[test]
fn some_of_several_is_9() {
    let house = House::new();
    let ran = house.admit("request approve --chat CHAT --user 5,6 -q");
    ran.is(9, "2 of 2 failed");
    assert_eq!(ran.out, "", "nobody was let in");
}

#[test]
fn what_fails_for_all_is_not_tried_for_each() {
    let house = House::new();
    let before = house.ledger();
    let ran = house.admit("request approve --chat @nowhere --user 5,6,7 --json");
    ran.fails_as(3, "not_found", "chat_not_found");
    assert_eq!(house.ledger_since(before).matches("approveChatJoinRequest").count(), 1);
}

#[cfg(unix)]
#[test]
fn an_interrupted_row_of_decisions_tells_those_that_were_made() {
    let house = House::new();
    let link = house.admit("link create --chat CHAT --request -q").out;
    let (ann, bo) = (house.person(), house.person());
    for person in [ann, bo] {
        assert_eq!(house.join(person, link.trim()), "requested");
    }
    // The first decision goes through; the second waits until it is interrupted.
    house.fault("approveChatJoinRequest", "latency", 0, 1);
    house.fault("approveChatJoinRequest", "429", 3000, 1);
    let users = format!("{ann},{bo}");
    let approve =
        ["request", "approve", "--chat", &house.chat, "--user", &users, "-o", "ndjson", "--timeout", "2h"];
    let child = house.command(&approve).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let ran = house.interrupt_the_wait(child, "-INT");
    assert_eq!(ran.code, Some(130), "{}", ran.err);
    let first = ran.out.lines().next().unwrap_or_default();
    assert_eq!(first, format!("{{\"user_id\":{ann},\"status\":\"approved\"}}"));
}

#[test]
fn nobody_knows_is_10() {
    let house = House::new();
    house.fault("createChatInviteLink", "lost", 0, 1);
    let error = house.admit(CREATE).fails_as(10, "unknown", "outcome_unknown");
    assert_eq!(error["retryable"], false);
    // It did happen, and was not repeated.
    assert_eq!(house.links().len(), 1);
}

#[test]
fn what_telegram_forbids_is_11() {
    let house = House::new();
    let ran = house.admit("link create --chat CHAT --stars 50 --json");
    ran.fails_as(11, "refused", "wrong_kind_of_chat");
}

#[test]
fn a_link_of_somebody_else_says_whose() {
    let house = House::new();
    let other = house.control("bots", json!({ "username": "other_bot" }));
    let bot = json!({ "id": other["id"], "rights": ["can_invite_users"] });
    house.control(&format!("chats/{}/bot", house.chat), bot);
    let mut command = house.bare(&["link", "create", "--json", "--chat", &house.chat]);
    let theirs = house.finish(command.env("ADMIT_BOT_TOKEN", other["token"].as_str().unwrap()));
    assert_eq!(theirs.code, Some(0), "{}", theirs.err);
    house.write("theirs.json", &theirs.out);
    house.admit("link revoke --chat CHAT --was theirs.json").is(5, "@other_bot");

    // As Telegram shows it to other administrators: without its end.
    let mut shown: serde_json::Value = serde_json::from_str(&theirs.out).unwrap();
    shown["invite_link"] = json!("https://t.me/+AbCdEf…");
    house.write("theirs.json", &shown.to_string());
    let ran = house.admit("link revoke --chat CHAT --was theirs.json --json");
    let error = ran.fails_as(11, "refused", "not_our_link");
    assert!(error["hint"].as_str().unwrap().contains("@other_bot"), "{error}");
}

#[cfg(unix)]
#[test]
fn signals_end_with_130_and_143() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let house = House::new();
        house.fault("getMe", "429", 30, 1);
        let child = house
            .command(&["bot", "show", "--timeout", "60s"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        assert_eq!(house.interrupt_the_wait(child, signal).code, Some(code));
    }
}

#[cfg(unix)]
#[test]
fn nobody_reading_is_quiet() {
    for arguments in [["completions", "bash"], ["link", "--help"], ["man", "link"], ["config", "show"]] {
        let mut child = Command::new(ADMIT)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        // What is short may be written before the pipe is seen to be closed.
        assert!(matches!(output.status.code(), Some(0 | 141)), "{arguments:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{arguments:?}: {output:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_1_and_says_that_it_may_be_done() {
    let house = House::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = house.finish(house.command(&["link", "create", "--chat", &house.chat]).stdout(full));
    ran.is(1, "may be done all the same");
    assert_eq!(house.links().len(), 1);
}

#[test]
fn a_file_that_cannot_be_written_is_1() {
    let house = House::new();
    let ran = house.admit("man --dir /dev/null/x --json");
    ran.fails_as(1, "failed", "file");
}

/// A terminal to ask at, made by `script`, which every Debian has.
#[cfg(target_os = "linux")]
#[test]
fn a_question_is_answered_or_interrupted() {
    let house = House::new();
    let rotate = format!("{ADMIT} link rotate --chat {}", house.chat);
    for (answer, code, words) in
        [("y\n", 0, "is the primary link now"), ("\n", 2, "not confirmed"), ("\u{3}", 130, "")]
    {
        let before = house.ledger();
        let mut command = Command::new("timeout");
        command.args(["20", "script", "-qec", &rotate, "/dev/null"]).env_clear().env("PATH", "/usr/bin:/bin");
        command.env("HOME", house.home.path()).env("ADMIT_API_URL", &house.address);
        command.env("ADMIT_BOT_TOKEN", &house.token).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
        while !said.contains("[y/N]") {
            assert_ne!(out.read_line(&mut said).unwrap(), 0, "{said}");
        }
        child.stdin.as_mut().unwrap().write_all(answer.as_bytes()).unwrap();
        out.read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{said}");
        assert!(said.contains(words), "{said}");
        let asked = house.ledger_since(before).matches("exportChatInviteLink").count();
        assert_eq!(asked, usize::from(code == 0), "{said}");
    }
}
