//! The demo as a fan meets it: a question, a pass, a link, a join, and an end to the link.

use crate::fan::{Gate, exchange};
use crate::house::{ADMIT, House};
use crate::operator::{open_gate, run};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::yield_now;
use std::time::{Duration, Instant};

struct Demo {
    process: Child,
    said: Value,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        let mut demo = Command::new(ADMIT);
        demo.args(["demo", "--listen", "127.0.0.1:0", "--json"]).args(arguments).stdout(Stdio::piped());
        let mut process = demo.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, said: serde_json::from_str(&line).unwrap() }
    }

    fn gate(&self) -> Gate {
        Gate { url: self.said["url"].as_str().unwrap().to_owned(), slug: "night-owls" }
    }

    /// The signed token of a fresh form.
    fn form(&self) -> String {
        let page = self.gate().ask("GET", "", "", "");
        assert!(!page.contains(self.said["answer"].as_str().unwrap()), "the answer stands in the page");
        self.gate().form()
    }

    fn send(&self, form: &str, answer: &str) -> String {
        self.gate().send(form, answer)
    }

    fn pass(&self, cookie: &str) -> String {
        self.gate().pass(cookie)
    }

    fn control(&self, path: &str, body: Value) -> Value {
        let address = self.said["sandbox"]["bot_api"].as_str().unwrap();
        let kind = "content-type: application/json\r\n";
        let answer = exchange(address, "POST", &format!("/control/{path}"), kind, &body.to_string());
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    fn person(&self) -> i64 {
        self.control("people", json!({ "first_name": "Ann" }))["id"].as_i64().unwrap()
    }

    fn join(&self, person: i64, link: &str) -> Value {
        self.control(&format!("people/{person}/join"), json!({ "link": link }))["result"].clone()
    }
}

/// The cookie and the link of whoever answers rightly.
fn passed(demo: &Demo, form: &str) -> (String, String) {
    demo.gate().passed(form, demo.said["answer"].as_str().unwrap())
}

#[test]
fn someone_passes_joins_and_nobody_follows() {
    let demo = Demo::start(&[]);
    let (cookie, link) = passed(&demo, &demo.form());
    let (fan, stranger) = (demo.person(), demo.person());
    assert_eq!(demo.join(fan, &link), "joined");
    // The link ends within moments of its first join, though its one member leaves again.
    let until = Instant::now() + Duration::from_secs(20);
    while !demo.pass(&cookie).contains("You are in. Your invitation was used") {
        assert!(Instant::now() < until, "the join was not seen");
        yield_now();
    }
    let chat = demo.said["sandbox"]["chat_id"].clone();
    loop {
        let links = exchange(
            demo.said["sandbox"]["bot_api"].as_str().unwrap(),
            "GET",
            &format!("/control/chats/{chat}"),
            "",
            "",
        );
        let links: Value = serde_json::from_str(links.split_once("\r\n\r\n").unwrap().1).unwrap();
        let ours =
            links["links"].as_array().unwrap().iter().find(|each| each["invite_link"] == link.as_str());
        if ours.unwrap()["is_revoked"] == true {
            break;
        }
        assert!(Instant::now() < until, "the link was not revoked");
        yield_now();
    }
    demo.control(&format!("people/{fan}/leave"), json!({ "chat_id": chat }));
    assert_eq!(demo.join(stranger, &link), "refused");
}

#[test]
fn one_form_sent_many_times_is_one_pass() {
    let demo = Demo::start(&[]);
    let form = demo.form();
    let links: Vec<String> = std::thread::scope(|scope| {
        let fans: Vec<_> = (0..16).map(|_| scope.spawn(|| passed(&demo, &form).1)).collect();
        fans.into_iter().map(|fan| fan.join().unwrap()).collect()
    });
    assert!(links.iter().all(|link| *link == links[0]), "{links:?}");
    let (_, other) = passed(&demo, &demo.form());
    assert_ne!(other, links[0], "another visitor has another link");
}

#[test]
fn a_wrong_answer_opens_nothing_and_keeps_what_was_typed() {
    let demo = Demo::start(&[]);
    let form = demo.form();
    let answer = demo.send(&form, "warm+milk");
    assert!(answer.contains("That is not right. You have 4 tries left."), "{answer}");
    assert!(answer.contains("value=\"warm milk\""), "{answer}");
    // The right one beside it is too soon: otherwise many answers at once would be as many guesses.
    let answer = demo.send(&form, demo.said["answer"].as_str().unwrap());
    assert!(answer.contains("The next try may come in") && !answer.contains("data-invite"), "{answer}");
    // Whoever has only the address sees nothing.
    let page = demo.gate().ask("GET", "/pass", "", "");
    assert!(page.starts_with("HTTP/1.1 404") && !page.contains("data-invite"), "{page}");
}

#[test]
fn a_killed_demo_goes_on_in_its_directory_and_none_begins_in_another_ones() {
    let house = House::new();
    let data = house.home.path().join("data");
    let arguments = ["--data", data.to_str().unwrap()];
    let demo = Demo::start(&arguments);
    let (cookie, link) = passed(&demo, &demo.form());
    run(&house, "demo --data data --json").fails_as(6, "conflict", "database_exists");
    drop(demo);
    let demo = Demo::start(&arguments);
    assert!(demo.pass(&cookie).contains(&format!("href=\"{link}\"")));
    // Whoever comes now is let in by the Telegram that is there now.
    let (_, link) = passed(&demo, &demo.form());
    assert!(link.starts_with(demo.said["sandbox"]["people"].as_str().unwrap()), "{link}");
    drop(demo);

    // Nor in an operator's own, whether a service runs there or not.
    let service = open_gate(&house);
    let gates = run(&house, "gate list --json").out;
    let refused = || run(&house, "demo --data admit-data").is(6, "a database that is not a demo's");
    refused();
    drop(service);
    refused();
    assert_eq!(run(&house, "gate list --json").out, gates);
}
