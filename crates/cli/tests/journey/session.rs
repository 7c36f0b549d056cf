//! An account: logged in, out, and everything that can go wrong on the way. Nothing secret of it is ever shown.

use crate::house::{House, Ran};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

const API_HASH: &str = "CANARY-hash-of-the-application";
const FILE: &str = ".config/admit/sessions/default.session";

/// The owner of the demo chat, and a key that the sandbox gave out.
struct Owner {
    house: House,
    id: i64,
    phone: String,
    code: String,
    password: String,
    key: String,
}

impl Owner {
    /// With the key they are logged in with.
    fn new() -> Self {
        let house = House::new();
        let admin = house.mtproto["admin"].clone();
        let text = |name: &str| admin[name].as_str().unwrap().to_owned();
        let (phone, code, password, key) = (text("phone"), text("code"), text("password"), text("auth_key"));
        let owner = Self { house, id: admin["user_id"].as_i64().unwrap(), phone, code, password, key };
        owner.house.write("auth-key", &format!("{}\n", owner.key));
        owner.house.write("code", &format!("{}\r\n", owner.code));
        owner.house.write("password", &owner.password);
        owner.house.write("wrong", "00000\n");
        owner.house.write("phone", &format!("{}\n", owner.phone));
        owner
    }

    /// With a key that nobody is logged in with.
    fn logged_out() -> Self {
        let owner = Self::new();
        owner.login("").is(0, "Logged in as Owner");
        owner.run("logout").is(0, "Logged out");
        owner
    }

    /// Somebody else, without a password, and the file of a key of theirs.
    fn ann(&self) -> i64 {
        let ann = self.house.control("people", json!({ "first_name": "Ann", "phone": "9996620002" }));
        let id = ann["id"].as_i64().unwrap();
        let key = self.house.control(&format!("people/{id}/session"), json!({}));
        self.house.write("anns-key", key["auth_key"].as_str().unwrap());
        id
    }

    fn command(&self, line: &str) -> Command {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let mut command = self.house.bare(&arguments);
        command.env("ADMIT_API_ID", "12345").env("ADMIT_API_HASH", API_HASH);
        command
    }

    fn run(&self, line: &str) -> Ran {
        self.finish(&mut self.command(line))
    }

    fn login_line(&self, more: &str) -> String {
        let address = self.house.mtproto["addr"].as_str().unwrap();
        let key = if more.contains("--auth-key-file") { "" } else { "--auth-key-file auth-key" };
        format!("login --server {address} --dc 2 {key} {more}")
    }

    fn login(&self, more: &str) -> Ran {
        self.run(&self.login_line(more))
    }

    /// Logs in by telephone, all by files.
    fn sign_in(&self, more: &str) -> Ran {
        self.login(&format!("--phone-file phone --code-file code --password-file password {more}"))
    }

    /// Logs in by a code that somebody scans, who is told of it on stdout.
    fn show(&self, more: &str) -> Showing {
        let said = File::create(self.house.home.path().join("said")).unwrap();
        let mut command = self.command(&self.login_line(&format!("--qr {more}")));
        let mut child = command.stdout(Stdio::piped()).stderr(said).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Showing { child, lines, urls: Vec::new() }
    }

    /// How it ended, without the codes that were read. None of them is in what it said beside.
    fn end(&self, mut showing: Showing) -> Ran {
        let lines: Vec<String> = showing.lines.map(Result::unwrap).collect();
        let code = showing.child.wait().unwrap().code();
        let err = std::fs::read_to_string(self.house.home.path().join("said")).unwrap();
        for url in showing.urls {
            let (_, token) = url.split_once('=').unwrap();
            assert!(!err.contains(token), "a token was told: {err}");
        }
        self.look(Ran { code, out: lines.join("\n"), err })
    }

    fn scan(&self, person: i64, url: &str) -> Value {
        self.house.control(&format!("people/{person}/scan"), json!({ "url": url }))
    }

    fn show_tokens_for(&self, seconds: i64) {
        self.house.control("login-tokens", json!({ "seconds": seconds }));
    }

    fn finish(&self, command: &mut Command) -> Ran {
        self.look(self.house.finish(command))
    }

