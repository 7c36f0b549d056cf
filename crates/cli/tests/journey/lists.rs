//! Lists that Telegram tells an account: in every format, of nobody, very long, and broken off.

use crate::house::House;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

fn house() -> House {
    let house = House::new();
    house.log_in();
    house
}

fn texts(rows: &Value, field: &str) -> Vec<String> {
    let text = |row: &Value| row[field].as_str().map_or_else(|| row[field].to_string(), str::to_owned);
    rows.as_array().unwrap().iter().map(text).collect()
}

#[test]
fn a_list_of_nobody_is_a_list_in_every_format() {
    let house = house();
    for line in ["link list --chat CHAT", "member list --chat CHAT", "request list --chat CHAT"] {
        assert_eq!(house.account_json(line), json!([]), "{line}");
        assert_eq!(house.account(&format!("{line} -o ndjson")).out, "");
        assert_eq!(house.account(&format!("{line} -q")).out, "");
        assert_eq!(house.account(&format!("{line} -o csv")).out.lines().count(), 1);
        let ran = house.account(line);
        assert_eq!((ran.code, ran.out.lines().count()), (Some(0), 1), "{}", ran.out);
        assert!(ran.err.starts_with("0 "), "{}", ran.err);
    }
}

#[test]
fn links_are_listed_newest_first_with_their_counts() {
    let house = house();
    let link = |name: &str| house.account(&format!("link create --chat CHAT --name {name} -q")).out;
    let (first, _) = (link("first"), link("second"));
    house.join(house.person(), first.trim());
    let listed = house.account_json("link list --chat CHAT");
    assert_eq!(texts(&listed, "name"), ["second", "first"]);
    assert_eq!(texts(&listed, "uses"), ["0", "1"]);
    assert_eq!(house.account("link list --chat CHAT").err, "2 links, 1 use\n");
    let lines = house.account("link list --chat CHAT -o ndjson").out;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json!(lines), listed);
    let table = house.account("link list --chat CHAT -o csv").out;
    assert!(table.starts_with("invite_link,name,uses,") && table.contains(",first,1,"), "{table}");
    let one = house.account("link list --chat CHAT --limit 1");
    assert_eq!(one.err, "1 link, 0 uses; there may be more\n");
    assert_eq!(house.account("link list --chat CHAT --limit 1 -q").out.lines().count(), 1);

    // What is listed can be handed to an edit.
    house.write("first.json", &listed[1].to_string());
    house.account("link edit --chat CHAT --was first.json --limit 3").is(0, "works for 3 people at a time");

    // Those of others, revoked ones, and everybody's.
    house.admit("link create --chat CHAT --name bots");
    house.account(&format!("link revoke --chat CHAT {}", first.trim())).is(0, "is revoked");
    let bot = house.json("bot show")["id"].to_string();
    let bots = format!("link list --chat CHAT --admin {bot}");
    assert_eq!(texts(&house.account_json(&bots), "name"), ["bots"]);
    assert_eq!(texts(&house.account_json("link list --chat CHAT --revoked --admin me"), "name"), ["first"]);
    let all = house.account_json("link list --chat CHAT --all-admins");
    let mut names = texts(&all, "name");
    names.sort();
    assert_eq!(names, ["bots", "second"]);
}

#[test]
fn the_ledger_and_telegram_refuse_each_others_flags() {
    let house = house();
    let check = |line: &str, flag: &str, words: &str| {
        let ran = house.account(line);
        ran.is(2, &format!("`{flag}`"));
        assert!(ran.err.contains(words), "{line}: {}", ran.err);
    };
    check("link list --from ledger --admin me", "--admin", "`--from telegram`");
    check("link list --from ledger --all-admins", "--all-admins", "`--from telegram`");
    check("link list --revoked --chat CHAT --gate owls", "--gate", "`--from ledger`");
    check("link list --from telegram --chat CHAT --before 5", "--before", "`--from ledger`");
    check("link list --from telegram --chat CHAT --data x", "--data", "`--from ledger`");
    check("link show --from ledger --chat CHAT https://t.me/+AbC", "--chat", "`--from telegram`");
    house.account("link list --from telegram").is(2, "no `--chat`");
    house.account("link show --from telegram https://t.me/+AbC").is(2, "no `--chat`");
    // Without a chat, or with what only it knows, it is the ledger that is asked.
    house.account("link list").is(3, "no database");
    house.account("link list --chat CHAT --gate owls").is(3, "no database");
    house.account("link list --chat CHAT --from ledger").is(3, "no database");
    house.account("link show https://t.me/+AbC").is(3, "no database");
    house.account("link list --from ledger --chat @garden").is(2, "`admit link check LINK`");
    house.account("link list --from ledger --limit 10001").is(2, "`--limit 10001`");
}

