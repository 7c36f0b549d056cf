//! Every flag with a wrong value: exit 2, the flag, the value and a right example are named, and nothing is sent.

use crate::house::House;

#[test]
fn a_wrong_value_is_named_and_nothing_is_sent() {
    let house = House::new();
    house.write("one.json", "{}");
    house.write("bad.csv", "name,limit\nAnn,\n\n\"Bo\nB.\",1\nCy,0\n");
    house.write("bad.ndjson", "{}\n\n{\"limit\":0}\n");
    let before = house.ledger();
    let check = |line: &str, words: &[&str]| {
        let ran = house.admit(line);
        assert_eq!(ran.code, Some(2), "{line}: {}{}", ran.out, ran.err);
        for word in words {
            assert!(ran.err.contains(word), "{line}: `{word}` is not in {}", ran.err);
        }
        let json = house.admit(&format!("{line} --json"));
        json.fails_as(2, "usage", "bad_input");
    };
    let create = "link create --chat CHAT";
    check(&format!("{create} --limit 0"), &["--limit 0", "1 to 99999", "`--limit 1`"]);
    check(&format!("{create} --limit -3"), &["--limit -3", "`--limit 1`"]);
    check(&format!("{create} --limit 100000"), &["--limit 100000", "`--limit 1`"]);
    check(&format!("{create} --limit many"), &["--limit many", "`--limit 1`"]);
    check(&format!("{create} --limit 1 --request"), &["--limit 1", "--request", "no limit"]);
    check(&format!("{create} --name {}", "n".repeat(33)), &["--name", "32", "`--name spring`"]);
    check(&format!("{create} --expire yesterday"), &["--expire yesterday", "`--expire 7d`"]);
    check(&format!("{create} --expire 2020-01-01T00:00:00Z"), &["--expire 2020", "over since"]);
    check(&format!("{create} --expire 1795870800000"), &["milliseconds", "1795870800"]);
    check(&format!("{create} --expire 2027-01-01T12:00"), &["--tz"]);
    check(&format!("{create} --expire 2027-01-01 --tz UTC"), &["time of day"]);
    check(&format!("{create} --expire -7d"), &["--expire -7d"]);
    check(&format!("{create} --tz Mars/Base --expire 7d"), &["--tz Mars/Base", "Europe/Berlin"]);
    check(&format!("{create} --stars 0"), &["--stars 0", "`--stars 50"]);
    check(&format!("{create} --stars 50 --limit 1"), &["--limit", "--stars 50"]);
    check(&format!("{create} --count 0"), &["--count 0", "`--count 500`"]);
    check(&format!("{create} --count 5 --concurrency 0"), &["--concurrency 0", "`--concurrency 32`"]);
    check(&format!("{create} --count 5 --from x"), &["--count", "--from"]);
    check(&format!("{create} --out x"), &["--out", "batches"]);
    check(&format!("{create} --count 5 --out gone/x"), &["--out gone/x", "`--out links.ndjson`"]);
    check(&format!("{create} --from gone.csv"), &["--from", "gone.csv"]);
    check(&format!("{create} --from bad.csv"), &["line 6 of `bad.csv`", "--limit 0"]);
    check(&format!("{create} --from bad.ndjson"), &["line 3 of `bad.ndjson`", "--limit 0"]);
    check(&format!("{create} --count 5 --out -"), &["--out -", "standard output"]);
    check(&format!("{create} --from - --token-file -"), &["--from -", "--token-file -"]);
    check("link edit --chat CHAT --was - --name x --token-file -", &["--was -", "--token-file -"]);
    check("link create --chat garden", &["--chat", "garden", "@garden"]);
    check("link create --chat -5000000000000", &["--chat", "-5000000000000", "@garden"]);
    check("link create", &["--chat", "admit link create --chat @garden"]);
    check("link edit --chat CHAT --name x", &["--was link.json"]);
    check("link edit --chat CHAT --was one.json --name x", &["--was one.json"]);
    check("link edit --chat CHAT --was gone.json --name x", &["--was gone.json"]);
    check("link edit --chat CHAT https://t.me/+AbC --name x --no-name", &["--name", "--no-name"]);
    check("link edit --chat CHAT https://t.me/+AbC --instant", &["--instant --no-limit"]);
    check("link revoke --chat CHAT https://example.org/x", &["example.org", "https://t.me/+"]);
    check("link revoke --chat CHAT https://t.me/+AbCdE…", &["https://t.me/+"]);
    check("link parse garden", &["garden", "https://t.me/+"]);
    check("request approve --chat CHAT --user ann", &["--user", "ann", "123456789"]);
    check("request approve --chat CHAT --all --user 5", &["--all", "--user"]);
    check("request approve --chat CHAT --user 5 --link https://t.me/+AbC", &["--link", "--user"]);
    check(
        "request approve --chat CHAT",
        &["--user", "admit request approve --chat @garden --user 123456789"],
    );
    check("request list --chat CHAT --link nonsense", &["nonsense", "https://t.me/+"]);
    check("member list --chat CHAT --link https://example.org/x", &["example.org", "https://t.me/+"]);
    check("member list --chat CHAT --limit 0", &["--limit", "0"]);
    check("link list --chat CHAT --admin ann", &["--admin", "ann", "123456789"]);
    check("link list --chat CHAT --admin 5 --all-admins", &["--admin", "--all-admins"]);
    check("link list --from memory", &["--from", "memory", "ledger"]);
    check("link check garden!", &["garden!", "https://t.me/+"]);
    check("link delete --chat CHAT", &["LINK", "admit link delete --chat @garden"]);
    check("member remove --chat CHAT --user 0", &["--user", "0", "123456789"]);
    check("member remove --chat -5 --user 5 --ban", &["--ban", "basic groups"]);
    check("bot show --timeout 90", &["--timeout", "90", "30s"]);
    check(
        "bot show --api-url api.telegram.org",
        &["--api-url", "api.telegram.org", "https://api.telegram.org"],
    );
    check("bot show --log deubg", &["--log", "deubg", "`debug`"]);
    check("bot show --profile gone", &["--profile", "gone"]);
    check("bot show --proxy nonsense", &["--proxy", "nonsense", "`http://host:3128`"]);
    check("bot show -o yaml", &["yaml", "ndjson"]);
    check(
        "sandbox --listen here",
        &["--listen", "here", "`admit sandbox --seed demo --listen 127.0.0.1:8081"],
    );
    check(
        "link create --chat CHAT --form x",
        &["--from", "`admit link create --chat @garden --from people.csv"],
    );
    check("sandbox --link-base here", &["--link-base here", "https://t.me"]);
    check("telegram DeleteEverything", &["DeleteEverything", "CreateInvitationLink"]);
    check("telegram CreateInvitationLink", &["--chat"]);
    check("telegram CreateInvitationLink --chat CHAT --config {", &["--config", "no JSON"]);
    check("completions tcsh", &["tcsh", "bash"]);
    check("man gone", &["admit man gone"]);
    house.write("twice.toml", "slug = 'a'\nslug = 'b'\n");
    house.write("long.toml", &format!("slug = 'a'\ntitle = '{}'\nchats = [-5]\n", "t".repeat(101)));
    house.write(
        "secret.toml",
        "slug = 'a'\ntitle = 'A'\nchats = [-5]\n[[questions]]\nask = '?'\nanswers = [CANARY]\n",
    );
    let gate = "gate new owls --title Owls --chat CHAT";
    check("serve --listen here", &["--listen", "here", "127.0.0.1:0"]);
    check(
        "serve --public-url gate.example",
        &["--public-url gate.example", "`--public-url https://gate.example`"],
    );
    check("serve --public-url https://gate.example/x", &["a host, and perhaps a port"]);
    check("serve --public-url https://ann:pw@gate.example", &["a host, and perhaps a port"]);
    check("serve --telegram-url ftp://t.me", &["--telegram-url ftp://t.me", "`https://`"]);
    check("gate new Owls --title Owls --chat CHAT", &["Owls", "small letters", "admit gate new night-owls"]);
    check("gate new owls --title Owls --chat @garden", &["--chat @garden", "--chat -1001234567890"]);
    check("gate new owls", &["--title", "admit gate new"]);
    check(&format!("{gate} --title {}", "t".repeat(101)), &["--title"]);
    check(
        &format!("gate new owls --chat CHAT --title {}", "t".repeat(101)),
        &["100 characters", "`--title Owls"],
    );
    check(&format!("{gate} --ask Drink?"), &["--answer"]);
    check(&format!("{gate} --answer espresso"), &["--ask"]);
    check(&format!("{gate} --file twice.toml"), &["--file"]);
    check("gate new --file gone.toml", &["gone.toml", "--dry-run"]);
    check("gate new --file twice.toml", &["`twice.toml`, line 2"]);
    check("gate new --file long.toml", &["`long.toml`, line 2", "100 characters"]);
    check("gate new --file - --token-file -", &["--file -", "--token-file -"]);
    check("gate plan secret.toml", &["`secret.toml`, line 6"]);
    assert!(!house.admit("gate plan secret.toml").err.contains("CANARY"), "an answer is not repeated");
    check("gate plan", &["FILE", "admit gate plan night-owls.toml"]);
    check("gate show owls/..", &["owls/..", "small letters"]);
    check("pass grant", &["--gate", "admit pass grant --gate night-owls"]);
    check("pass grant --gate owls --person ann", &["--person", "ann", "123456789"]);
    check("pass show one", &["one", "admit pass show 12"]);
    check("pass show 1 --wait soon", &["--wait", "soon", "admit pass show 12 --wait 10"]);
    check("pass list --limit 0", &["--limit", "0", "admit pass list --gate night-owls --limit 100"]);
    check("link list --limit 10001", &["--limit 10001", "`--limit 10000`"]);
    check("link list --chat @garden", &["--chat @garden", "--chat -1001234567890"]);
    check("link show garden!", &["garden!", "https://t.me/+"]);
    assert!(!house.home.path().join("admit-data").exists(), "a slip makes no database");
    assert_eq!(house.ledger(), before);
}
