//! What the doors share: the world behind a lock, the clock, the staged faults, and a bell.

use crate::clock::Clock;
use crate::faults::Faults;
use crate::world::World;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// One world and everything around it.
pub(crate) struct Hub {
    /// Held for one turn at a time and never across an await.
    world: Mutex<World>,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) strict: bool,
    pub(crate) keys: crate::web_app::Keys,
    bell: watch::Sender<u64>,
}

impl Hub {
    pub(crate) fn new(world: World, clock: Clock, keys: crate::web_app::Keys, strict: bool) -> Self {
        let (bell, _) = watch::channel(0);
        Self { world: Mutex::new(world), clock, faults: Faults::default(), strict, keys, bell }
    }

    /// Something happens, now. Whatever fell due happens before it.
    pub(crate) fn turn<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        // A panic in one turn leaves a world that is still a world; the others go on.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.turn(self.clock.now());
        let result = act(&mut world);
        let stirred = std::mem::take(&mut world.stirred);
        drop(world);
        if stirred {
            self.ring();
        }
        result
    }

    /// Everybody who waits looks again.
    pub(crate) fn ring(&self) {
        self.bell.send_modify(|count| *count += 1);
    }

    /// A bell that rings when something happened that somebody may wait for.
    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        let mut bell = self.bell.subscribe();
        bell.mark_unchanged();
        bell
    }

    /// Waits until the sandbox's clock shows `moment`, however it gets there.
    pub(crate) async fn sleep_until(&self, moment: i64) {
        let mut bell = self.bell.subscribe();
        loop {
            bell.mark_unchanged();
            if self.clock.now() >= moment {
                return;
            }
            self.wait(&mut bell, Some(moment)).await;
        }
    }

    /// Waits for the bell, or for the clock to show `moment`.
    pub(crate) async fn wait(&self, bell: &mut watch::Receiver<u64>, moment: Option<i64>) {
        let time = moment.and_then(|moment| self.clock.until(moment));
        let rung = async {
            // The sender lives in `self`, so this cannot fail while somebody waits.
            let _ = bell.changed().await;
        };
        match time {
            Some(time) => drop(tokio::time::timeout(time, rung).await),
            None => rung.await,
        }
    }

    /// Lets what falls due by itself happen on time, as long as the clock ticks.
    pub(crate) async fn tick(&self) {
        let mut bell = self.listen();
        loop {
            let next = self.turn(|world| world.next_due());
            self.wait(&mut bell, next).await;
        }
    }
}
