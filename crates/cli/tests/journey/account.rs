//! What the commands do in the name of an account, and what they say where there is none.

use crate::house::House;
use serde_json::{Value, json};

fn house() -> House {
    let house = House::new();
    house.log_in();
    house
}

#[test]
fn an_account_makes_changes_and_ends_links() {
    let house = house();
    let owner = house.mtproto["admin"]["user_id"].clone();
    let made = house.account_json("link create --chat CHAT --limit 5 --name spring");
    assert_eq!((&made["creator"]["id"], &made["member_limit"]), (&owner, &json!(5)));
    let url = made["invite_link"].as_str().unwrap();
    // What is not said, it looks up itself.
    let edited = house.account_json(&format!("link edit --chat CHAT {url} --name summer"));
    assert_eq!((&edited["name"], &edited["member_limit"]), (&json!("summer"), &json!(5)));
    house.account(&format!("link revoke --chat CHAT {url}")).is(0, "is revoked");

    let old = house.account_json("link rotate --chat CHAT --yes")["invite_link"].clone();
    let rotated = house.account_json("link rotate --chat CHAT --yes");
    assert_eq!(rotated["replaced"], old);
    house.account("link rotate --chat CHAT --no-input").is(2, "ends the account's primary link");
    assert_eq!(house.join(house.person(), old.as_str().unwrap()), "refused");

    // Where both could, the bot does; unless somebody says who.
    let bots = house.json("link create --chat CHAT");
    assert_eq!(bots["creator"]["is_bot"], true);
    let mine = house.json("link create --chat CHAT --as account");
    assert_eq!(mine["creator"]["id"], owner);
    house.account("link create --chat CHAT --as bot --json").fails_as(4, "credentials", "no_token");
    house.account("link create --chat CHAT --count 3 --as account").is(2, "a batch is made by a bot");
}

fn write_profiles(house: &House, text: &str) {
    let path = house.write(".config/admit/profiles.toml", text);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    #[cfg(not(unix))]
    drop(path);
}

#[test]
fn a_profile_that_is_named_speaks_for_itself() {
    let house = House::new();
    write_profiles(&house, "[profile.owner]\n");
    let creator = |more: &str| {
        let arguments = format!("link create --chat {} --json {more}", house.chat);
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let mut command = house.command(&arguments);
        let ran = house.finish(command.env("ADMIT_SESSION_FILE", "anothers.session"));
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        serde_json::from_str::<Value>(&ran.out).unwrap()["creator"]["is_bot"].as_bool().unwrap()
    };
    // Nobody logged in yet, so the token of the environment is all there is.
    assert!(creator("--profile owner"));
    house.log_in_with(house.mtproto["admin"]["auth_key"].as_str().unwrap(), "--profile owner");
    assert!(!creator("--profile owner"));
    assert!(creator("--profile owner --as bot"));
    assert!(creator(""));
    // What only a bot does, no bot does that was not meant.
    for line in ["bot show", "chat show --chat CHAT", "member remove --chat CHAT --user 5 --ban"] {
        let ran = house.admit(&format!("{line} --profile owner --json"));
        let error = ran.fails_as(4, "credentials", "no_token");
        assert!(error["hint"].as_str().unwrap().contains("`--as bot`"), "{error}");
    }
    house.admit("link create --chat CHAT --count 3 --profile owner").is(4, "the profile `owner`");
    house.admit("bot show --profile owner --as bot").is(0, "admit_demo_bot");
}

