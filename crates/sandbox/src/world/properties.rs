//! Whatever happens in whatever order: nothing panics, and what is counted is what is there.

use super::*;
use proptest::prelude::*;

const START: i64 = 1_800_000_000;
const RIGHTS: [&[&str]; 3] = [&["can_invite_users"], &["can_restrict_members"], &[]];

/// Something that can happen. Small numbers pick one of what there is.
#[derive(Clone, Debug)]
enum Deed {
    Create { admin: u8, chat: u8, terms: Terms },
    Export { admin: u8, chat: u8 },
    LookUpPrimary { admin: u8, chat: u8 },
    Edit { link: u8, terms: Terms },
    Revoke { link: u8 },
    RevokeAsOwner { link: u8 },
    Join { person: u8, link: u8, pays: bool },
    JoinDirectly { person: u8, chat: u8 },
    Leave { person: u8, chat: u8 },
    Withdraw { person: u8, chat: u8 },
    Decide { admin: u8, chat: u8, person: u8, approve: bool },
    AnswerGuard { query: u8, answer: GuardAnswer },
    ShowWebApp { query: u8 },
    Ban { chat: u8, person: u8, for_seconds: u8 },
    Unban { chat: u8, person: u8 },
    Appoint { chat: u8, who: u8, rights: u8 },
    Dismiss { chat: u8, who: u8, banned: bool },
    Guard { chat: u8, bot: Option<u8> },
    Rename { chat: u8, public: bool },
    Migrate { chat: u8 },
    Wait { seconds: u16 },
}

#[derive(Clone, Debug)]
struct Terms {
    limit: u8,
    by_request: bool,
    expires_in: u8,
    paid: bool,
}

fn terms() -> impl Strategy<Value = Terms> {
    let rarely = || proptest::bool::weighted(0.2);
    (0..3u8, rarely(), 0..60u8, rarely()).prop_map(|(limit, by_request, expires_in, paid)| {
        // Both at once are refused before Telegram is asked.
        Terms { limit: if by_request { 0 } else { limit }, by_request, expires_in, paid }
    })
}

fn deed() -> impl Strategy<Value = Deed> {
    let some = any::<u8>;
    let answer =
        prop_oneof![Just(GuardAnswer::Approve), Just(GuardAnswer::Decline), Just(GuardAnswer::Queue)];
    prop_oneof![
        4 => (some(), some(), terms()).prop_map(|(admin, chat, terms)| Deed::Create { admin, chat, terms }),
        1 => (some(), some()).prop_map(|(admin, chat)| Deed::Export { admin, chat }),
        1 => (some(), some()).prop_map(|(admin, chat)| Deed::LookUpPrimary { admin, chat }),
        2 => (some(), terms()).prop_map(|(link, terms)| Deed::Edit { link, terms }),
        1 => some().prop_map(|link| Deed::Revoke { link }),
        1 => some().prop_map(|link| Deed::RevokeAsOwner { link }),
        8 => (some(), some(), any::<bool>()).prop_map(|(person, link, pays)| Deed::Join { person, link, pays }),
        2 => (some(), some()).prop_map(|(person, chat)| Deed::JoinDirectly { person, chat }),
        3 => (some(), some()).prop_map(|(person, chat)| Deed::Leave { person, chat }),
        1 => (some(), some()).prop_map(|(person, chat)| Deed::Withdraw { person, chat }),
        3 => (some(), some(), some(), any::<bool>())
            .prop_map(|(admin, chat, person, approve)| Deed::Decide { admin, chat, person, approve }),
        3 => (some(), answer).prop_map(|(query, answer)| Deed::AnswerGuard { query, answer }),
        1 => some().prop_map(|query| Deed::ShowWebApp { query }),
        2 => (some(), some(), some())
            .prop_map(|(chat, person, for_seconds)| Deed::Ban { chat, person, for_seconds }),
        2 => (some(), some()).prop_map(|(chat, person)| Deed::Unban { chat, person }),
        2 => (some(), some(), some()).prop_map(|(chat, who, rights)| Deed::Appoint { chat, who, rights }),
        2 => (some(), some(), any::<bool>()).prop_map(|(chat, who, banned)| Deed::Dismiss { chat, who, banned }),
        2 => (some(), proptest::option::of(some())).prop_map(|(chat, bot)| Deed::Guard { chat, bot }),
        1 => (some(), any::<bool>()).prop_map(|(chat, public)| Deed::Rename { chat, public }),
        1 => some().prop_map(|chat| Deed::Migrate { chat }),
        3 => (0..90u16).prop_map(|seconds| Deed::Wait { seconds }),
    ]
}

