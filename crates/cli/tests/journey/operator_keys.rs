//! Keys are looked at and replaced, and what was sealed is never lost over it.

#![cfg(unix)]

use crate::house::House;
use crate::operator::{Service, json, open_gate, run, until};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

const OTHER: &str = "0909090909090909090909090909090909090909090909090909090909090909";

#[test]
fn another_key_seals_everything_and_the_old_one_is_gone() {
    let house = House::new();
    let service = open_gate(&house);
    let gate = service.gate("owls");
    let (_, link) = gate.passed(&gate.form(), "espresso");
    let path = house.home.path().join("admit-data/keys");
    let old = std::fs::read_to_string(&path).unwrap();
    // While a service runs, with the old key in its hands.
    run(&house, "keys rotate --json").fails_as(6, "conflict", "in_use");
    run(&house, "keys rotate").is(6, "another process uses them");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), old);
    service.stop();

    run(&house, "keys rotate --dry-run").is(0, "would seal everything anew");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), old);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let rotated = json(&house, "keys rotate");
    assert_eq!((&rotated["keys"], &rotated["newest"]), (&json!([2]), &json!(2)));
    assert!(rotated["sealed"].as_i64().unwrap() >= 3, "{rotated}");
    let new = std::fs::read_to_string(&path).unwrap();
    let secret = |text: &str| text.lines().last().unwrap().split(' ').nth(1).unwrap().to_owned();
    assert!(!new.contains(&secret(&old)), "the old key is gone");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o640, "whoever could read it can still read it");
    for command in ["keys show", "keys show --json", "keys show -o csv"] {
        let ran = run(&house, command);
        ran.is(0, "2");
        assert!(!ran.out.contains(&secret(&new)) && !ran.err.contains(&secret(&new)), "{}", ran.out);
    }
    assert_eq!(json(&house, "pass show 1")["entries"][0]["invite_link"], link.as_str());
    let done = run(&house, "gate export owls");
    done.is(0, "espresso");

    // The old ring opens nothing any more, and the new one all.
    house.write("old", &old);
    run(&house, "gate list --key-file old").is(4, "the key ring does not fit");
    let service = Service::start(&house);
    let gate = service.gate("owls");
    gate.passed(&gate.form(), "espresso");
    assert_eq!(house.join(house.person(), &link), "joined");
    until("the join", || json(&house, "pass show 1")["entries"][0]["state"] == "used");
}

#[test]
fn a_service_with_a_copy_of_the_keys_is_in_the_way_too() {
    let house = House::new();
    open_gate(&house).stop();
    std::fs::copy(house.home.path().join("admit-data/keys"), house.home.path().join("copy")).unwrap();
    let service = Service::start_with(&house, &["--key-file", "copy"]);
    let db = rusqlite::Connection::open(house.home.path().join("admit-data/admit.db")).unwrap();
    let is_taken = || db.query_row("select count(*) from leases where until > 0", [], |row| row.get(0));
    until("the service at work", || is_taken() == Ok(1));
    run(&house, "keys rotate").is(6, "a service is at work with it");
    // One that is killed holds nothing any more, but nobody can know that at once.
    drop(service);
    run(&house, "keys rotate --json").fails_as(6, "conflict", "in_use");
}

#[test]
fn a_rotation_that_was_broken_off_goes_on() {
    let house = House::new();
    open_gate(&house).stop();
    let path = house.home.path().join("admit-data/keys");
    let old = std::fs::read_to_string(&path).unwrap();
    // It ended after the new key was written, and before anything was sealed with it.
    std::fs::write(&path, format!("{old}2 {OTHER}\n")).unwrap();
    run(&house, "keys show").is(0, "Key 2 seals, and 1 opens what was sealed before");
    run(&house, "gate export owls").is(0, "espresso");
    // Then some was sealed with it.
    run(&house, "gate new hawks --title Hawks --chat CHAT --ask Drink? --answer ristretto").is(0, "");
    let service = Service::start(&house);
    assert!(service.get("/readyz").ends_with("ready\n"));
    service.stop();
    run(&house, "keys rotate").is(0, "Key 2 seals everything now");
    assert_eq!(json(&house, "keys show")["keys"], json!([2]));
    run(&house, "gate export owls").is(0, "espresso");
    run(&house, "gate export hawks").is(0, "ristretto");
    // Whole from the start, it is another one.
    assert_eq!(json(&house, "keys rotate")["keys"], json!([3]));
    run(&house, "audit list --json").is(0, "rotate keys");
}

#[test]
fn keys_that_are_not_there_are_not_rotated() {
    let house = House::new();
    run(&house, "keys rotate --json").fails_as(3, "not_found", "no_database");
    run(&house, "keys show --json").fails_as(3, "not_found", "no_keys");
    open_gate(&house).stop();
    std::fs::remove_file(house.home.path().join("admit-data/keys")).unwrap();
    run(&house, "keys rotate --json").fails_as(4, "credentials", "bad_keys");
    house.write("admit-data/keys", "nonsense");
    run(&house, "keys rotate --json").fails_as(4, "credentials", "bad_keys");
}