#[test]
fn a_session_that_is_named_speaks_before_a_bot_that_is_not() {
    let house = House::new();
    house.log_in_with(house.mtproto["admin"]["auth_key"].as_str().unwrap(), "--session-file owner.session");
    let made = house.json("link create --chat CHAT --session-file owner.session");
    assert_eq!(made["creator"]["is_bot"], false);
    house.admit("bot show --session-file owner.session --json").fails_as(4, "credentials", "no_token");
    let before = house.ledger();
    let ran = house.admit("link rotate --chat CHAT --yes --session-file none.session --json");
    ran.fails_as(4, "credentials", "no_session");
    assert_eq!(house.ledger_since(before), "");
    // A token that was named as well is no chance.
    house.write("token", &house.token);
    let both = "--session-file owner.session --token-file token";
    assert_eq!(house.json(&format!("link create --chat CHAT {both}"))["creator"]["is_bot"], true);
    // Nor is one of a profile, unless nobody named the profile.
    let token = house.home.path().join("token");
    let profiles = format!("default = \"garden\"\n[profile.garden]\ntoken_file = {token:?}\n");
    write_profiles(&house, &profiles);
    for (named, is_bot) in [("", false), (" --profile garden", true)] {
        let line = format!("link create --chat CHAT --session-file owner.session --json{named}");
        let made: Value = serde_json::from_str(&house.account(&line).out).unwrap();
        assert_eq!(made["creator"]["is_bot"], is_bot, "{named}");
    }
}

#[test]
fn whoever_cannot_do_it_is_refused_by_name() {
    let house = house();
    for line in [
        "member remove --chat CHAT --user 5",
        "chat show --chat CHAT",
        "bot show",
        "telegram CreateInvitationLink --chat CHAT",
        "serve",
    ] {
        house.admit(&format!("{line} --as account")).is(2, "a bot does that, and no account");
    }
    for line in ["reconcile", "link import --chat CHAT", "login", "logout"] {
        house.admit(&format!("{line} --as bot")).is(2, "an account does that, and no bot");
    }
    // A bot has no list but the ledger, which is not there yet.
    house.admit("gate new owls --title Owls --chat CHAT --ask Who? --answer owl").is(0, "is a draft");
    assert_eq!(house.json("link list --chat CHAT --as bot"), json!([]));
    house.admit("link list --chat CHAT --all-admins --as bot").is(2, "a bot cannot list links");
}

#[test]
fn an_account_that_is_named_is_asked_though_no_session_is_kept() {
    let house = House::new();
    house.admit("gate new owls --title Owls --chat CHAT --ask Who? --answer owl").is(0, "is a draft");
    for named in ["--as account", "--session-file none.session"] {
        let ran = house.admit(&format!("link list --chat CHAT --json {named}"));
        ran.fails_as(4, "credentials", "no_session");
    }
    house.admit("link list --as account").is(2, "no `--chat`");
    house.admit("link list --gate owls --as account").is(2, "`--from ledger`");
    assert_eq!(house.json("link list --gate owls --from ledger"), json!([]));
}

#[test]
fn a_rehearsal_of_several_is_one_answer() {
    let house = house();
    for who in ["bot", "account"] {
        let line = format!("request approve --chat CHAT --dry-run --as {who}");
        assert_eq!(house.json(&format!("{line} --user 1,2")).as_array().map(Vec::len), Some(2));
        assert_eq!(house.json(&format!("{line} --user 1"))["dry_run"], true);
    }
}

#[test]
fn a_link_for_stars_is_an_accounts_too() {
    let house = house();
    let owner = house.mtproto["admin"]["user_id"].clone();
    let channel = house.control(
        "chats",
        json!({ "kind": "channel", "title": "Paid", "bots": [
        { "id": owner, "rights": ["can_invite_users"] }
    ] }),
    );
    let channel = channel["chat_id"].to_string();
    let made = house.account_json(&format!("link create --chat {channel} --stars 50 --name fans"));
    assert_eq!(made["subscription_price"], 50);
    let url = made["invite_link"].as_str().unwrap();
    let table = house.account(&format!("link list --chat {channel} -o csv")).out;
    let mut rows = table.lines();
    assert!(rows.next().unwrap().ends_with(",subscription_price,subscription_period"), "{table}");
    assert!(rows.next().unwrap().ends_with(",50,2592000"), "{table}");
    let edit = format!("link edit --chat {channel} {url} --paid --name friends");
    house.account(&format!("{edit} --dry-run")).is(0, "would name");
    house.account(&edit).is(0, "named `friends`");
    let key = house.control(&format!("people/{}/session", house.person()), json!({}));
    house.log_in_with(key["auth_key"].as_str().unwrap(), "--session-file fan.session");
    let check = format!("link check {url} --session-file fan.session");
    house.account(&check).is(0, "joining costs 50 Stars every 30 days");
    assert_eq!(house.account_json(&check)["subscription_price"], 50);
}

