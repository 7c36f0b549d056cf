//! The service and its commands, as an operator and a creator use them, beside a sandbox.

use crate::fan::{Gate, exchange};
use crate::house::{House, Ran};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
use std::thread::yield_now;
use std::time::{Duration, Instant};

/// A service that runs in the house's directory, with nothing but the token in a file.
pub(crate) struct Service {
    process: Child,
    pub(crate) url: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Service {
    pub(crate) fn start(house: &House) -> Self {
        Self::start_with(house, &[])
    }

    pub(crate) fn start_with(house: &House, more: &[&str]) -> Self {
        Self::start_at(house, "127.0.0.1:0", more).0
    }

    /// The service, and the line it says when it is ready.
    fn start_at(house: &House, listen: &str, more: &[&str]) -> (Self, Value) {
        let token = house.write("token", &house.token);
        let line = ["serve", "--listen", listen, "--telegram-url", &house.address, "--json"];
        let mut command = house.bare(&line);
        command.args(more);
        command.env("ADMIT_BOT_TOKEN_FILE", token).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        (Self { process, url: said["url"].as_str().unwrap().to_owned() }, said)
    }

    pub(crate) fn gate(&self, slug: &'static str) -> Gate {
        Gate { url: self.url.clone(), slug }
    }

    /// Ends it as an operator does.
    #[cfg(unix)]
    pub(crate) fn stop(mut self) {
        let id = self.process.id().to_string();
        std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(self.process.wait().unwrap().success());
    }

    /// Waits until it logs this.
    pub(crate) fn logs(&mut self, words: &str) {
        let mut logged = String::new();
        let mut lines = BufReader::new(self.process.stderr.as_mut().unwrap());
        while !logged.contains(words) {
            assert_ne!(lines.read_line(&mut logged).unwrap(), 0, "{logged}");
        }
    }

    pub(crate) fn get(&self, path: &str) -> String {
        exchange(&self.url, "GET", path, "", "")
    }
}

/// What such a run with `--json` answered.
pub(crate) fn json(house: &House, line: &str) -> Value {
    let ran = run(house, &format!("{line} --json"));
    assert_eq!(ran.code, Some(0), "{line}: {}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

/// A run with the token nowhere but in the database.
pub(crate) fn run(house: &House, line: &str) -> Ran {
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
        service.logs("INFO admit_server");
        let id = service.process.id().to_string();
        std::process::Command::new("kill").args([signal, &id]).status().unwrap();
        let output = std::mem::replace(&mut service.process, spare()).wait_with_output().unwrap();
        let ran = house.look(output);
        // The line that was read is all there was on stdout.
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    }
}

#[test]
fn a_webhook_that_may_be_ours_is_not_called_a_strangers() {
    let house = House::new();
    let bot = house.json("bot show")["id"].as_i64().unwrap();
    for (path, cure) in [
        (format!("telegram/{bot}"), "perhaps ours, from another public URL"),
        ("hook".to_owned(), "or use another bot"),
    ] {
        let url = json!({ "url": format!("http://127.0.0.1:9/{path}") });
        until("the webhook", || house.bot_api("setWebhook", url.clone())["ok"] == true);
        let mut service = Service::start(&house);
        let lines = BufReader::new(service.process.stderr.as_mut().unwrap()).lines();
        let said = lines.map(Result::unwrap).find(|line| line.contains("another program")).unwrap();
        assert!(said.contains(cure), "{said}");
    }
}

#[test]
fn what_runs_until_it_is_stopped_has_no_dry_run() {
    let house = House::new();
    for command in ["serve", "demo", "sandbox"] {
        run(&house, &format!("{command} --dry-run --json")).fails_as(2, "usage", "bad_input");
    }
    assert!(!house.home.path().join("admit-data").exists());
}

#[cfg(unix)]
#[test]
fn a_service_listens_at_a_socket_and_is_watched_elsewhere() {
    let house = House::new();
    let path = house.home.path().join("web");
    let listen = format!("unix:{}", path.display());
    run(&house, &format!("serve --listen {listen} --json")).fails_as(2, "usage", "bad_input");
    let more = ["--public-url", "https://gate.example", "--metrics-listen", "127.0.0.1:0"];
    let ask = |path_asked: &str| {
        let mut stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
        write!(stream, "GET {path_asked} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    // The second time, over what a service that was killed left there.
    for _ in 0..2 {
        let (service, said) = Service::start_at(&house, &listen, &more);
        assert_eq!((&said["url"], &said["public_url"]), (&json!(listen), &json!("https://gate.example")));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        let watched = said["metrics_url"].as_str().unwrap();
        let told = |path: &str, headers: &str| exchange(watched, "GET", path, headers, "");
        assert!(told("/readyz", "").ends_with("ready\n") && told("/livez", "").ends_with("ok\n"));
        // Whoever reaches it may look, also through others.
        assert!(told("/metrics", "x-forwarded-for: 10.0.0.1\r\n").contains("admit_updates"));
        assert!(told("/g/owls", "").starts_with("HTTP/1.1 404"));
        for path in ["/readyz", "/livez", "/metrics"] {
            assert!(ask(path).starts_with("HTTP/1.1 404"), "{path}");
        }
        assert!(ask("/g/owls").contains("There is no gate at this address"));
        let (code, line) =
            ("bad_input", format!("serve --listen {listen} --public-url https://gate.example --json"));
        assert!(
            run(&house, &line).fails_as(2, "usage", code)["detail"]
                .as_str()
                .unwrap()
                .contains("another program")
        );
        drop(service);
        assert!(path.exists());
    }
    let (service, _) = Service::start_at(&house, &listen, &more);
    service.stop();
    assert!(!path.exists());
    // Without a listener of their own they are where everybody is, and `/metrics` is for this machine only.
    let (service, _) = Service::start_at(&house, &listen, &more[..2]);
    assert!(ask("/metrics").contains("admit_updates") && ask("/readyz").ends_with("ready\n"));
    drop(service);
    let service = Service::start(&house);
    assert!(service.get("/metrics").contains("admit_updates"));
    let forwarded = exchange(&service.url, "GET", "/metrics", "via: 1.1 proxy\r\n", "");
    assert!(forwarded.starts_with("HTTP/1.1 404"), "{forwarded}");
    house.write("letter", "no socket");
    let line = "serve --listen unix:letter --public-url https://gate.example --json";
    run(&house, line).fails_as(2, "usage", "bad_input");
    assert!(house.home.path().join("letter").exists());
    let ran = house.finish(house.bare(&["serve", "--json"]).env("ADMIT_METRICS_LISTEN", "here"));
    ran.fails_as(2, "usage", "bad_input");
}

#[test]
fn a_service_that_knows_its_bot_starts_without_telegram() {
    let house = House::new();
    let away = ["--api-url", "http://127.0.0.1:9", "--timeout", "1s"];
    let token = house.write("token", &house.token);
    let line = ["serve", "--listen", "127.0.0.1:0", "--json", "--token-file", token.to_str().unwrap()];
    let ran = house.finish(house.bare(&line).args(away));
    ran.fails_as(8, "unreachable", "unreachable");
    drop(Service::start(&house));
    let service = Service::start_with(&house, &away);
    assert!(service.get("/readyz").ends_with("ready\n"));
}

#[cfg(unix)]
#[test]
fn whoever_insists_is_not_kept_waiting() {
    let house = House::new();
    let mut service = Service::start(&house);
    let address = service.url.strip_prefix("http://").unwrap().to_owned();
    // Somebody who never finishes what they say would be waited for.
    let mut slow = TcpStream::connect(&address).unwrap();
    let kind = "content-type: application/x-www-form-urlencoded\r\nexpect: 100-continue\r\n";
    write!(slow, "POST /g/owls HTTP/1.1\r\nhost: x\r\n{kind}content-length: 9\r\n\r\n").unwrap();
    let mut go_on = [0; 12];
    slow.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100");
    let kill = |service: &Service| {
        let id = service.process.id().to_string();
        std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap();
    };
    kill(&service);
    until("the end of listening", || TcpStream::connect(&address).is_err());
    let asked_at = Instant::now();
    kill(&service);
    assert_eq!(service.process.wait().unwrap().code(), Some(143));
    assert!(asked_at.elapsed() < Duration::from_secs(5));
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
    let ran = run(&house, &format!("{serve} --key-file other"));
    ran.is(4, "does not open");
    assert_eq!(ran.err.matches("does not open").count(), 1, "{}", ran.err);
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
    std::fs::remove_file(home.join("elsewhere/keys")).unwrap();
    run(&house, &format!("{serve} --data elsewhere")).is(4, "are not at `elsewhere/keys`");
    assert!(!home.join("elsewhere/keys").exists(), "no keys are made beside something else");
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

pub(crate) const NEW: &str = "gate new owls --title Owls --chat CHAT --ask Drink? --answer espresso";

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
    let over = request.replace("later", "over").replace("request", "link");
    house.write("over.toml", &format!("closes_at = \"2020-01-01T00:00:00Z\"\n{over}"));
    run(&house, "gate plan over.toml").is(0, "it cannot work: the gate is over: its `closes_at` has passed");
    run(&house, "gate apply over.toml --publish --dry-run").is(6, "the gate is over");
    run(&house, "gate apply over.toml").is(0, "made, draft");
    assert_eq!(reasons(&house, "over"), ["over"]);
    run(&house, "gate publish over --dry-run").is(6, "write a later one, or leave it out");

    house.write("third.toml", &request.replace("later", "third").replace("request", "link"));
    let both = run(&house, "gate apply later.toml third.toml --publish");
    both.is(
        9,
        "later: failed: the gate `later` cannot be published\n  - the entry `request` is not built yet",
    );
    both.is(9, "third: made, open");
    let soon = request.replace("later", "soon").replace("request", "link");
    house.write("soon.toml", &format!("opens_at = \"2999-01-01T00:00:00Z\"\n{soon}"));
    run(&house, "gate apply soon.toml --publish").is(0, "soon: made, open");
    run(&house, "gate show soon").is(0, "is not open yet, at /g/soon");

    let away = "gate publish owls --timeout 1s --api-url http://127.0.0.1:9 --json";
    run(&house, away).fails_as(8, "unreachable", "unreachable");
    let token = house.control(&format!("bots/{bot}/token"), json!({}))["token"].as_str().unwrap().to_owned();
    assert_eq!(reasons(&house, "owls"), ["token_dead"]);
    house
        .finish(house.bare(&["gate", "publish", "owls", "--dry-run"]).env("ADMIT_BOT_TOKEN", &token))
        .is(0, "would open the gate `owls`");
    run(&house, "gate publish owls").is(0, "is open at /g/owls");
    run(&house, "gate publish owls").is(0, "No service is running: `admit serve` shows its page");
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
    // What is refused without a look at Telegram, a plan refuses too.
    house.write("asked.toml", &file.replace("entry = \"link\"", "entry = \"request\""));
    for line in ["apply asked.toml", "apply asked.toml --dry-run", "plan asked.toml"] {
        run(&house, &format!("gate {line}")).is(6, "the entry `request` is not built yet");
    }
    house.write(
        "new.toml",
        &file.replace("\"link\"", "\"request\"").replace("slug = \"owls\"", "slug = \"new\""),
    );
    run(&house, "gate plan new.toml").is(0, "it cannot work: the entry `request` is not built yet");
    run(&house, "gate apply new.toml --publish --dry-run").is(6, "cannot be published");
    run(&house, "gate plan new.toml asked.toml --json").is(9, "entry_not_built");
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

/// Asks until it is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "{what} did not happen");
        yield_now();
    }
}

/// An open gate of a service that runs beside the commands, on the same file.
pub(crate) fn open_gate(house: &House) -> Service {
    let service = Service::start(house);
    run(house, NEW).is(0, "");
    assert!(service.gate("owls").ask("GET", "", "", "").starts_with("HTTP/1.1 404"), "drafts are nobody's");
    run(house, "gate publish owls").is(0, "open");
    service
}

/// How the first chat of a pass stands.
pub(crate) fn entry(house: &House, pass: i64) -> Value {
    json(house, &format!("pass show {pass}"))["entries"][0].clone()
}

#[test]
fn a_gate_from_the_terminal_is_passed_and_its_pass_is_listed() {
    let house = House::new();
    let service = open_gate(&house);
    let gate = service.gate("owls");
    let (_, link) = gate.passed(&gate.form(), "Espresso!");
    let listed = json(&house, "pass list --gate owls");
    assert_eq!((&listed[0]["entries"][0]["state"], &listed[1]), (&json!("issued"), &json!(null)));
    let pass = listed[0]["pass_id"].as_i64().unwrap();
    let words = run(&house, "pass list").out + &listed.to_string();
    assert!(!words.contains(&link), "a list shows no links: {words}");
    assert_eq!(run(&house, &format!("pass show {pass} -q")).out, format!("{link}\n"));

    let fan = house.person();
    assert_eq!(house.join(fan, &link), "joined");
    until("the join", || entry(&house, pass)["state"] == "used");
    let used = entry(&house, pass);
    assert_eq!((&used["used_by"], used.get("invite_link")), (&json!(fan), None));
    run(&house, &format!("pass show {pass}")).is(0, &format!("was used by {fan} on "));

    // What is paused or changed in one process is so in the other at once.
    run(&house, "gate pause owls").is(0, "");
    assert!(!gate.ask("GET", "", "", "").contains("name=\"form\""), "a paused gate asks nothing");
    let file = run(&house, "gate export owls").out;
    house.write("tea.toml", &file.replace("espresso", "tea"));
    run(&house, "gate apply tea.toml --publish").is(0, "changed, open");
    gate.passed(&gate.form(), "tea");
    assert_eq!(json(&house, "pass list --limit 1")[0]["pass_id"], pass + 1);
    assert_eq!(json(&house, &format!("pass list --before {}", pass + 1))[0]["pass_id"], pass);
    assert_eq!(json(&house, "gate list")[0]["issued"], 2);
}

#[test]
fn a_pass_is_granted_by_hand_used_and_taken_back() {
    let house = House::new();
    let _service = open_gate(&house);
    let ann = house.person();
    let granted = json(&house, &format!("pass grant --gate owls --person {ann}"));
    assert_eq!(granted["status"], "granted");
    let pass = granted["pass_id"].as_i64().unwrap();
    let again = json(&house, &format!("pass grant --gate owls --person {ann}"));
    assert_eq!((&again["status"], &again["pass_id"]), (&json!("already"), &json!(pass)));
    let shown = json(&house, &format!("pass show {pass} --wait 20"));
    assert_eq!(shown["granted_by"], "command line");
    let link = shown["entries"][0]["invite_link"].as_str().unwrap();
    assert_eq!(house.join(ann, link), "joined");
    until("the join", || entry(&house, pass)["state"] == "used");

    run(&house, &format!("pass revoke {pass}")).is(2, &format!("{ann} came into {} by it", house.chat));
    run(&house, &format!("pass revoke {pass} --dry-run")).is(0, "would revoke");
    assert_eq!(entry(&house, pass)["state"], "used");
    let revoked = json(&house, &format!("pass revoke {pass} --yes"));
    let inside = json!([{ "chat_id": house.chat.parse::<i64>().unwrap(), "user_id": ann }]);
    assert_eq!((&revoked["status"], &revoked["inside"]), (&json!("revoked"), &inside));
    assert_eq!(json(&house, &format!("pass revoke {pass}"))["status"], "already");
    run(&house, &format!("pass show {pass}")).is(0, "is revoked");
    run(&house, &format!("pass reissue {pass} --json")).fails_as(6, "conflict", "not_reissuable");

    // A link that nobody used ends too.
    let pass = json(&house, "pass grant --gate owls")["pass_id"].as_i64().unwrap();
    let link = run(&house, &format!("pass show {pass} --wait 20 -q")).out;
    run(&house, &format!("pass reissue {pass} --json")).fails_as(6, "conflict", "not_reissuable");
    run(&house, &format!("pass revoke {pass} --yes")).is(0, "is revoked");
    until("the end of the link", || {
        let links = house.chat()["links"].clone();
        links
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["invite_link"] == link.trim() && it["is_revoked"] == true)
    });
    assert_eq!(house.join(house.person(), link.trim()), "refused");
}

#[test]
fn a_pass_waits_for_whoever_makes_links() {
    let house = House::new();
    house.admit(NEW).is(0, "");
    run(&house, "pass grant --gate owls").is(0, "`admit gate publish owls`");
    assert_eq!(run(&house, "pass grant --gate owls -q").out, "2\n");
    let ran = run(&house, "pass show 2 --wait 0");
    ran.is(10, "waits for a link, with 1 before it");
    assert!(ran.err.contains("`admit serve`"), "{}", ran.err);
    run(&house, "pass show 2").is(0, "with 1 before it");
    run(&house, "pass show 1").is(0, "is the next to get a link");
    run(&house, "pass show 7 --json").fails_as(3, "not_found", "no_pass");
    run(&house, "pass revoke 7 --yes --json").fails_as(3, "not_found", "no_pass");
    run(&house, "pass reissue 7 --json").fails_as(3, "not_found", "no_pass");
    run(&house, "pass reissue 1 --chat -5").is(2, "does not lead there");
    run(&house, "pass reissue 1").is(6, "it waits for a link; `admit serve` makes one");
    run(&house, "pass reissue 1 --dry-run").is(6, "it waits for a link; `admit serve` makes one");
    run(&house, "pass grant --gate gone --json").fails_as(3, "not_found", "no_gate");
    run(&house, "pass list --gate gone --json").fails_as(3, "not_found", "no_gate");
    let file = run(&house, "gate export owls").out;
    house.write("two.toml", &file.replace("entry =", "quota = 2\nentry ="));
    run(&house, "gate apply two.toml").is(0, "quota: nothing -> 2");
    run(&house, "pass grant --gate owls --json").fails_as(6, "conflict", "gate_full");
    // Whoever runs the service later makes them.
    let _service = Service::start(&house);
    run(&house, "gate publish owls").is(0, "");
    for pass in [1, 2] {
        run(&house, &format!("pass show {pass} --wait 20")).is(0, "has a link that works once, until ");
    }
}

/// Lets every link that is not used yet seem to be over.
fn expire(house: &House) {
    let data = house.home.path().join("admit-data");
    let keys = store::Keyring::read(&std::fs::read_to_string(data.join("keys")).unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = store::Store::open(data.join("admit.db").to_str().unwrap(), keys).await.unwrap();
        assert_eq!(store.expire(links::UnixTime::new(9_000_000_000)).await.unwrap(), 1);
    });
}

#[test]
fn a_pass_that_expired_gets_another_link_when_the_old_one_has_ended() {
    let house = House::new();
    let _service = open_gate(&house);
    run(&house, "pass grant --gate owls").is(0, "Its link: `admit pass show 1 --wait 10`");
    let old = run(&house, "pass show 1 --wait 20 -q").out;
    expire(&house);
    // By hand, and before its time.
    run(&house, "pass show 1").is(0, "was ended before it was used");
    run(&house, "pass reissue 1 --dry-run").is(0, "would give the pass 1 another link");
    run(&house, "pass reissue 1 --json").fails_as(6, "conflict", "not_yet");
    until("another link", || run(&house, "pass reissue 1").code == Some(0));
    let new = run(&house, "pass show 1 --wait 20 -q").out;
    assert_ne!(new, old);
    assert_eq!(entry(&house, 1)["generation"], 2);
    assert_eq!(house.join(house.person(), old.trim()), "refused");
    assert_eq!(house.join(house.person(), new.trim()), "joined");
}

#[test]
fn the_ledger_tells_what_became_of_a_link() {
    let house = House::new();
    let service = open_gate(&house);
    let gate = service.gate("owls");
    let (_, link) = gate.passed(&gate.form(), "espresso");
    let listed = json(&house, &format!("link list --gate owls --chat {}", house.chat));
    assert!(!listed.to_string().contains(&link), "a list shows no links");
    let given = listed.as_array().unwrap().iter().find(|each| each["state"] == "given").unwrap();
    let marker = given["marker"].as_str().unwrap();
    let hash = link.rsplit('+').next().unwrap();
    // A hash that begins like an option may be one.
    let bare = if hash.starts_with('-') { &link } else { hash };
    let id = given["id"].as_str().unwrap();
    for name in [marker, bare, &link, &format!("tg://join?invite={hash}"), id] {
        let shown = json(&house, &format!("link show {name}"));
        assert_eq!((&shown["invite_link"], &shown["pass_id"]), (&json!(link), &json!(1)), "{name}");
    }
    assert_eq!(json(&house, "link list --pass 1").as_array().unwrap().len(), 1);
    let newest = json(&house, "link list --limit 1")[0]["link_id"].as_i64().unwrap();
    let next = json(&house, &format!("link list --limit 1 --before {newest}"))[0].take();
    assert_eq!((&next["link_id"], &next["id"]), (&json!(newest - 1), &json!((newest - 1).to_string())));
    assert_eq!(next["name"], next["marker"]);
    // What one page ends with, the next one begins after.
    let ids = house.admit(&format!("link list --limit 1 --before {newest} -q")).out;
    assert_eq!(ids, format!("{}\n", newest - 1));
    assert_eq!(run(&house, &format!("link show {} -q", link)).out, format!("{link}\n"));

    // What a gate made is not ended behind its back; nor is what it may give next.
    for line in
        [format!("link revoke --chat CHAT {link}"), format!("link revoke --chat CHAT {link} --dry-run")]
    {
        house.admit(&line).is(6, "`admit pass revoke 1` takes the pass back");
    }
    let listed = json(&house, "link list");
    let free = listed.as_array().unwrap().iter().find(|each| each["state"] == "free").unwrap();
    let free = json(&house, &format!("link show {}", free["marker"].as_str().unwrap()));
    let line = format!("link revoke --chat CHAT {} --json", free["invite_link"].as_str().unwrap());
    house.admit(&line).fails_as(6, "conflict", "kept_link");

    let fan = house.person();
    assert_eq!(house.join(fan, &link), "joined");
    until("the end of the link", || json(&house, &format!("link show {marker}"))["revoked_at"].is_i64());
    let shown = json(&house, &format!("link show {marker}"));
    assert_eq!((&shown["seen"][0]["user_id"], &shown["seen"][0]["what"]), (&json!(fan), &json!("joined")));
    run(&house, &format!("link show {marker}")).is(0, &format!("{fan} joined on "));
    assert_eq!(
        (&shown["seen"][0]["is_stranger"], &shown["seen"][0]["left_at"]),
        (&json!(false), &Value::Null)
    );
    house.control(&format!("people/{fan}/leave"), json!({ "chat_id": house.chat.parse::<i64>().unwrap() }));
    until("the leave", || run(&house, &format!("link show {marker}")).out.contains(", and left on "));
    run(&house, &format!("pass grant --gate owls --person {fan}")).is(0, "");
    let link = run(&house, "pass show 2 --wait 20 -q").out;
    let stranger = house.person();
    assert_eq!(house.join(stranger, link.trim()), "joined");
    until("the leak", || run(&house, &format!("link show {}", link.trim())).out.contains(", a stranger"));
    run(&house, "link list").is(0, "MARKER");
    run(&house, "link show https://t.me/+AbCdEf0123456789 --json").fails_as(3, "not_found", "no_link");
    run(&house, "link show nonsense! --json").fails_as(2, "usage", "bad_input");
    run(&house, "link list --chat @garden --json").fails_as(2, "usage", "bad_input");
}

#[test]
fn a_link_of_a_gate_is_edited_without_saying_what_it_was() {
    let house = House::new();
    let service = open_gate(&house);
    let gate = service.gate("owls");
    let (cookie, link) = gate.passed(&gate.form(), "espresso");
    let was = json(&house, &format!("link show {link}"));
    let hash = link.rsplit('+').next().unwrap();
    let edited = json(&house, &format!("link edit --chat CHAT tg://join?invite={hash} --expire 30d"));
    assert_eq!(
        (&edited["invite_link"], &edited["name"], &edited["member_limit"]),
        (&json!(link), &was["marker"], &json!(1))
    );
    assert_ne!(edited["expire_date"], was["expires_at"]);
    // The ledger, the pass and the fan's page know of it.
    let is = json(&house, &format!("link show {link}"));
    assert_eq!((&is["expires_at"], &is["expiry_wanted"]), (&edited["expire_date"], &json!(null)));
    assert_eq!(entry(&house, 1)["expires_at"], edited["expire_date"]);
    assert!(gate.pass(&cookie).contains("for another 30 days"));
    assert_eq!(json(&house, "audit list --limit 1")[0]["what"], "edit link");
    // What a gate promises of its links is not edited away, however it is said.
    let (file, all) = ("was.json", "--no-name --no-expire --instant --no-limit");
    house.write(file, &edited.to_string());
    for edit in ["--name spring", "--no-name", "--limit 2", "--no-limit", "--request", "--no-expire", all] {
        let line = format!("link edit --chat CHAT {link} --was {file} {edit} --json");
        run(&house, &line).fails_as(6, "conflict", "kept_link");
    }
    run(&house, &format!("link edit --chat CHAT {link} --limit 2")).is(6, "it lets one person in");
    run(&house, &format!("link edit --chat -1009 {link} --expire 1h")).is(6, "it leads to another chat");
    run(&house, &format!("link edit --chat CHAT {link} --expire 1h --as account")).is(2, "its bot edits it");
    let same = format!("--name {} --limit 1 --expire 1h", was["marker"].as_str().unwrap());
    run(&house, &format!("link edit --chat CHAT {link} {same} --dry-run")).is(0, "\"member_limit\":1");
    run(&house, &format!("link edit --chat CHAT {link} {same}")).is(0, "");
    assert!(gate.pass(&cookie).contains("for another 60 minutes"));
    // Where Telegram's answer is lost, the later end counts until it is known.
    house.fault("editChatInviteLink", "lost", 0, 5);
    let line = format!("link edit --chat CHAT {link} --expire 10m --timeout 1s");
    run(&house, &format!("{line} --json")).fails_as(10, "unknown", "outcome_unknown");
    run(&house, &format!("link show {link}")).is(0, "nobody knows whether Telegram did that");
    assert!(gate.pass(&cookie).contains("for another 60 minutes"));
    until("an answer", || run(&house, &line).code == Some(0));
    assert!(gate.pass(&cookie).contains("for another 10 minutes"));
    // Nor is one edited that has done what it was for.
    assert_eq!(house.join(house.person(), &link), "joined");
    until("the join", || entry(&house, 1)["state"] == "used");
    run(&house, &format!("link edit --chat CHAT {link} --expire 7d --json")).fails_as(
        6,
        "conflict",
        "not_editable",
    );
    // A link the ledger does not know needs to be told of, as ever.
    let other = house.admit("link create --chat CHAT --limit 5 -q").out;
    house.admit(&format!("link edit --chat CHAT {} --name x", other.trim())).is(2, "would be erased");
}

#[test]
fn while_the_database_is_away_nothing_is_lost() {
    let house = House::new();
    let service = open_gate(&house);
    let gate = service.gate("owls");
    let (cookie, link) = gate.passed(&gate.form(), "espresso");
    let db = rusqlite::Connection::open(house.home.path().join("admit-data/admit.db")).unwrap();
    for table in ["attempts", "gates"] {
        let form = gate.form();
        db.execute_batch(&format!("alter table {table} rename to away")).unwrap();
        let answer = gate.send(&form, "espresso+macchiato");
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 2"), "{answer}");
        assert!(
            answer.contains("Nothing is lost") && answer.contains("value=\"espresso macchiato\""),
            "{answer}"
        );
        assert!(!answer.contains("set-cookie"), "{answer}");
        let again =
            answer.split_once("name=\"form\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
        db.execute_batch(&format!("alter table away rename to {table}")).unwrap();
        assert!(gate.send(&again, "macchiato").contains("That is not right"), "{again}");
    }
    db.execute_batch("alter table gates rename to away").unwrap();
    for page in [gate.ask("GET", "", "", ""), gate.pass(&cookie)] {
        assert!(
            page.starts_with("HTTP/1.1 503") && page.contains("Nothing is lost that was confirmed"),
            "{page}"
        );
    }
    db.execute_batch("alter table away rename to gates").unwrap();
    assert!(gate.pass(&cookie).contains(&link));
}

#[test]
fn many_commands_beside_a_service_hinder_nobody() {
    let house = House::new();
    let service = open_gate(&house);
    let gate = service.gate("owls");
    let mut passes: Vec<i64> = std::thread::scope(|scope| {
        let grant = || json(&house, "pass grant --gate owls")["pass_id"].as_i64().unwrap();
        let grants: Vec<_> = (0..12).map(|_| scope.spawn(grant)).collect();
        let fans: Vec<_> = (0..12).map(|_| scope.spawn(|| gate.passed(&gate.form(), "espresso"))).collect();
        let mut links: Vec<String> = fans.into_iter().map(|fan| fan.join().unwrap().1).collect();
        links.sort_unstable();
        links.dedup();
        assert_eq!(links.len(), 12);
        grants.into_iter().map(|pass| pass.join().unwrap()).collect()
    });
    passes.sort_unstable();
    passes.dedup();
    assert_eq!(passes.len(), 12);
    assert_eq!(json(&house, "pass list").as_array().unwrap().len(), 24);
    assert_eq!(json(&house, "gate list")[0]["issued"], 24);
}

#[cfg(unix)]
#[test]
fn a_service_that_logs_everything_tells_no_secrets() {
    let house = House::new();
    let mut service = Service::start_with(&house, &["--log", "trace"]);
    run(&house, &NEW.replace("espresso", "CANARYANSWER")).is(0, "");
    run(&house, "gate publish owls").is(0, "");
    let gate = service.gate("owls");
    let form = gate.form();
    gate.ask("GET", "?CANARYQUERY=1", "", "");
    let (cookie, link) = gate.passed(&form, "canaryanswer");
    house.join(house.person(), &link);
    until("the join", || entry(&house, 1)["state"] == "used");
    let id = service.process.id().to_string();
    std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap();
    // `look` sees to it that the token is not there.
    let ran = house.look(std::mem::replace(&mut service.process, spare()).wait_with_output().unwrap());
    assert!(ran.err.contains("called Telegram"), "{}", ran.err);
    let hash = link.rsplit('+').next().unwrap();
    for secret in
        ["canaryanswer", "CANARYANSWER", "CANARYQUERY", hash, &form, cookie.split('=').nth(1).unwrap()]
    {
        assert!(!ran.err.contains(secret), "`{secret}` is in the log");
    }
    let file = std::fs::read(house.home.path().join("admit-data/admit.db")).unwrap();
    let file = String::from_utf8_lossy(&file).into_owned();
    let token = house.token.split(':').nth(1).unwrap();
    assert!(!file.contains("CANARYANSWER") && !file.contains(hash) && !file.contains(token));
}

#[test]
fn of_many_who_draw_the_same_gate_one_does() {
    let house = House::new();
    house.admit("gate new birds --title Birds --chat CHAT").is(0, "");
    let codes: Vec<Option<i32>> = std::thread::scope(|scope| {
        let draw = |each: usize| run(&house, &format!("gate new owls --title Owls{each} --chat CHAT")).code;
        let all: Vec<_> = (0..8).map(|each| scope.spawn(move || draw(each))).collect();
        all.into_iter().map(|each| each.join().unwrap()).collect()
    });
    let count = |code| codes.iter().filter(|each| **each == Some(code)).count();
    assert_eq!((count(0), count(6)), (1, 7), "{codes:?}");
    assert_eq!(json(&house, "gate show owls")["revision"], 1);
}