    fn look(&self, ran: Ran) -> Ran {
        let said = format!("{}{}", ran.out, ran.err);
        let bytes: Vec<u8> =
            (0..16).step_by(2).map(|at| u8::from_str_radix(&self.key[at..at + 2], 16).unwrap()).collect();
        let decimal = format!("{bytes:?}");
        let decimal = decimal.trim_matches(['[', ']']);
        let (phone, key) = (self.phone.trim_start_matches('+'), &self.key);
        for secret in [&self.password, API_HASH, phone, &key[..16], &key[496..], decimal] {
            assert!(!said.contains(secret), "`{secret}` was shown: {said}");
        }
        // It is short, and may stand in the middle of a time or an id.
        let mut words = said.split(|each: char| !each.is_ascii_alphanumeric());
        assert!(words.all(|word| word != self.code), "the code was shown: {said}");
        ran
    }

    fn json(&self, line: &str) -> Value {
        let ran = self.run(&format!("{line} --json"));
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        serde_json::from_str(&ran.out).unwrap()
    }

    fn file(&self) -> PathBuf {
        self.house.home.path().join(FILE)
    }

    #[track_caller]
    fn kept_nothing(&self) {
        assert!(!self.file().exists());
        let sessions = self.file().parent().unwrap().read_dir().into_iter().flatten();
        let names: Vec<_> = sessions.map(|entry| entry.unwrap().file_name()).collect();
        assert!(names.is_empty() || names == ["session-keys"], "{names:?}");
    }
}

/// A log-in that shows codes.
struct Showing {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    urls: Vec<String>,
}

impl Showing {
    /// The next code, and when its time is over.
    fn token(&mut self) -> (String, i64) {
        let line = self.lines.next().unwrap().unwrap();
        let token = serde_json::from_str::<Value>(&line).unwrap()["login_token"].take();
        let url = token["url"].as_str().unwrap_or_else(|| panic!("no code: {line}")).to_owned();
        assert!(url.starts_with("tg://login?token="), "{url}");
        self.urls.push(url.clone());
        (url, token["expires_at"].as_i64().unwrap())
    }
}

#[test]
fn a_key_that_somebody_is_logged_in_with_is_a_log_in() {
    let owner = Owner::new();
    owner.login("--dry-run").is(0, "would log in at 127.0.0.1");
    owner.kept_nothing();
    let ran = owner.login("--json");
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&answer["id"], &answer["first_name"]), (&json!(owner.id), &json!("Owner")));
    assert_eq!(answer["session_file"], owner.file().to_str().unwrap());
    assert_eq!(owner.login("-q").out, format!("{}\n", owner.id));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&owner.file()), mode(owner.file().parent().unwrap())), (0o600, 0o700));
    }
    owner.run("logout --dry-run").is(0, "would end the session of account");
    assert!(owner.file().exists());
    owner.run("logout -q").is(0, &owner.id.to_string());
    owner.kept_nothing();
    owner.run("logout --json").fails_as(4, "credentials", "no_session");
}

#[test]
fn whoami_tells_of_the_account_and_of_the_bot() {
    let owner = Owner::new();
    owner.run("whoami --json").fails_as(4, "credentials", "no_session");
    owner.run("whoami").is(4, "admit login");
    let with_token = |line: &str| {
        let ran = owner.finish(owner.command(line).env("ADMIT_BOT_TOKEN", &owner.house.token));
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran.out
    };
    let parsed = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let bot = parsed(with_token("whoami --json"));
    assert_eq!((&bot["account"], &bot["bot"]["username"]), (&json!(null), &json!("admit_demo_bot")));
    assert_eq!(bot["first"], "bot");
    owner.login("").is(0, "Logged in");
    assert_eq!(
        owner.json("whoami"),
        json!({
            "account": { "id": owner.id, "first_name": "Owner", "last_name": null, "username": null },
            "bot": null,
            "first": "account",
        })
    );
    let both = parsed(with_token("whoami --json"));
    assert_eq!((&both["account"]["id"], &both["bot"]), (&json!(owner.id), &bot["bot"]));
    let words = with_token("whoami");
    assert!(words.starts_with(&format!("account: Owner ({})\nbot: @admit_demo_bot", owner.id)), "{words}");
    assert!(words.ends_with("\nfirst: the bot, where both can\n") && both["first"] == "bot", "{words}");
    // A token of others is left out.
    let mine = parsed(with_token(&format!("whoami --session-file {FILE} --json")));
    assert_eq!((&mine["bot"], &mine["first"]), (&json!(null), &json!("account")));
    let table = with_token("whoami -o table");
    assert!(table.starts_with("ACCOUNT_ID") && table.contains("admit_demo_bot"), "{table}");
    assert_eq!(parsed(with_token("whoami --as bot --json"))["account"], json!(null));
    assert_eq!(parsed(with_token("whoami --as account --json"))["bot"], json!(null));
    owner.run("whoami --as bot --json").fails_as(4, "credentials", "no_token");
    let before = owner.house.ledger();
    assert!(with_token("whoami --dry-run").starts_with("would ask Telegram whose the session is, and whose"));
    assert_eq!(owner.house.ledger(), before);
    // One half that is broken does not hide the other.
    let dead = owner.finish(owner.command("whoami").env("ADMIT_BOT_TOKEN", "7:no-token-of-anybody"));
    dead.is(4, &format!("account: Owner ({})\n", owner.id));
    std::fs::write(owner.file(), "nonsense").unwrap();
    let ran = owner.finish(owner.command("whoami --json").env("ADMIT_BOT_TOKEN", &owner.house.token));
    assert_eq!(ran.code, Some(4), "{}", ran.err);
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["account"], &lines[0]["bot"]), (&json!(null), &bot["bot"]));
    assert_eq!(lines[1]["error"]["code"], "bad_session");
}