#[test]
fn who_came_and_who_waits_is_listed() {
    let house = house();
    let open = house.account("link create --chat CHAT -q").out;
    let asking = house.account("link create --chat CHAT --request -q").out;
    let (open, asking) = (open.trim(), asking.trim());
    let ann =
        house.control("people", json!({ "first_name": "Ann", "username": "ann_x", "bio": "I grow\nmint" }));
    let (ann, bo) = (ann["id"].as_i64().unwrap(), house.person());
    house.join(bo, open);
    assert_eq!(house.join(ann, asking), "requested");

    let came = house.account_json("member list --chat CHAT");
    assert_eq!(texts(&came, "user_id"), [bo.to_string()]);
    let by_link = house.account_json(&format!("member list --chat CHAT --link {open}"));
    assert_eq!(texts(&by_link, "invite_link"), [open]);
    assert_eq!(house.account_json(&format!("member list --chat CHAT --link {asking}")), json!([]));
    assert_eq!(house.account("member list --chat CHAT").err, "1 person\n");
    let table = house.account(&format!("member list --chat CHAT --link {open} -o csv")).out;
    let rows: Vec<&str> = table.lines().collect();
    assert!(rows[0].ends_with(",via_folder,invite_link,is_bot"), "{table}");
    assert!(rows[1].ends_with(&format!(",false,{open},false")), "{table}");

    let waits = house.account_json("request list --chat CHAT");
    let (row, fields) = (&waits[0], ["user_id", "first_name", "username", "about"]);
    let row: Vec<Value> = fields.iter().map(|field| row[field].clone()).collect();
    assert_eq!(json!(row), json!([ann, "Ann", "ann_x", "I grow\nmint"]));
    let table = house.account("request list --chat CHAT");
    assert!(
        table.out.contains("I grow mint") && table.err == "1 person waits\n",
        "{}{}",
        table.out,
        table.err
    );
    assert_eq!(house.account("request list --chat CHAT --search ann -q").out, format!("{ann}\n"));
    assert_eq!(house.account_json("request list --chat CHAT --search zoe"), json!([]));
    assert_eq!(house.account_json(&format!("request list --chat CHAT --link {open}")), json!([]));
}

#[test]
fn who_came_is_told_newest_first_and_who_paid_once_apart() {
    let house = house();
    let owner = house.mtproto["admin"]["user_id"].clone();
    let office = json!({ "id": owner, "rights": ["can_invite_users"] });
    let paid = json!({ "kind": "channel", "title": "Paid", "bots": [office] });
    let channel = house.control("chats", paid)["chat_id"].to_string();
    let link = house.account(&format!("link create --chat {channel} --stars 50 -q")).out;
    let came: Vec<String> = (0..3)
        .map(|_| {
            let person = house.person();
            let pays = json!({ "link": link.trim(), "pay": true });
            assert_eq!(house.control(&format!("people/{person}/join"), pays)["result"], "joined");
            house.control("clock/advance", json!({ "seconds": 1_000_000 }));
            person.to_string()
        })
        .collect();
    // Their months are not over at the same time.
    let [first, second, third] = came.try_into().unwrap();
    let list = |more: &str| {
        let line = format!("member list --chat {channel} --link {} {more}", link.trim());
        texts(&house.account_json(line.trim()), "user_id")
    };
    assert_eq!(list(""), [third, second]);
    assert_eq!(list("--lapsed"), [first]);
}

