//! The doctor names each fault, its cure, and all of them at once.

#![cfg(unix)]

use crate::house::House;
use crate::operator::{NEW, entry, open_gate, run, until};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// What it said with these options, and whether it ended as it should.
fn report(house: &House, options: &[&str], variables: &[(&str, &str)]) -> Value {
    let mut command = house.bare(&["doctor", "--json"]);
    let ran = house.finish(command.args(options).envs(variables.iter().copied()));
    let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err));
    let is_ill = codes_of(&report, "error") != [""; 0];
    assert_eq!(ran.code, Some(i32::from(is_ill)), "{report}");
    report
}

fn codes_of(report: &Value, level: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let codes = findings.filter(|each| each["level"] == level);
    codes.map(|each| each["code"].as_str().unwrap().to_owned()).collect()
}

fn errors(house: &House) -> Vec<String> {
    codes_of(&report(house, &[], &[]), "error")
}

fn warnings(house: &House) -> Vec<String> {
    codes_of(&report(house, &[], &[]), "warning")
}

fn database(house: &House) -> rusqlite::Connection {
    rusqlite::Connection::open(house.home.path().join("admit-data/admit.db")).unwrap()
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn where_all_is_well_nothing_is_said_and_nothing_is_taken() {
    let house = House::new();
    let service = open_gate(&house);
    let filled = || codes_of(&report(&house, &[], &[]), "warning").is_empty();
    until("the pool", filled);
    run(&house, "doctor").is(0, "Nothing is wrong");
    let said = report(&house, &["--public-url", &service.url], &[]);
    assert_eq!(
        (codes_of(&said, "error"), codes_of(&said, "warning")),
        (vec![], vec!["public_url".to_owned()])
    );
    // Beside a service it asks for no updates, and so interrupts nobody.
    let before = house.ledger();
    run(&house, "doctor").is(0, "Nothing is wrong");
    let calls = house.ledger_since(before);
    assert!(calls.contains("getWebhookInfo") && !calls.contains("terminated"), "{calls}");
}

#[test]
fn files_that_are_open_or_do_not_fit_are_named() {
    let house = House::new();
    assert_eq!(errors(&house), ["no_database"]);
    house.admit(NEW).is(0, "");
    let data = house.home.path().join("admit-data");
    chmod(&data.join("keys"), 0o640);
    chmod(&data, 0o750);
    chmod(&data.join("admit.db"), 0o660);
    assert_eq!(warnings(&house)[..2], ["keys_open", "data_open"]);
    chmod(&data.join("keys"), 0o644);
    chmod(&data, 0o755);
    chmod(&data.join("admit.db"), 0o644);
    assert_eq!(errors(&house), ["keys_open", "data_open"]);
    run(&house, "doctor").is(1, "`chmod 600 admit-data/keys`");
    run(&house, "doctor").is(1, "`chmod 700 admit-data`");
    chmod(&data.join("keys"), 0o600);
    chmod(&data, 0o700);
    assert_eq!(errors(&house), [""; 0]);

    let url = [("DATABASE_URL", "postgres://ann:CANARY@127.0.0.1:9/admit")];
    let said = report(&house, &[], &url);
    assert_eq!(
        (codes_of(&said, "error"), codes_of(&said, "warning")),
        (vec!["store".to_owned()], vec!["two_databases".to_owned()])
    );
    assert!(!said.to_string().contains("CANARY"), "{said}");

    let keys = std::fs::read_to_string(data.join("keys")).unwrap();
    let other = format!("1 {}\n", "09".repeat(32));
    for wrong in [Some("nonsense"), Some(other.as_str()), None] {
        match wrong {
            Some(text) => std::fs::write(data.join("keys"), text).unwrap(),
            None => std::fs::remove_file(data.join("keys")).unwrap(),
        }
        assert_eq!(errors(&house), ["bad_keys"], "{wrong:?}");
    }
    std::fs::write(data.join("keys"), keys).unwrap();
    chmod(&data.join("keys"), 0o600);
    database(&house).execute_batch("update audit set place = 7, seal = x'00' where id = 1").unwrap();
    assert_eq!(errors(&house), ["audit_broken"]);
    database(&house).execute_batch("insert into migrations values (99, 'later')").unwrap();
    run(&house, "doctor").is(1, "a newer version of Admit has used it");
}

#[test]
fn what_telegram_knows_of_the_bot_is_told() {
    let house = House::new();
    house.admit(NEW).is(0, "");
    house.bot_api("deleteWebhook", json!({ "drop_pending_updates": true }));
    assert_eq!((errors(&house), warnings(&house)), (vec![], vec![]));

    // Somebody else asks for the bot's updates, again and again.
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                house.bot_api("getUpdates", json!({ "timeout": 1 }));
            }
        });
        until("the other listener", || errors(&house) == ["other_listener"]);
        is_over.store(true, Ordering::Relaxed);
    });
    // What waits is still there when it has been looked at.
    let (person, bot) = (house.person(), house.json("bot show")["id"].as_i64().unwrap());
    house.control(&format!("people/{person}/send"), json!({ "bot": bot, "text": "/start" }));
    assert_eq!((errors(&house), warnings(&house)), (vec![], vec!["updates_wait".to_owned()]));
    let waiting = house.bot_api("getUpdates", json!({}));
    assert_eq!(waiting["result"].as_array().unwrap().len(), 1, "{waiting}");

    // Nobody listens there, so this is also what Telegram has to complain about.
    let elsewhere = "http://127.0.0.1:9";
    house.bot_api("setWebhook", json!({ "url": format!("{elsewhere}/hook") }));
    assert_eq!(errors(&house), ["foreign_webhook"]);
    run(&house, "doctor").is(1, "at `http://127.0.0.1:9/hook`");
    let ours = json!({ "url": format!("{elsewhere}/telegram/{bot}") });
    until("another webhook", || house.bot_api("setWebhook", ours.clone())["ok"] == true);
    until("the complaint", || errors(&house) == ["webhook_fails"]);
    // It may be one that a service left behind at another address.
    assert!(warnings(&house).contains(&"webhook_set".to_owned()));
    run(&house, "doctor").is(1, "go to `http://127.0.0.1:9/telegram/");
    let wanted = report(&house, &["--webhook", "--public-url", elsewhere], &[]);
    assert!(!codes_of(&wanted, "warning").contains(&"webhook_set".to_owned()), "{wanted}");
    let other = report(&house, &["--public-url", "http://127.0.0.1:8"], &[]);
    assert!(codes_of(&other, "error").contains(&"foreign_webhook".to_owned()), "{other}");
    house.bot_api("deleteWebhook", json!({ "drop_pending_updates": true }));

    let away = report(&house, &["--api-url", "http://127.0.0.1:9", "--timeout", "1s"], &[]);
    assert_eq!(codes_of(&away, "error"), [""; 0]);
    assert!(away["left_out"].to_string().contains("what Telegram knows of @admit_demo_bot"), "{away}");

    house.control(&format!("bots/{bot}/token"), json!({}));
    assert_eq!(errors(&house), ["token_dead"]);
    database(&house).execute_batch("delete from bots").unwrap();
    assert_eq!(errors(&house), ["no_bot"]);
}

