//! Two services on one PostgreSQL: people come to either, and one of the two dies or sleeps.

use crate::ends::{POINTS, Visit, go_on};
use crate::evidence::Told;
use crate::fans::Fan;
use crate::house::{House, Rules, until};
use crate::seed::Seed;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Everybody's page says the same on both nodes; what the auditor says of all of it.
fn judge(house: &House, visits: Vec<Visit>, run: &str) {
    house.settle();
    let fans = visits.into_iter().map(|visit| visit.fan.expect("everybody came"));
    let clients = fans.map(|mut fan| {
        let told = [0, 1].map(|node| {
            fan.node = node;
            fan.look(house)
        });
        assert_eq!(told[0], told[1], "{run}: one page, two answers");
        fan.client
    });
    house.judge(clients.collect(), run);
}

/// The node that tends the bot ends at a point when it is passed the so many-th time, and the other goes on alone.
fn ends_at(point: &str, time: usize) {
    let house = House::empty(Rules { pool: 2, ..Rules::for_two() });
    // Only some of their answers reach this node.
    let mut visits: Vec<Visit> = (0..2 * time + 8).map(|_| Visit::new(&house)).collect();
    if house.start_to_end_at(0, Some(&format!("{point}:{time}"))) {
        until("the first node tends the bot", || house.tends(0) || house.has_died());
        house.start_node(1);
        go_on(&house, &mut visits, &|| house.has_died());
        house.buried();
        house.take_over(1);
    } else {
        house.buried();
        house.pass_time(31, &[]);
        house.start_node(1);
    }
    go_on(&house, &mut visits, &|| false);
    house.settle();
    house.start_node(0);
    judge(&house, visits, &format!("two nodes, one ended at {point}:{time}"));
}

fn ends_at_every_point(times: &[usize]) {
    let runs: Vec<(&str, usize)> =
        POINTS.iter().flat_map(|point| times.iter().map(move |time| (*point, *time))).collect();
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some((point, time)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    ends_at(point, *time);
                }
            });
        }
    });
    #[allow(clippy::print_stderr, reason = "figures are for whoever runs it")]
    {
        eprintln!("{} deaths at named points beside another node: {:.1?}", runs.len(), began.elapsed());
    }
}

#[test]
fn the_other_node_takes_over_at_any_point() {
    ends_at_every_point(&[2]);
}

#[test]
#[ignore = "scripts/test --full"]
fn the_other_node_takes_over_at_any_point_ten_times() {
    ends_at_every_point(&(1..=10).collect::<Vec<_>>());
}

/// How the node that tends the bot is lost.
#[derive(Clone, Copy, Debug)]
enum Loss {
    /// `kill -9`, and it is started again.
    Killed,
    /// It stands still for longer than its lease, wakes up, and knows nothing of it.
    Asleep,
}

/// Whoever tends the bot is lost whenever it comes, while people come and go at both nodes.
fn lost_at_random(seed: Seed, loss: Loss, times: u32) {
    let mut chance = seed.chance();
    let began = Instant::now();
    let house = House::open(Rules { pool: 5, ..Rules::for_two() });
    let is_enough = AtomicBool::new(false);
    let visits: Vec<Visit> = thread::scope(|scope| {
        let fans: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    let mut visits = Vec::new();
                    while !is_enough.load(Ordering::Relaxed) {
                        let mut visit = Visit::new(&house);
                        until("a fan is in", || visit.go_on(&house));
                        visits.push(visit);
                    }
                    visits
                })
            })
            .collect();
        for _ in 0..times {
            let mut tending = 0;
            until("a node tends the bot", || {
                tending = usize::from(!house.tends(0));
                house.tends(tending)
            });
            // No moment to wait for: any is what is wanted.
            thread::sleep(Duration::from_millis(chance.u64(20..600)));
            match loss {
                Loss::Killed => {
                    house.kill_node(tending);
                    house.take_over(1 - tending);
                    house.start_node(tending);
                }
                Loss::Asleep => {
                    house.freeze(tending);
                    house.take_over(1 - tending);
                    house.thaw(tending);
                    house.catch_up(tending);
                    until("it notices", || !house.tends(tending));
                }
            }
        }
        is_enough.store(true, Ordering::Relaxed);
        fans.into_iter().flat_map(|fan| fan.join().unwrap()).collect()
    });
    let count = visits.len();
    judge(&house, visits, &format!("{loss:?} {times} times, {seed}"));
    #[allow(clippy::print_stderr, reason = "figures are for whoever runs it")]
    {
        eprintln!("{loss:?} {times} times under {count} fans, {seed}: {:.1?}", began.elapsed());
    }
}

