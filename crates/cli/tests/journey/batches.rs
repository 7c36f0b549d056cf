//! Many links: streamed, interrupted, killed, resumed.

use crate::house::{House, lines};
use serde_json::Value;
use std::collections::HashSet;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn indices(lines: &[Value]) -> Vec<u64> {
    let mut indices: Vec<u64> = lines.iter().map(|line| line["index"].as_u64().unwrap()).collect();
    indices.sort_unstable();
    indices
}

#[test]
fn a_batch_is_counted_or_read_and_every_answer_has_its_index() {
    let house = House::new();
    let ran = house.admit("link create --chat CHAT --limit 1 --count 20 --concurrency 4");
    ran.is(0, "20 of 20 links made");
    let answers: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(indices(&answers), (0..20).collect::<Vec<_>>());
    assert_eq!(house.links().len(), 20);

    house.write("people.csv", "name,limit,expire,request\nAnn,,,\nBo,5,36h,\nCy,,,true\n");
    let ran =
        house.admit("link create --chat CHAT --limit 1 --expire 7d --from people.csv --out links.ndjson");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let mut answers = lines(&house.home.path().join("links.ndjson"));
    answers.sort_by_key(|line| line["index"].as_u64());
    let shown: Vec<_> = answers
        .iter()
        .map(|it| (it["name"].as_str(), it["member_limit"].as_u64(), it["creates_join_request"].as_bool()))
        .collect();
    assert_eq!(
        shown,
        [
            (Some("Ann"), Some(1), Some(false)),
            (Some("Bo"), Some(5), Some(false)),
            (Some("Cy"), None, Some(true))
        ]
    );
    house.admit("link create --chat CHAT --from people.csv --out links.ndjson").is(2, "not overwritten");
}

#[test]
fn standard_input_is_read_too_and_quiet_prints_only_links() {
    let house = House::new();
    let path = house.write("in.ndjson", "{\"name\":\"Ann\",\"limit\":1}\n{\"name\":\"Bo\"}\n");
    let input = std::fs::File::open(path).unwrap();
    let ran = house
        .finish(house.command(&["link", "create", "--chat", &house.chat, "--from", "-", "-q"]).stdin(input));
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let made: HashSet<String> = ran.out.lines().map(str::to_owned).collect();
    assert_eq!(made, house.links().into_iter().collect());
}

#[test]
fn a_refused_line_is_9_and_is_tried_again_by_running_again() {
    let house = House::new();
    house.write("in.csv", "name,expire\nAnn,7d\nBo,1h\nCy,\n");
    // Telegram's clock is ahead of ours, so that it finds one expiry to be over.
    house.control("clock/advance", serde_json::json!({ "seconds": 7200 }));
    let batch = "link create --chat CHAT --from in.csv --out out.ndjson";
    house.admit(batch).is(9, "1 of 3 failed");
    let answers = lines(&house.home.path().join("out.ndjson"));
    assert_eq!(indices(&answers), [0, 1, 2]);
    assert_eq!(house.links().len(), 2);
    let before = house.ledger();
    house.admit(batch).is(9, "going on with 2 of 3 links made");
    assert!(house.ledger() > before);
    assert_eq!(indices(&lines(&house.home.path().join("out.ndjson"))), [0, 1, 2]);
    assert_eq!(house.links().len(), 2);
}

#[test]
fn a_lost_answer_is_9_and_is_not_asked_for_again() {
    let house = House::new();
    house.fault("createChatInviteLink", "lost", 0, 1);
    let batch = "link create --chat CHAT --count 10 --concurrency 2 --out out.ndjson";
    house.admit(batch).is(9, "1 unknown");
    let answers = lines(&house.home.path().join("out.ndjson"));
    assert_eq!(indices(&answers), (0..10).collect::<Vec<_>>());
    let failed: Vec<_> = answers.iter().filter_map(|it| it["error"]["code"].as_str()).collect();
    assert_eq!(failed, ["outcome_unknown"]);
    // Nobody knows whether that one was made, so it is not made again.
    assert_eq!(house.links().len(), 10);
}

#[test]
fn a_token_that_dies_ends_a_batch_and_another_run_goes_on() {
    let house = House::new();
    let batch = ["link", "create", "--chat", &house.chat, "--count", "30", "--out", "out.ndjson"];
    let bot: i64 = house.token.split(':').next().unwrap().parse().unwrap();
    let right = |rights: Value| {
        house.control(
            &format!("chats/{}/bot", house.chat),
            serde_json::json!({ "id": bot, "rights": rights }),
        );
    };
    right(serde_json::json!([]));
    house.finish(&mut house.command(&batch)).is(5, "run the same again to go on");
    assert!(!house.home.path().join("out.ndjson").exists());
    right(serde_json::json!(["can_invite_users"]));
    house.finish(&mut house.command(&batch)).is(0, "30 of 30 links made");
    assert_eq!(house.links().len(), 30);
    assert!(!house.home.path().join("out.ndjson.partial").exists());
}