#[test]
fn an_accounts_dry_run_is_told_in_words_and_nothing_is_sent() {
    let house = house();
    house.control("faults", json!({ "method": "messages.exportChatInvite", "kind": "400", "text": "X" }));
    for (line, words) in [
        (
            "link create --chat CHAT --limit 1 --name spring",
            "works once at a time, until it is revoked, named `spring`",
        ),
        ("link create --chat CHAT --stars 50", "works for 50 Stars a month"),
        ("link edit --chat CHAT https://t.me/+AbC --name x", "the rest stays"),
        (
            "link edit --chat CHAT https://t.me/+AbC --no-name --no-expire --request",
            "so that it lets people ask",
        ),
        ("link revoke --chat CHAT https://t.me/+AbC", "would revoke https://t.me/+AbC"),
        ("link rotate --chat CHAT", "would replace the account's primary link"),
        ("request approve --chat CHAT --user 5", "would approve the request of 5"),
    ] {
        house.account(&format!("{line} --dry-run")).is(0, words);
        house.admit(&format!("{line} --dry-run --as account")).is(0, words);
    }
    assert!(house.links().is_empty());
}

#[test]
fn a_link_is_looked_up_with_its_counts_and_looked_at_from_outside() {
    let house = house();
    let url = house.account("link create --chat CHAT --request --name ask -q").out;
    let url = url.trim();
    let ann = house.person();
    assert_eq!(house.join(ann, url), "requested");
    let ran = house.account(&format!("link show --chat CHAT {url}"));
    ran.is(0, "lets people ask to join, until it is revoked, named `ask`");
    ran.is(0, "0 members are in by it, 1 person waits");
    let hash = url.rsplit('+').next().unwrap();
    assert_eq!(house.account_json(&format!("link show --chat CHAT {hash}"))["pending"], 1);
    let gone = house.account("link show --chat CHAT https://t.me/+aaaaaaaaaaaaaaaa --json");
    gone.fails_as(3, "not_found", "link_dead");

    // Whoever is in is told another thing than whoever is not.
    let inside = house.account_json(&format!("link check {url}"));
    assert_eq!(
        (&inside["chat_id"], &inside["creates_join_request"]),
        (&json!(house.chat.parse::<i64>().unwrap()), &json!(null))
    );
    let bo = house.person();
    let key = house.control(&format!("people/{bo}/session"), json!({}));
    house.log_in_with(key["auth_key"].as_str().unwrap(), "--session-file bo.session");
    let check = format!("link check {url} --session-file bo.session");
    let outside = house.account_json(&check);
    let seen: Vec<&Value> =
        ["title", "member_count", "creates_join_request", "chat_id"].map(|field| &outside[field]).into();
    assert_eq!(json!(seen), json!(["Night Owls", 2, true, null]));
    house.account(&check).is(0, "joining asks an administrator");
    house.account("link check https://t.me/+aaaaaaaaaaaaaaaa --json").fails_as(3, "not_found", "link_dead");
    house.account("link check https://example.org/x").is(2, "example.org");
    let before = house.chat();
    assert_eq!(before["members"].as_array().unwrap().len(), 2);
}

