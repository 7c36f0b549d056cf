//! PostgreSQL behind a road that is cut at the worst moments.

use crate::databases::Database;
use crate::world::*;
use admit_store::{Granted, Store};
use serde_json::json;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// How a simple query that ends a transaction looks on the wire.
const COMMIT: &[u8] = b"Q\0\0\0\x0bcommit\0";

/// Where the road is cut, counted down: the n-th commit from now on never arrives, or its answer never comes back, or all
/// stands still before it.
#[derive(Default)]
struct Cuts {
    before: AtomicU32,
    after: AtomicU32,
    still: AtomicU32,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_looked_up() {
    let database = Database::postgres();
    let folder = tempfile::tempdir().unwrap();
    let cuts = Arc::new(Cuts::default());
    let store =
        Store::open(&road(&database, folder.path(), cuts.clone()), crate::databases::keys()).await.unwrap();
    let gate = open_gate(&store, json!({})).await;
    let (first, _) = make(&store, &gate, 1).await;
    let (second, _) = make(&store, &gate, 2).await;

    cuts.after.store(1, Ordering::SeqCst);
    let granted = store.grant(&gate, visitor(1), NOW).await.unwrap();
    let Granted::Granted { pass, entries } = granted else { panic!("{granted:?}") };
    assert_eq!(cuts.after.load(Ordering::SeqCst), 0, "nothing was cut");
    assert_eq!(entries[0].link, Some(first));
    assert_eq!(store.holding(gate.id, visitor(1)).await.unwrap().unwrap().pass, pass);

    cuts.before.store(1, Ordering::SeqCst);
    let error = store.grant(&gate, visitor(2), NOW).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(store.holding(gate.id, visitor(2)).await.unwrap(), None);
    let granted = store.grant(&gate, visitor(2), NOW).await.unwrap();
    assert!(matches!(granted, Granted::Granted { entries, .. } if entries[0].link == Some(second)));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_server_ends_are_made_anew() {
    let database = Database::postgres();
    let store = database.open().await;
    let gate = open_gate(&store, json!({})).await;
    for who in 0..3 {
        database
            .run(
                "select pg_terminate_backend(pid) from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid()",
            )
            .await;
        grant(&store, &gate, who, NOW).await;
        assert!(store.holding(gate.id, visitor(who)).await.unwrap().is_some());
    }
}

/// A node that is frozen, or that nobody reaches any more, holds the gate's turn. The server takes it away.
#[tokio::test(flavor = "multi_thread")]
async fn who_stands_still_in_a_transaction_keeps_nobody_waiting() {
    let database = Database::postgres();
    let folder = tempfile::tempdir().unwrap();
    let cuts = Arc::new(Cuts::default());
    let frozen =
        Store::open(&road(&database, folder.path(), cuts.clone()), crate::databases::keys()).await.unwrap();
    let other = database.open().await;
    let gate = open_gate(&frozen, json!({})).await;

    cuts.still.store(1, Ordering::SeqCst);
    let stands = tokio::spawn({
        let (frozen, gate) = (frozen.clone(), gate.clone());
        async move { frozen.grant(&gate, visitor(1), NOW).await }
    });
    while cuts.still.load(Ordering::SeqCst) > 0 {
        tokio::task::yield_now().await;
    }
    grant(&other, &gate, 2, NOW).await;
    let error = stands.await.unwrap().unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(other.holding(gate.id, visitor(1)).await.unwrap(), None);
    grant(&frozen, &gate, 1, NOW).await;
}

/// A socket that leads to the database, as long as it is not cut.
fn road(database: &Database, folder: &Path, cuts: Arc<Cuts>) -> String {
    let (url, socket) = database.place.split_once("?host=").unwrap();
    let there = Path::new(socket).join(".s.PGSQL.5432");
    let listener = UnixListener::bind(folder.join(".s.PGSQL.5432")).unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = UnixStream::connect(&there).unwrap();
            let (back_from, back_to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || pass_back(back_from, back_to));
            let cuts = cuts.clone();
            std::thread::spawn(move || pass_on(client, server, &cuts));
        }
    });
    format!("{url}?host={}", folder.display())
}

fn pass_on(mut client: UnixStream, mut server: UnixStream, cuts: &Cuts) {
    let mut bytes = vec![0; 65_536];
    while let Ok(read @ 1..) = client.read(&mut bytes) {
        let bytes = &bytes[..read];
        let is_commit = bytes.ends_with(COMMIT);
        if is_commit && counts_down(&cuts.before) {
            break;
        }
        if is_commit && counts_down(&cuts.still) {
            // Both ends stay open.
            loop {
                std::thread::park();
            }
        }
        let is_last = is_commit && counts_down(&cuts.after);
        if is_last {
            let _ = client.shutdown(Shutdown::Both);
        }
        if server.write_all(bytes).is_err() || is_last {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    // The server reads what it was sent, and then that nobody is there.
    let _ = server.shutdown(Shutdown::Write);
}

fn pass_back(mut server: UnixStream, mut client: UnixStream) {
    let _ = std::io::copy(&mut server, &mut client);
    let _ = client.shutdown(Shutdown::Both);
}

fn counts_down(count: &AtomicU32) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) == Ok(1)
}
