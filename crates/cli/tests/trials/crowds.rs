//! Many posts of one form at once: whoever presses the button sixty-four times has one pass, and nobody's is lost.

use crate::evidence::{Asked, Told};
use crate::fans::Fan;
use crate::house::{House, Rules};
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

/// So many people press the button at the same time.
const AT_ONCE: usize = 4;

/// Every third is wrong first, and of every fifth one of the many posts is wrong.
fn play(house: &House, number: usize, posts: usize) -> Fan {
    let mut fan = Fan::arrive_at(house, house.node_for(number));
    if number.is_multiple_of(3) {
        assert_eq!(fan.answer(house, false), Told::Wrong);
    }
    let barrier = Barrier::new(posts);
    let heard = thread::scope(|scope| {
        let post = |at: usize| {
            let is_right = at > 0 || !number.is_multiple_of(5);
            let fan = fan.at(house.node_for(at));
            barrier.wait();
            (is_right, fan.post(house, is_right))
        };
        let posts: Vec<_> = (0..posts).map(|at| scope.spawn(move || post(at))).collect();
        posts.into_iter().map(|post| post.join().unwrap()).collect::<Vec<_>>()
    });
    for (is_right, heard) in heard {
        let asked = if is_right { Asked::RightAnswer } else { Asked::WrongAnswer };
        fan.hear(asked, heard);
    }
    // Until now everybody was told at once, in no order.
    fan.node = house.node_for(number + 1);
    fan.look(house);
    fan
}

fn crowd(people: usize, posts: usize, rules: Rules) {
    let began = Instant::now();
    let (quota, nodes) = (rules.quota, rules.nodes);
    let house = House::open(rules);
    let mut fans: Vec<Fan> = thread::scope(|scope| {
        let squads: Vec<_> = (0..AT_ONCE)
            .map(|squad| {
                let house = &house;
                scope.spawn(move || {
                    (squad..people)
                        .step_by(AT_ONCE)
                        .map(|number| play(house, number, posts))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        squads.into_iter().flat_map(|squad| squad.join().unwrap()).collect()
    });
    let answered = began.elapsed();
    house.settle();
    let run = format!("{people} people with {posts} posts each, {nodes} at work");
    for fan in &mut fans {
        let told = fan.look(&house);
        fan.node = house.node_for(fan.node + 1);
        assert_eq!(fan.look(&house), told, "{run}: one page, two answers");
    }
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
fn two_thousand_people_with_sixty_four_posts_each_at_two_nodes() {
    crowd(2000, 64, Rules::for_two());
}
