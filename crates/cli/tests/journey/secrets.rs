//! A token goes in by a file, the environment or a profile, and never comes out. `House` looks at every output.

use crate::house::House;
use std::path::Path;

#[test]
fn a_token_comes_from_a_file_standard_input_or_a_profile() {
    let house = House::new();
    let path = house.write("token", &format!("{}\n", house.token));
    let path = path.to_str().unwrap();
    house.finish(&mut house.bare(&["bot", "show", "--token-file", path])).is(0, "@admit_demo_bot");
    house.finish(house.bare(&["bot", "show"]).env("ADMIT_BOT_TOKEN_FILE", path)).is(0, "@admit_demo_bot");
    // As Windows writes it.
    house.write("windows", &format!("\u{feff}{}\r\n", house.token));
    house.finish(&mut house.bare(&["bot", "show", "--token-file", "windows"])).is(0, "@admit_demo_bot");
    let token = std::fs::File::open(path).unwrap();
    house.finish(house.bare(&["bot", "show", "--token-file", "-"]).stdin(token)).is(0, "@admit_demo_bot");

    let profiles = format!("default = 'demo'\n[profile.demo]\ntoken = '{}'\n", house.token);
    let path = house.write(".config/admit/profiles.toml", &profiles);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        house.finish(&mut house.bare(&["bot", "show"])).is(4, "chmod 600");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    house.finish(&mut house.bare(&["bot", "show"])).is(0, "@admit_demo_bot");
    for command in ["show", "explain"] {
        house.finish(&mut house.bare(&["config", command])).is(0, "profile demo");
    }
}

#[test]
fn a_token_in_the_wrong_place_is_not_repeated() {
    let house = House::new();
    let token = house.token.clone();
    for arguments in [
        &["bot", "show", "--token-file", &token][..],
        &["bot", "show", "--token", &token],
        &["bot", "show", &token],
        &[&token],
        &["bot", "show", "--profile", &token],
        &["bot", "show", "--api-url", &format!("{}/bot{token}", house.address)],
        &["link", "create", "--chat", &token],
        &["link", "create", "--chat", &house.chat, "--expire", &token],
        &["link", "create", "--chat", &house.chat, "--name", &token],
        &["link", "revoke", "--chat", &house.chat, &token],
    ] {
        for more in [&[][..], &["--json"]] {
            let ran = house.finish(house.bare(arguments).args(more));
            assert_ne!(ran.code, Some(0), "{arguments:?}");
        }
    }
}

#[test]
fn a_proxys_password_is_not_repeated() {
    let house = House::new();
    for proxy in ["http://ann:CANARYCANARY@127.0.0.1:9", "socks5://ann:CANARYCANARY@x", "CANARYCANARY://x"] {
        let ran = house.admit(&format!("bot show --timeout 1s --proxy {proxy}"));
        assert_ne!(ran.code, Some(0));
        assert!(!ran.err.contains("ann:CANARY"), "{}", ran.err);
    }
    let shown = house.admit("config show --proxy http://ann:CANARYCANARY@127.0.0.1:9");
    assert!(!shown.out.contains("CANARY"), "{}", shown.out);
}

/// Every file below a directory, as one text.
fn everything_in(directory: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all += &everything_in(&path);
        } else {
            all += &String::from_utf8_lossy(&std::fs::read(path).unwrap());
        }
    }
    all
}

#[test]
fn a_canary_is_found_nowhere_though_everything_is_logged() {
    const CANARY: &str = "7000000009:CANARY-canary-canary-canary-canary-";
    let house = House::new();
    house.write("people.csv", "name,limit\nAnn,1\nBo,\n");
    house.write("link.json", &house.admit("link create --chat CHAT --limit 1 --json").out);
    let link = house.admit("link create --chat CHAT -q").out;
    let revoke = format!("link revoke --chat CHAT {link}");
    let lines = [
        "link create --chat CHAT --limit 1 --expire 7d",
        "link create --chat CHAT --stars 50",
        "link create --chat CHAT --count 3 --json",
        "link create --chat CHAT --from people.csv --out links.ndjson",
        "link create --chat CHAT --limit 0",
        "link edit --chat CHAT --was link.json --name spring",
        revoke.trim(),
        "link revoke --chat CHAT https://t.me/+AbCdEf0123456789",
        "link rotate --chat CHAT --yes",
        "link rotate --chat CHAT",
        "link parse https://t.me/+AbCdEf0123456789",
        "request approve --chat CHAT --user 5",
        "request decline --chat CHAT --user 5,6 --json",
        "chat show --chat CHAT",
        "chat show --chat @nowhere",
        "member remove --chat CHAT --user 5",
        "bot show",
        "bot show --timeout 1s --api-url http://127.0.0.1:9",
        "bot show --timeout 1s --proxy socks5://127.0.0.1:9",
        "bot show --profile gone",
        "config show",
        "config explain",
        "telegram CreateInvitationLink --chat CHAT --out answer.json",
        "telegram CreateInvitationLink --chat CHAT --debug",
        "telegram CreateInvitationLink --chat CHAT --test",
        "telegram CreateInvitationLink --chat @nowhere --config {\"adv_response\":true}",
        "completions bash",
        "man link",
    ];
    let check = |line: &str, token: &str| {
        let line = format!("{line} --log trace").replace("CHAT", &house.chat);
        let arguments: Vec<&str> = line.split(' ').collect();
        let ran = house.finish(house.bare(&arguments).env("ADMIT_BOT_TOKEN", token));
        assert!(!format!("{}{}", ran.out, ran.err).contains("canary-canary"), "{line}: {}", ran.err);
        assert_eq!(ran.err.contains("called Telegram"), ran.err.contains("hyper_util"), "{}", ran.err);
        ran.err.contains("called Telegram")
    };
    for token in [&house.token, CANARY] {
        let called = lines.iter().filter(|line| check(line, token)).count();
        assert!(called > 15, "{called}");
    }
    for kind in ["429", "5xx", "html", "cut", "lost"] {
        house.fault("createChatInviteLink", kind, 500, 1);
        assert!(check("link create --chat CHAT --timeout 1s", &house.token), "{kind}");
    }
    let files = everything_in(house.home.path());
    assert!(files.contains("invite_link"), "{files}");
    assert!(!files.contains("canary-canary") && !files.contains(house.token.split(':').nth(1).unwrap()));
}
