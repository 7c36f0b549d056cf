//! A token goes in by a file, the environment or a profile, and never comes out. `House` looks at every output.

use crate::house::House;

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
