//! PostgreSQL while another session has begun something, and not ended it.

use crate::databases::Database;
use crate::world::*;
use admit_store::{Granted, LinkState};
use serde_json::json;
use sqlx::Connection as _;

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_somebody_is_just_using_is_given_to_nobody() {
    let database = Database::postgres();
    let store = database.open().await;
    let gate = open_gate(&store, json!({})).await;
    let (used, _) = make(&store, &gate, 1).await;
    let (unused, _) = make(&store, &gate, 2).await;
    let mut other = sqlx::PgConnection::connect(&database.place).await.unwrap();
    // As a join by a link that nobody was given yet, which waits for no gate's turn.
    let join =
        "begin; update links set state = 'dropped', used_at = 1, used_by = 42, used_update = 1 where id = 1";
    assert_eq!(used.get(), 1);
    sqlx::raw_sql(join).execute(&mut other).await.unwrap();
    let granting = tokio::spawn({
        let (store, gate) = (store.clone(), gate.clone());
        async move { store.grant(&gate, visitor(1), NOW).await.unwrap() }
    });
    let waiting = "select count(*) from pg_locks where not granted";
    while !granting.is_finished()
        && sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut other).await.unwrap() == 0
    {}
    sqlx::raw_sql("commit").execute(&mut other).await.unwrap();

    let granted = granting.await.unwrap();
    let Granted::Granted { entries, .. } = granted else { panic!("{granted:?}") };
    assert_eq!(entries[0].link, Some(unused));
    let (link, _) = store.ledger_by_hash(&hash(1)).await.unwrap().unwrap();
    assert_eq!((link.state, link.pass), (LinkState::Dropped, None));
}