#[test]
fn revoked_links_are_deleted_once_somebody_said_yes() {
    let house = house();
    let make = |name: &str| {
        house.account(&format!("link create --chat CHAT --name {name} -q")).out.trim().to_owned()
    };
    let (one, two, live) = (make("one"), make("two"), make("live"));
    for link in [&one, &two] {
        house.account(&format!("link revoke --chat CHAT {link}")).is(0, "is revoked");
    }
    let delete = format!("link delete --chat CHAT {one} {live}");
    house.account(&delete).is(2, "deletes 2 links for good");
    house.account(&format!("{delete} --dry-run")).is(9, &format!("{one} would be deleted, named `one`"));
    assert_eq!(house.account_json("link list --chat CHAT --revoked").as_array().unwrap().len(), 2);
    let ran = house.account(&format!("{delete} --yes --json"));
    ran.is(9, "\"status\":\"deleted\"");
    let rows: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&rows[0]["invite_link"], &rows[1]["error"]["code"]), (&json!(one), &json!("bad_value")));
    let gone = house.account(&format!("link delete --chat CHAT {one} --yes --json"));
    gone.fails_as(3, "not_found", "link_dead");
    assert_eq!(house.account_json("link list --chat CHAT --revoked")[0]["name"], "two");
    house.account("link show --chat CHAT nonsense!").is(2, "nonsense!");
}

#[test]
fn every_revoked_link_is_purged_once_somebody_said_yes() {
    let house = house();
    let revoked = |who: &dyn Fn(&str) -> crate::house::Ran| {
        let link = who("link create --chat CHAT -q").out;
        who(&format!("link revoke --chat CHAT {}", link.trim())).is(0, "is revoked");
    };
    (0..3).for_each(|_| revoked(&|line| house.account(line)));
    (0..2).for_each(|_| revoked(&|line| house.admit(line)));
    let live = house.account("link create --chat CHAT -q").out;
    house.account("link purge --chat CHAT").is(2, "deletes every revoked link");
    assert_eq!(house.account("link purge --chat CHAT --dry-run -q").out.lines().count(), 3);
    for rehearsed in house.account_json("link purge --chat CHAT --dry-run").as_array().unwrap() {
        let (status, is_revoked) = (&rehearsed["status"], &rehearsed["is_revoked"]);
        assert_eq!((&rehearsed["dry_run"], is_revoked), (&json!(true), &json!(true)));
        assert_eq!(status, "would be deleted");
    }
    let all = house.account("link purge --chat CHAT --all-admins --dry-run");
    assert_eq!((all.out.lines().count(), all.err.as_str()), (6, "would delete 5 links\n"));
    let purged = house.account_json("link purge --chat CHAT --yes");
    assert_eq!(
        (&purged["status"], &purged["user_id"]),
        (&json!("purged"), &house.mtproto["admin"]["user_id"])
    );
    let purged = house.account_json("link purge --chat CHAT --all-admins --yes");
    assert_eq!((&purged[0]["first_name"], &purged[0]["count"]), (&json!("admit_demo_bot"), &json!(2)));
    assert_eq!(house.account_json("link purge --chat CHAT --all-admins --yes"), json!([]));
    assert_eq!(house.account_json("link list --chat CHAT --revoked"), json!([]));
    assert_eq!(house.account("link list --chat CHAT -q").out, live);
}

#[test]
fn everybody_who_waits_is_decided_about_at_once() {
    let house = house();
    let make = || house.account("link create --chat CHAT --request -q").out.trim().to_owned();
    let (one, two) = (make(), make());
    let people: Vec<i64> = (0..3).map(|_| house.person()).collect();
    people.iter().zip([&one, &one, &two]).for_each(|(&person, link)| {
        assert_eq!(house.join(person, link), "requested");
    });
    let approve = "request approve --chat CHAT --all";
    house.account(approve).is(2, "approves everybody who waits");
    let would = house.account(&format!("{approve} --link {one} --dry-run"));
    assert_eq!(
        (would.out.lines().count(), would.err.as_str()),
        (3, "would approve all of them: 2 people wait\n")
    );
    for (act, status) in [("approve", "would be approved"), ("decline", "would be declined")] {
        let all = house.account_json(&format!("request {act} --chat CHAT --all --dry-run"));
        let of_one = |person: i64| all.as_array().unwrap().iter().find(|it| it["user_id"] == person).unwrap();
        let row = of_one(people[2]);
        assert_eq!((&row["dry_run"], &row["status"]), (&json!(true), &json!(status)), "{row}");
    }
    house.account(&format!("{approve} --link {one} --yes")).is(0, "approved everybody who waited");
    assert_eq!(house.account_json("request list --chat CHAT").as_array().unwrap().len(), 1);
    let named = house.account(&format!("request decline --chat CHAT --user {}", people[2]));
    named.is(0, &format!("declined {}", people[2]));
    house.account("request decline --chat CHAT --user 77").is(3, "`admit request list`");
    assert_eq!(house.join(people[2], &two), "requested");
    assert_eq!(house.account_json("request decline --chat CHAT --all --yes")["status"], "declined");
    assert_eq!(house.account_json("request list --chat CHAT"), json!([]));
    let members = house.account_json("member list --chat CHAT");
    assert_eq!(members.as_array().unwrap().len(), 2);
}

