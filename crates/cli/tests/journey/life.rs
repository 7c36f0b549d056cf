//! What a link lives through.

use crate::house::House;
use serde_json::json;

#[test]
fn a_link_is_made_used_up_and_revoked() {
    let house = House::new();
    let link = house.json("link create --chat CHAT --limit 1 --expire 7d --name spring");
    assert_eq!((&link["member_limit"], &link["name"]), (&json!(1), &json!("spring")));
    let url = link["invite_link"].as_str().unwrap();

    let (ann, bo) = (house.person(), house.person());
    assert_eq!(house.join(ann, url), "joined");
    assert_eq!(house.join(bo, url), "refused");
    house.control(&format!("people/{ann}/leave"), json!({ "chat_id": house.chat.parse::<i64>().unwrap() }));
    assert_eq!(house.join(bo, url), "joined");

    house.admit(&format!("link revoke --chat CHAT {url}")).is(0, "is revoked and opens nothing any more");
    assert_eq!(house.join(house.person(), url), "refused");
    assert_eq!(
        house.admit(&format!("link parse {url} -q")).out,
        format!("{}\n", url.rsplit('+').next().unwrap())
    );
}

#[test]
fn words_say_what_a_link_does_and_quiet_says_only_the_link() {
    let house = House::new();
    let ran = house.admit("link create --chat CHAT --limit 1 --expire 36h --tz Europe/Berlin");
    ran.is(0, "works once at a time, until ");
    assert!(ran.out.contains(" +0"), "{}", ran.out);
    ran.is(0, "Whoever leaves frees a place");
    let quiet = house.admit("link create --chat CHAT --limit 1 -q");
    assert_eq!(quiet.err, "");
    assert_eq!(house.links().last().map(String::as_str), Some(quiet.out.trim()));
    house.admit("link create --chat CHAT --request -o csv").is(0, "invite_link,name,expire_date");
    house.admit("link create --chat CHAT --request -o table").is(0, "INVITE_LINK");
    house.admit("link create --chat CHAT --request").is(0, "lets people ask to join, until it is revoked");
}

#[test]
fn an_edit_keeps_what_is_not_named() {
    let house = House::new();
    let link = house.admit("link create --chat CHAT --limit 5 --expire 7d --name spring --json");
    house.write("link.json", &link.out);
    let edited = house.json("link edit --chat CHAT --was link.json --name summer");
    assert_eq!((&edited["name"], &edited["member_limit"]), (&json!("summer"), &json!(5)));
    assert!(edited["expire_date"].is_i64());
    let edited = house.json("link edit --chat CHAT --was link.json --no-name --no-expire --no-limit");
    assert!(
        edited.get("name").or(edited.get("expire_date")).or(edited.get("member_limit")).is_none(),
        "{edited}"
    );
    let edited = house.json("link edit --chat CHAT --was link.json --request");
    assert_eq!(edited["creates_join_request"], true);

    let url = edited["invite_link"].as_str().unwrap();
    let before = house.ledger();
    house.admit(&format!("link edit --chat CHAT {url} --name x")).is(2, "would be erased");
    house.admit(&format!("link edit --chat CHAT {url}")).is(2, "say what shall change");
    assert_eq!(house.ledger(), before);
    let whole = house.json(&format!("link edit --chat CHAT {url} --name x --no-expire --instant --limit 2"));
    assert_eq!((&whole["name"], &whole["member_limit"]), (&json!("x"), &json!(2)));
}

#[test]
fn rotating_says_what_it_kills_and_needs_a_yes() {
    let house = House::new();
    let first = house.json("link rotate --chat CHAT --yes");
    let old = first["invite_link"].as_str().unwrap();
    house.admit("link rotate --chat CHAT --no-input").is(2, "ends the bot's primary link");
    house.admit("link rotate --chat CHAT").is(2, "no terminal");
    house.admit("chat show --chat CHAT").is(0, old);
    house.admit("link rotate --chat CHAT --yes").is(0, &format!("{old} is dead"));
    assert_eq!(house.join(house.person(), old), "refused");
}

