//! The process ends at the worst moments, and people go on as people do: they send it again, they load the page again.

use crate::evidence::Told;
use crate::fans::Fan;
use crate::house::{House, Rules, until};
use crate::seed::Seed;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Every point that fans pass.
pub(crate) const POINTS: [&str; 7] = [
    "answer.granted",
    "make.intended",
    "make.answered",
    "make.made",
    "revoke.asking",
    "revoke.answered",
    "hear.stored",
];

/// Those that only strangers make it pass.
const STRANGERS_POINTS: [&str; 5] =
    ["stranger.removing", "stranger.removed", "stranger.told", "errand.taken", "errand.said"];

/// That which only those pass who ask for another link.
const ANOTHERS_POINT: &str = "reissue.answered";

/// Twice so long, and every link there was has run out, though nothing was missed.
const HALF_A_LIFE: i64 = 13 * 3600;

/// Somebody at the gate, who does one thing after another.
pub(crate) struct Visit {
    pub(crate) fan: Option<Fan>,
    person: i64,
    has_joined: bool,
    asked: usize,
}

impl Visit {
    pub(crate) fn new(house: &House) -> Self {
        Self { fan: None, person: house.sandbox.person(), has_joined: false, asked: 0 }
    }

    /// Does the next thing, at the next node; says whether that was all.
    pub(crate) fn go_on(&mut self, house: &House) -> bool {
        self.asked += 1;
        let node = house.node_for(self.asked + self.person as usize);
        let Some(fan) = &mut self.fan else {
            self.fan = Fan::try_to_arrive(house, node);
            return false;
        };
        fan.node = node;
        match fan.client.last_word().cloned() {
            None | Some(Told::Questions | Told::Trouble) => drop(fan.answer(house, true)),
            Some(Told::Link(link)) if !self.has_joined => {
                let result = house.sandbox.join(self.person, &link);
                assert_eq!(result, "joined", "{link} was shown, and lets nobody in");
                self.has_joined = true;
            }
            Some(Told::Used) => return true,
            Some(_) => drop(fan.look(house)),
        }
        false
    }
}

/// Fans come one after the other, several at a time, until all are done or the service is gone.
pub(crate) fn go_on(house: &House, visits: &mut [Visit], is_over: &(dyn Fn() -> bool + Sync)) {
    const AT_ONCE: usize = 4;
    let size = visits.len().div_ceil(AT_ONCE);
    thread::scope(|scope| {
        for visits in visits.chunks_mut(size) {
            scope.spawn(move || {
                for visit in visits {
                    let mut is_done = false;
                    until("a fan is in", || {
                        is_done = visit.go_on(house);
                        is_done || is_over()
                    });
                    if !is_done {
                        return;
                    }
                }
            });
        }
    });
}

/// Lets the service end at a point when it is passed the so many-th time, and others go on.
fn ends_at(point: &str, time: usize) {
    let house = House::empty(Rules { pool: 2, ..Rules::default() });
    let mut visits: Vec<Visit> = (0..time + 6).map(|_| Visit::new(&house)).collect();
    if house.start_to_end_at(0, Some(&format!("{point}:{time}"))) {
        go_on(&house, &mut visits, &|| house.has_died());
    }
    house.buried();
    house.start_later();
    go_on(&house, &mut visits, &|| false);
    house.settle();
    let mut clients = Vec::new();
    for Visit { fan, .. } in visits {
        let mut fan = fan.unwrap();
        fan.look(&house);
        clients.push(fan.client);
    }
    house.judge(clients, &format!("ended at {point}:{time}"));
}

/// The same at points that only strangers pass.
fn ends_at_a_stranger(point: &str, time: usize) {
    let house = House::open(Rules::default());
    let mut fans: Vec<Fan> = (0..time + 2).map(|_| Fan::arrive(&house)).collect();
    for fan in &mut fans {
        fan.pass(&house);
        fan.look_until_told(&house);
    }
    house.kill();
    for fan in &fans {
        let (friend, stranger) = (house.sandbox.person(), house.sandbox.person());
        let link = fan.link().unwrap();
        assert_eq!(house.sandbox.join(friend, link), "joined");
        house.sandbox.leave(friend);
        assert_eq!(house.sandbox.join(stranger, link), "joined");
    }
    house.sleep(0);
    house.start_to_end_at(0, Some(&format!("{point}:{time}")));
    house.buried();
    house.start_later();
    house.settle();
    for fan in &mut fans {
        assert_eq!(fan.look(&house), Told::Left);
    }
    let clients = fans.into_iter().map(|fan| fan.client).collect();
    house.judge(clients, &format!("ended at {point}:{time}"));
}

