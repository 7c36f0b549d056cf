//! What is secret stays where it belongs: not in a log at its loudest, a metric, an error, a page that is not its
//! owner's, or the database for whoever has only its file.

use crate::evidence::{Told, dump};
use crate::fans::Fan;
use crate::house::{House, RIGHT, Rules};
use crate::wire::exchange;
use std::fs;

/// Every kind of page and error that can be had without being the owner of anything.
fn pages(house: &House, form: &str, cookie: &str) -> Vec<String> {
    let address = house.address().unwrap();
    let form_kind = "content-type: application/x-www-form-urlencoded\r\n";
    let tokens_elsewhere = format!("{form_kind}cookie: theme={cookie}; admit={form}\r\n");
    let answer = format!("form={form}&answer=warm+milk");
    let requests = [
        ("GET", "/g/night-owls", "", ""),
        ("GET", "/g/night-owls/pass", "", ""),
        ("GET", "/metrics", "", ""),
        ("GET", "/readyz", "", ""),
        ("GET", "/g/../../keys", "", ""),
        ("GET", "/g/%00", "", ""),
        ("GET", "/nowhere", "", ""),
        ("PUT", "/g/night-owls", "", ""),
        ("POST", "/g/night-owls", "", answer.as_str()),
        ("POST", "/g/night-owls", "content-type: application/json\r\n", answer.as_str()),
        ("POST", "/g/night-owls", form_kind, "form=nonsense&answer=warm+milk"),
        ("POST", "/g/night-owls", form_kind, "answer=%ff%fe"),
        ("POST", "/g/night-owls", &tokens_elsewhere, "form=x&answer=warm+milk"),
        ("POST", "/g/night-owls", "origin: https://evil.example\r\n", answer.as_str()),
        ("POST", "/g/night-owls/pass", form_kind, ""),
        ("POST", "/g/early-birds", form_kind, answer.as_str()),
    ];
    let mut pages: Vec<String> = requests
        .iter()
        .map(|(verb, path, headers, body)| {
            let reply = exchange(&address, verb, path, headers, body).unwrap();
            format!("{verb} {path}: {}\n\n{}", reply.head, reply.body)
        })
        .collect();
    let long = exchange(&address, "POST", "/g/night-owls", form_kind, &"a".repeat(300 << 10));
    pages.extend(long.map(|reply| format!("a long form: {}\n\n{}", reply.head, reply.body)));
    pages
}

#[test]
fn secrets_stay_where_they_belong() {
    let house = House::open(Rules { pool: 2, log: "trace", ..Rules::default() });
    let mut fans: Vec<Fan> = (0..4).map(|_| Fan::arrive(&house)).collect();
    let mut secrets = vec![
        ("the answer", RIGHT.to_owned()),
        ("the token", house.sandbox.token.clone()),
        ("the token's half", house.sandbox.token.split_once(':').unwrap().1.to_owned()),
    ];
    let keys = house.keys();
    for key in keys.lines().filter_map(|line| line.split_once(' ')).filter(|(id, _)| *id != "#") {
        secrets.push(("a key", key.1.to_owned()));
    }
    assert!(secrets.len() > 3, "there is a key: {keys}");
    fans[0].answer(&house, false);
    for fan in &mut fans {
        fan.pass(&house);
        let Told::Link(link) = fan.look_until_told(&house) else { panic!("there is a link") };
        secrets.push(("a link", link.rsplit_once('+').unwrap().1.to_owned()));
    }
    // What goes wrong on the way to Telegram is told in the log.
    for (method, kind) in [("revokeChatInviteLink", "5xx"), ("createChatInviteLink", "lost")] {
        house.sandbox.fault(method, kind);
    }
    for fan in &fans[1..3] {
        assert_eq!(house.sandbox.join(house.sandbox.person(), fan.link().unwrap()), "joined");
    }
    let mut late = Fan::arrive(&house);
    late.pass(&house);
    house.settle();
    let (form, cookie) = (late.client.form.clone(), late.client.cookie.clone().unwrap());
    let cookie = cookie.split_once('=').unwrap().1.to_owned();
    let seen = pages(&house, &form, &cookie);
    house.stop();
    house.start();
    late.look(&house);
    secrets.push(("a form", form));
    secrets.push(("a cookie", cookie));

    let log = house.log();
    assert!(log.contains(" TRACE ") && log.contains("createChatInviteLink"), "the log is loud");
    let database: Vec<u8> = ["admit.db", "admit.db-wal"]
        .iter()
        .flat_map(|name| fs::read(house.file().with_file_name(name)).unwrap_or_default())
        .collect();
    assert!(database.len() > 10_000, "the database is there");
    let mut places = vec![
        ("the log".to_owned(), log.into_bytes()),
        ("the database's file".to_owned(), database),
        ("a dump of the database".to_owned(), dump(&house.file()).join("\n").into_bytes()),
    ];
    places.extend(seen.into_iter().map(|page| (page.lines().next().unwrap().to_owned(), page.into_bytes())));
    for (place, bytes) in &places {
        for (what, secret) in &secrets {
            // A wrong cookie is answered with a form of its own, and a new visitor with a cookie of their own.
            let at = bytes.windows(secret.len()).position(|window| window == secret.as_bytes());
            if let Some(at) = at {
                let around = &bytes[at.saturating_sub(300)..(at + 100).min(bytes.len())];
                panic!("{what} stands in {place}: {}", String::from_utf8_lossy(around));
            }
        }
    }
    let clients = fans.into_iter().chain([late]).map(|mut fan| {
        fan.look(&house);
        fan.client
    });
    house.judge(clients.collect(), "after the canaries");
    #[allow(clippy::print_stderr, reason = "figures are for whoever runs it")]
    {
        eprintln!("{} secrets, {} places, {} bytes of log", secrets.len(), places.len(), places[0].1.len());
    }
}
