//! The auditor, audited: a good run is green, and each way to falsify it is found under its name.

use crate::auditor::{self, I1, I2, I3, I4, I5, I6, I7, I8, I11, I18, audit};
use crate::evidence::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

const NOW: i64 = 1_790_000_000;
const DAY: i64 = 86_400;

fn token(visitor: u8) -> String {
    BASE64.encode([visitor; 32])
}

fn url(link: i64) -> String {
    format!("https://t.me/+{link:016}")
}

fn talk(asked: Asked, told: Told) -> Talk {
    Talk { asked, told }
}

fn client(visitor: u8, talks: impl IntoIterator<Item = Talk>) -> Client {
    let cookie = Some(format!("admit={}", token(visitor)));
    Client { form: token(visitor), cookie, talks: talks.into_iter().collect() }
}

fn telegrams(link: i64) -> TelegramLink {
    TelegramLink {
        url: url(link),
        name: Some(format!("marker-{link}")),
        created_at: NOW - 100,
        expires_at: Some(NOW + DAY),
        member_limit: Some(1),
        uses: 0,
        is_revoked: false,
    }
}

fn row(id: i64, state: &str, pass: Option<i64>) -> BookLink {
    BookLink {
        id,
        marker: format!("marker-{id}"),
        state: state.to_owned(),
        expires_at: NOW + DAY,
        pass,
        used_by: None,
        revoked_at: None,
    }
}

fn pass(id: i64, visitor: u8) -> Pass {
    Pass { id, visitor: format!("{visitor:02X}").repeat(16), by_hand: false, revoked_at: None }
}

fn entry(pass: i64, state: &str, link: Option<i64>) -> Entry {
    Entry { pass, generation: 1, state: state.to_owned(), link, used_by: None }
}

/// Visitor 1 holds link 1. Visitor 2 came in by link 2 as person 52. Link 3 lies in the pool, link 4 was lost by a
/// crash. Visitor 3 was wrong.
fn a_good_run() -> Evidence {
    let mut telegram = Telegram { now: NOW, ..Telegram::default() };
    telegram.links = (1..=4).map(telegrams).collect();
    telegram.links[1].uses = 1;
    telegram.links[1].is_revoked = true;
    telegram.members = vec![Member { person: 52, link: Some(url(2)) }];
    telegram.joins = vec![TelegramJoin { link: url(2), person: 52, is_forgotten: false }];
    let mut books = Books { issued: 2, ..Books::default() };
    books.passes = vec![pass(1, 1), pass(2, 2)];
    books.entries = vec![entry(1, "issued", Some(1)), entry(2, "used", Some(2))];
    books.entries[1].used_by = Some(52);
    books.links =
        vec![row(1, "given", Some(1)), row(2, "given", Some(2)), row(3, "free", None), row(4, "lost", None)];
    books.links[1].used_by = Some(52);
    books.links[1].revoked_at = Some(NOW - 49);
    books.heard = vec![(52, Some(2))];
    let right = |told| talk(Asked::RightAnswer, told);
    let look = |told| talk(Asked::Look, told);
    let clients = vec![
        client(1, [right(Told::Nothing), right(Told::Passed), look(Told::Link(url(1)))]),
        client(2, [right(Told::Passed), look(Told::Waiting), look(Told::Link(url(2))), look(Told::Used)]),
        client(3, [talk(Asked::WrongAnswer, Told::Questions), look(Told::NoPass)]),
    ];
    Evidence {
        telegram,
        books,
        clients,
        terms: Terms { quota: Some(2), longest_life_seconds: 2 * DAY, ..Terms::default() },
    }
}

/// The rules that are found broken, each once.
fn broken(falsify: impl FnOnce(&mut Evidence)) -> Vec<&'static str> {
    let mut evidence = a_good_run();
    falsify(&mut evidence);
    let mut rules: Vec<&str> = audit(&evidence).iter().map(|finding| finding.rule).collect();
    rules.dedup();
    rules
}

#[test]
fn a_good_run_is_green() {
    auditor::expect_green(&a_good_run(), "the good run");
}