#[test]
fn administrators_are_counted_and_only_the_owner_is_told() {
    let house = house();
    let nobody = house.account("admin list --chat CHAT");
    assert_eq!(nobody.err, "0 administrators with links, 0 links, 0 of them revoked\n");
    let mine = house.account("link create --chat CHAT -q").out;
    house.admit("link create --chat CHAT -q");
    house.account(&format!("link revoke --chat CHAT {}", mine.trim())).is(0, "is revoked");
    let listed = house.account_json("admin list --chat CHAT");
    assert_eq!(texts(&listed, "live"), ["0", "1"]);
    assert_eq!(texts(&listed, "revoked"), ["1", "0"]);
    let ran = house.account("admin list --chat CHAT");
    assert_eq!(ran.err, "2 administrators with links, 2 links, 1 of them revoked\n");
    assert_eq!(house.account("admin list --chat CHAT -o csv").out.lines().count(), 3);

    let ada = house.person();
    let office = json!({ "id": ada, "rights": ["can_invite_users"] });
    house.control(&format!("chats/{}/bot", house.chat), office);
    let key = house.control(&format!("people/{ada}/session"), json!({}));
    house.log_in_with(key["auth_key"].as_str().unwrap(), "--session-file ada.session");
    let owner = house.mtproto["admin"]["user_id"].to_string();
    for line in [
        "admin list --chat CHAT".to_owned(),
        "link list --chat CHAT --all-admins".to_owned(),
        "link purge --chat CHAT --all-admins --yes".to_owned(),
        format!("link list --chat CHAT --admin {owner}"),
    ] {
        let ran = house.account(&format!("{line} --session-file ada.session --json"));
        let error = ran.fails_as(5, "right_missing", "missing_right");
        assert!(error["hint"].as_str().unwrap().contains("only the owner"), "{error}");
    }
    assert_eq!(house.account_json("link list --chat CHAT --session-file ada.session"), json!([]));
    house.account("link list --chat CHAT --admin 77").is(3, "`admit admin list`");
}

#[test]
fn a_long_list_comes_whole_and_ends_quietly_when_nobody_reads_on() {
    let house = house();
    house
        .admit("link create --chat CHAT --count 1050 --concurrency 32 --out links.ndjson")
        .is(0, "1050 of 1050");
    let open = house.account("link create --chat CHAT -q").out;
    let came: Vec<i64> = (0..1020).map(|_| house.person()).collect();
    came.iter().for_each(|&person| assert_eq!(house.join(person, open.trim()), "joined"));
    let bot = house.json("bot show")["id"].to_string();
    let list = format!("link list --chat CHAT --admin {bot}");

    let mut listed = texts(&house.account_json(&list), "invite_link");
    let mut links = house.links();
    links.retain(|link| link != open.trim());
    listed.sort();
    links.sort();
    assert_eq!(listed, links);
    assert!(house.account(&list).err.starts_with("1050 links, "));
    assert_eq!(house.account(&format!("{list} -o csv")).out.lines().count(), 1051);
    assert_eq!(house.account(&format!("{list} --limit 1001 -q")).out.lines().count(), 1001);
    let mut people = house.account_json("member list --chat CHAT");
    let people = people.as_array_mut().unwrap();
    assert_eq!(people.len(), came.len());
    assert_eq!(house.account("member list --chat CHAT -o ndjson").out.lines().count(), 1020);

    let mut child = house
        .bare(&["member", "list", "--chat", &house.chat, "-o", "ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("{\"user_id\":"), "{first}");
    let ended = house.look(child.wait_with_output().unwrap());
    #[cfg(unix)]
    assert_eq!((ended.code, ended.err.as_str()), (Some(141), ""));
}

#[test]
fn what_has_come_is_written_before_more_is_waited_for() {
    let house = house();
    house.admit("link create --chat CHAT --count 150 --out links.ndjson").is(0, "150 of 150");
    let bot = house.json("bot show")["id"].to_string();
    house.fault("messages.getExportedChatInvites", "latency", 0, 1);
    house.fault("messages.getExportedChatInvites", "429", 3000, 1);
    let list = ["link", "list", "--chat", &house.chat, "--admin", &bot, "-o", "ndjson", "--timeout", "2h"];
    let mut child = house.bare(&list).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut said).unwrap();
    assert!(said.contains("asked to wait"), "{said}");
    let (page, written) = std::sync::mpsc::channel();
    let out = child.stdout.take().unwrap();
    std::thread::spawn(move || page.send(BufReader::new(out).lines().take(100).count()));
    let written = written.recv_timeout(Duration::from_secs(10));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(written, Ok(100));
}

