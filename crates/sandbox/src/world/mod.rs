//! The world: chats, people, links and joins as a state machine that knows no socket and no clock.
//!
//! A door calls [`World::turn`] with the moment it is, then one method per thing that can happen. What Telegram
//! itself refuses comes back as Telegram's own word ([`Word`]); what the Bot API's server refuses before asking
//! Telegram is that door's business. Sources of the rules: the Bot API reference, the source of its server and of
//! TDLib, as far as known; where nobody knows, [`Unknowns`] makes both answers possible.

mod guard;
mod joining;
mod ledger;
mod links;
mod members;
mod messages;
mod news;
#[cfg(test)]
mod properties;
mod queue;
mod rights;
mod show;

pub(crate) use guard::{GuardAnswer, QueryState};
pub(crate) use joining::{Joining, Prospect, Target};
use ledger::Ledger;
pub(crate) use ledger::{Entry, What};
use links::Hash;
pub(crate) use links::{Invite, LinkNo, NewLink};
pub(crate) use members::Office;
pub(crate) use messages::{Refusal, SendTo};
pub(crate) use news::{Change, News, Told};
pub(crate) use queue::{Lane, Queue, Waiting, Webhook, allowed_from};
pub(crate) use rights::Rights;
pub(crate) use show::to_json;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, OnceLock};

/// A refusal in Telegram's own upper-case word, such as `INVITE_HASH_EXPIRED`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Word(pub(crate) &'static str);

/// Questions no source answers, and which answer this world gives.
#[derive(Clone, Copy, Debug)]
pub struct Unknowns {
    /// Revoking a revoked link succeeds again, instead of `INVITE_HASH_EXPIRED`.
    pub revoking_twice_succeeds: bool,
    /// A revoked link can still be edited, instead of `INVITE_HASH_EXPIRED`.
    pub revoked_links_can_be_edited: bool,
    /// What changing another administrator's link answers: `CHAT_ADMIN_REQUIRED`, instead of
    /// `INVITE_HASH_EXPIRED`.
    pub foreign_links_need_admin: bool,
    /// The count of waiting requests inside a request's own update includes that request.
    pub request_counts_itself: bool,
    /// Asking again while a request waits sends no second update.
    pub asking_again_is_silent: bool,
    /// Links of a bot that lost its right go on working.
    pub links_outlive_rights: bool,
    /// A request that came by a link can still be approved when the link is revoked or expired.
    pub requests_outlive_links: bool,
    /// An edit with an expiry in the past is refused with `EXPIRE_DATE_INVALID`, instead of ending the link.
    pub edits_refuse_past_dates: bool,
    /// A bot is told of the joins it approved itself.
    pub approvers_are_told: bool,
    /// Whoever opens a link to a public chat joins it directly, as most apps do, and the link counts nobody.
    pub public_chats_are_joined_directly: bool,
    /// Two people who tap a link for one at the same moment: one gets in, instead of both.
    pub limits_are_strict: bool,
    /// Malformed tokens are answered 404 `Not Found`, as the public front-end is reported to do, instead of 401.
    pub malformed_tokens_are_not_found: bool,
}

impl Default for Unknowns {
    fn default() -> Self {
        Self {
            revoking_twice_succeeds: true,
            revoked_links_can_be_edited: false,
            foreign_links_need_admin: true,
            request_counts_itself: true,
            asking_again_is_silent: true,
            links_outlive_rights: true,
            requests_outlive_links: true,
            edits_refuse_past_dates: true,
            approvers_are_told: true,
            public_chats_are_joined_directly: true,
            limits_are_strict: true,
            malformed_tokens_are_not_found: false,
        }
    }
}

/// All there is.
pub(crate) struct World {
    /// This moment. Set by [`World::turn`], read by everything.
    pub(crate) now: i64,
    /// Chance, from a seed.
    pub(crate) chance: fastrand::Rng,
    /// Which answers are given where nobody knows.
    pub(crate) unknowns: Unknowns,
    /// What links begin with, such as `https://t.me`.
    pub(crate) link_base: String,
    spellings: ::links::Parser,
    /// Everything that happened.
    ledger: Ledger,
    /// Something waits for whoever listens: an update, a message, an answer to a guard query.
    pub(crate) stirred: bool,
    /// There is something to tell unasked at the MTProto door.
    pub(crate) has_news: bool,
    accounts: HashMap<i64, Account>,
    bots: BTreeMap<i64, Bot>,
    chats: BTreeMap<i64, Chat>,
    invites: Vec<Invite>,
    by_hash: HashMap<Hash, LinkNo>,
    queries: HashMap<String, guard::Query>,
    /// Queries that are over, and since when, oldest first.
    settled_queries: VecDeque<(i64, String)>,
    due: BinaryHeap<Reverse<(i64, u64, Due)>>,
    finish_line: joining::FinishLine,
    /// What those are told unasked who listen at the MTProto door.
    papers: HashMap<i64, news::Paper>,
    numbers: Numbers,
}