#[test]
fn a_code_and_a_password_log_in() {
    let owner = Owner::logged_out();
    owner.sign_in("").is(0, "Logged in as Owner");
    assert_eq!(owner.json("whoami")["account"]["id"], owner.id);
    owner.run("logout").is(0, "Logged out");
    owner.login("--phone-file - --code-file -").is(2, "`--phone-file -` with `--code-file -`");
    owner.login("--phone-file phone --phone 9996620002").is(2, "cannot be used with");
    owner.login("--phone-file none --code-file code").is(2, "telephone number, from `--phone-file`");
    // The code by a pipe, and whoever has no password is asked for none.
    owner.ann();
    let code = std::fs::File::open(owner.house.home.path().join("code")).unwrap();
    let line = owner.login_line("--phone 9996620002 --code-file -");
    owner.finish(owner.command(&line).stdin(code)).is(0, "Logged in as Ann");
}

#[test]
fn a_telephone_that_scans_a_code_lets_this_machine_in() {
    let owner = Owner::logged_out();
    let ann = owner.ann();
    for (more, answer) in [("--json --log trace", "\"id\":"), ("-q", ""), ("", "Logged in as Ann")] {
        let mut showing = owner.show(more);
        owner.scan(ann, &showing.token().0);
        let ran = owner.end(showing);
        ran.is(0, answer);
        assert_eq!((ran.out.lines().count(), ran.out.contains(&ann.to_string())), (1, true), "{}", ran.out);
        assert_eq!(ran.err.contains("called Telegram"), more.contains("trace"), "{}", ran.err);
        assert_eq!(owner.json("whoami")["account"]["id"], ann);
        owner.run("logout").is(0, "Logged out");
    }
    owner.login("--qr --dry-run").is(0, "would log in");
    for more in ["--qr --phone 9996620002", "--qr --phone-file phone", "--qr --code-file code"] {
        owner.login(&format!("{more} --dry-run")).is(2, "cannot be used with");
    }
}

#[test]
fn a_code_that_runs_out_is_followed_by_another() {
    let owner = Owner::logged_out();
    let ann = owner.ann();
    owner.show_tokens_for(3);
    // A code outlives the longest call.
    let mut showing = owner.show("--json --timeout 1s");
    let (first, second) = (showing.token(), showing.token());
    assert!(second.1 >= first.1 + 3, "{} {}", first.1, second.1);
    assert!(owner.scan(ann, &first.0)["error"].as_str().unwrap().contains("AUTH_TOKEN"));
    owner.show_tokens_for(30);
    owner.house.control("clock/advance", json!({ "seconds": 3 }));
    assert!(owner.scan(ann, &second.0)["error"].as_str().unwrap().contains("AUTH_TOKEN_EXPIRED"));
    let third = showing.token();
    assert_eq!(owner.scan(ann, &third.0), json!({}));
    owner.end(showing).is(0, &ann.to_string());
}