#[test]
fn what_a_bot_cannot_do_says_what_can() {
    let house = House::new();
    for line in [
        "link list --from telegram --chat CHAT",
        "link show --chat CHAT https://t.me/+AbC",
        "link check https://t.me/+AbC",
        "link delete --chat CHAT https://t.me/+AbC --yes",
        "link purge --chat CHAT --yes",
        "member list --chat CHAT",
        "request list --chat CHAT",
        "admin list --chat CHAT",
        "request approve --chat CHAT --all --yes",
    ] {
        let error = house.admit(&format!("{line} --json")).fails_as(2, "usage", "not_here");
        assert!(error["detail"].as_str().unwrap().contains("a bot cannot"), "{line}: {error}");
        assert!(error["hint"].as_str().unwrap().contains("`admit login`"), "{line}: {error}");
        let ran = house.admit(&format!("{line} --as account --json"));
        ran.fails_as(4, "credentials", "no_session");
    }
    let ran = house.admit("request approve --chat CHAT --all --yes");
    ran.is(2, "`--user ID`");
    // Before anybody is asked whether to go on.
    let ran = house.account("link delete --chat CHAT https://t.me/+AbC --as account --json");
    ran.fails_as(4, "credentials", "no_session");
}

#[cfg(target_os = "linux")]
#[test]
fn a_question_tells_how_many() {
    let house = house();
    let link = house.account("link create --chat CHAT --request -q").out;
    for _ in 0..2 {
        assert_eq!(house.join(house.person(), link.trim()), "requested");
    }
    house.account(&format!("link revoke --chat CHAT {}", link.trim())).is(0, "is revoked");
    let begin = |line: &str| {
        let line = format!("{} {line} --chat {}", crate::house::ADMIT, house.chat);
        crate::terminal::Terminal::begin(&house, &line, &[])
    };
    let before = house.ledger();
    let delete = format!("link delete {}", link.trim());
    // Whoever says no, nothing, or breaks it off, has done nothing.
    for line in ["request approve --all", "request decline --all", "link purge", &delete, "link rotate"] {
        for (answer, code, words) in
            [("n\n", 2, "not confirmed"), ("\n", 2, "not confirmed"), ("\u{3}", 130, "interrupted")]
        {
            let mut terminal = begin(line);
            terminal.wait_for("[y/N]");
            terminal.type_in(answer);
            terminal.end().is(code, words);
        }
    }
    let sent = house.ledger_since(before);
    for method in ["delete", "hide", "export", "editExported"] {
        assert!(!sent.contains(&format!("messages.{method}")), "{sent}");
    }
    for (line, question, done) in [
        ("request approve --all", "2 people wait: this approves everybody", "approved all 2 who waited"),
        ("request approve --all", "", "nobody waits"),
        ("link purge", "this deletes 1 revoked link of ", "deleted 1 link of "),
        ("link purge", "", "has no revoked link"),
    ] {
        let mut terminal = begin(line);
        if !question.is_empty() {
            assert!(terminal.wait_for("[y/N]").contains(question));
            terminal.type_in("y\n");
        }
        terminal.end().is(0, done);
    }
    // Where there was nothing to ask about, nothing was sent.
    assert_eq!(house.ledger_since(0).matches("messages.deleteRevokedExportedChatInvites").count(), 1);
}