/// The next free numbers of everything.
struct Numbers {
    bot: i64,
    person: i64,
    channel: i64,
    group: i64,
    due: u64,
    callback: i64,
}

/// Something that happens by itself when its time comes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Due {
    GuardTimeout(String),
    PaidTimeIsOver { chat: i64, person: i64 },
}

/// A person or a bot.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: i64,
    pub(crate) is_bot: bool,
    pub(crate) first_name: String,
    pub(crate) username: Option<String>,
    pub(crate) language_code: Option<String>,
    pub(crate) bio: Option<String>,
    /// The telephone they log in with, if they do.
    pub(crate) phone: Option<String>,
    /// What is asked for after the code, if they want it so.
    pub(crate) password: Option<Password>,
    /// So often in a row something else was given for it, and until when nothing more may be.
    pub(crate) wrong_passwords: u32,
    pub(crate) password_waits_until: i64,
    /// The account was deleted. Others go on seeing that there was one.
    pub(crate) is_deleted: bool,
    /// In so many supergroups and channels they are.
    pub(super) chats: usize,
    /// The newest private messages got, oldest first.
    pub(crate) inbox: VecDeque<telegram::bot_api::types::Message>,
    next_message: i64,
}

/// A second password.
#[derive(Clone, Debug)]
pub(crate) struct Password {
    pub(crate) text: String,
    /// What it is compared with: a number that takes long to work out, and is once somebody asks.
    pub(crate) verifier: Arc<OnceLock<[u8; 256]>>,
}

impl Password {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), verifier: Arc::default() }
    }
}

/// A telephone number as Telegram keeps it, however it was typed.
pub(crate) fn telephone(typed: &str) -> Result<String, Word> {
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    let odd = |each: char| !(each.is_ascii_digit() || " +-()".contains(each));
    let is_number = (5..=20).contains(&digits.len()) && !typed.contains(odd);
    if is_number { Ok(digits) } else { Err(Word("PHONE_NUMBER_INVALID")) }
}

/// What only bots have.
pub(crate) struct Bot {
    pub(crate) id: i64,
    pub(crate) token: String,
    /// It supports join request queries.
    pub(crate) guard: bool,
    /// Updates that wait for it.
    pub(crate) queue: Queue,
    /// People it ever met; of others Telegram pretends to know nothing.
    met: HashSet<i64>,
    /// People it may write to.
    started: HashSet<i64>,
    blocked: HashSet<i64>,
    /// Button presses it may still answer.
    callbacks: HashSet<(i64, i64)>,
    /// When its server began to serve it, for `close`.
    pub(crate) launched_at: i64,
    /// Until then, it left the cloud by `logOut`.
    pub(crate) logged_out_until: i64,
    /// What it offers, as JSON: to whom, and in which language.
    pub(crate) commands: HashMap<(Audience, String), String>,
}

/// To whom a bot offers commands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Audience {
    Everybody,
    PrivateChats,
    Groups,
    Administrators,
    Chat(i64),
    AdministratorsOf(i64),
    Member { chat: i64, person: i64 },
}

/// A group, supergroup or channel.
pub(crate) struct Chat {
    pub(crate) id: i64,
    pub(crate) kind: ChatKind,
    pub(crate) title: String,
    pub(crate) username: Option<String>,
    /// Joining directly, without a link, only asks.
    pub(crate) join_by_request: bool,
    /// The bot that decides requests.
    pub(crate) guard: Option<i64>,
    /// The supergroup this group became.
    pub(crate) upgraded_to: Option<i64>,
    /// Who made it. Nobody else ever owns it, and they cannot go.
    pub(crate) owner: i64,
    /// Owner and administrators: the few of perhaps very many members who are told of things.
    administrators: BTreeSet<i64>,
    members: BTreeMap<i64, Membership>,
    /// How many of them are in.
    inside: usize,
    requests: BTreeMap<i64, Asked>,
    links: Vec<LinkNo>,
    primaries: HashMap<i64, LinkNo>,
    next_message: i64,
}