#[cfg(unix)]
#[test]
fn an_interrupted_list_says_how_far_it_came() {
    let house = house();
    house.admit("link create --chat CHAT --count 150 --out links.ndjson").is(0, "150 of 150");
    let bot = house.json("bot show")["id"].to_string();
    for (format, closed) in [("json", true), ("ndjson", false)] {
        // The first page comes; the second waits until it is interrupted.
        house.fault("messages.getExportedChatInvites", "latency", 0, 1);
        house.fault("messages.getExportedChatInvites", "429", 3000, 1);
        let list = ["link", "list", "--chat", &house.chat, "--admin", &bot, "-o", format, "--timeout", "2h"];
        let child = house.bare(&list).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let ran = house.interrupt_the_wait(child, "-INT");
        assert_eq!(ran.code, Some(130), "{}", ran.err);
        assert!(ran.err.contains("The list broke off after 100 links"), "{}", ran.err);
        let lines: Vec<&str> = ran.out.lines().collect();
        let error: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
        assert_eq!(error["error"]["code"], "interrupted");
        let rows = match closed {
            true => serde_json::from_str::<Value>(lines[0]).unwrap().as_array().unwrap().len(),
            false => lines.len() - 1,
        };
        assert_eq!(rows, 100);
        house.control("clock/advance", json!({ "seconds": 3000 }));
    }
}

#[test]
fn a_list_that_fails_at_once_is_no_list() {
    let house = house();
    let error = house.account("link list --chat -1002999999999 --json");
    error.fails_as(3, "not_found", "chat_not_found");
    let owner = &house.mtproto["admin"]["user_id"];
    house.control(&format!("people/{owner}/logout"), json!({}));
    let error = house.account("link list --chat CHAT --json").fails_as(4, "credentials", "session_over");
    assert!(error["hint"].as_str().unwrap().contains("admit login"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_table_on_a_terminal_is_no_wider() {
    let house = house();
    house.account(&format!("link create --chat CHAT --name {}", "n".repeat(32)));
    let list = format!("stty rows 24 cols 60; {} link list --chat {}", crate::house::ADMIT, house.chat);
    let said = crate::terminal::Terminal::begin(&house, &list, &[]).end().out;
    let rows: Vec<&str> = said.lines().map(str::trim_end).collect();
    assert!(rows.iter().all(|row| row.chars().count() <= 60), "{said}");
    assert!(rows[1].ends_with('…') && rows[0].contains("NAME"), "{said}");
}

/// The first rows of a table are held back, to see how wide they are.
#[cfg(target_os = "linux")]
#[test]
fn a_table_on_a_terminal_tells_how_far_it_is_until_its_rows_are_seen() {
    let house = house();
    house.account("link create --chat CHAT").is(0, "");
    house.admit("link create --chat CHAT").is(0, "");
    // The links of the first administrator take longer than a moment.
    house.fault("messages.getExportedChatInvites", "latency", 1100, 1);
    let list = format!("{} link list --all-admins --chat {}", crate::house::ADMIT, house.chat);
    let said = crate::terminal::Terminal::begin(&house, &list, &[]).end().out;
    let (before, after) = said.split_once("INVITE_LINK").unwrap();
    assert!(before.contains("1 link so far\u{1b}[K\r") && before.ends_with("\r\u{1b}[K"), "{said:?}");
    assert!(!after.contains("so far") && after.ends_with("2 links, 0 uses\r\n"), "{said:?}");
}
