//! The service and its commands, as an operator and a creator use them, beside a sandbox.

use crate::fan::exchange;
use crate::house::{House, Ran};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

/// A service that runs in the house's directory, with nothing but the token in a file.
struct Service {
    process: Child,
    url: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Service {
    fn start(house: &House) -> Self {
        let token = house.write("token", &house.token);
        let line = ["serve", "--listen", "127.0.0.1:0", "--telegram-url", &house.address, "--json"];
        let mut command = house.bare(&line);
        command.env("ADMIT_BOT_TOKEN_FILE", token).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        Self { process, url: said["url"].as_str().unwrap().to_owned() }
    }

    fn get(&self, path: &str) -> String {
        exchange(&self.url, "GET", path, "", "")
    }
}

/// What such a run with `--json` answered.
fn json(house: &House, line: &str) -> Value {
    let ran = run(house, &format!("{line} --json"));
    assert_eq!(ran.code, Some(0), "{line}: {}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

/// A run with the token nowhere but in the database.
fn run(house: &House, line: &str) -> Ran {
    let line = line.replace("CHAT", &house.chat);
    let arguments: Vec<&str> = line.split(' ').collect();
    house.finish(&mut house.bare(&arguments))
}

#[cfg(unix)]
#[test]
fn a_service_says_where_it_is_and_ends_when_asked() {
    for signal in ["-TERM", "-INT"] {
        let house = House::new();
        let mut service = Service::start(&house);
        assert!(service.get("/readyz").ends_with("ready\n"));
        let mut logged = String::new();
        let mut lines = BufReader::new(service.process.stderr.as_mut().unwrap());
        while !logged.contains("INFO admit_server") {
            assert_ne!(lines.read_line(&mut logged).unwrap(), 0, "{logged}");
        }
        let id = service.process.id().to_string();
        std::process::Command::new("kill").args([signal, &id]).status().unwrap();
        let output = std::mem::replace(&mut service.process, spare()).wait_with_output().unwrap();
        let ran = house.look(output);
        // The line that was read is all there was on stdout.
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    }
}

/// A process that is over, to stand where another was.
#[cfg(unix)]
fn spare() -> Child {
    std::process::Command::new("true").spawn().unwrap()
}

#[test]
fn a_database_that_does_not_fit_is_left_alone() {
    let house = House::new();
    drop(Service::start(&house));
    let home = house.home.path();
    let serve = "serve --listen 127.0.0.1:0";
    let keys = std::fs::read(home.join("admit-data/keys")).unwrap();

    std::fs::remove_file(home.join("admit-data/keys")).unwrap();
    run(&house, serve).is(4, "`--key-file PATH`");
    assert!(!home.join("admit-data/keys").exists(), "new keys would open nothing");
    let other = String::from_utf8(keys.clone()).unwrap().replace("\n1 ", "\n1 00000000");
    let other: Vec<String> = other.lines().map(|line| line.chars().take(66).collect()).collect();
    house.write("other", &other.join("\n"));
    run(&house, &format!("{serve} --key-file other")).is(4, "does not open");
    house.write("nonsense", "nonsense");
    run(&house, &format!("{serve} --key-file nonsense")).is(4, "holds no keys");
    std::fs::write(home.join("admit-data/keys"), &keys).unwrap();
    assert!(Service::start(&house).get("/readyz").ends_with("ready\n"), "its own keys open it still");

    std::fs::create_dir(home.join("elsewhere")).unwrap();
    std::fs::write(home.join("elsewhere/keys"), &keys).unwrap();
    let letter = "Dear diary, this is no database. ".repeat(100);
    let path = house.write("elsewhere/admit.db", &letter);
    run(&house, &format!("{serve} --data elsewhere")).is(1, "look whether it is a database of Admit");
    assert_eq!(std::fs::read_to_string(path).unwrap(), letter);
}

#[test]
fn a_password_of_a_database_is_not_repeated() {
    let house = House::new();
    let keys = "# A ring.\n1 0707070707070707070707070707070707070707070707070707070707070707\n";
    house.write("admit-data/keys", keys);
    for url in [
        "postgres://ann:CANARY@127.0.0.1:9/admit",
        "postgres://127.0.0.1:9/admit?user=ann&password=CANARY",
        "postgres://ann:CANARY@127.0.0.1:nine/admit",
        "mysql://ann:CANARY@127.0.0.1:9/admit",
        "CANARY",
    ] {
        let path = house.write("url", url);
        for (name, value) in [("DATABASE_URL", url), ("DATABASE_URL_FILE", path.to_str().unwrap())] {
            let mut command = house.bare(&["serve", "--listen", "127.0.0.1:0", "--log", "trace"]);
            let ran = house.finish(command.env(name, value));
            assert!(matches!(ran.code, Some(1 | 2)), "{url}: {}", ran.err);
            assert!(!ran.err.contains("CANARY") && ran.err.contains("DATABASE_URL"), "{}", ran.err);
        }
    }
}

const NEW: &str = "gate new owls --title Owls --chat CHAT --ask Drink? --answer espresso";

/// The words for why a gate cannot be published.
#[track_caller]
fn reasons(house: &House, slug: &str) -> Vec<String> {
    let error = run(house, &format!("gate publish {slug} --json")).fails_as(6, "conflict", "cannot_publish");
    assert_eq!(json(house, &format!("gate show {slug}"))["state"], "draft");
    let reasons = error["reasons"].as_array().unwrap().iter();
    reasons.map(|reason| reason["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_gate_that_cannot_work_is_not_opened_and_says_why() {
    let house = House::new();
    house.admit(NEW).is(0, "Next: `admit gate publish owls`");
    let bot = house.json("bot show")["id"].as_i64().unwrap();
    let chat = |call: &str, body| house.control(&format!("chats/{}/{call}", house.chat), body);
    let set = |body| chat("bot", body);

    set(json!({ "id": bot, "rights": [] }));
    assert_eq!(reasons(&house, "owls"), ["missing_right", "missing_right"]);
    run(&house, "gate publish owls").is(6, "an administrator grants it `can_restrict_members`, or");
    set(json!({ "id": bot, "rights": ["can_restrict_members"] }));
    run(&house, "gate publish owls").is(6, "an administrator grants it `can_invite_users`");
    set(json!({ "id": bot, "status": "member" }));
    assert_eq!(reasons(&house, "owls"), ["bot_not_administrator"]);
    for status in ["left", "kicked"] {
        set(json!({ "id": bot, "status": status }));
        assert_eq!(reasons(&house, "owls"), ["bot_not_in_chat"], "{status}");
    }
    set(json!({ "id": bot, "rights": ["can_invite_users", "can_restrict_members"] }));
    chat("username", json!({ "username": "owlery" }));
    assert_eq!(reasons(&house, "owls"), ["public_chat"]);
    run(&house, "gate publish owls").is(6, "is public as @owlery: anyone can walk in");
    chat("username", json!({}));

    run(&house, "gate new lost --title Lost --chat -1009999999999 --ask ? --answer x").is(0, "draft");
    assert_eq!(reasons(&house, "lost"), ["chat_not_found"]);
    run(&house, "gate new empty --title Empty --chat CHAT --chat 5").is(0, "It cannot work");
    assert_eq!(reasons(&house, "empty"), ["flaw", "flaw"]);
    let request =
        run(&house, "gate export owls").out.replace("\"link\"", "\"request\"").replace("owls", "later");
    house.write("later.toml", &request);
    run(&house, "gate apply later.toml --publish").is(6, "the entry `request` is not built yet");
    assert_eq!(reasons(&house, "later"), ["entry_not_built"]);

    let away = "gate publish owls --timeout 1s --api-url http://127.0.0.1:9 --json";
    run(&house, away).fails_as(8, "unreachable", "unreachable");
    let token = house.control(&format!("bots/{bot}/token"), json!({}))["token"].as_str().unwrap().to_owned();
    assert_eq!(reasons(&house, "owls"), ["token_dead"]);
    house
        .finish(house.bare(&["gate", "publish", "owls", "--dry-run"]).env("ADMIT_BOT_TOKEN", &token))
        .is(0, "would open the gate `owls`");
    run(&house, "gate publish owls").is(0, "is open at /g/owls");
    run(&house, "gate pause owls").is(0, "is paused");
    run(&house, "gate publish owls --json").is(0, "\"state\":\"open\"");
}

#[test]
fn strangers_that_may_stay_need_no_right_to_remove_them() {
    let house = House::new();
    let bot = house.json("bot show")["id"].as_i64().unwrap();
    let rights = json!({ "id": bot, "rights": ["can_invite_users"] });
    house.control(&format!("chats/{}/bot", house.chat), rights);
    let file = house.admit(&format!("{NEW} --dry-run")).out;
    house.write("owls.toml", &file.replace("stranger = \"remove\"", "stranger = \"keep\""));
    house.admit("gate apply owls.toml --publish").is(0, "owls: made, open");
}

#[test]
fn a_file_goes_in_and_comes_out_alike() {
    let house = House::new();
    let file = house.admit(&format!("{NEW} --dry-run")).out;
    assert!(!house.home.path().join("admit-data").exists(), "a dry run makes nothing");
    house.write("owls.toml", &file);
    house.admit("gate plan owls.toml").is(0, "owls: would be made");
    assert!(!house.home.path().join("admit-data").exists(), "a plan makes nothing");
    house.admit("gate apply owls.toml --dry-run").is(0, "would be made");
    house.admit("gate apply owls.toml").is(0, "owls: made, draft");
    assert_eq!(run(&house, "gate export owls").out, file);
    assert_eq!(json(&house, "gate plan owls.toml")["change"], "none");

    house.write("hawks.toml", &file.replace("Owls", "Hawks").replace("espresso", "ristretto"));
    let plan = json(&house, "gate plan hawks.toml");
    let changed = json!([
        { "field": "title", "was": "Owls", "now": "Hawks" },
        { "field": "questions.q1.answers", "was": "(hidden)", "now": "(hidden)" },
    ]);
    assert_eq!((&plan["change"], &plan["fields"]), (&json!("change"), &changed));
    run(&house, "gate plan hawks.toml --reveal").is(0, "[\"espresso\"] -> [\"ristretto\"]");
    assert_eq!(json(&house, "gate show owls")["revision"], 1, "a plan changes nothing");
    assert_eq!(json(&house, "gate apply hawks.toml")["revision"], 2);
    assert_eq!(json(&house, "gate apply hawks.toml")["revision"], 2, "applied twice is applied once");
    house
        .write("birds.toml", &file.replace("slug = \"owls\"", "slug = \"birds\"").replace("Drink?", "Sing?"));
    let both = json(&house, "gate plan hawks.toml birds.toml");
    assert_eq!((&both[0]["change"], &both[1]["change"]), (&json!("none"), &json!("create")));
    let shown = run(&house, "gate show owls");
    assert!(!shown.out.contains("ristretto"), "{}", shown.out);
    shown.is(0, "A guesser with 5 tries gets in with about ");
    run(&house, "gate show owls --reveal").is(0, "ristretto");
    let listed = json(&house, "gate list");
    assert_eq!((&listed[0]["slug"], &listed[0]["state"]), (&json!("owls"), &json!("draft")));
}

#[test]
fn an_open_gate_is_changed_only_if_it_goes_on_working() {
    let house = House::new();
    house.admit(NEW).is(0, "");
    run(&house, "gate publish owls").is(0, "open");
    let file = run(&house, "gate export owls").out;
    house.write("flaw.toml", &file.replace("[\"espresso\"]", "[]"));
    run(&house, "gate apply flaw.toml").is(6, "no answer to `q1` is right");
    house.write("away.toml", &file.replace(&house.chat, "-1009999999999"));
    run(&house, "gate edit owls --file away.toml").is(6, "`admit gate pause owls` first");
    assert_eq!(run(&house, "gate export owls").out, file);
    run(&house, "gate pause owls").is(0, "");
    run(&house, "gate apply flaw.toml").is(0, "it cannot work: no answer to `q1` is right");
}

#[cfg(unix)]
#[test]
fn what_was_typed_is_never_lost() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::new();
    house.admit(NEW).is(0, "");
    let edit = |script: &str| {
        let path = house.write("editor", &format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = house.bare(&["gate", "edit", "owls"]);
        command.env("PATH", "/usr/bin:/bin").env("TMPDIR", house.home.path());
        // One after the other: a file that is written cannot be run.
        house.finish(command.env("EDITOR", path))
    };
    let kept = || {
        let all = std::fs::read_dir(house.home.path()).unwrap().map(|each| each.unwrap().path());
        all.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("owls."))
            .collect::<Vec<_>>()
    };
    edit("sed -i s/Owls/Hawks/ \"$1\"").is(0, "Hawks (owls) is a draft");
    edit("true").is(0, "Nothing was changed");
    edit("false").is(2, "did not end well");
    assert_eq!(kept(), Vec::<std::path::PathBuf>::new(), "nothing was typed");
    edit("echo 'titel = \"Kites\"' > \"$1\"").is(2, "unknown field `titel`");
    edit("sed -i s/Hawks/Kites/ \"$1\"; false").is(2, "and the text is in");
    edit("sed -i s/owls/kites/ \"$1\"").is(2, "a gate keeps its name");
    run(&house, "gate publish owls").is(0, "");
    let ran = edit("sed -i 's/^answers.*/answers = []/' \"$1\"");
    ran.is(6, "no answer to `q1` is right");
    assert_eq!(kept().len(), 4);
    // What the hint says works.
    let line = ran.err.split("admit ").nth(1).unwrap().split('`').next().unwrap();
    run(&house, "gate pause owls").is(0, "");
    run(&house, line).is(0, "It cannot work");
    // Somebody else was faster.
    let export = format!("{} gate export owls", crate::house::ADMIT);
    let apply = format!("{} gate apply theirs.toml", crate::house::ADMIT);
    let theirs = format!(
        "cd {}; {export} > theirs.toml; sed -i s/Hawks/Theirs/ theirs.toml; {apply}",
        house.home.path().display()
    );
    edit(&format!("sed -i s/Hawks/Ours/ \"$1\"; {theirs}")).is(6, "somebody changed it meanwhile");
    run(&house, "gate show owls").is(0, "Theirs");
}

#[test]
fn a_gate_that_is_not_there_or_there_already_is_named() {
    let house = House::new();
    run(&house, "gate list --json").fails_as(3, "not_found", "no_database");
    run(&house, &format!("{NEW} --json")).fails_as(3, "not_found", "no_bot");
    house.admit(NEW).is(0, "Remembered the bot @admit_demo_bot");
    run(&house, &format!("{NEW} --json")).fails_as(6, "conflict", "gate_exists");
    for line in
        ["gate show gone", "gate edit gone", "gate publish gone", "gate pause gone", "gate export gone"]
    {
        run(&house, &format!("{line} --json")).fails_as(3, "not_found", "no_gate");
    }
    run(&house, "gate pause owls --json").fails_as(6, "conflict", "draft");
    run(&house, "gate new two --title Two --chat CHAT --bot @nobody --json").fails_as(
        3,
        "not_found",
        "no_bot",
    );
    let other = house.control("bots", json!({ "username": "other_bot" }));
    let mut command = house.bare(&["gate", "new", "two", "--title", "Two", "--chat", &house.chat]);
    house.finish(command.env("ADMIT_BOT_TOKEN", other["token"].as_str().unwrap())).is(0, "@other_bot");
    run(&house, "gate new three --title Three --chat CHAT").is(2, "`--bot @admit_demo_bot`");
    run(&house, "gate new three --title Three --chat CHAT --bot @Other_bot").is(0, "of @other_bot");
    let unknown = house
        .bare(&["gate", "new", "four", "--title", "4", "--chat", "-5", "--json"])
        .env("ADMIT_BOT_TOKEN", "1:AAAAAAAAAAAAAAAAAAAA")
        .output();
    house.look(unknown.unwrap()).fails_as(4, "credentials", "token_dead");
}
