//! One story, told to both engines.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod backups;
mod cut;
mod databases;
mod drawers;
mod erased;
mod foreign;
mod found;
mod hearing;
mod housekeeping;
mod killed;
mod moves;
mod nodes;
mod passes;
mod sessions;
mod strangers;
mod world;

/// Runs a story on a fresh database of each engine.
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($database:ident: &Database) $story:block)+) => {
        $($(#[$doc])* mod $name {
            use super::*;

            async fn story($database: &Database) $story

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                story(&Database::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                story(&Database::postgres()).await;
            }
        })+
    };
}
pub(crate) use on_both;