#[test]
fn the_other_node_takes_over_at_any_moment() {
    lost_at_random(Seed::any(), Loss::Killed, 4);
}

#[test]
fn a_node_that_slept_longer_than_its_lease_does_no_harm() {
    lost_at_random(Seed::any(), Loss::Asleep, 1);
}

#[test]
#[ignore = "scripts/test --full"]
fn nodes_are_killed_and_sleep_a_hundred_times() {
    for _ in 0..10 {
        lost_at_random(Seed::any(), Loss::Killed, 8);
        lost_at_random(Seed::any(), Loss::Asleep, 2);
    }
}

/// Very many guess at both nodes at once; as many are heard as the gate allows, and an honest fan gets in.
fn guessed_at(guessers: usize, guesses_each: usize) {
    const BUDGET: u32 = 20;
    let house = House::open(Rules { guesses_per_minute: BUDGET, ..Rules::for_two() });
    let mut fans: Vec<Fan> =
        (0..guessers).map(|number| Fan::arrive_at(&house, house.node_for(number))).collect();
    let mut honest = Fan::arrive(&house);
    let began = Instant::now();
    let guess = |fans: &mut [Fan]| -> usize {
        let heard = |fan: &mut Fan| {
            let told = (0..guesses_each).map(|_| {
                fan.node = 1 - fan.node;
                fan.answer(&house, false)
            });
            told.filter(|told| *told == Told::Wrong).count()
        };
        thread::scope(|scope| {
            let squads: Vec<_> = fans
                .chunks_mut(guessers.div_ceil(16))
                .map(|fans| scope.spawn(move || fans.iter_mut().map(heard).sum::<usize>()))
                .collect();
            squads.into_iter().map(|squad| squad.join().unwrap()).sum()
        })
    };
    let heard = guess(&mut fans);
    // What a minute allows, and again for each that began meanwhile.
    let minutes = began.elapsed().as_secs() / 60 + 1;
    assert!(heard >= BUDGET as usize && heard <= BUDGET as usize * minutes as usize, "{heard} were heard");
    // Not even a right answer is looked at now, unless there is an account behind it.
    assert_eq!(honest.answer(&house, true), Told::Crowded);
    let account = house.sandbox.person();
    let code = honest.start_code.clone().expect("the page leads to the bot");
    house.sandbox.write_to_bot(account, &format!("/start {code}"));
    house.sandbox.press_the_button(account);
    honest.node = 1;
    until("who showed an account is heard", || honest.answer(&house, true) == Told::Passed);
    let Told::Link(link) = honest.look_until_told(&house) else { panic!("there is a link") };
    assert_eq!(house.sandbox.join(account, &link), "joined");
    // After a while as many are heard once more, on both nodes together.
    house.pass_time(80, &[0, 1]);
    let began = Instant::now();
    let again = guess(&mut fans);
    let minutes = began.elapsed().as_secs() / 60 + 1;
    assert!(again >= BUDGET as usize && again <= BUDGET as usize * minutes as usize, "{again} were heard");
    house.settle();
    for fan in fans.iter_mut().chain([&mut honest]) {
        fan.look(&house);
    }
    let clients = fans.into_iter().chain([honest]).map(|fan| fan.client).collect();
    house.judge(clients, "guessed at");
    #[allow(clippy::print_stderr, reason = "figures are for whoever runs it")]
    {
        eprintln!("of {} guesses each {heard} and {again} were heard", guessers * guesses_each);
    }
}

#[test]
fn guesses_at_two_nodes_share_one_budget() {
    guessed_at(40, 4);
}

#[test]
#[ignore = "scripts/test --full"]
fn two_thousand_guesses_at_two_nodes_share_one_budget() {
    guessed_at(200, 10);
}

/// The tending node stops as an operator stops it: the other goes on at once, and nothing has to run out first.
#[test]
fn a_node_that_is_stopped_hands_over() {
    let house = House::open(Rules { pool: 2, ..Rules::for_two() });
    until("a node tends the bot", || house.tends(0));
    house.stop();
    until("the other goes on", || house.tends(1));
    let mut visit = Visit::new(&house);
    until("a fan is in", || visit.go_on(&house));
    house.start_node(0);
    judge(&house, vec![visit], "one of two was stopped");
}