fn unknowns() -> impl Strategy<Value = Unknowns> {
    // Limits stay strict: that both get in is what the other model is for.
    (any::<[bool; 11]>()).prop_map(|[a, b, c, d, e, f, g, h, i, j, k]| Unknowns {
        revoking_twice_succeeds: a,
        revoked_links_can_be_edited: b,
        foreign_links_need_admin: c,
        request_counts_itself: d,
        asking_again_is_silent: e,
        links_outlive_rights: f,
        requests_outlive_links: g,
        edits_refuse_past_dates: h,
        approvers_are_told: i,
        public_chats_are_joined_directly: j,
        limits_are_strict: true,
        malformed_tokens_are_not_found: k,
    })
}

/// A world with three chats, two bots and a few people, and what is there to pick from.
struct Stage {
    world: World,
    now: i64,
    people: Vec<i64>,
    bots: Vec<i64>,
    chats: Vec<i64>,
}

impl Stage {
    fn set(unknowns: Unknowns) -> Self {
        let mut world = World::new(START, 7, "https://t.me", unknowns).unwrap();
        let bots = vec![world.add_bot("one_bot", true), world.add_bot("two_bot", false)];
        let people = (0..4).map(|_| world.add_person("Ann").id).collect();
        let kinds = [ChatKind::Supergroup, ChatKind::Channel, ChatKind::Group];
        let chats: Vec<i64> = kinds.map(|kind| world.add_chat(kind, "Owls", None, false)).into();
        for &chat in &chats {
            for &bot in &bots {
                let rights = Rights::named(["can_invite_users"]).unwrap();
                world.set_office(chat, bot, Office::Administrator(rights)).unwrap();
            }
        }
        Self { world, now: START, people, bots, chats }
    }

    fn chat(&self, index: u8) -> i64 {
        self.chats[usize::from(index) % self.chats.len()]
    }

    fn bot(&self, index: u8) -> i64 {
        self.bots[usize::from(index) % self.bots.len()]
    }

    fn person(&self, index: u8) -> i64 {
        self.people[usize::from(index) % self.people.len()]
    }

    /// People, bots and owners alike.
    fn anybody(&self, index: u8) -> i64 {
        let mut all: Vec<i64> = self.world.accounts.keys().copied().collect();
        all.sort_unstable();
        all[usize::from(index) % all.len()]
    }

    fn link(&self, index: u8) -> Option<(LinkNo, Invite, String)> {
        let number = usize::from(index).checked_rem(self.world.invites.len())?;
        let invite = self.world.invites[number].clone();
        let url = self.world.url(&invite);
        Some((self.world.find_link(&url)?, invite, url))
    }

    fn query(&self, index: u8) -> Option<(i64, String)> {
        let mut ids: Vec<&String> = self.world.queries.keys().collect();
        ids.sort();
        let id = ids.get(usize::from(index).checked_rem(ids.len())?)?.to_string();
        Some((self.world.guard_of(&id)?, id))
    }

    fn new_link(&self, terms: &Terms) -> NewLink {
        let expires_in = i64::from(terms.expires_in);
        let expires_at = if expires_in == 0 { 0 } else { u32::try_from(self.now - 5 + expires_in).unwrap() };
        let (limit, by_request) = (u32::from(terms.limit), terms.by_request);
        match terms.paid {
            true => NewLink { period_seconds: 60, stars: 1, ..NewLink::default() },
            false => NewLink { expires_at, limit, by_request, ..NewLink::default() },
        }
    }