/// The three kinds of chat that have links.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ChatKind {
    Group,
    Supergroup,
    Channel,
}

impl ChatKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Supergroup => "supergroup",
            Self::Channel => "channel",
        }
    }
}

/// Somebody's standing in a chat, now or once.
#[derive(Clone, Debug)]
pub(crate) struct Membership {
    pub(crate) office: Office,
    /// The link they came by, while they are in: leaving frees its place.
    pub(crate) via: Option<LinkNo>,
    /// When a paid membership ends.
    pub(crate) until: Option<i64>,
    /// When they came in, while they are.
    pub(crate) since: i64,
    /// Who let them in, if they had asked.
    pub(crate) approved_by: Option<i64>,
    /// Of somebody who paid no longer, and so is out: how they had come.
    pub(crate) lapsed: Option<Lapsed>,
}

/// How somebody had come whose paid time is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Lapsed {
    pub(crate) via: LinkNo,
    pub(crate) since: i64,
}

impl Membership {
    /// Of somebody who is not in.
    fn outside() -> Self {
        Self { office: Office::Left, via: None, until: None, since: 0, approved_by: None, lapsed: None }
    }
}

/// A request that waits.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) at: i64,
    pub(crate) via: Option<LinkNo>,
    pub(crate) query: Option<String>,
}

impl World {
    /// An empty world at the moment `now`, whose links begin with `link_base`.
    pub(crate) fn new(
        now: i64,
        seed: u64,
        link_base: &str,
        unknowns: Unknowns,
    ) -> Result<Self, ::links::NotAHost> {
        let link_base = link_base.trim_end_matches('/').to_owned();
        Ok(Self {
            spellings: ::links::Parser::telegram().and_host(&link_base)?,
            now,
            chance: fastrand::Rng::with_seed(seed),
            unknowns,
            link_base,
            ledger: Ledger::default(),
            stirred: false,
            has_news: false,
            accounts: HashMap::new(),
            bots: BTreeMap::new(),
            chats: BTreeMap::new(),
            invites: Vec::new(),
            by_hash: HashMap::new(),
            queries: HashMap::new(),
            settled_queries: VecDeque::new(),
            due: BinaryHeap::new(),
            finish_line: joining::FinishLine::default(),
            papers: HashMap::new(),
            numbers: Numbers {
                bot: 7_000_000_001,
                person: 5_000_000_001,
                channel: 2_000_000_001,
                group: 4_000_000_001,
                due: 0,
                callback: 1,
            },
        })
    }

    /// It is `now`: what fell due since the last turn happens first, each thing at its own moment.
    pub(crate) fn turn(&mut self, now: i64) {
        while let Some(Reverse((at, ..))) = self.due.peek()
            && *at <= now
        {
            let Reverse((at, _, due)) = self.due.pop().expect("it was there a moment ago");
            self.now = at.max(self.now);
            match due {
                Due::GuardTimeout(query) => self.time_out(&query),
                Due::PaidTimeIsOver { chat, person } => self.end_paid_membership(chat, person),
            }
        }
        self.now = now;
    }

    /// When the next thing happens by itself.
    pub(crate) fn next_due(&self) -> Option<i64> {
        self.due.peek().map(|Reverse((at, ..))| *at)
    }

    fn at(&mut self, moment: i64, due: Due) {
        self.numbers.due += 1;
        self.due.push(Reverse((moment, self.numbers.due, due)));
    }

    /// A new person.
    pub(crate) fn add_person(&mut self, first_name: &str) -> &mut Account {
        let id = self.numbers.person;
        self.numbers.person += 1;
        self.accounts.entry(id).or_insert_with(|| Account::new(id, false, first_name.to_owned()))
    }

    /// A new bot and its token, which is obviously no real one.
    pub(crate) fn add_bot(&mut self, username: &str, guard: bool) -> i64 {
        let id = self.numbers.bot;
        self.numbers.bot += 1;
        let token = self.new_token(id);
        let mut account = Account::new(id, true, username.to_owned());
        account.username = Some(username.to_owned());
        self.accounts.insert(id, account);
        let first_update = self.chance.i64(2_000_001..=1_000_000_000);
        let bot = Bot {
            id,
            token,
            guard,
            queue: Queue::new(first_update, self.now),
            met: HashSet::new(),
            started: HashSet::new(),
            blocked: HashSet::new(),
            callbacks: HashSet::new(),
            launched_at: self.now,
            logged_out_until: 0,
            commands: HashMap::new(),
        };
        self.bots.insert(id, bot);
        id
    }

