//! What the doors share: the world behind a lock, the clock, the staged faults, and a bell.

use crate::clock::Clock;
use crate::faults::Faults;
use crate::world::World;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// One world and everything around it.
pub(crate) struct Hub {
    /// Held for one turn at a time and never across an await.
    world: Mutex<World>,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) strict: bool,
    pub(crate) keys: crate::web_app::Keys,
    pub(crate) sessions: crate::mtproto::Sessions,
    bell: watch::Sender<u64>,
    /// Rings for those alone who listen at the MTProto door.
    news: watch::Sender<()>,
    /// When each call that is held back goes on.
    held: Mutex<Vec<i64>>,
}

/// A call that is held back. Until this is dropped, the clock is moved no further than to its moment.
pub(crate) struct Held<'a> {
    hub: &'a Hub,
    until: i64,
}

impl Hub {
    pub(crate) fn new(mut world: World, clock: Clock, keys: crate::web_app::Keys, strict: bool) -> Self {
        let ((bell, _), (news, _)) = (watch::channel(0), watch::channel(()));
        let sessions = crate::mtproto::Sessions::new(&mut world.chance);
        let (world, held) = (Mutex::new(world), Mutex::default());
        Self { world, clock, faults: Faults::default(), strict, keys, sessions, bell, news, held }
    }

    /// Something happens, now. Whatever fell due happens before it.
    pub(crate) fn turn<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        // A panic in one turn leaves a world that is still a world; the others go on.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.turn(self.clock.now());
        let result = act(&mut world);
        let (stirred, has_news) = (std::mem::take(&mut world.stirred), std::mem::take(&mut world.has_news));
        drop(world);
        if has_news {
            self.spread();
        }
        if stirred {
            self.ring();
        }
        result
    }

    /// Everybody who waits looks again.
    pub(crate) fn ring(&self) {
        self.bell.send_modify(|count| *count += 1);
    }

    /// Everybody who listens at the MTProto door looks again.
    pub(crate) fn spread(&self) {
        self.news.send_replace(());
    }

    /// A bell for those who do.
    pub(crate) fn hear_news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// A bell that rings when something happened that somebody may wait for.
    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        let mut bell = self.bell.subscribe();
        bell.mark_unchanged();
        bell
    }

    /// Holds a call back until the sandbox's clock shows that moment.
    pub(crate) fn hold(&self, until: i64) -> Held<'_> {
        self.held().push(until);
        Held { hub: self, until }
    }

    /// When the next held call goes on that has not by now.
    pub(crate) fn next_held(&self, now: i64) -> Option<i64> {
        self.held().iter().copied().filter(|&until| until > now).min()
    }

    /// Whether a call goes on at this moment, and is not done.
    pub(crate) fn goes_on(&self, now: i64) -> bool {
        self.held().iter().any(|&until| until <= now)
    }

    fn held(&self) -> MutexGuard<'_, Vec<i64>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
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

impl Held<'_> {
    /// Waits until it is over, however the clock gets there.
    pub(crate) async fn over(&self) {
        let mut bell = self.hub.bell.subscribe();
        loop {
            bell.mark_unchanged();
            if self.hub.clock.now() >= self.until {
                return;
            }
            self.hub.wait(&mut bell, Some(self.until)).await;
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut held = self.hub.held();
        if let Some(at) = held.iter().position(|&until| until == self.until) {
            held.swap_remove(at);
        }
        drop(held);
        self.hub.ring();
    }
}
