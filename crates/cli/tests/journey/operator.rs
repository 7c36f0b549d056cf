//! The service and its commands, as an operator and a creator use them, beside a sandbox.

use crate::fan::exchange;
use crate::house::{House, Ran};
use serde_json::Value;
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
