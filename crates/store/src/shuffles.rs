//! Updates in any order, with repeats and in batches of any size, end in one and the same state.
//!
//! Histories are drawn from a seed, which a failure prints. Everything happens in a transaction that is taken back, so
//! that every try begins in the same world.

use crate::connection::{Connection, Tx};
use crate::databases::{Database, keys};
use crate::updates::{By, Effect, Outcome, Update, take_in};
use crate::{GateId, Intent, Keyring, Store, Visitor};
use fastrand::Rng;
use gate::{Code, Gate};
use links::{ChatId, LinkHash, Right, Standing, UnixTime, UserId};

const BEGIN: i64 = 1_790_000_000;
const GROUP: i64 = -12_345;
const SUPERGROUP: i64 = -1_001_234_567_890;

#[tokio::test]
async fn sqlite_forgets_the_order_of_updates() {
    let database = Database::sqlite();
    let gate = set_the_stage(&database.open().await).await;
    let db = crate::sqlite::open(std::path::Path::new(&database.place)).unwrap();
    shuffle(db, gate, 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_forgets_the_order_of_updates() {
    let database = Database::postgres();
    let gate = set_the_stage(&database.open().await).await;
    let options = database.place.parse().unwrap();
    // A session drives itself, which a thread that drives others may not.
    std::thread::spawn(move || {
        let session = crate::postgres::Session::connect(&options).unwrap();
        shuffle(Connection::Postgres(Box::new(session)), gate, 20);
    })
    .join()
    .unwrap();
}

/// Every history is told once in order and ten times in another.
fn shuffle(mut db: Connection, gate: GateId, histories: u64) {
    let keys = keys();
    let mut met = std::collections::HashSet::new();
    for seed in 0..histories {
        let mut rng = Rng::with_seed(seed);
        let history = draw_history(gate, &mut rng);
        let (expected, outcomes) = tell(&mut db, &keys, gate, std::slice::from_ref(&history));
        met.extend(outcomes.iter().map(std::mem::discriminant));
        for turn in 0..10 {
            let batches = disorder(&history, &mut rng);
            let (state, _) = tell(&mut db, &keys, gate, &batches);
            let differs = |here: &[String], there: &[String]| -> Vec<String> {
                here.iter().filter(|line| !there.contains(line)).cloned().collect()
            };
            assert!(
                state == expected,
                "seed {seed}, turn {turn}: {:#?} instead of {:#?} after {batches:#?}",
                differs(&state, &expected),
                differs(&expected, &state),
            );
        }
    }
    assert!(met.len() >= 8, "the histories are dull: {} kinds of outcomes", met.len());
}

/// One gate with two passes that have links, one of which knows its person, one pass that waits, and links besides.
async fn set_the_stage(store: &Store) -> GateId {
    let now = UnixTime::new(BEGIN);
    let gate: Gate = serde_json::from_value(serde_json::json!({
        "slug": "night-owls",
        "title": "Night Owls",
        "chats": [GROUP],
        "link_life_seconds": 3600,
        "questions": [{ "ask": "Who hoots at night?", "answers": ["an owl"] }],
    }))
    .unwrap();
    store.save_gate(&gate, person(700), "maria", now).await.unwrap();
    let saved = store.gate(&gate.slug).await.unwrap().unwrap();
    let (who, body) = ("maria", crate::Token::new("700:secret"));
    store.remember_bot(person(700), "owl_bot", &body, who, now).await.unwrap();
    for number in 1..=5 {
        let chat = ChatId::new(GROUP).unwrap();
        let expires_at = UnixTime::new(BEGIN + 86_400);
        let intent =
            Intent { gate: saved.id, chat, bot: person(700), marker: code(number), fence: 1, expires_at };
        let link = store.intend(intent, now).await.unwrap();
        match number {
            // Telegram never told of this one.
            4 => store.lost(link).await.unwrap(),
            _ => drop(store.made(link, &hash(number).url(), &hash(number), now).await.unwrap()),
        }
    }
    let visitor = |number: u8| Visitor::new([number; 16]);
    for (who, known) in [(1, None), (2, Some(person(2))), (3, None)] {
        store.grant_by_hand(&saved, visitor(who), known, "maria", now).await.unwrap();
    }
    // The third was given the third link, and it was taken back.
    let third = store.holding(saved.id, visitor(3)).await.unwrap().unwrap().pass;
    store.revoke_pass(third, "maria", UnixTime::new(BEGIN + 50)).await.unwrap();
    saved.id
}

fn person(number: i64) -> UserId {
    UserId::new(number).unwrap()
}

fn code(number: u64) -> Code {
    Code::new(u128::from(number).to_be_bytes())
}

fn hash(number: u64) -> LinkHash {
    LinkHash::new(&format!("Hash{number:012}")).unwrap()
}

/// Some twenty updates within a hundred seconds, several of them in one second, in the order in which they happened.
fn draw_history(gate: GateId, rng: &mut Rng) -> Vec<Update> {
    let moves = rng.bool();
    let mut happened: Vec<(i64, i64)> = (0..rng.i64(5..25)).map(|id| (rng.i64(0..100), id)).collect();
    happened.sort_unstable();
    let moved_at = rng.usize(0..happened.len());
    let mut updates = Vec::new();
    for (place, (seconds, id)) in happened.into_iter().enumerate() {
        let at = UnixTime::new(BEGIN + seconds);
        // After a group became another one, it is called by its new number only.
        let number = if moves && place >= moved_at { SUPERGROUP } else { GROUP };
        let chat = ChatId::new(number).unwrap();
        let someone = person(rng.i64(1..5));
        let effect = match rng.u32(0..10) {
            _ if moves && place == moved_at => {
                Effect::Migrated { from: ChatId::new(GROUP).unwrap(), to: chat, at }
            }
            0..=4 => Effect::Joined { chat, person: someone, at, by: draw_link(rng) },
            5..=6 => Effect::Left { chat, person: someone, at, banned: rng.u32(0..3) == 0 },
            7 => Effect::RightsChanged { chat, at, standing: draw_standing(rng) },
            8 => Effect::Started { person: someone, gate, visitor: Visitor::new([9; 16]), at },
            _ => Effect::Asked { chat, person: someone, at, by: draw_link(rng) },
        };
        updates.push(Update { id, received_at: at, effect, errand: None });
    }
    updates
}

fn draw_link(rng: &mut Rng) -> By {
    let number = rng.u64(1..7);
    let whole = rng.bool();
    match number {
        6 => By::default(),
        _ => By {
            marker: Some(code(number)),
            creator: Some(person(700)),
            // Which link a lost one is may be told by one update and not by another; that it is told at all must be
            // the same in every order, so it always is.
            link: (number == 4 || whole).then(|| (hash(number).url(), hash(number))),
        },
    }
}

fn draw_standing(rng: &mut Rng) -> Standing {
    match rng.u32(0..3) {
        0 => Standing::Administrator(vec![Right::InviteUsers]),
        1 => Standing::Member,
        _ => Standing::Out,
    }
}

/// The same updates in another order, some of them more than once, in batches.
fn disorder(history: &[Update], rng: &mut Rng) -> Vec<Vec<Update>> {
    let mut updates = history.to_vec();
    for _ in 0..rng.usize(0..history.len()) {
        updates.push(history[rng.usize(0..history.len())].clone());
    }
    rng.shuffle(&mut updates);
    let mut batches = vec![Vec::new()];
    for update in updates {
        if rng.u32(0..4) == 0 {
            batches.push(Vec::new());
        }
        batches.last_mut().unwrap().push(update);
    }
    batches
}

/// Takes updates in, and tells what came of it before all of it is taken back.
fn tell(
    db: &mut Connection,
    keys: &Keyring,
    gate: GateId,
    batches: &[Vec<Update>],
) -> (Vec<String>, Vec<Outcome>) {
    db.begin().unwrap();
    let tx = &mut Tx(db);
    let mut outcomes = Vec::new();
    for update in batches.iter().flatten() {
        outcomes.push(take_in(tx, keys, person(700), update).unwrap());
    }
    let state = state(tx, keys, gate);
    db.rollback();
    (state, outcomes)
}

/// Everything that updates change.
fn state(tx: &mut Tx<'_>, keys: &Keyring, gate: GateId) -> Vec<String> {
    const QUERIES: [&str; 9] = [
        "select 'entry ' || pass || ' ' || chat || ' ' || state || ' ' || coalesce(used_at, 0) || ' '
            || coalesce(used_by, 0) || ' ' || coalesce(left_at, 0) || ' ' || coalesce(banned_at, 0) from entries order by 1",
        "select 'link ' || id || ' ' || chat || ' ' || state || ' ' || coalesce(used_at, 0) || ' '
            || coalesce(used_by, 0) || ' ' || coalesce(revoke_wanted_at, 0) || ' ' || coalesce(revoked_at, 0) || ' '
            || case when url is null then 'lost' else 'told' end from links order by 1",
        "select 'stranger ' || pass || ' ' || chat || ' ' || person || ' ' || link || ' ' || joined_at
            from strangers order by 1",
        "select 'chat ' || id || ' ' || coalesce(kind, '') || ' ' || coalesce(standing, '') || ' ' || told_at
            || ' ' || coalesce(deaf_from, 0) from chats order by 1",
        "select 'visitor ' || coalesce(person, 0) || ' ' || coalesce(bound_at, 0) from attempts order by 1",
        "select 'sighting ' || chat || ' ' || person || ' ' || at || ' ' || update_id || ' ' || what || ' '
            || coalesce(link, 0) || ' ' || coalesce(pass, 0) from sightings order by 1",
        "select 'move ' || old || ' ' || new from chat_moves order by 1",
        "select 'gate ' || gate || ' ' || chat from gate_chats order by 1",
        "select 'update ' || update_id from inbox order by 1",
    ];
    let mut state = Vec::new();
    for query in QUERIES {
        state.extend(tx.rows::<(String,)>(query, &[]).unwrap().into_iter().map(|(line,)| line));
    }
    let (slug, sealed): (String, Vec<u8>) =
        tx.one("select slug, definition from gates where id = $1", &[&gate]).unwrap();
    let definition = keys.open(crate::gates::place(&slug), &sealed).unwrap();
    let gate: Gate = serde_json::from_slice(&definition).unwrap();
    state.push(format!("leads to {:?}", gate.chats));
    state
}