#[test]
fn a_revoked_primary_link_tells_its_successor() {
    let house = House::new();
    let primary = house.json("link rotate --chat CHAT --yes")["invite_link"].as_str().unwrap().to_owned();
    let revoked = house.json(&format!("link revoke --chat CHAT {primary}"));
    assert_eq!(revoked["is_revoked"], true);
    assert_ne!(revoked["replaced_by"], json!(null));
    assert_ne!(revoked["replaced_by"], json!(primary));
}

#[test]
fn requests_are_decided() {
    let house = House::new();
    let link = house.admit("link create --chat CHAT --request -q").out;
    let (ann, bo) = (house.person(), house.person());
    for person in [ann, bo] {
        assert_eq!(house.join(person, link.trim()), "requested");
    }
    house.admit(&format!("request approve --chat CHAT --user {ann}")).is(0, &format!("approved {ann}"));
    house.admit(&format!("request decline --chat CHAT --user {bo} --json")).is(0, "\"status\":\"declined\"");
    let some = house.admit(&format!("request approve --chat CHAT --user {bo},{ann} --json"));
    some.is(9, "\"status\":\"failed\"");

    house.admit(&format!("member remove --chat CHAT --user {ann}")).is(0, "may come back");
    house.admit(&format!("member remove --chat CHAT --user {ann}")).is(0, "nothing was changed");
    house.admit(&format!("member remove --chat CHAT --user {bo} --ban")).is(0, "is banned");
    house.admit(&format!("member remove --chat CHAT --user {bo}")).is(0, "was banned already");
}

#[test]
fn bot_and_chat_are_shown() {
    let house = House::new();
    assert_eq!(house.json("bot show")["username"], "admit_demo_bot");
    let chat = house.json("chat show --chat CHAT");
    assert_eq!((&chat["type"], &chat["member_count"]), (&json!("supergroup"), &json!(2)));
    assert_eq!(chat["bot"]["can_invite_users"], true);
    house.admit("chat show --chat CHAT").is(0, "the bot may invite and may remove members");
}

#[test]
fn a_link_for_stars_is_made_and_renamed() {
    let house = House::new();
    let bot = house.json("bot show")["id"].as_i64().unwrap();
    let bots = json!([{ "id": bot, "rights": ["can_invite_users"] }]);
    let channel = house.control("chats", json!({ "kind": "channel", "title": "Paid", "bots": bots }));
    let channel = channel["chat_id"].to_string();
    let link = house.admit(&format!("link create --chat {channel} --stars 50 --name fans --json"));
    link.is(0, "\"subscription_price\":50");
    house.write("paid.json", &link.out);
    house
        .admit(&format!("link edit --chat {channel} --was paid.json --name friends"))
        .is(0, "named `friends`");
    house
        .admit(&format!("link edit --chat {channel} --was paid.json --limit 5"))
        .is(2, "can only be renamed");
}

#[test]
fn nothing_is_sent_in_a_dry_run() {
    let house = House::new();
    let before = house.ledger();
    for line in [
        "link create --chat CHAT --limit 1",
        "link create --chat CHAT --stars 50",
        "link create --chat CHAT --count 3",
        "link edit --chat CHAT https://t.me/+AbC --no-name --no-expire --instant --no-limit",
        "link revoke --chat CHAT https://t.me/+AbC",
        "link rotate --chat CHAT",
        "request approve --chat CHAT --user 5",
        "request decline --chat CHAT --user 5",
        "member remove --chat CHAT --user 5",
        "member remove --chat CHAT --user 5 --ban",
        "telegram CreateInvitationLink --chat CHAT",
    ] {
        house.admit(&format!("{line} --dry-run")).is(0, &house.chat);
    }
    let table = house.admit("link create --chat CHAT --limit 1 --dry-run -o csv").out;
    assert!(table.starts_with("method,parameters\ncreateChatInviteLink,"), "{table}");
    // An edit says everything, for Telegram erases what is left out.
    let edit = "link edit --chat CHAT https://t.me/+AbC --no-name --no-expire --instant --limit 5 --dry-run";
    let call = house.json(edit);
    let mut parameters = call["parameters"].clone();
    parameters.as_object_mut().unwrap().remove("chat_id");
    let whole = json!({
        "invite_link": "https://t.me/+AbC",
        "name": "",
        "expire_date": 0,
        "member_limit": 5,
        "creates_join_request": false,
    });
    assert_eq!(parameters, whole);
    assert_eq!(house.ledger(), before);
}
