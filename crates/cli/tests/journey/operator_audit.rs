//! What people did is listed, and shows where somebody changed it.

use crate::house::House;
use crate::operator::{NEW, json, run};
use serde_json::json;

#[test]
fn what_people_did_is_listed_and_verified() {
    let house = House::new();
    house.admit(NEW).is(0, "");
    run(&house, "gate publish owls").is(0, "");
    let listed = json(&house, "audit list");
    let whats: Vec<&str> = (0..3).map(|at| listed[at]["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["open gate", "save gate", "add bot"]);
    assert_eq!(listed[0]["about"], "owls");
    let first = listed[0]["audit_id"].as_i64().unwrap();
    let next = json(&house, &format!("audit list --limit 1 --before {first}"));
    assert_eq!((&next[0], next.as_array().unwrap().len()), (&listed[1], 1));
    run(&house, "audit list").is(0, "WHO");
    // A person reads no seconds since 1970, and a program nothing else.
    let at = listed[0]["at"].to_string();
    assert!(!run(&house, "audit list").out.contains(&at));
    run(&house, "audit list -o csv").is(0, &at);
    run(&house, "audit list --limit 0 --json").fails_as(2, "usage", "bad_input");

    assert_eq!(json(&house, "audit verify"), json!({ "whole": true, "rows": 3 }));
    run(&house, "audit verify").is(0, "is whole: 3 rows");
    let file = house.home.path().join("admit-data/admit.db");
    let db = rusqlite::Connection::open(file).unwrap();
    db.execute_batch("update audit set who = 'nobody' where what = 'save gate'").unwrap();
    run(&house, "audit verify").is(1, "is broken at place 2");
    run(&house, "audit verify --json").fails_as(1, "failed", "audit_broken");
}