#[test]
fn a_code_that_nobody_scans_is_given_up() {
    let owner = Owner::logged_out();
    owner.show_tokens_for(3);
    let mut showing = owner.show("--json");
    showing.token();
    owner.house.control("clock/advance", json!({ "seconds": 600 }));
    let ran = owner.end(showing);
    let error = ran.fails_as(10, "unknown", "still_waiting");
    assert_eq!(error["detail"], "nobody scanned the code in 10 minutes");
    assert!(error["hint"].as_str().unwrap().starts_with("nothing was kept"), "{error}");
    owner.kept_nothing();
}

#[test]
fn after_a_scan_the_second_password_is_asked_for() {
    let owner = Owner::logged_out();
    let scanned = |more: &str| {
        let mut showing = owner.show(more);
        owner.scan(owner.id, &showing.token().0);
        owner.end(showing)
    };
    scanned("").is(2, "no password: there is no terminal");
    scanned("--password-file wrong").is(2, "does not take this password");
    owner.kept_nothing();
    scanned("--password-file password").is(0, "Logged in as Owner");
    assert_eq!(owner.json("whoami")["account"]["id"], owner.id);
    // The file is the owner's from now on, and whoever else scans is logged out again.
    owner.run("logout").is(0, "Logged out");
    let ann = owner.ann();
    owner.login("--auth-key-file anns-key").is(0, "Logged in as Ann");
    scanned("--password-file password").is(6, "is the session of account");
    owner.login("").is(2, "no code: there is no terminal");
    assert_eq!(owner.json("whoami")["account"]["id"], ann);
}

#[cfg(unix)]
#[test]
fn a_scan_that_is_broken_off_keeps_nothing() {
    let owner = Owner::logged_out();
    for (signal, code, word) in [("-INT", 130, "interrupted"), ("-TERM", 143, "terminated")] {
        let mut showing = owner.show("--json");
        showing.token();
        Command::new("kill").args([signal, &showing.child.id().to_string()]).status().unwrap();
        owner.end(showing).fails_as(code, word, word);
        owner.kept_nothing();
    }
}

#[test]
fn a_log_in_that_comes_to_no_end_keeps_nothing() {
    let owner = Owner::logged_out();
    let ran = owner.login(&format!("--phone {} --code-file wrong --json", owner.phone));
    let error = ran.fails_as(2, "usage", "bad_value");
    assert!(error["detail"].as_str().unwrap().contains("does not take this code"), "{error}");
    let ran = owner.sign_in("--json --timeout 5s");
    assert_eq!(ran.code, Some(0));
    owner.run("logout").is(0, "");
    let password = format!("--phone {} --code-file code --password-file wrong", owner.phone);
    owner.login(&password).is(2, "does not take this password");
    let no_password = format!("--phone {} --code-file code", owner.phone);
    owner.login(&no_password).is(2, "no password: there is no terminal");
    owner.house.fault("auth.sendCode", "lost", 0, 1);
    let error = owner.sign_in("--timeout 5s --json").fails_as(10, "unknown", "outcome_unknown");
    assert!(error["hint"].as_str().unwrap().starts_with("nothing was kept"), "{error}");
    owner.login("--phone 12 --code-file code").is(2, "does not take this telephone number");
    owner.login("--phone 9996629999 --code-file code").is(2, "because nobody has it");
    owner.kept_nothing();
}

#[test]
fn what_makes_no_sense_asks_telegram_for_no_code() {
    let owner = Owner::logged_out();
    owner.house.write("empty", "");
    owner.house.write("lines", "1\n2\n");
    let before = owner.house.ledger();
    let phone = &owner.phone;
    for (more, words) in [
        (String::new(), "no code: there is no terminal"),
        ("--code-file code".to_owned(), "no telephone number: there is no terminal"),
        (format!("--phone {phone} --no-input"), "no code: `--no-input` forbids"),
        (format!("--phone {phone} --code-file code --api-id none"), "flag --api-id says `none`"),
        (
            format!("--phone {phone} --code-file code --api-hash-file gone"),
            "from `--api-hash-file`: it cannot",
        ),
        (
            format!("--phone {phone} --code-file code --api-hash-file lines"),
            "there is more than one line in it",
        ),
        ("--code-file - --password-file -".to_owned(), "standard input can be only one of the two"),
        ("--auth-key-file code".to_owned(), "a session's key is 256 bytes"),
        ("--auth-key-file empty".to_owned(), "there is nothing in it"),
        ("--proxy socks5://127.0.0.1:1".to_owned(), "an account goes through no proxy"),
    ] {
        owner.login(&more).is(2, words);
    }
    // The key itself, where its file should be.
    owner.login(&format!("--auth-key-file {}", owner.key)).is(2, "from `--auth-key-file`: it cannot be read");
    let bare = |line: &str| owner.house.finish(&mut owner.house.bare(&line.split(' ').collect::<Vec<_>>()));
    bare("login").is(2, "no `--api-id`");
    let line = owner.login_line("--phone 1 --code-file code --api-id 5");
    let arguments: Vec<&str> = line.split_whitespace().collect();
    owner.house.finish(&mut owner.house.bare(&arguments)).is(2, "no `--api-hash-file`");
    assert!(!owner.house.ledger_since(before).contains("auth.sendCode"));
    owner.kept_nothing();
}

