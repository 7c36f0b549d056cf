//! What passing earns: the right of one person to enter one chat, and everything that can become of it.
//!
//! ```text
//! granted --> issued --> used --> left
//!                |  \--> leaked ----> granted again, one generation later
//!                \-----> expired ---> granted again, one generation later
//!
//! granted, issued, used, leaked and expired --> revoked
//! ```
//!
//! Every state is a type and its moves are its methods, so that a move which is not in the picture cannot be written
//! down. A pass that opens several chats has such a state for each of them.

use links::UnixTime;
use std::fmt;
use std::str::FromStr;

/// A pass in one of its states, for one of its chats.
///
/// ```
/// use admit_gate::Pass;
/// use links::UnixTime;
///
/// let [now, later, tomorrow] = [0, 60, 86_400].map(|more| UnixTime::new(1_790_000_000 + more));
/// let issued = Pass::grant(now).issue(tomorrow, later);
/// let again = issued.expire(tomorrow).expect("tomorrow has come").reissue(tomorrow);
/// assert_eq!(again.generation(), 2);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Pass<S> {
    generation: u32,
    since: UnixTime,
    state: S,
}

/// Earned; a link is on its way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Granted;
/// A link was shown that works until a time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Issued {
    expires_at: UnixTime,
}
/// Its person is in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Used;
/// Its person was in and is no more.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Left;
/// Somebody else came in by its link.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Leaked;
/// Nobody came in while its link worked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Expired;
/// Taken away.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Revoked;

impl<S> Pass<S> {
    /// How many times it was given out: one, and one more for every re-issue.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// When it came into this state.
    pub fn since(&self) -> UnixTime {
        self.since
    }

    fn moves<T>(self, state: T, since: UnixTime) -> Pass<T> {
        Pass { generation: self.generation, since, state }
    }
}

impl Pass<Granted> {
    /// Somebody qualified.
    pub fn grant(now: UnixTime) -> Self {
        Self { generation: 1, since: now, state: Granted }
    }

    /// A link is about to be shown.
    pub fn issue(self, expires_at: UnixTime, now: UnixTime) -> Pass<Issued> {
        self.moves(Issued { expires_at }, now)
    }
}

impl Pass<Issued> {
    /// When its link stops working.
    pub fn expires_at(&self) -> UnixTime {
        self.state.expires_at
    }

    /// Its person came in.
    pub fn join(self, joined_at: UnixTime) -> Pass<Used> {
        self.moves(Used, joined_at)
    }

    /// Somebody else came in.
    pub fn leak(self, joined_at: UnixTime) -> Pass<Leaked> {
        self.moves(Leaked, joined_at)
    }

    /// Its time is over, if it is. It has expired when its link did, whenever that is noticed.
    pub fn expire(self, now: UnixTime) -> Result<Pass<Expired>, Self> {
        let at = self.state.expires_at;
        if at <= now { Ok(self.moves(Expired, at)) } else { Err(self) }
    }
}

impl Pass<Used> {
    /// Its person went.
    pub fn leave(self, left_at: UnixTime) -> Pass<Left> {
        self.moves(Left, left_at)
    }
}

impl Pass<Leaked> {
    /// Its person asked for another link.
    pub fn reissue(self, now: UnixTime) -> Pass<Granted> {
        self.next_generation(now)
    }
}

impl Pass<Expired> {
    /// Its person asked for another link.
    pub fn reissue(self, now: UnixTime) -> Pass<Granted> {
        self.next_generation(now)
    }

    /// Late news: somebody had come in before the link expired, so it never did.
    pub fn had_joined(self, joined_at: UnixTime) -> Result<Pass<Used>, Self> {
        if joined_at <= self.since { Ok(self.moves(Used, joined_at)) } else { Err(self) }
    }
}

impl<S> Pass<S> {
    fn next_generation(self, now: UnixTime) -> Pass<Granted> {
        Pass { generation: self.generation.saturating_add(1), since: now, state: Granted }
    }
}

/// The states in which there is something to take away: somebody is in, or may still come.
pub trait Revocable: sealed::Sealed {}

impl Revocable for Granted {}
impl Revocable for Issued {}
impl Revocable for Used {}
impl Revocable for Leaked {}
impl Revocable for Expired {}

impl<S: Revocable> Pass<S> {
    /// A creator took it away, or what earned it ended.
    pub fn revoke(self, now: UnixTime) -> Pass<Revoked> {
        self.moves(Revoked, now)
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::Granted {}
    impl Sealed for super::Issued {}
    impl Sealed for super::Used {}
    impl Sealed for super::Leaked {}
    impl Sealed for super::Expired {}
}

/// A pass in whatever state it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "each is documented as the state of the same name")]
pub enum AnyPass {
    Granted(Pass<Granted>),
    Issued(Pass<Issued>),
    Used(Pass<Used>),
    Left(Pass<Left>),
    Leaked(Pass<Leaked>),
    Expired(Pass<Expired>),
    Revoked(Pass<Revoked>),
}

/// A pass as a table keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Kept {
    /// Its state.
    pub state: State,
    /// How many times it was given out.
    pub generation: u32,
    /// When it came into this state.
    pub since: UnixTime,
    /// When its link stops working; where it is issued, and nowhere else.
    pub expires_at: Option<UnixTime>,
}

