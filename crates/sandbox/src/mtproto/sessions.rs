//! Who is behind which key: keys a client and the door came to together, and keys that were given out.

use super::conversation::Seen;
use super::crypt::{Key, KeyId};
use super::offers::{Accepted, Offers, Token};
use super::password::Proof;
use crate::clock::Clock;
use crate::world::Word;
use fastrand::Rng;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many keys that clients came to are kept, before the oldest with which nobody is logged in goes.
const MOST_EXCHANGED: usize = 1000;

/// Every key there is.
pub(crate) struct Sessions {
    /// Held for one turn at a time, before the world's and never across an await.
    inner: Mutex<Inner>,
    pub(super) salt: i64,
    /// From this the numbers are derived by which one account may name another.
    pub(super) secret: u64,
}

#[derive(Default)]
struct Inner {
    known: HashMap<KeyId, Known>,
    /// The keys that clients came to, oldest first.
    exchanged: VecDeque<KeyId>,
    offers: Offers,
}

struct Known {
    key: Key,
    session: Session,
    seen: Seen,
    held: Vec<Hold>,
}

/// Calls that are refused until their time has come, by the sandbox's clock or by the host's: clients wait by the one,
/// and tests move the other.
pub(super) struct Hold {
    method: &'static str,
    chat: Option<i64>,
    until_milliseconds: i64,
    until_host_milliseconds: i64,
}

impl Hold {
    /// From now on, for so many whole seconds.
    pub(super) fn new(method: &'static str, chat: Option<i64>, seconds: i64, clock: &Clock) -> Self {
        let milliseconds = seconds * 1000;
        Self {
            method,
            chat,
            until_milliseconds: clock.now_milliseconds() + milliseconds,
            until_host_milliseconds: clock.host_milliseconds() + milliseconds,
        }
    }

    /// How long it still lasts; nothing or less, once it is over.
    fn left_milliseconds(&self, clock: &Clock) -> i64 {
        let left = self.until_milliseconds - clock.now_milliseconds();
        left.min(self.until_host_milliseconds - clock.host_milliseconds())
    }
}

impl Known {
    fn new(key: Key, session: Session) -> Self {
        Self { key, session, seen: Seen::default(), held: Vec::new() }
    }
}

/// What one key stands for.
#[derive(Default)]
pub(super) struct Session {
    /// Who is logged in.
    pub(super) user: Option<i64>,
    /// The client said which layer it speaks.
    pub(super) is_begun: bool,
    /// The number of the newest news it was told, once it listens.
    pub(super) told: Option<i32>,
    /// It was ended from elsewhere.
    pub(super) is_revoked: bool,
    /// The token it shows, so that another device lets it in.
    pub(super) shown: Option<Shown>,
    /// The code that was sent last.
    pub(super) code: Option<SentCode>,
    /// Who gave the right code, and owes the password.
    pub(super) owes_password: Option<i64>,
    /// The proof of a password that was asked for last.
    pub(super) proof: Option<Proof>,
}

/// A token that a device shows.
pub(super) struct Shown {
    pub(super) token: Token,
    /// It was told that the token was accepted.
    pub(super) is_told: bool,
}

/// A code on its way to a telephone.
pub(super) struct SentCode {
    pub(super) phone: String,
    pub(super) hash: String,
    pub(super) expires_at: i64,
    /// So many others were tried in its place.
    pub(super) wrong: u32,
}

impl Sessions {
    pub(crate) fn new(chance: &mut Rng) -> Self {
        Self { inner: Mutex::default(), salt: chance.i64(1..), secret: chance.u64(..) }
    }

    pub(super) fn key(&self, id: KeyId) -> Option<Key> {
        self.inner().known.get(&id).map(|known| known.key.clone())
    }

    /// A key that a client and the door came to.
    pub(super) fn remember(&self, key: Key) {
        let Inner { known, exchanged, .. } = &mut *self.inner();
        let is_idle = |id: &KeyId| known.get(id).is_none_or(|known| known.session.user.is_none());
        if exchanged.len() >= MOST_EXCHANGED
            && let Some(oldest) = exchanged.iter().position(is_idle)
            && let Some(gone) = exchanged.remove(oldest)
        {
            known.remove(&gone);
        }
        exchanged.push_back(key.id());
        known.insert(key.id(), Known::new(key, Session::default()));
    }

    /// A new key with which this account is logged in.
    pub(crate) fn issue(&self, user: i64, chance: &mut Rng) -> Key {
        let key = Key::from_chance(chance);
        let session = Session { user: Some(user), ..Session::default() };
        self.inner().known.insert(key.id(), Known::new(key.clone(), session));
        key
    }

    /// Ends every session of an account, and says how many there were.
    pub(crate) fn end(&self, user: i64) -> usize {
        let mut inner = self.inner();
        let theirs = inner.known.values_mut().filter(|known| known.session.user == Some(user));
        theirs
            .map(|known| known.session = Session { is_revoked: true, is_begun: true, ..Session::default() })
            .count()
    }

    /// Does something with the session of a key.
    pub(super) fn with<T>(&self, id: KeyId, act: impl FnOnce(&mut Session, &mut Offers) -> T) -> Option<T> {
        let Inner { known, offers, .. } = &mut *self.inner();
        known.get_mut(&id).map(|known| act(&mut known.session, offers))
    }

    /// Does something with the calls a key's sessions made.
    pub(super) fn with_seen<T>(&self, id: KeyId, act: impl FnOnce(&mut Seen) -> T) -> Option<T> {
        self.inner().known.get_mut(&id).map(|known| act(&mut known.seen))
    }

    /// From now on calls like this one wait.
    pub(super) fn hold(&self, id: KeyId, hold: Hold) {
        if let Some(known) = self.inner().known.get_mut(&id) {
            known.held.push(hold);
        }
    }

    /// How many seconds too early a call is.
    pub(super) fn early(&self, id: KeyId, method: &str, chat: Option<i64>, clock: &Clock) -> Option<i64> {
        let mut inner = self.inner();
        let held = &mut inner.known.get_mut(&id)?.held;
        held.retain(|hold| hold.left_milliseconds(clock) > 0);
        let like_it = held.iter().filter(|hold| hold.method == method && hold.chat == chat);
        like_it.map(|hold| (hold.left_milliseconds(clock) + 999) / 1000).max()
    }

    /// An account lets in whoever shows this token.
    pub(crate) fn accept(&self, token: &[u8], by: i64, home: Option<i32>, now: i64) -> Result<(), Word> {
        self.inner().offers.accept(token, Accepted { by, home }, now).map(drop)
    }

    /// How long log-in tokens are shown from now on.
    pub(crate) fn show_tokens(&self, seconds: i64) {
        self.inner().offers.shown_seconds = seconds;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_nobody_logs_in_with_are_forgotten_in_the_end() {
        let mut chance = Rng::with_seed(1);
        let sessions = Sessions::new(&mut chance);
        let mut exchange = || {
            let key = Key::from_chance(&mut chance);
            sessions.remember(key.clone());
            key.id()
        };
        let (in_use, idle) = (exchange(), exchange());
        sessions.with(in_use, |session, _| session.user = Some(1));
        let mut newest = idle;
        for _ in 0..MOST_EXCHANGED {
            newest = exchange();
        }
        let is_known = |id| sessions.key(id).is_some();
        assert!(is_known(in_use) && is_known(newest) && !is_known(idle));
    }
}