#[test]
fn what_telegram_forgot_is_held_against_nobody_and_excuses_no_second_person() {
    // Visitor 1's link was used while nobody listened for days.
    let forgotten = |all: &mut Evidence| {
        all.telegram.links[0].uses = 1;
        all.telegram.joins.push(TelegramJoin { link: url(1), person: 51, is_forgotten: true });
        all.telegram.members.push(Member { person: 51, link: Some(url(1)) });
    };
    assert_eq!(broken(forgotten), [""; 0]);
    // Where an account reads Telegram's lists, nobody who is in by a link of ours stays unseen.
    let unread = |all: &mut Evidence| {
        forgotten(all);
        all.terms.lists_are_read = true;
    };
    assert_eq!(broken(unread), [I11]);
    // Another link was given for it, and Telegram told that somebody came by it.
    let twice = |all: &mut Evidence| {
        forgotten(all);
        all.telegram.links[0].expires_at = Some(NOW);
        all.books.links[0].expires_at = NOW;
        all.telegram.links.push(TelegramLink { uses: 1, is_revoked: true, ..telegrams(5) });
        all.telegram.joins.push(TelegramJoin { link: url(5), person: 66, is_forgotten: false });
        all.telegram.members.push(Member { person: 66, link: Some(url(5)) });
        all.books.links.push(BookLink { used_by: Some(66), ..row(5, "given", Some(1)) });
        all.books.entries[0] = Entry { generation: 2, used_by: Some(66), ..entry(1, "used", Some(5)) };
        all.books.heard.push((66, Some(5)));
        all.clients[0].talks.push(talk(Asked::Look, Told::Used));
    };
    assert_eq!(broken(twice), [I6]);
    // Person 52 had left, and came back by that link: whoever looks is told what was heard.
    let back_unheard = |all: &mut Evidence| {
        all.telegram.leaves.push(TelegramLeave { person: 52, is_forgotten: false });
        all.books.heard_to_leave.push(52);
        all.telegram.links[0].uses = 1;
        all.telegram.joins.push(TelegramJoin { link: url(1), person: 52, is_forgotten: true });
        all.clients[1].talks.push(talk(Asked::Look, Told::Left));
    };
    assert_eq!(broken(back_unheard), [""; 0]);
    let back = |all: &mut Evidence| {
        back_unheard(all);
        all.telegram.joins[1].is_forgotten = false;
    };
    assert!(broken(back).contains(&I18));
}

#[test]
fn a_link_nobody_wrote_down_is_found() {
    assert_eq!(broken(|all| all.telegram.links.push(telegrams(9))), [I1]);
    assert_eq!(broken(|all| all.telegram.links[2].name = None), [I1]);
    // One that is over does no harm.
    let gone = |all: &mut Evidence| {
        all.telegram.links.push(TelegramLink { is_revoked: true, ..telegrams(9) });
        all.telegram.links.push(TelegramLink {
            expires_at: Some(NOW),
            created_at: NOW - DAY,
            ..telegrams(8)
        });
    };
    assert_eq!(broken(gone), [""; 0]);
}

#[test]
fn two_links_of_one_name_are_found() {
    // Asked for twice under one name, as a blind repetition would.
    assert_eq!(broken(|all| all.telegram.links.push(TelegramLink { url: url(9), ..telegrams(3) })), [I1]);
    assert_eq!(broken(|all| all.books.links.push(row(3, "free", None))), [I1]);
}

#[test]
fn a_double_issue_is_found() {
    let second_row = |all: &mut Evidence| {
        all.books.links[2].state = "given".to_owned();
        all.books.links[2].pass = Some(1);
    };
    assert_eq!(broken(second_row), [I2]);
    let shown = |all: &mut Evidence| {
        second_row(all);
        all.clients[0].talks.insert(2, talk(Asked::Look, Told::Link(url(3))));
    };
    assert_eq!(broken(shown), [I2]);
    // Shown to two visitors, of whom one has it.
    let shared = |all: &mut Evidence| {
        let theirs = talk(Asked::RightAnswer, Told::Link(url(1)));
        all.clients.push(client(7, [theirs]));
        all.books.passes.push(pass(7, 7));
        all.books.entries.push(entry(7, "issued", None));
        all.books.issued = 3;
        all.terms.quota = None;
    };
    assert_eq!(broken(shared), [I2, I4]);
}

#[test]
fn a_shown_link_without_a_row_is_found() {
    let no_row = |all: &mut Evidence| {
        all.books.links.remove(0);
        all.telegram.links[0].is_revoked = true;
    };
    // The page is a lie too, for the link is dead.
    assert_eq!(broken(no_row), [I3, I18]);
    assert_eq!(broken(|all| all.books.links[0].state = "making".to_owned()), [I3]);
    let invented = |all: &mut Evidence| {
        all.clients[0].talks[2].told = Told::Link(url(77));
    };
    assert_eq!(broken(invented), [I3, I18]);
}

#[test]
fn a_pass_nobody_earned_is_found() {
    assert_eq!(broken(|all| all.clients[1].talks[0].asked = Asked::WrongAnswer), [I4]);
    assert_eq!(broken(|all| drop(all.clients.remove(0))), [I4]);
}

#[test]
fn a_link_without_bounds_is_found() {
    assert_eq!(broken(|all| all.telegram.links[2].member_limit = None), [I5]);
    assert_eq!(broken(|all| all.telegram.links[2].member_limit = Some(2)), [I5]);
    assert_eq!(broken(|all| all.telegram.links[2].expires_at = None), [I5]);
    assert_eq!(broken(|all| all.terms.longest_life_seconds = DAY), [I5]);
    assert_eq!(broken(|all| all.books.links[2].expires_at += 1), [I5]);
}