impl AnyPass {
    /// The name of the state it is in.
    pub fn state(&self) -> State {
        self.keep().state
    }

    /// As a table keeps it.
    pub fn keep(&self) -> Kept {
        fn row<S>(pass: &Pass<S>, state: State, expires_at: Option<UnixTime>) -> Kept {
            Kept { state, generation: pass.generation, since: pass.since, expires_at }
        }
        match self {
            Self::Granted(pass) => row(pass, State::Granted, None),
            Self::Issued(pass) => row(pass, State::Issued, Some(pass.expires_at())),
            Self::Used(pass) => row(pass, State::Used, None),
            Self::Left(pass) => row(pass, State::Left, None),
            Self::Leaked(pass) => row(pass, State::Leaked, None),
            Self::Expired(pass) => row(pass, State::Expired, None),
            Self::Revoked(pass) => row(pass, State::Revoked, None),
        }
    }

    /// From a table, if what is kept there can be.
    pub fn read(kept: Kept) -> Result<Self, BadPass> {
        let Kept { state, generation, since, expires_at } = kept;
        if generation == 0 {
            return Err(BadPass::NoGeneration);
        }
        let expires_at = match (state, expires_at) {
            (State::Issued, Some(at)) => at,
            (State::Issued, None) => return Err(BadPass::NoExpiry),
            (_, Some(_)) => return Err(BadPass::StrayExpiry(state)),
            (_, None) => since,
        };
        let granted = Pass { generation, since, state: Granted };
        Ok(match state {
            State::Granted => Self::Granted(granted),
            State::Issued => Self::Issued(granted.moves(Issued { expires_at }, since)),
            State::Used => Self::Used(granted.moves(Used, since)),
            State::Left => Self::Left(granted.moves(Left, since)),
            State::Leaked => Self::Leaked(granted.moves(Leaked, since)),
            State::Expired => Self::Expired(granted.moves(Expired, since)),
            State::Revoked => Self::Revoked(granted.moves(Revoked, since)),
        })
    }
}

/// Why a row is no pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadPass {
    /// The first generation is one.
    #[error("a pass was given out no time at all")]
    NoGeneration,
    /// Every link that is shown has an end.
    #[error("a pass is issued and its link never expires")]
    NoExpiry,
    /// There is no link that could expire.
    #[error("a pass is {0} and still has an expiry")]
    StrayExpiry(State),
}

/// The name of a state, as a database keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "each is documented as the type of the same name")]
pub enum State {
    Granted,
    Issued,
    Used,
    Left,
    Leaked,
    Expired,
    Revoked,
}

impl State {
    /// Every state there is.
    pub const ALL: [Self; 7] =
        [Self::Granted, Self::Issued, Self::Used, Self::Left, Self::Leaked, Self::Expired, Self::Revoked];

    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Issued => "issued",
            Self::Used => "used",
            Self::Left => "left",
            Self::Leaked => "leaked",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// The states that can become this one, which is what the guard of a statement has to say.
    pub const fn comes_from(self) -> &'static [Self] {
        match self {
            Self::Granted => &[Self::Leaked, Self::Expired],
            Self::Issued => &[Self::Granted],
            Self::Used => &[Self::Issued, Self::Expired],
            Self::Left => &[Self::Used],
            Self::Leaked | Self::Expired => &[Self::Issued],
            Self::Revoked => &[Self::Granted, Self::Issued, Self::Used, Self::Leaked, Self::Expired],
        }
    }
}

impl FromStr for State {
    type Err = NotAState;

    fn from_str(text: &str) -> Result<Self, NotAState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(NotAState)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// This text names no state of a pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no state of a pass has this name")]
pub struct NotAState;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Everything that can be tried on a pass.
    #[derive(Clone, Copy, Debug)]
    enum Move {
        Issue,
        Join,
        Leak,
        Expire,
        Leave,
        Reissue,
        HadJoined,
        Revoke,
    }

    const MOVES: [Move; 8] = [
        Move::Issue,
        Move::Join,
        Move::Leak,
        Move::Expire,
        Move::Leave,
        Move::Reissue,
        Move::HadJoined,
        Move::Revoke,
    ];

