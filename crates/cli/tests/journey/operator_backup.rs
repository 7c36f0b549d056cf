//! A copy while a service runs, and what becomes of links when it takes the place of the database.

#![cfg(unix)]

use crate::house::House;
use crate::operator::{Service, entry, json, open_gate, run, until};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

fn in_pool(house: &House) -> usize {
    let links = json(house, "link list --limit 1000");
    links.as_array().unwrap().iter().filter(|link| link["state"] == "free").count()
}

fn mode(house: &House, file: &str) -> u32 {
    std::fs::metadata(house.home.path().join(file)).unwrap().permissions().mode() & 0o777
}

#[test]
fn nobody_else_reads_what_is_remembered() {
    let house = House::new();
    // A directory that was made by hand hides nothing.
    std::fs::create_dir(house.home.path().join("admit-data")).unwrap();
    let _service = open_gate(&house);
    for file in ["admit.db", "admit.db-wal", "admit.db-shm", "serve.lock", "keys"] {
        assert_eq!(mode(&house, &format!("admit-data/{file}")), 0o600, "{file}");
    }
}

#[test]
fn links_of_an_old_copy_are_given_to_nobody() {
    let house = House::new();
    let service = open_gate(&house);
    let gate = service.gate("owls");
    let (cookie, used) = gate.passed(&gate.form(), "espresso");
    let (_, out) = gate.passed(&gate.form(), "espresso");
    until("the pool", || in_pool(&house) == 20);
    run(&house, "backup copy.db").is(0, "keep a copy of `admit-data/keys` elsewhere");
    run(&house, "backup copy.db --json").fails_as(6, "conflict", "file_exists");
    assert_eq!(mode(&house, "copy.db"), 0o600);
    assert!(!house.home.path().join("copy.db.keys").exists());
    // Somebody gets a link of the pool after that, and is in by it. So is somebody who had one before.
    let (_, given) = gate.passed(&gate.form(), "espresso");
    let ann = house.person();
    assert_eq!(
        (house.join(house.person(), &given), house.join(ann, &used)),
        ("joined".to_owned(), "joined".to_owned())
    );
    until("the join", || entry(&house, 1)["state"] == "used");
    run(&house, "restore copy.db --json").fails_as(6, "conflict", "in_use");
    service.stop();

    run(&house, "restore copy.db --json").fails_as(6, "conflict", "file_exists");
    let database = house.home.path().join("admit-data/admit.db");
    std::fs::set_permissions(database, std::fs::Permissions::from_mode(0o644)).unwrap();
    let restored = json(&house, "restore copy.db --force");
    assert_eq!((&restored["links_dropped"], in_pool(&house)), (&json!(20), 0), "{restored}");
    assert_eq!(restored["passes_doubted"], 2, "{restored}");
    assert_eq!(mode(&house, restored["replaced"].as_str().unwrap()), 0o600);
    assert_eq!(mode(&house, "admit-data/admit.db"), 0o600);
    assert_eq!(json(&house, "audit list --limit 1")[0]["what"], "restore");
    run(&house, "audit verify").is(0, "is whole");

    let service = Service::start(&house);
    let gate = service.gate("owls");
    let (_, fresh) = gate.passed(&gate.form(), "espresso");
    assert_ne!(fresh, given, "what may have been used is not given again");
    until("the end of the old pool", || {
        let links = json(&house, "link list --limit 1000");
        let ends = |link: &&serde_json::Value| link["state"] == "dropped" && link["revoked_at"].is_i64();
        links.as_array().unwrap().iter().filter(ends).count() == 20
    });
    // Whoever had a link when the copy was made may be in by it.
    until("the end of the link that was out", || house.join(house.person(), &out) == "refused");
    run(&house, "pass show 1").is(0, "may have been used unseen");
    let doubted = json(&house, "pass list --doubted");
    assert_eq!(
        (&doubted[0]["pass_id"], &doubted[1]["pass_id"], doubted.as_array().unwrap().len()),
        (&json!(2), &json!(1), 2)
    );
    assert!(doubted[0]["entries"][0]["doubted_at"].is_i64(), "{doubted}");
    run(&house, "doctor").is(0, "by 2 passes of `owls` somebody may have come in unseen");
    let page = gate.pass(&cookie);
    assert!(
        page.contains("we could not see who came by it") && !page.contains("Get a new invitation"),
        "{page}"
    );
    let asked = gate.ask("POST", "/pass", &format!("cookie: {cookie}\r\n"), "");
    assert!(asked.contains("we could not see who came by it") && !asked.contains("data-invite"), "{asked}");
    // Somebody looked: whoever holds the other is not in.
    run(&house, "pass reissue 2").is(0, "Pass 2");
    assert_eq!(json(&house, "pass list --doubted")[0]["pass_id"], 1);
    let again = json(&house, "pass show 2 --wait 10")["entries"][0]["invite_link"].clone();
    assert_eq!(house.join(house.person(), again.as_str().unwrap()), "joined");
    until("the join", || entry(&house, 2)["state"] == "used");
}