    fn play(&mut self, deed: &Deed) {
        match *deed {
            Deed::Create { admin, chat, ref terms } => {
                let new = self.new_link(terms);
                let _ = self.world.create_link(self.bot(admin), self.chat(chat), new);
            }
            Deed::Export { admin, chat } => {
                let _ = self.world.replace_primary(self.bot(admin), self.chat(chat));
            }
            Deed::LookUpPrimary { admin, chat } => {
                let _ = self.world.primary_link(self.bot(admin), self.chat(chat));
            }
            Deed::Edit { link, ref terms } => {
                if let Some((_, invite, url)) = self.link(link) {
                    let new = self.new_link(&Terms { paid: false, ..terms.clone() });
                    let _ = self.world.edit_link(invite.creator, invite.chat, &url, new);
                }
            }
            Deed::Revoke { link } => {
                if let Some((_, invite, url)) = self.link(link) {
                    let _ = self.world.revoke_link(invite.creator, invite.chat, &url);
                }
            }
            Deed::RevokeAsOwner { link } => {
                if let Some((_, invite, url)) = self.link(link) {
                    let _ = self.world.revoke_as_owner(invite.chat, &url);
                }
            }
            Deed::Join { person, link, pays } => self.join(self.person(person), link, pays),
            Deed::JoinDirectly { person, chat } => {
                self.world.join(self.person(person), Target::Chat(self.chat(chat)), false);
            }
            Deed::Leave { person, chat } => {
                let _ = self.world.leave(self.anybody(person), self.chat(chat));
            }
            Deed::Withdraw { person, chat } => {
                let _ = self.world.withdraw(self.person(person), self.chat(chat));
            }
            Deed::Decide { admin, chat, person, approve } => {
                let _ = self.world.decide(self.anybody(admin), self.chat(chat), self.person(person), approve);
            }
            Deed::AnswerGuard { query, answer } => {
                if let Some((bot, id)) = self.query(query) {
                    let _ = self.world.answer_query(bot, &id, answer);
                }
            }
            Deed::ShowWebApp { query } => {
                if let Some((bot, id)) = self.query(query) {
                    let _ = self.world.show_web_app(bot, &id, "https://example.org".to_owned());
                }
            }
            Deed::Ban { chat, person, for_seconds } => {
                let until = if for_seconds == 0 { 0 } else { self.now + i64::from(for_seconds) };
                let _ = self.world.ban(self.bots[0], self.chat(chat), self.anybody(person), until);
            }
            Deed::Unban { chat, person } => {
                self.world.unban(self.bots[0], self.chat(chat), self.anybody(person));
            }
            Deed::Appoint { chat, who, rights } => {
                let rights = RIGHTS[usize::from(rights) % RIGHTS.len()];
                let office = Office::Administrator(Rights::named(rights.iter().copied()).unwrap());
                let _ = self.world.set_office(self.chat(chat), self.anybody(who), office);
            }
            Deed::Dismiss { chat, who, banned } => {
                let office = if banned { Office::Banned { until: 0 } } else { Office::Member };
                let _ = self.world.set_office(self.chat(chat), self.anybody(who), office);
            }
            Deed::Guard { chat, bot } => {
                let bot = bot.map(|bot| self.bot(bot));
                let _ = self.world.set_guard(self.chat(chat), bot);
            }
            Deed::Rename { chat, public } => {
                let name = public.then(|| format!("owls_{chat}"));
                let _ = self.world.set_username(self.chat(chat), name);
            }
            Deed::Migrate { chat } => {
                if let Ok(new) = self.world.migrate(self.chat(chat)) {
                    self.chats.push(new);
                }
            }
            Deed::Wait { seconds } => {
                self.now += i64::from(seconds);
                self.world.turn(self.now);
            }
        }
    }