    /// The pass after a move, if there is such a move.
    fn try_move(pass: AnyPass, tried: Move, now: UnixTime) -> Option<AnyPass> {
        Some(match (pass, tried) {
            (AnyPass::Granted(pass), Move::Issue) => {
                AnyPass::Issued(pass.issue(UnixTime::new(now.get() + 5), now))
            }
            (AnyPass::Issued(pass), Move::Join) => AnyPass::Used(pass.join(now)),
            (AnyPass::Issued(pass), Move::Leak) => AnyPass::Leaked(pass.leak(now)),
            (AnyPass::Issued(pass), Move::Expire) => AnyPass::Expired(pass.expire(now).ok()?),
            (AnyPass::Used(pass), Move::Leave) => AnyPass::Left(pass.leave(now)),
            (AnyPass::Leaked(pass), Move::Reissue) => AnyPass::Granted(pass.reissue(now)),
            (AnyPass::Expired(pass), Move::Reissue) => AnyPass::Granted(pass.reissue(now)),
            (AnyPass::Expired(pass), Move::HadJoined) => AnyPass::Used(pass.had_joined(now).ok()?),
            (AnyPass::Granted(pass), Move::Revoke) => AnyPass::Revoked(pass.revoke(now)),
            (AnyPass::Issued(pass), Move::Revoke) => AnyPass::Revoked(pass.revoke(now)),
            (AnyPass::Used(pass), Move::Revoke) => AnyPass::Revoked(pass.revoke(now)),
            (AnyPass::Leaked(pass), Move::Revoke) => AnyPass::Revoked(pass.revoke(now)),
            (AnyPass::Expired(pass), Move::Revoke) => AnyPass::Revoked(pass.revoke(now)),
            _ => return None,
        })
    }

    #[test]
    fn states_are_read_by_their_names() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        for wrong in ["", "Granted", "granted ", "reissued"] {
            assert_eq!(wrong.parse::<State>(), Err(NotAState), "{wrong}");
        }
    }

    #[test]
    fn a_row_that_cannot_be_is_refused() {
        let kept = |state, generation, expires_at| {
            AnyPass::read(Kept { state, generation, since: UnixTime::new(1), expires_at })
        };
        assert_eq!(kept(State::Used, 0, None), Err(BadPass::NoGeneration));
        assert_eq!(kept(State::Issued, 1, None), Err(BadPass::NoExpiry));
        assert_eq!(kept(State::Left, 1, Some(UnixTime::new(9))), Err(BadPass::StrayExpiry(State::Left)));
        assert!(kept(State::Issued, 1, Some(UnixTime::new(9))).is_ok());
    }

    #[test]
    fn a_link_expires_when_it_said_however_late_that_is_noticed() {
        let issued = Pass::grant(UnixTime::new(0)).issue(UnixTime::new(10), UnixTime::new(1));
        assert_eq!(issued.expire(UnixTime::new(9)), Err(issued));
        let expired = issued.expire(UnixTime::new(500)).unwrap();
        assert_eq!(expired.since(), UnixTime::new(10));
        assert_eq!(expired, issued.expire(UnixTime::new(10)).unwrap());
        assert!(expired.had_joined(UnixTime::new(11)).is_err());
        // The order in which the news arrive makes no difference.
        assert_eq!(expired.had_joined(UnixTime::new(7)).unwrap(), issued.join(UnixTime::new(7)));
    }

    proptest! {
        #[test]
        fn every_history_keeps_to_the_picture(
            history in prop::collection::vec((prop::sample::select(MOVES.to_vec()), 0i64..10), 0..60),
        ) {
            let mut now = 0;
            let mut pass = AnyPass::Granted(Pass::grant(UnixTime::new(now)));
            for (tried, seconds) in history {
                now += seconds;
                prop_assert_eq!(AnyPass::read(pass.keep()), Ok(pass));
                let Some(moved) = try_move(pass, tried, UnixTime::new(now)) else { continue };
                let (before, after) = (pass.keep(), moved.keep());
                prop_assert!(after.state.comes_from().contains(&before.state), "{before:?} to {after:?}");
                let again = u32::from(after.state == State::Granted);
                prop_assert_eq!(after.generation, before.generation + again);
                pass = moved;
            }
        }

        #[test]
        fn every_arrow_of_the_picture_can_be_gone(from in prop::sample::select(State::ALL.to_vec())) {
            let expires_at = (from == State::Issued).then(|| UnixTime::new(5));
            let kept = Kept { state: from, generation: 1, since: UnixTime::new(5), expires_at };
            let pass = AnyPass::read(kept).unwrap();
            let reached = |to: State| {
                MOVES.iter().any(|tried| {
                    try_move(pass, *tried, UnixTime::new(5)).is_some_and(|moved| moved.state() == to)
                })
            };
            for to in State::ALL {
                prop_assert_eq!(reached(to), to.comes_from().contains(&from), "{} to {}", from, to);
            }
        }
    }
}