#[test]
fn another_batch_does_not_go_on_with_the_file() {
    let house = House::new();
    house.control(
        &format!("chats/{}/bot", house.chat),
        serde_json::json!({ "id": house.json("bot show")["id"], "rights": [] }),
    );
    house.admit("link create --chat CHAT --count 30 --out out.ndjson").is(5, "");
    let before = house.ledger();
    for other in ["--count 31", "--count 30 --limit 1", "--count 30 --name x", "--count 30 --expire 7d"] {
        house
            .admit(&format!("link create --chat CHAT {other} --out out.ndjson"))
            .is(2, "was begun with another input");
    }
    house.write("out.ndjson.partial", "something else\n");
    house.admit("link create --chat CHAT --count 30 --out out.ndjson").is(2, "makes no sense");
    assert_eq!(house.ledger(), before);
}

#[test]
fn a_killed_batch_is_resumed_without_making_a_link_twice() {
    const TOTAL: usize = 600;
    let house = House::new();
    let batch = [
        "link",
        "create",
        "--chat",
        &house.chat,
        "--count",
        "600",
        "--concurrency",
        "16",
        "--out",
        "out.ndjson",
    ];
    let mut known_unknown = 0;
    let partial = house.home.path().join("out.ndjson.partial");
    for until in [100, 350] {
        // Slow enough to be caught in the middle.
        house.fault("createChatInviteLink", "latency", 5, 2000);
        let mut child = house.command(&batch).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while house.links().len() < until {
            assert!(Instant::now() < deadline, "the batch does not get on");
            assert!(child.try_wait().unwrap().is_none(), "the batch ended early");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // As if the power had failed in the middle of a line.
        let mut text = std::fs::read_to_string(&partial).unwrap();
        text.push_str("{\"index\":5,\"invi");
        std::fs::write(&partial, text).unwrap();
    }
    let ran = house.finish(&mut house.command(&batch));
    assert!(matches!(ran.code, Some(0 | 9)), "{}", ran.err);
    let answers = lines(&house.home.path().join("out.ndjson"));
    assert_eq!(indices(&answers), (0..TOTAL as u64).collect::<Vec<_>>());
    let made: HashSet<&str> = answers.iter().filter_map(|line| line["invite_link"].as_str()).collect();
    for line in &answers {
        if line.get("error").is_some() {
            assert_eq!(line["error"]["code"], "outcome_unknown");
            known_unknown += 1;
        }
    }
    assert_eq!(made.len() + known_unknown, TOTAL);
    assert!(known_unknown <= 2 * 16, "{known_unknown}");
    // Every link there is was written down, or is one of those reported as unknown.
    let there: HashSet<String> = house.links().into_iter().collect();
    assert!(made.iter().all(|link| there.contains(*link)));
    assert!(there.len() <= TOTAL, "{}", there.len());
    assert!(!partial.exists());
}

#[cfg(unix)]
#[test]
fn an_interrupted_batch_lets_land_what_is_in_the_air() {
    let house = House::new();
    house.fault("createChatInviteLink", "latency", 5, 5000);
    let batch = ["link", "create", "--chat", &house.chat, "--count", "1000", "--out", "out.ndjson"];
    let child = house.command(&batch).stderr(Stdio::piped()).spawn().unwrap();
    while house.links().len() < 50 {}
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ran = house.look(child.wait_with_output().unwrap());
    ran.is(130, "run the same again to go on");
    let text = std::fs::read_to_string(house.home.path().join("out.ndjson.partial")).unwrap();
    let written = text.lines().filter(|line| line.starts_with("{\"index\":")).count();
    assert_eq!(written, house.links().len());
}

#[cfg(unix)]
#[test]
fn an_interrupted_wait_ends_at_once_and_is_made_up_for() {
    let house = House::new();
    house.fault("createChatInviteLink", "429", 3000, 4);
    let batch = [
        "link",
        "create",
        "--chat",
        &house.chat,
        "--count",
        "20",
        "--concurrency",
        "4",
        "--out",
        "out.ndjson",
    ];
    let child = house.command(&batch).stderr(Stdio::piped()).spawn().unwrap();
    house.interrupt_the_wait(child, "-INT").is(130, "");
    // A new process does not know of the wait, and the sandbox has forgotten it.
    house.finish(&mut house.command(&batch)).is(0, "20 of 20 links made");
    assert_eq!(house.links().len(), 20);
}

#[test]
fn a_wait_is_waited_for_and_said() {
    let house = House::new();
    house.fault("createChatInviteLink", "429", 2, 1);
    let ran = house.admit("link create --chat CHAT --count 5 --concurrency 1 --out out.ndjson --timeout 1s");
    ran.is(0, "Telegram asked to wait 2 s");
    assert_eq!(house.links().len(), 5);
}

#[test]
fn lines_that_are_added_while_a_batch_runs_are_not_of_it() {
    let house = House::new();
    let input = house.write("in.ndjson", &"{\"limit\":1}\n".repeat(20));
    house.fault("createChatInviteLink", "latency", 20, 20);
    let batch = [
        "link",
        "create",
        "--chat",
        &house.chat,
        "--from",
        "in.ndjson",
        "--concurrency",
        "1",
        "--out",
        "out.ndjson",
    ];
    let child = house.command(&batch).stderr(Stdio::piped()).spawn().unwrap();
    while house.links().is_empty() {}
    std::fs::write(input, "{\"limit\":1}\n".repeat(30)).unwrap();
    house.look(child.wait_with_output().unwrap()).is(0, "20 of 20 links made");
    assert_eq!(house.links().len(), 20);
}
