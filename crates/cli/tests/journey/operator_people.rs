//! A person is forgotten while a service runs.

use crate::house::House;
use crate::operator::{Service, entry, json, open_gate, run, until};
use serde_json::json;

#[test]
fn who_holds_no_pass_is_forgotten_by_a_service() {
    let house = House::new();
    open_gate(&house).stop();
    let db = rusqlite::Connection::open(house.home.path().join("admit-data/admit.db")).unwrap();
    let tries = |days: i64| {
        let text = "insert into attempts (gate, visitor, wrong, last_wrong_at) values (1, randomblob(16), 1, unixepoch() - ?1)";
        db.execute(text, [days * 86_400]).unwrap();
    };
    let left = || db.query_row("select count(*) from attempts", [], |row| row.get::<_, i64>(0)).unwrap();
    for days in [1, 5, 89, 91] {
        tries(days);
    }
    let service = Service::start(&house);
    until("the oldest is forgotten", || left() == 3);
    service.stop();
    let service = Service::start_with(&house, &["--keep-days", "3"]);
    until("only the newest is left", || left() == 1);
    service.stop();
    run(&house, "serve --keep-days 0 --json").fails_as(2, "usage", "bad_input");
    let ran = house.finish(house.bare(&["serve", "--json"]).env("ADMIT_KEEP_DAYS", "always"));
    ran.fails_as(2, "usage", "bad_input");
}

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
    run(&house, "person erase 123 --dry-run --json").fails_as(3, "not_found", "no_person");
    run(&house, &format!("person erase {fan}")).is(2, "for good: this needs a confirmation");
    run(&house, "pass revoke abc").is(2, "this is a whole number, such as 12");
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