/// The same where a link ran out and its fan asks for another.
fn ends_at_another(time: usize) {
    let house = House::open(Rules { pool: 1, life_seconds: 3600, ..Rules::default() });
    let mut fans: Vec<Fan> = (0..time + 2).map(|_| Fan::arrive(&house)).collect();
    for fan in &mut fans {
        fan.pass(&house);
        fan.look_until_told(&house);
    }
    for _ in 0..2 {
        house.stop();
        house.sleep(HALF_A_LIFE);
        house.start_and_hear();
    }
    house.stop();
    house.start_to_end_at(0, Some(&format!("{ANOTHERS_POINT}:{time}")));
    until("somebody's wish ends it", || {
        fans.iter_mut().for_each(|fan| drop(fan.ask_for_another(&house)));
        house.has_died()
    });
    house.buried();
    house.start_later();
    for fan in &mut fans {
        let first = fan.client.links()[0].to_owned();
        until("there is another link", || {
            let told = fan.look(&house);
            if told == Told::RanOut {
                fan.ask_for_another(&house);
            }
            matches!(told, Told::Link(link) if link != first)
        });
        assert_eq!(house.sandbox.join(house.sandbox.person(), &first), "refused");
        assert_eq!(house.sandbox.join(house.sandbox.person(), fan.link().unwrap()), "joined");
    }
    house.settle();
    for fan in &mut fans {
        assert_eq!(fan.look(&house), Told::Used);
    }
    let clients = fans.into_iter().map(|fan| fan.client).collect();
    house.judge(clients, &format!("ended at {ANOTHERS_POINT}:{time}"));
}

fn ends_at_every_point(times: &[usize]) {
    let next = AtomicUsize::new(0);
    let points = POINTS.iter().chain(&STRANGERS_POINTS).chain([&ANOTHERS_POINT]);
    let runs: Vec<(&str, usize)> =
        points.flat_map(|point| times.iter().map(move |time| (*point, *time))).collect();
    let began = Instant::now();
    // Much of a run is waiting for processes, so several go on at a time.
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some((point, time)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match *point {
                        ANOTHERS_POINT => ends_at_another(*time),
                        point if STRANGERS_POINTS.contains(&point) => ends_at_a_stranger(point, *time),
                        point => ends_at(point, *time),
                    }
                }
            });
        }
    });
    #[allow(clippy::print_stderr, reason = "figures are for whoever runs it")]
    {
        eprintln!("{} deaths at named points: {:.1?}", runs.len(), began.elapsed());
    }
}

#[test]
fn nothing_is_lost_at_any_point() {
    ends_at_every_point(&[1, 4]);
}

#[test]
#[ignore = "scripts/test --full"]
fn nothing_is_lost_at_any_point_twenty_times() {
    ends_at_every_point(&(1..=20).collect::<Vec<_>>());
}

/// `kill -9` whenever it comes, while people come and go.
fn killed_at_random(seed: Seed, deaths: u32) {
    let mut chance = seed.chance();
    let house = House::open(Rules { pool: 5, ..Rules::default() });
    let is_enough = AtomicBool::new(false);
    let mut visits: Vec<Visit> = thread::scope(|scope| {
        let fans: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut visits = Vec::new();
                    while !is_enough.load(Ordering::Relaxed) {
                        let mut visit = Visit::new(&house);
                        until("a fan is in", || visit.go_on(&house) || is_enough.load(Ordering::Relaxed));
                        visits.push(visit);
                    }
                    visits
                })
            })
            .collect();
        for _ in 0..deaths {
            // No moment to wait for: any is what is wanted.
            thread::sleep(Duration::from_millis(chance.u64(20..600)));
            house.kill();
            house.start_later();
        }
        is_enough.store(true, Ordering::Relaxed);
        fans.into_iter().flat_map(|fan| fan.join().unwrap()).collect()
    });
    go_on(&house, &mut visits, &|| false);
    house.settle();
    let count = visits.len();
    let looks = visits.into_iter().map(|visit| {
        let mut fan = visit.fan.unwrap();
        fan.look(&house);
        fan.client
    });
    let clients = looks.collect();
    house.judge(clients, &format!("killed {deaths} times, {seed}"));
    #[allow(clippy::print_stderr, reason = "figures are for whoever runs it")]
    {
        eprintln!("killed {deaths} times under {count} fans, {seed}");
    }
}

#[test]
fn nothing_is_lost_when_it_is_killed_at_any_moment() {
    killed_at_random(Seed::any(), 6);
}

#[test]
#[ignore = "scripts/test --full"]
fn nothing_is_lost_when_it_is_killed_a_hundred_times() {
    for _ in 0..10 {
        killed_at_random(Seed::any(), 10);
    }
}