#[test]
fn a_flood_says_when_to_come_back() {
    let owner = Owner::logged_out();
    owner.house.fault("auth.sendCode", "flood", 3600, 1);
    let error = owner.sign_in("--json").fails_as(7, "rate_limited", "wait");
    assert_eq!(error["retry_after_ms"], 3_600_000);
    owner.kept_nothing();
    owner.house.control("clock/advance", json!({ "seconds": 3600 }));
    owner.house.fault("auth.signIn", "flood", 1, 1);
    owner.sign_in("").is(0, "Telegram asked to wait 1 s");
}

#[test]
fn a_session_that_was_ended_elsewhere_says_what_to_do() {
    let owner = Owner::new();
    owner.login("").is(0, "Logged in");
    owner.house.control(&format!("people/{}/logout", owner.id), json!({}));
    let error = owner.run("whoami --json").fails_as(4, "credentials", "session_over");
    assert!(error["hint"].as_str().unwrap().contains("`admit login`"), "{error}");
    owner.sign_in("").is(0, "Logged in");
    assert_eq!(owner.json("whoami")["account"]["id"], owner.id);
    // What is over is forgotten all the same.
    owner.house.control(&format!("people/{}/logout", owner.id), json!({}));
    owner.run("logout").is(0, "Logged out");
    owner.kept_nothing();
}

#[test]
fn nothing_is_forgotten_while_telegram_is_away() {
    let mut owner = Owner::new();
    owner.login("").is(0, "Logged in");
    owner.house.close_telegram();
    owner.run("logout --timeout 1s --json").fails_as(8, "unreachable", "unreachable");
    owner.run("logout --timeout 1s").is(8, "is as it was; do it again when Telegram can be reached");
    assert!(owner.file().exists());
    let error = owner.run("whoami --timeout 1s --json").fails_as(8, "unreachable", "unreachable");
    let hint = "check the network, and for a bot `--api-url` and `--proxy`";
    assert!(error["hint"].as_str().unwrap().starts_with(hint), "{error}");
}

#[test]
fn a_file_that_cannot_be_opened_is_named_and_left_as_it_is() {
    let owner = Owner::new();
    owner.login("").is(0, "Logged in");
    let whole = std::fs::read(owner.file()).unwrap();
    let keys = owner.file().with_file_name("session-keys");
    let whole_keys = std::fs::read_to_string(&keys).unwrap();
    let check = |words: &str, hint: &str| {
        let before = (std::fs::read(owner.file()).unwrap(), owner.house.ledger());
        let chat = &owner.house.chat;
        for command in [
            "whoami --json".to_owned(),
            "logout --json".to_owned(),
            owner.login_line("--json"),
            format!("link list --chat {chat} --json"),
            format!("link revoke --chat {chat} https://t.me/+AbCdEf0123456789 --json"),
            format!("request approve --chat {chat} --user 5 --json"),
            format!("request list --chat {chat} --json"),
        ] {
            let error = owner.run(&command).fails_as(4, "credentials", "bad_session");
            assert!(error["detail"].as_str().unwrap().contains(words), "{command}: {error}");
            assert!(error["hint"].as_str().unwrap().contains(hint), "{command}: {error}");
        }
        assert!(before == (std::fs::read(owner.file()).unwrap(), owner.house.ledger()), "{words}");
    };
    for (bytes, words) in [
        (&b""[..], "is damaged"),
        (&whole[..20], "is damaged"),
        (&whole[1..], "is damaged"),
        (&whole[..whole.len() - 1], "does not open with the keys"),
        (b"admit session 2\nof tomorrow", "is a session of version 2"),
    ] {
        std::fs::write(owner.file(), bytes).unwrap();
        check(words, "move it away");
    }
    std::fs::write(owner.file(), &whole).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let set =
            |mode| std::fs::set_permissions(owner.file(), std::fs::Permissions::from_mode(mode)).unwrap();
        set(0o644);
        check("others can read", "chmod 600");
        set(0o600);
    }
    std::fs::write(&keys, format!("1 {}\n", "ab".repeat(32))).unwrap();
    check("does not open with the keys", "ADMIT_SESSION_KEY_FILE");
    std::fs::remove_file(&keys).unwrap();
    check("the keys of the session", "ADMIT_SESSION_KEY_FILE");
    std::fs::write(&keys, "nonsense").unwrap();
    owner.run("whoami --json").fails_as(4, "credentials", "bad_keys");
    std::fs::remove_file(&keys).unwrap();

    // The keys may be somewhere else.
    owner.house.write("elsewhere", &whole_keys);
    let ran = owner.finish(owner.command("whoami").env("ADMIT_SESSION_KEY_FILE", "elsewhere"));
    ran.is(0, "account: Owner");
}

