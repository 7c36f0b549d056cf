//! Bots that are remembered, and one that nobody needs any more.

use crate::house::House;
use crate::operator::{entry, json, open_gate, run, until};

#[test]
fn a_bot_is_forgotten_once_nobody_needs_it() {
    let house = House::new();
    let service = open_gate(&house);
    let gate = service.gate("owls");
    let (_, link) = gate.passed(&gate.form(), "espresso");
    let listed = json(&house, "bot list");
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["username"]), (1, &"admit_demo_bot".into()));
    assert!(!listed.to_string().contains(&house.token), "a list shows no tokens");
    let forget = |more: &str| run(&house, &format!("bot forget @admit_demo_bot {more}"));
    forget("--yes").is(6, "it makes the links of gates that are open: owls");
    run(&house, "gate pause owls").is(0, "");
    forget("--yes").is(6, "1 links of its may work still");
    forget("--dry-run --json").fails_as(6, "conflict", "in_use");
    assert_eq!(house.join(house.person(), &link), "joined");
    until("the end of the link", || forget("--dry-run").code == Some(0));
    assert_eq!(entry(&house, 1)["state"], "used");
    forget("-q").is(2, "This forgets the bot @admit_demo_bot and its token");
    forget("--yes").is(0, "The bot @admit_demo_bot is forgotten, and its token with it.");
    forget("--yes --json").fails_as(3, "not_found", "no_bot");
    assert_eq!(json(&house, "bot list").as_array().unwrap().len(), 0);
    assert_eq!(json(&house, "audit list --limit 1")[0]["what"], "forget bot");
}
