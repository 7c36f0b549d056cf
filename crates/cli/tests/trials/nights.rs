//! A service to which the chat's owner lent their account, and which dies while it compares its books with Telegram's.

use crate::evidence::Told;
use crate::fans::Fan;
use crate::house::{House, Rules, until};

/// Every point of a night, and how often it is passed in this one.
const POINTS: [(&str, usize); 5] = [
    ("nightly.begun", 1),
    ("reconcile.adopted", 1),
    ("reconcile.ended", 3),
    ("reconcile.took_in", 3),
    ("nightly.compared", 1),
];
/// Longer than Telegram keeps news.
const TOO_LONG: i64 = 26 * 3600;

/// While nobody listened, and for too long: somebody came by each link that was shown, a link went from hand to hand, two
/// links were made with the bot's token, and one of ours was lost in the making.
struct Absence {
    house: House,
    fans: Vec<Fan>,
    /// They work, and nobody is to come by them.
    to_end: Vec<String>,
}

impl Absence {
    fn new(rules: Rules) -> Self {
        let house = House::empty(Rules { pool: 2, ..rules });
        house.start_to_end_at(0, Some("make.answered:2"));
        house.buried();
        let lost = house.sandbox.chat()["links"].as_array().unwrap().last().unwrap()["invite_link"].clone();
        let mut to_end = vec![lost.as_str().unwrap().to_owned()];
        house.sleep(0);
        house.start_node(0);
        let mut fans: Vec<Fan> = (0..3).map(|_| Fan::arrive(&house)).collect();
        for fan in &mut fans {
            fan.pass(&house);
            fan.look_until_told(&house);
        }
        house.kill();
        let later = house.telegram().now + 5 * 86_400;
        let names = ["a4dqobyha4dqobyha4dqobyha4", "a4dqobyha4dqobyha4dqobyhb4"];
        to_end.extend(names.map(|name| house.sandbox.make_link(name, later)));
        let passer_by = house.sandbox.person();
        assert_eq!(house.sandbox.join(passer_by, fans[0].link().unwrap()), "joined");
        house.sandbox.leave(passer_by);
        for fan in &fans {
            assert_eq!(house.sandbox.join(house.sandbox.person(), fan.link().unwrap()), "joined");
        }
        house.sleep(TOO_LONG);
        house.log_in();
        Self { house, fans, to_end }
    }

    /// What a night that came to its end leaves behind, whatever came before.
    fn judge(self, run: &str) {
        let Self { house, mut fans, to_end } = self;
        house.settle();
        for fan in &mut fans {
            assert_eq!(fan.look(&house), Told::Used, "{run}");
        }
        let telegram = house.telegram();
        for link in &telegram.links {
            assert!(!to_end.contains(&link.url) || link.is_revoked, "{run}: {} works", link.url);
        }
        assert_eq!(house.found(), fans.len(), "{run}: of whom a list told");
        let clients = fans.into_iter().map(|fan| fan.client).collect();
        house.judge(clients, run);
    }
}

#[test]
fn nothing_is_lost_where_the_books_are_compared() {
    for (point, times) in POINTS {
        for time in 1..=times {
            let absence = Absence::new(Rules::default());
            let house = &absence.house;
            house.start_to_end_at(0, Some(&format!("{point}:{time}")));
            house.buried();
            house.start_later();
            absence.judge(&format!("ended at {point}:{time}"));
        }
    }
}

/// One of two nodes dies half-way, and the other begins again.
#[test]
fn the_other_node_compares_the_books_to_their_end() {
    let absence = Absence::new(Rules::for_two());
    let house = &absence.house;
    house.start_to_end_at(0, Some("reconcile.took_in:2"));
    // It is the first to look.
    until("a node compares the books", || {
        !house.books.rows("name", "from leases where name = 'reconcile'").is_empty()
    });
    house.start_node(1);
    house.buried();
    house.take_over(1);
    house.start_node(0);
    absence.judge("two nodes, one ended half-way through a night");
}