    /// The old token is dead from now on.
    pub(crate) fn replace_token(&mut self, bot: i64) -> Option<String> {
        let token = self.new_token(bot);
        let known = self.bots.get_mut(&bot)?;
        known.token.clone_from(&token);
        known.queue.tokens += 1;
        self.stirred = true;
        Some(token)
    }

    fn new_token(&mut self, bot: i64) -> String {
        let tail: String = std::iter::repeat_with(|| self.chance.alphanumeric()).take(19).collect();
        format!("{bot}:SANDBOX-no-secret-{tail}")
    }

    /// A new chat with an owner made for it. Its bots come in one by one, by [`World::set_office`].
    pub(crate) fn add_chat(
        &mut self,
        kind: ChatKind,
        title: &str,
        username: Option<String>,
        join_by_request: bool,
    ) -> i64 {
        let owner = self.add_person("Owner");
        owner.chats += usize::from(kind != ChatKind::Group);
        let owner = owner.id;
        let id = self.next_chat_id(kind);
        self.chats.insert(id, Chat { username, join_by_request, ..Chat::new(id, kind, title, owner) });
        id
    }

    fn next_chat_id(&mut self, kind: ChatKind) -> i64 {
        match kind {
            ChatKind::Group => {
                self.numbers.group += 1;
                1 - self.numbers.group
            }
            ChatKind::Supergroup | ChatKind::Channel => {
                self.numbers.channel += 1;
                1 - 1_000_000_000_000 - self.numbers.channel
            }
        }
    }

    /// Makes a chat public, renames it, or makes it private. A basic group is always private.
    pub(crate) fn set_username(&mut self, chat: i64, username: Option<String>) -> Result<(), Word> {
        let at = self.living(chat)?;
        if at.kind == ChatKind::Group && username.is_some() {
            return Err(Word("CHAT_ID_INVALID"));
        }
        let keeps = |name: &str| at.username.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(name));
        if username.as_deref().is_some_and(|name| !keeps(name) && self.is_taken(name)) {
            return Err(Word("USERNAME_OCCUPIED"));
        }
        self.chats.get_mut(&chat).expect("it was just found").username = username;
        Ok(())
    }

    /// Whether somebody or some chat has this public name: nobody shares one.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.account_by_name(name).is_some() || self.chat_by_name(name).is_some()
    }

    /// Whose token this is.
    pub(crate) fn bot_by_token(&self, token: &str) -> Option<&Bot> {
        let id = token.split_once(':')?.0.parse().ok()?;
        self.bots.get(&id).filter(|bot| bot.token == token)
    }

    pub(crate) fn bot(&self, id: i64) -> Option<&Bot> {
        self.bots.get(&id)
    }

    pub(crate) fn bot_mut(&mut self, id: i64) -> Option<&mut Bot> {
        self.bots.get_mut(&id)
    }

    pub(crate) fn bots(&self) -> impl Iterator<Item = &Bot> {
        self.bots.values()
    }

    pub(crate) fn account_mut(&mut self, id: i64) -> Option<&mut Account> {
        self.accounts.get_mut(&id)
    }

    pub(crate) fn account(&self, id: i64) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// Somebody who is no bot, while there is such an account.
    pub(crate) fn person(&self, id: i64) -> Option<&Account> {
        self.account(id).filter(|account| account.is_somebody())
    }

    /// All of them, in the order they came.
    pub(crate) fn people(&self) -> Vec<&Account> {
        let mut people: Vec<_> = self.accounts.values().filter(|account| account.is_somebody()).collect();
        people.sort_by_key(|account| account.id);
        people
    }

    pub(crate) fn chat(&self, id: i64) -> Option<&Chat> {
        self.chats.get(&id)
    }

    /// A chat where something can still happen. In a group that became a supergroup, nothing does.
    fn living(&self, id: i64) -> Result<&Chat, Word> {
        self.chats.get(&id).filter(|chat| chat.upgraded_to.is_none()).ok_or(Word("CHAT_ID_INVALID"))
    }

    pub(crate) fn chats(&self) -> impl Iterator<Item = &Chat> {
        self.chats.values()
    }

    /// The chat with this public name, in any case.
    pub(crate) fn chat_by_name(&self, name: &str) -> Option<&Chat> {
        let is_it = |chat: &&Chat| chat.username.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(name));
        self.chats.values().find(is_it)
    }

    /// Whose telephone number this is.
    pub(crate) fn account_by_phone(&self, phone: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.phone.as_deref() == Some(phone))
    }

    /// The account with this public name, in any case.
    pub(crate) fn account_by_name(&self, name: &str) -> Option<&Account> {
        let is_it = |one: &&Account| one.username.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(name));
        self.accounts.values().find(is_it)
    }
}