#[test]
fn a_file_of_another_account_is_not_overwritten() {
    let owner = Owner::new();
    let ann = owner.ann();
    owner.login("--auth-key-file anns-key").is(0, "Logged in as Ann");
    let anns = std::fs::read(owner.file()).unwrap();
    let error = owner.login("--json").fails_as(6, "conflict", "other_account");
    let said = format!("is the session of account {ann}, and this is account {}", owner.id);
    assert!(error["detail"].as_str().unwrap().contains(&said), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("--session-file"), "{error}");
    // The key was somebody else's to begin with, so it goes on.
    owner.login("--session-file mine").is(0, "Logged in as Owner");
    owner.run("logout --session-file mine").is(0, "Logged out");

    // A session that was only made now is ended: nobody would know of it.
    owner.sign_in("").is(6, "is the session of account");
    owner.login("").is(2, "no code: there is no terminal");
    // Where that fails too, it is said.
    owner.house.fault("auth.logOut", "flood", 3600, 1);
    owner.sign_in("--timeout 5s").is(6, "could not be ended, and lives on");
    assert!(std::fs::read(owner.file()).unwrap() == anns);
    assert_eq!(owner.json("whoami")["account"]["id"], ann);
}

#[test]
fn a_file_that_says_another_account_than_telegram_is_named() {
    let owner = Owner::new();
    let ann = owner.ann();
    owner.login("").is(0, "Logged in as Owner");
    owner.login("--session-file other").is(0, "Logged in as Owner");
    owner.run("logout --session-file other").is(0, "Logged out");
    owner.login("--session-file other --phone 9996620002 --code-file code").is(0, "Logged in as Ann");
    let error = owner.run("whoami --json").fails_as(6, "conflict", "other_account");
    let said = format!("of account {}, and Telegram says account {ann}", owner.id);
    assert!(error["detail"].as_str().unwrap().contains(&said), "{error}");
    // Nothing is done for good in the name of somebody else.
    let (chat, before) = (&owner.house.chat, owner.house.ledger());
    for line in [
        format!("link purge --chat {chat} --yes"),
        format!("link delete --chat {chat} https://t.me/+AbCdEf0123456789 --yes"),
        format!("request decline --chat {chat} --all --yes"),
        format!("request decline --chat {chat} --user 5"),
        format!("request approve --chat {chat} --user 5,6"),
        format!("link revoke --chat {chat} https://t.me/+AbCdEf0123456789"),
        format!("link rotate --chat {chat} --yes"),
        "logout".to_owned(),
    ] {
        owner.run(&line).is(6, &said);
    }
    let sent = owner.house.ledger_since(before);
    for method in ["delete", "hide", "editExported", "export", "logOut"] {
        assert!(!sent.contains(&format!(".{method}")), "{sent}");
    }
    owner.run("doctor").is(1, &said);
    let mut service = crate::operator::Service::start(&owner.house);
    service.logs(&said);
}

