//! What two nodes are told at the same moment.

use crate::databases::Database;
use crate::on_both;
use crate::world::*;
use gate::pass::State;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

const ROUNDS: i64 = 40;

on_both! {
    async fn of_a_join_and_a_leave_that_two_nodes_hear_of_neither_is_forgotten(database: &Database) {
        let (here, there) = (database.open().await, database.open().await);
        let gate = open_gate(&here, json!({})).await;
        for round in 1..=ROUNDS {
            make(&here, &gate, round.cast_unsigned()).await;
            let pass = grant(&here, &gate, round.cast_unsigned(), NOW).await;
            let (who, id) = (1000 + round, 2 * round);
            let (came, went) = tokio::join!(
                here.take_in(bot(), vec![joined(id, who, Some(round.cast_unsigned()), id)]),
                there.take_in(bot(), vec![left(id + 1, who, id + 1)]),
            );
            came.unwrap();
            went.unwrap();
            let held = here.pass(pass).await.unwrap().unwrap().entries.remove(0);
            assert_eq!((held.state, held.left_at), (State::Left, Some(later(id + 1))), "{round}");
        }
    }

    async fn who_goes_while_they_are_found_to_be_in_is_gone(database: &Database) {
        let (here, there) = (database.open().await, database.open().await);
        let gate = open_gate(&here, json!({})).await;
        for round in 1..=ROUNDS {
            make(&here, &gate, round.cast_unsigned()).await;
            let who = 1000 + round;
            let pass = pass_of(&here, &gate, who).await;
            let (came, went) = tokio::join!(
                here.found_in(pass, chat(), later(10)),
                there.take_in(bot(), vec![left(round, who, 11)]),
            );
            assert!(came.unwrap());
            went.unwrap();
            let held = here.pass(pass).await.unwrap().unwrap().entries.remove(0);
            assert_eq!((held.state, held.left_at), (State::Left, Some(later(11))), "{round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_a_link_passes_over_one_that_somebody_is_about_to_end() {
    let database = Database::postgres();
    let store = database.open().await;
    let gate = open_gate(&store, json!({})).await;
    make(&store, &gate, 1).await;
    make(&store, &gate, 2).await;
    let mut other = PgConnection::connect(&database.place).await.unwrap();
    for statement in ["begin", "update links set state = 'dropped' where id = (select min(id) from links)"] {
        sqlx::raw_sql(statement).execute(&mut other).await.unwrap();
    }
    let pass = pass_of(&store, &gate, 42).await;
    sqlx::raw_sql("commit").execute(&mut other).await.unwrap();
    let held = store.pass(pass).await.unwrap().unwrap().entries.remove(0);
    assert_eq!((held.state, held.link), (State::Issued, Some(hash(2).url())));
}