impl Account {
    fn new(id: i64, is_bot: bool, first_name: String) -> Self {
        Self {
            id,
            is_bot,
            first_name,
            username: None,
            language_code: None,
            bio: None,
            phone: None,
            password: None,
            wrong_passwords: 0,
            password_waits_until: 0,
            is_deleted: false,
            chats: 0,
            inbox: VecDeque::new(),
            next_message: 1,
        }
    }

    fn is_somebody(&self) -> bool {
        !self.is_bot && !self.is_deleted
    }
}

impl Bot {
    /// Whether it ever met this person.
    pub(crate) fn has_met(&self, person: i64) -> bool {
        self.met.contains(&person)
    }

    /// Whether this person started it, and did not block it since.
    pub(crate) fn was_started_by(&self, person: i64) -> bool {
        self.started.contains(&person)
    }

    /// Whether this person blocked it.
    pub(crate) fn is_blocked_by(&self, person: i64) -> bool {
        self.blocked.contains(&person)
    }
}

impl Chat {
    /// Private, and with nobody in it but its owner.
    fn new(id: i64, kind: ChatKind, title: &str, owner: i64) -> Self {
        let membership = Membership { office: Office::Owner, ..Membership::outside() };
        Self {
            id,
            kind,
            title: title.to_owned(),
            username: None,
            join_by_request: false,
            guard: None,
            upgraded_to: None,
            owner,
            administrators: BTreeSet::from([owner]),
            members: BTreeMap::from([(owner, membership)]),
            inside: 1,
            requests: BTreeMap::new(),
            links: Vec::new(),
            primaries: HashMap::new(),
            next_message: 1,
        }
    }

    /// What somebody is here; nothing, if they never were.
    pub(crate) fn office(&self, who: i64) -> Option<&Office> {
        self.members.get(&who).map(|membership| &membership.office)
    }

    pub(crate) fn membership(&self, who: i64) -> Option<&Membership> {
        self.members.get(&who)
    }

    /// Everybody who is or was here.
    pub(crate) fn memberships(&self) -> impl Iterator<Item = (i64, &Membership)> {
        self.members.iter().map(|(&who, membership)| (who, membership))
    }

    pub(crate) fn requests(&self) -> impl Iterator<Item = (i64, &Asked)> {
        self.requests.iter().map(|(&who, asked)| (who, asked))
    }

    /// How many wait, and up to three of them, newest first.
    pub(crate) fn waiting(&self) -> (usize, Vec<i64>) {
        let mut newest: Vec<(i64, i64)> = Vec::with_capacity(4);
        for (&who, asked) in &self.requests {
            let place = newest.partition_point(|&other| other > (asked.at, who));
            newest.insert(place, (asked.at, who));
            newest.truncate(3);
        }
        (self.requests.len(), newest.into_iter().map(|(_, who)| who).collect())
    }

    pub(crate) fn request(&self, who: i64) -> Option<&Asked> {
        self.requests.get(&who)
    }

    /// Whether they are in.
    pub(crate) fn has(&self, who: i64) -> bool {
        self.office(who).is_some_and(Office::is_in)
    }

    /// The primary link of an administrator, if it was ever asked for.
    pub(crate) fn primary_of(&self, admin: i64) -> Option<LinkNo> {
        self.primaries.get(&admin).copied()
    }

    pub(crate) fn member_count(&self) -> usize {
        self.inside
    }

    /// As many are in as Telegram allows. Channels have no end.
    fn is_full(&self) -> bool {
        let most = match self.kind {
            ChatKind::Group => 200,
            ChatKind::Supergroup => 200_000,
            ChatKind::Channel => return false,
        };
        self.inside >= most
    }

    /// Whether joining directly, without a link, only asks.
    fn asks_directly(&self) -> bool {
        self.join_by_request || self.guard.is_some()
    }

    /// Whether an owner or administrator may make links and decide requests.
    pub(crate) fn may_invite(&self, who: i64) -> bool {
        match self.office(who) {
            Some(Office::Owner) => true,
            Some(Office::Administrator(rights)) => rights.has("can_invite_users"),
            _ => false,
        }
    }
}