#[test]
fn a_doctor_who_may_not_look_at_the_session_tells_the_rest() {
    let owner = Owner::new();
    let ran = owner.run("doctor --session-file code/x --json");
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let details: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|it| it["detail"].to_string()).collect();
    assert!(details.iter().any(|it| it.contains("cannot look for the session `code/x`")), "{}", ran.out);
    assert!(!report["left_out"].as_array().unwrap().is_empty(), "{}", ran.out);
}

#[test]
fn a_sandbox_takes_any_application() {
    let owner = Owner::new();
    let line = owner.login_line("");
    let arguments: Vec<&str> = line.split_whitespace().collect();
    owner.house.finish(&mut owner.house.bare(&arguments)).is(0, "Logged in as Owner");
}

#[test]
fn a_session_is_replaced_by_one_of_the_same_account() {
    let owner = Owner::new();
    owner.login("").is(0, "Logged in");
    let first = std::fs::read(owner.file()).unwrap();
    let ran = owner.login("");
    assert!(!ran.err.contains("is not ended"), "{}", ran.err);
    let key = owner.house.control(&format!("people/{}/session", owner.id), json!({}));
    owner.house.write("second-key", key["auth_key"].as_str().unwrap());
    owner.login("--auth-key-file second-key").is(0, "before is not ended");
    assert!(std::fs::read(owner.file()).unwrap() != first);
    assert_eq!(owner.json("whoami")["account"]["id"], owner.id);
}

#[test]
fn each_profile_has_a_session_of_its_own() {
    let owner = Owner::new();
    let profiles = "[profile.ann]\n[profile.owner]\nsession_file = 'owners.session'\napi_id = 7\n";
    let path = owner.house.write(".config/admit/profiles.toml", profiles);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let ann = owner.ann();
    owner.login("--profile ann --auth-key-file anns-key").is(0, "sessions/ann.session");
    owner.login("--profile owner").is(0, "`owners.session`");
    assert_eq!(owner.json("whoami --profile ann")["account"]["id"], ann);
    assert_eq!(owner.json("whoami --profile owner")["account"]["id"], owner.id);
    owner.run("config show --profile owner").is(0, "session_file = owners.session  (profile owner)");
    owner.run("config show --profile ann").is(0, "/sessions/session-keys  (default)");
    owner.run("config show --profile owner").is(0, "api_id = 7  (profile owner)");
    owner.run("config explain").is(0, "api_hash = given  (environment ADMIT_API_HASH)");
    let ran = owner.finish(owner.command("whoami").env("ADMIT_SESSION_FILE", "owners.session"));
    ran.is(0, "account: Owner");
}

#[test]
fn nothing_secret_is_shown_though_everything_is_logged() {
    let owner = Owner::logged_out();
    let logged = |line: &str| owner.run(&format!("{line} --log trace")).err.contains("called Telegram");
    let wrong = format!("--phone {} --code-file code --password-file wrong", owner.phone);
    assert!(logged(&owner.login_line(&wrong)));
    let right = format!("--phone {} --code-file code --password-file password", owner.phone);
    assert!(logged(&owner.login_line(&right)));
    assert!(logged(&owner.login_line("")));
    assert!(logged("whoami"));
    assert!(!logged("config show") && !logged("config explain"));
    assert!(logged("logout"));
    assert!(!owner.house.home.path().join("admit-data").exists());
}

#[cfg(target_os = "linux")]
mod at_a_terminal {
    use super::Owner;
    use crate::house::{ADMIT, Ran};
    use crate::terminal::Terminal;
    use serde_json::json;

    const WHITE_ON_BLACK: &str = "\u{1b}[38;5;231;48;5;16m";

    const PHONE: &str = "with its country code:";
    const CODE: &str = "that Telegram sent:";
    const PASSWORD: &str = "(it is not shown):";

    fn log_in(owner: &Owner, more: &str) -> Terminal {
        let line = format!("{ADMIT} {}", owner.login_line(more));
        let application = [("ADMIT_API_ID", "12345"), ("ADMIT_API_HASH", super::API_HASH)];
        Terminal::begin(&owner.house, &line, &application)
    }

    /// Types what is asked for: a question, and the answer to it.
    fn typed(owner: &Owner, dialogue: &[(&str, &str)]) -> Ran {
        let mut terminal = log_in(owner, "");
        for (question, answer) in dialogue {
            terminal.wait_for(question);
            terminal.type_in(answer);
        }
        terminal.end()
    }