#[test]
fn a_copy_with_its_keys_moves_to_another_machine() {
    let house = House::new();
    open_gate(&house).stop();
    run(&house, "backup copy.db --dry-run").is(0, "would write a copy");
    let said = json(&house, "backup copy.db --with-keys");
    assert_eq!((&said["path"], &said["keys"]), (&json!("copy.db"), &json!("copy.db.keys")));
    assert_eq!(mode(&house, "copy.db.keys"), 0o600);
    assert!(house.home.path().join("copy.db").exists());
    run(&house, "restore copy.db --data there --dry-run").is(0, "would put `copy.db`");
    run(&house, "restore copy.db --data there").is(0, "It is restored");
    run(&house, "gate export owls --data there").is(0, "espresso");

    // Meanwhile the keys here are others; the copy brings its own, and those that were here are kept.
    run(&house, "keys rotate").is(0, "");
    run(&house, "restore copy.db").is(6, "it is there already");
    run(&house, "restore copy.db --force").is(0, "The database that was there is");
    assert_eq!(json(&house, "keys show")["keys"], json!([1]));
    run(&house, "gate export owls").is(0, "espresso");
    let mut names = std::fs::read_dir(house.home.path().join("admit-data")).unwrap();
    assert!(names.any(|each| each.unwrap().file_name().to_str().unwrap().starts_with("keys.replaced-")));
}

#[test]
fn what_is_no_backup_or_does_not_open_changes_nothing() {
    let house = House::new();
    run(&house, "backup copy.db --json").fails_as(3, "not_found", "no_database");
    open_gate(&house).stop();
    run(&house, "backup copy.db").is(0, "");
    house.write("letter", "Dear diary, this is no database.");
    for file in ["letter", "nothing", "admit-data"] {
        run(&house, &format!("restore {file} --force --json")).fails_as(2, "usage", "bad_input");
    }
    run(&house, "restore letter").is(2, "this is no backup of Admit");
    run(&house, "restore nothing").is(2, "there is no such file");
    // Where it cannot be looked, nobody says that there is none.
    run(&house, "restore letter/copy.db").is(1, "cannot read the backup");
    run(&house, "backup other.db --data letter").is(1, "cannot look for the database `letter/admit.db`");
    assert_eq!(std::fs::read_to_string(house.home.path().join("letter")).unwrap().len(), 32);
    run(&house, "restore copy.db --data there --json").fails_as(4, "credentials", "bad_keys");
    assert!(!house.home.path().join("there/admit.db").exists());
    run(&house, "keys rotate").is(0, "");
    run(&house, "restore copy.db --force --json").fails_as(4, "credentials", "bad_keys");
    run(&house, "gate export owls").is(0, "espresso");
    run(&house, "restore --json").fails_as(2, "usage", "bad_input");
    run(&house, "restore --after").is(0, "It is restored");
    let url = ("DATABASE_URL", "postgres://ann:CANARY@127.0.0.1:9/admit");
    for line in [&["backup", "x"][..], &["restore", "copy.db"]] {
        let ran = house.finish(house.bare(line).env(url.0, url.1));
        ran.is(6, "PostgreSQL has tools of its own");
        assert!(!ran.err.contains("CANARY"));
    }
}
