//! Many posts of one form at once: whoever presses the button sixty-four times has one pass, and nobody's is lost.

use crate::evidence::{Asked, Told};
use crate::fans::Fan;
use crate::house::{House, Rules};
use crate::wire::Line;
use std::thread;
use std::time::Instant;

/// So many people press the button at the same time.
const AT_ONCE: usize = 4;

/// So many connections that are kept, spread over the nodes.
fn lines(house: &House, count: usize) -> Vec<Line> {
    let address = |at| house.address_of(house.node_for(at)).unwrap();
    (0..count).map(|at| Line::to(&address(at))).collect()
}

/// Every third is wrong first, and of every fifth one of the many posts is wrong. All posts are on their way before the
/// first answer is read.
fn play(lines: &mut [Line], number: usize) -> Fan {
    let posts = lines.len();
    let mut fan = Fan::arrive_on(&mut lines[number % posts]);
    if number.is_multiple_of(3) {
        let wrong = lines[number % posts].exchange(&fan.answering(false));
        assert_eq!(fan.hear(Asked::WrongAnswer, wrong), Told::Wrong);
    }
    let (right, wrong) = (fan.answering(true), fan.answering(false));
    let is_wrong = |at: usize| at == 0 && number.is_multiple_of(5);
    for (at, line) in lines.iter_mut().enumerate() {
        line.ask(if is_wrong(at) { &wrong } else { &right });
    }
    for (at, line) in lines.iter_mut().enumerate() {
        fan.hear(if is_wrong(at) { Asked::WrongAnswer } else { Asked::RightAnswer }, line.hear());
    }
    // Until now everybody was told at once, in no order.
    fan.look_on(&mut lines[(number + 1) % posts]);
    fan
}

/// Does something with each of these, a few at a time; whoever does it has so many connections.
fn each<T: Send>(
    house: &House,
    count: usize,
    all: &mut [T],
    act: impl Fn(&mut [Line], usize, &mut T) + Sync,
) {
    let size = all.len().div_ceil(AT_ONCE);
    thread::scope(|scope| {
        for (squad, some) in all.chunks_mut(size).enumerate() {
            let act = &act;
            scope.spawn(move || {
                let mut lines = lines(house, count);
                for (at, one) in some.iter_mut().enumerate() {
                    act(&mut lines, squad * size + at, one);
                }
            });
        }
    });
}

fn crowd(people: usize, posts: usize, rules: Rules) {
    let began = Instant::now();
    let (quota, nodes) = (rules.quota, rules.nodes);
    let house = House::open(rules);
    let run = format!("{people} people with {posts} posts each, {nodes} at work");
    let mut fans = vec![Fan::default(); people];
    each(&house, posts, &mut fans, |lines, number, fan| *fan = play(lines, number));
    let answered = began.elapsed();
    house.settle();
    each(&house, 2, &mut fans, |lines, _, fan| {
        let told = fan.look_on(&mut lines[0]);
        assert_eq!(fan.look_on(&mut lines[1]), told, "{run}: one page, two answers");
    });
    let evidence = house.judge(fans.into_iter().map(|fan| fan.client).collect(), &run);
    let expected = quota.map_or(people, |quota| people.min(quota as usize));
    assert_eq!(evidence.books.passes.len(), expected, "{run}: so many passes");
    let links = evidence.clients.iter().filter(|client| !client.links().is_empty()).count();
    assert_eq!(links, expected, "{run}: so many have a link");
    #[allow(clippy::print_stderr, reason = "figures are for whoever runs it")]
    {
        eprintln!("{run}: {} passes, answers {answered:.1?}, all {:.1?}", expected, began.elapsed());
    }
}

#[test]
fn many_posts_of_one_form_are_one_pass() {
    crowd(200, 16, Rules::default());
}

#[test]
fn no_more_pass_than_there_are_places() {
    crowd(60, 8, Rules { quota: Some(40), ..Rules::default() });
}

#[test]
fn many_posts_at_two_nodes_are_one_pass() {
    crowd(100, 16, Rules::for_two());
}

#[test]
fn no_more_pass_at_two_nodes_than_there_are_places() {
    crowd(60, 8, Rules { quota: Some(40), ..Rules::for_two() });
}

#[test]
#[ignore = "scripts/test --full"]
fn two_thousand_people_with_sixty_four_posts_each() {
    crowd(2000, 64, Rules::default());
}

#[test]
#[ignore = "scripts/test --full"]
fn a_hundred_thousand_people_with_sixty_four_posts_each() {
    // More than are given out between two looks at the pool.
    crowd(100_000, 64, Rules { pool: 1000, ..Rules::default() });
}

#[test]
#[ignore = "scripts/test --full"]
fn two_thousand_people_with_sixty_four_posts_each_at_two_nodes() {
    crowd(2000, 64, Rules::for_two());
}