#[test]
fn a_stranger_who_stays_is_found() {
    let second = |all: &mut Evidence| {
        all.telegram.joins.push(TelegramJoin { link: url(2), person: 66, is_forgotten: false });
        all.telegram.members.push(Member { person: 66, link: Some(url(2)) });
        all.books.heard.push((66, Some(2)));
    };
    assert_eq!(broken(second), [I6]);
    let listed = |all: &mut Evidence| {
        second(all);
        all.books.strangers.push(Stranger { person: 66, link: 2 });
    };
    assert_eq!(broken(listed), [I6]);
    let kept = |all: &mut Evidence| {
        all.terms.strangers_stay = true;
        listed(all);
    };
    assert_eq!(broken(kept), [""; 0]);
    let kept_by_chance = |all: &mut Evidence| {
        all.terms.strangers_stay = true;
        second(all);
    };
    assert_eq!(broken(kept_by_chance), [I6]);
    let out_again = |all: &mut Evidence| {
        second(all);
        all.telegram.members.retain(|member| member.person != 66);
    };
    assert_eq!(broken(out_again), [""; 0]);
    assert_eq!(broken(|all| all.telegram.links[1].is_revoked = false), [I6]);
}

#[test]
fn miscounted_passes_are_found() {
    assert_eq!(broken(|all| all.books.issued = 3), [I7]);
    assert_eq!(broken(|all| all.terms.quota = Some(1)), [I7]);
    let twice = |all: &mut Evidence| {
        all.books.passes.push(pass(3, 1));
        all.books.issued = 3;
        all.terms.quota = None;
    };
    assert!(broken(twice).contains(&I7));
}

#[test]
fn a_lost_pass_is_found() {
    let lost = |all: &mut Evidence| {
        all.books.passes.remove(0);
        all.books.entries.remove(0);
        all.books.links[0].state = "free".to_owned();
        all.books.links[0].pass = None;
        all.books.issued = 1;
    };
    assert_eq!(broken(lost), [I3, I8]);
    let forgotten = |all: &mut Evidence| {
        all.clients[1].talks.insert(1, talk(Asked::Look, Told::NoPass));
    };
    assert_eq!(broken(forgotten), [I8]);
    let asked_again = |all: &mut Evidence| {
        all.clients[1].talks.insert(1, talk(Asked::RightAnswer, Told::Questions));
    };
    assert_eq!(broken(asked_again), [I8]);
    let sent_back = |all: &mut Evidence| all.clients[1].talks.insert(3, talk(Asked::Look, Told::Waiting));
    assert_eq!(broken(sent_back), [I8]);
    let somebody_else = |all: &mut Evidence| all.clients[1].form = token(9);
    assert_eq!(broken(somebody_else), [I8]);
}

#[test]
fn joins_that_were_counted_twice_or_not_at_all_are_found() {
    assert_eq!(broken(|all| all.books.heard.push((52, Some(2)))), [I11]);
    assert_eq!(broken(|all| all.books.heard.clear()), [I11]);
    assert_eq!(broken(|all| all.books.links[1].used_by = None), [I11]);
    assert_eq!(broken(|all| all.books.entries[1].used_by = Some(66)), [I11]);
    assert_eq!(broken(|all| all.books.heard.push((66, Some(3)))), [I11]);
    assert_eq!(broken(|all| all.books.heard_to_leave.push(52)), [I11]);
    assert_eq!(
        broken(|all| all.telegram.leaves.push(TelegramLeave { person: 52, is_forgotten: false })),
        [I11]
    );
}

#[test]
fn a_page_that_does_not_tell_the_truth_is_found() {
    // A dead link, shown.
    assert_eq!(broken(|all| all.telegram.links[0].is_revoked = true), [I18]);
    assert_eq!(broken(|all| all.telegram.now += DAY), [I18]);
    let check =
        |visitor: usize, told: Told| broken(|all| all.clients[visitor].talks.push(talk(Asked::Look, told)));
    assert_eq!(check(0, Told::Used), [I18]);
    assert_eq!(check(0, Told::RanOut), [I18]);
    assert_eq!(check(0, Told::Leaked), [I18]);
    assert_eq!(check(0, Told::Left), [I18]);
    assert_eq!(check(0, Told::TakenBack), [I18]);
    assert_eq!(check(0, Told::Trouble), [I18]);
    assert_eq!(check(0, Told::Else("Hello".to_owned())), [I18]);
    assert_eq!(check(0, Told::Passed), [I18]);
    assert_eq!(check(0, Told::Questions), [I8, I18]);
    assert_eq!(check(1, Told::Left), [I18]);
    assert_eq!(check(2, Told::Waiting), [I8, I18]);
    // With all passes given, they may be told so.
    assert_eq!(check(2, Told::Full), [""; 0]);
    assert_eq!(
        broken(|all| {
            all.terms.quota = None;
            all.clients[2].talks.push(talk(Asked::Look, Told::Full))
        }),
        [I18]
    );
}
