//! Who came in by the links of a pass, and what that makes of it: worked out from everything that was seen, so that the
//! order in which it was told does not matter.

use crate::LinkId;
use gate::pass::State;
use links::{UnixTime, UserId};

/// When something happened, told apart within one second by the number of its update.
pub(crate) type Moment = (UnixTime, i64);

/// Somebody came in by a link of the pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Join {
    pub(crate) person: UserId,
    pub(crate) moment: Moment,
    pub(crate) link: LinkId,
}

/// What is known of a pass at one of its chats, apart from who came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Known {
    /// Whose it is, where that was known before anybody came.
    pub(crate) person: Option<UserId>,
    pub(crate) revoked_at: Option<UnixTime>,
    pub(crate) state: State,
    /// The link that counts now.
    pub(crate) link: Option<LinkId>,
}

/// What the joins make of a pass.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Settled {
    /// The join of the person the pass is for.
    pub(crate) owner: Option<Join>,
    /// The last join of everybody else: the one that has to be dealt with.
    pub(crate) strangers: Vec<Join>,
    /// Nobody it is for came by the link that counts now, but somebody else did.
    pub(crate) leaked: bool,
}

/// Works out who of those who came a pass was for. `joins` are in the order in which they happened.
///
/// A pass that knows its person is for nobody else. Any other is for whoever came first: its link is a bearer token.
/// Nobody it was taken away from may come later.
pub(crate) fn settle(known: Known, joins: &[Join]) -> Settled {
    let in_time = |join: &&Join| known.revoked_at.is_none_or(|at| join.moment.0 < at);
    let mut before = joins.iter().filter(in_time);
    let owner = match known.person {
        Some(person) => before.find(|join| join.person == person),
        None => before.next(),
    };
    let mut strangers: Vec<Join> = Vec::new();
    for join in joins {
        let is_owner = owner.is_some_and(|owner| owner.person == join.person);
        if is_owner {
            continue;
        }
        match strangers.iter_mut().find(|other| other.person == join.person) {
            Some(before) => *before = *join,
            None => strangers.push(*join),
        }
    }
    let came_by_it = |join: &Join| Some(join.link) == known.link;
    let leaked = owner.is_none() && known.state != State::Revoked && joins.iter().any(came_by_it);
    Settled { owner: owner.copied(), strangers, leaked }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: LinkId = LinkId::new(1);
    const OLDER: LinkId = LinkId::new(2);

    fn join(person: i64, at: i64, link: LinkId) -> Join {
        Join { person: UserId::new(person).unwrap(), moment: (UnixTime::new(at), at), link }
    }

    fn check(
        person: Option<i64>,
        revoked_at: Option<i64>,
        joins: &[Join],
        owner: Option<i64>,
        others: &[i64],
        leaked: bool,
    ) {
        let state = if revoked_at.is_some() { State::Revoked } else { State::Issued };
        let known = Known {
            person: person.map(|person| UserId::new(person).unwrap()),
            revoked_at: revoked_at.map(UnixTime::new),
            state,
            link: Some(LINK),
        };
        let settled = settle(known, joins);
        let people: Vec<i64> = settled.strangers.iter().map(|join| join.person.get()).collect();
        assert_eq!(settled.owner.map(|join| join.person.get()), owner, "{joins:?}");
        assert_eq!((people.as_slice(), settled.leaked), (others, leaked), "{joins:?}");
    }

    #[test]
    fn a_bearer_token_is_for_whoever_comes_first() {
        check(None, None, &[], None, &[], false);
        check(None, None, &[join(1, 10, LINK)], Some(1), &[], false);
        check(None, None, &[join(1, 10, LINK), join(2, 20, LINK)], Some(1), &[2], false);
        check(None, None, &[join(1, 10, LINK), join(2, 20, LINK), join(1, 30, LINK)], Some(1), &[2], false);
        check(None, None, &[join(1, 10, LINK), join(2, 20, LINK), join(2, 30, LINK)], Some(1), &[2], false);
        check(None, None, &[join(1, 10, OLDER), join(2, 20, LINK)], Some(1), &[2], false);
    }

    #[test]
    fn a_pass_that_knows_its_person_is_for_nobody_else() {
        check(Some(1), None, &[join(1, 10, LINK)], Some(1), &[], false);
        check(Some(1), None, &[join(2, 10, LINK)], None, &[2], true);
        check(Some(1), None, &[join(2, 10, OLDER)], None, &[2], false);
        check(Some(1), None, &[join(2, 10, LINK), join(1, 20, LINK)], Some(1), &[2], false);
        check(Some(1), None, &[join(2, 10, OLDER), join(2, 20, LINK)], None, &[2], true);
        check(Some(1), None, &[join(2, 10, LINK), join(2, 20, OLDER)], None, &[2], true);
    }

    #[test]
    fn of_a_stranger_the_last_join_counts() {
        let last = |joins: &[Join]| {
            let person = UserId::new(1).ok();
            let known = Known { person, revoked_at: None, state: State::Issued, link: Some(LINK) };
            settle(known, joins).strangers
        };
        let (first, other, again) = (join(2, 10, OLDER), join(3, 15, OLDER), join(2, 20, LINK));
        assert_eq!(last(&[first, other, again]), [again, other]);
    }

    #[test]
    fn whoever_comes_after_it_was_taken_away_is_a_stranger() {
        check(None, Some(15), &[join(1, 10, LINK)], Some(1), &[], false);
        check(None, Some(15), &[join(1, 20, LINK)], None, &[1], false);
        check(None, Some(15), &[join(1, 10, LINK), join(2, 20, LINK)], Some(1), &[2], false);
        check(Some(1), Some(15), &[join(1, 20, LINK)], None, &[1], false);
    }
}