    /// What a telephone's camera reads there.
    fn camera(drawn: &str) -> String {
        let rows = drawn.lines().filter_map(|line| line.strip_prefix(WHITE_ON_BLACK)?.split('\u{1b}').next());
        let rows: Vec<Vec<char>> = rows.map(|row| row.chars().collect()).collect();
        // A letter is twice as high as it is wide.
        let is_white = |x: usize, y: usize| match rows[y / 8][x / 4] {
            '█' => true,
            '▀' => y % 8 < 4,
            '▄' => y % 8 >= 4,
            _ => false,
        };
        let (width, height) = (rows[0].len() * 4, rows.len() * 8);
        let mut seen =
            rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| u8::from(is_white(x, y)) * 255);
        seen.detect_grids().first().expect("no code is to be seen").decode().unwrap().1
    }

    #[test]
    fn a_code_is_drawn_for_a_camera_and_wiped_away() {
        let owner = Owner::logged_out();
        owner.show_tokens_for(2);
        let mut terminal = log_in(&owner, "--qr");
        let first = terminal.wait_for("then another one is shown.");
        assert!(
            first.contains("Settings > Devices > Link Desktop Device") && first.contains("It holds until ")
        );
        owner.show_tokens_for(30);
        let second = terminal.wait_for("then another one is shown.");
        let rows = first.lines().count();
        assert!(second.contains(&format!("\u{1b}[{rows}F\u{1b}[J")), "{rows}: {second:?}");
        let (first, second) = (camera(&first), camera(&second));
        assert!(first != second && first.starts_with("tg://login?token="), "{first} {second}");
        assert_eq!(owner.scan(owner.id, &second), json!({}));
        let wiped = terminal.wait_for(PASSWORD);
        assert!(wiped.contains("F\u{1b}[J"), "{wiped:?}");
        terminal.type_in(format!("{}\n", owner.password));
        let ran = terminal.end();
        ran.is(0, "Logged in as Owner");
        assert!(!ran.out.contains("tg://") && !ran.out.contains(&owner.password), "{}", ran.out);
    }

    #[test]
    fn a_code_is_wiped_away_when_it_is_broken_off() {
        let owner = Owner::logged_out();
        let mut terminal = log_in(&owner, "--qr");
        terminal.wait_for("then another one is shown.");
        terminal.type_in("\u{3}");
        let ran = terminal.end();
        ran.is(130, "interrupted");
        assert!(ran.out.contains("F\u{1b}[J"), "{}", ran.out);
        owner.kept_nothing();
    }

    #[test]
    fn a_wrong_code_or_password_is_asked_for_again() {
        let owner = Owner::logged_out();
        let [phone, code, password] =
            [&owner.phone, &owner.code, &owner.password].map(|it| format!("{it}\n"));
        let dialogue = [
            (PHONE, phone.as_str()),
            (CODE, "00000\n"),
            ("that is not the code", ""),
            (CODE, &code),
            (PASSWORD, "wrong horse\n"),
            ("that is not the password", ""),
            (PASSWORD, &password),
        ];
        let ran = typed(&owner, &dialogue);
        ran.is(0, "Logged in as Owner");
        assert!(!ran.out.contains("wrong horse") && !ran.out.contains(&owner.password), "{}", ran.out);
        assert!(owner.file().exists());
    }

    #[test]
    fn what_is_typed_and_is_no_text_is_refused_as_typed() {
        let owner = Owner::logged_out();
        let mut terminal = log_in(&owner, "");
        terminal.wait_for(PHONE);
        terminal.type_in(b"+49\xff\n");
        let ran = terminal.end();
        ran.is(2, "no telephone number: what was typed cannot be read");
    }

    #[test]
    fn a_log_in_that_is_broken_off_keeps_nothing() {
        let owner = Owner::logged_out();
        let (phone, code) = (format!("{}\n", owner.phone), format!("{}\n", owner.code));
        for (key, exit, words) in [("\u{4}", 2, "the input ended"), ("\u{3}", 130, "interrupted")] {
            typed(&owner, &[(PHONE, key)]).is(exit, words);
            typed(&owner, &[(PHONE, &phone), (CODE, key)]).is(exit, words);
            typed(&owner, &[(PHONE, &phone), (CODE, &code), (PASSWORD, key)]).is(exit, words);
            owner.kept_nothing();
        }
    }
}
