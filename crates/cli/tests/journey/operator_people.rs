//! A person is forgotten while a service runs.

use crate::house::House;
use crate::operator::{entry, json, open_gate, run, until};
use serde_json::json;

#[test]
fn whoever_is_erased_is_nobody_and_what_they_used_stays_used() {
    let house = House::new();
    let service = open_gate(&house);
    let gate = service.gate("owls");
    let (cookie, link) = gate.passed(&gate.form(), "espresso");
    let fan = house.person();
    assert_eq!(house.join(fan, &link), "joined");
    until("the join", || entry(&house, 1)["state"] == "used");
    let other = house.person();
    run(&house, &format!("pass grant --gate owls --person {other}")).is(0, "");

    run(&house, &format!("person erase {fan} --json")).fails_as(2, "usage", "not_confirmed");
    run(&house, &format!("person erase {fan} --dry-run")).is(0, "would forget person");
    run(&house, "person erase 123 --yes --json").fails_as(3, "not_found", "no_person");
    run(&house, "person erase nobody --yes --json").fails_as(2, "usage", "bad_input");
    assert_eq!(entry(&house, 1)["used_by"], fan);

    let erased = json(&house, &format!("person erase {fan} --yes"));
    let number = &erased["number"];
    assert_eq!((&erased["passes_revoked"], &entry(&house, 1)["used_by"]), (&json!([]), number));
    assert_eq!(entry(&house, 1)["state"], "used");
    assert!(!run(&house, "audit list").out.contains(&fan.to_string()));
    // Their browser is still told that it had its pass.
    let page = gate.pass(&cookie);
    assert!(page.starts_with("HTTP/1.1 200") && !page.contains("data-invite"), "{page}");
    let erased = run(&house, &format!("person erase {other} --yes"));
    erased.is(0, "Taken back, for they were not used: pass 2.");
    assert_eq!(entry(&house, 2)["state"], "revoked");
    assert_eq!(json(&house, "pass show 2")["person_id"].as_i64().unwrap(), number.as_i64().unwrap() - 1);
}