#[test]
fn a_gate_that_nobody_can_pass_is_told() {
    let house = House::new();
    open_gate(&house).stop();
    let bot = house.json("bot show")["id"].as_i64().unwrap();
    let chat = |call: &str, body| house.control(&format!("chats/{}/{call}", house.chat), body);
    chat("bot", json!({ "id": bot, "rights": ["can_invite_users"] }));
    chat("username", json!({ "username": "owlery" }));
    assert_eq!(errors(&house), ["public_chat", "missing_right"]);
    run(&house, "gate pause owls").is(0, "");
    assert_eq!(errors(&house), [""; 0], "whoever is paused keeps nobody from entering");
    chat("username", json!({}));
    chat("bot", json!({ "id": bot, "rights": ["can_invite_users", "can_restrict_members"] }));
    run(&house, "gate publish owls").is(0, "");

    let file = run(&house, "gate export owls").out;
    let over = format!("quota = 1\ncloses_at = \"2020-01-01T00:00:00Z\"\n{file}");
    house.write("over.toml", &over);
    run(&house, "pass grant --gate owls").is(0, "");
    run(&house, "gate apply over.toml").is(0, "");
    run(&house, "gate show owls").is(0, "Owls (owls) is over, at /g/owls");
    let told = warnings(&house);
    assert!(told.contains(&"gate_full".to_owned()) && told.contains(&"gate_closed".to_owned()), "{told:?}");
    database(&house)
        .execute_batch("delete from links; update entries set state = 'granted', link = null")
        .unwrap();
    assert_eq!(errors(&house), ["passes_wait"]);
    run(&house, "doctor").is(1, "1 passes of `owls` wait for a link");
}

#[test]
fn what_should_have_been_done_is_told() {
    let house = House::new();
    let service = open_gate(&house);
    let gate = service.gate("owls");
    gate.passed(&gate.form(), "espresso");
    until("the link", || entry(&house, 1)["state"] == "issued");
    service.stop();
    let late = "update links set revoke_wanted_at = 1000 where pass = 1;
        insert into strangers (pass, chat, person, link, joined_at)
        select pass, chat, 77, id, 1000 from links where pass = 1;
        insert into holds (bot, method, chat, until) select bot, 'createChatInviteLink', chat, 9000000000
        from links where pass = 1;
        insert into outbox (bot, what, body, due_at) select bot, 'say', x'', 1000 from links where pass = 1";
    database(&house).execute_batch(late).unwrap();
    assert_eq!(errors(&house), ["links_not_ended", "strangers_inside"]);
    for waits in ["held_back", "messages_wait"] {
        assert!(warnings(&house).contains(&waits.to_owned()), "{waits}");
    }
}

#[test]
fn an_address_that_people_cannot_use_is_told() {
    let house = House::new();
    house.admit(NEW).is(0, "");
    house.bot_api("deleteWebhook", json!({ "drop_pending_updates": true }));
    let codes = |options: &[&str]| codes_of(&report(&house, options, &[]), "error");
    assert_eq!(codes(&["--public-url", "http://gate.invalid"]), ["public_url", "public_url_unreachable"]);
    assert_eq!(codes(&["--public-url", "https://127.0.0.1:9"]), ["public_url_unreachable"]);
    assert_eq!(codes(&["--webhook"]), ["public_url"]);
    assert_eq!(codes(&["--webhook", "--public-url", &house.address]), ["public_url"]);
    run(&house, "doctor --public-url nonsense --json").fails_as(2, "usage", "bad_input");
}