    /// Who comes in by a link had every right to.
    fn join(&mut self, person: i64, link: u8, pays: bool) {
        let Some((number, before, _)) = self.link(link) else { return };
        let was_banned =
            self.world.chats[&before.chat].office(person).is_some_and(|office| office.is_banned(self.now));
        let outcome = self.world.join(person, Target::Link(number), pays);
        if matches!(outcome, Joining::Refused(_) | Joining::Already) {
            return;
        }
        assert!(!before.is_dead(self.now), "a dead link lets nobody in: {outcome:?} {before:?}");
        assert!(!was_banned, "nobody who is banned comes in: {outcome:?}");
        assert!(pays || !before.is_paid(), "nobody comes in without paying: {outcome:?}");
        let after = self.world.invite(number).unwrap();
        assert!(after.limit == 0 || after.uses <= after.limit, "a full link is full: {after:?}");
    }

    fn check(&self) {
        let world = &self.world;
        for (index, invite) in world.invites.iter().enumerate() {
            let number = LinkNo::from_index(index);
            let came = |membership: &&Membership| membership.via == Some(number);
            let members = world.chats.values().flat_map(|chat| chat.members.values()).filter(came);
            assert_eq!(invite.uses as usize, members.count(), "uses are members who came by it: {invite:?}");
            let asked = |asked: &&Asked| asked.via == Some(number);
            let requests = world.chats.values().flat_map(|chat| chat.requests.values()).filter(asked);
            let lapsed = |membership: &&Membership| membership.lapsed.is_some_and(|it| it.via == number);
            let gone = world.chats.values().flat_map(|chat| chat.members.values()).filter(lapsed);
            assert_eq!(invite.lapsed as usize, gone.count(), "lapsed are who paid no longer: {invite:?}");
            assert_eq!(invite.pending as usize, requests.count(), "pending are requests by it: {invite:?}");
        }
        for chat in world.chats.values() {
            assert_eq!(chat.office(chat.owner), Some(&Office::Owner), "owners stay");
            let inside = chat.memberships().filter(|(_, membership)| membership.office.is_in());
            assert_eq!(chat.member_count(), inside.count(), "members are those who are in");
            assert!(chat.guard.is_none_or(|bot| chat.may_invite(bot)), "a guard can decide");
            for (who, membership) in chat.memberships() {
                let office = membership.office;
                let manages = matches!(office, Office::Owner | Office::Administrator(_));
                assert_eq!(chat.administrators.contains(&who), manages, "{office:?}");
                assert!(
                    office.is_in() || (membership.via, membership.until) == (None, None),
                    "{membership:?}"
                );
                assert!(!(office.is_in() || office.is_banned(self.now)) || chat.request(who).is_none());
                let overdue = membership.until.is_some_and(|until| until <= self.now);
                assert!(office != Office::Member || !overdue, "who stops paying goes: {membership:?}");
            }
            let mut primaries: HashMap<i64, usize> = HashMap::new();
            let live = world.invites_of(chat).filter(|invite| invite.is_primary && !invite.is_revoked);
            live.for_each(|invite| *primaries.entry(invite.creator).or_default() += 1);
            assert!(primaries.values().all(|&count| count == 1), "one primary link each: {primaries:?}");
            let mut known: Vec<_> = chat.primaries.keys().collect();
            let mut counted: Vec<_> = primaries.keys().collect();
            known.sort();
            counted.sort();
            assert_eq!(known, counted);
        }
        let lines = world.ledger_lines(0, usize::MAX).0;
        for (index, line) in lines.lines().enumerate() {
            assert!(line.starts_with(&format!("{{\"n\":{},", index + 1)), "{line}");
        }
    }
}

proptest! {
    #[test]
    fn whatever_happens_the_counts_are_right(
        unknowns in unknowns(),
        deeds in proptest::collection::vec(deed(), 1..120),
    ) {
        let mut stage = Stage::set(unknowns);
        for deed in &deeds {
            stage.play(deed);
            stage.check();
        }
    }
}
