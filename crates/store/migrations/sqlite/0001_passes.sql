-- What passes stand on. Times are whole seconds since 1970 in UTC. What is sealed is a blob under a key that is
-- kept elsewhere. The PostgreSQL file beside this one says the same; a test compares the two.

-- Small facts about the database itself.
create table meta (
    name text primary key,
    value blob not null
) strict, without rowid;

create table bots (
    id integer primary key, -- Telegram's number for it.
    username text not null,
    token blob not null, -- Sealed.
    added_at integer not null,
    dead_at integer, -- Telegram refused the token; gone when a token is accepted again.
    heard_at integer -- Everything that happened before then was told to us, or is doubted where it was not.
) strict;

-- What a bot is in a chat. Two bots may be in one chat, each with rights of its own.
create table chats (
    bot integer not null references bots (id) on delete cascade,
    id integer not null,
    kind text, -- Unknown until somebody asked.
    title text,
    username text, -- A chat with a public name cannot be kept by links.
    standing text, -- Unknown until Telegram told.
    rights text, -- Names with a space between, as Telegram spells them.
    told_at integer not null default 0, -- When Telegram said so; something older never overwrites it.
    told_update integer not null default 0,
    owner integer, -- A person; told what goes wrong, also once the bot is out.
    looked_at integer, -- When Telegram was last asked how the chat looks.
    deaf_from integer, -- Since when who comes there may not be told to us; gone once that is dealt with.
    primary key (bot, id)
) strict, without rowid;

-- Basic groups that became supergroups: what comes late for the old number belongs to the new one.
create table chat_moves (
    old integer primary key,
    new integer not null
) strict;

-- A gate's row is also its turnstile: whatever gives a pass or a link, takes a pass back, counts a guess or erases a
-- person first writes to it, so that each sees what the one before it did, on however many nodes. The rest goes without,
-- so that no news waits behind a crowd: whoever works a pass out from those who came and went holds the row of that
-- pass, and what ends, doubts or edits a link or an entry names in its statement the state that has to be there still.
create table gates (
    id integer primary key,
    slug text not null unique,
    state text not null check (state in ('draft', 'open', 'paused')),
    bot integer not null,
    definition blob not null, -- Sealed: it holds the accepted answers.
    revision integer not null,
    quota integer,
    issued integer not null default 0,
    opens_at integer,
    closes_at integer,
    turns integer not null default 0, -- Counts up where nothing else on the row needs to change.
    created_at integer not null,
    changed_at integer not null
) strict;

create table gate_chats (
    gate integer not null references gates (id) on delete cascade,
    chat integer not null,
    primary key (gate, chat)
) strict, without rowid;
create index gate_chats_by_chat on gate_chats (chat);

-- One visitor's tries at a gate, and the account they showed to be theirs.
create table attempts (
    gate integer not null references gates (id) on delete cascade,
    visitor blob not null,
    started_at integer, -- Of the try that runs; gone when it was wrong.
    wrong integer not null default 0,
    last_wrong_at integer,
    person integer,
    bound_at integer, -- When somebody said that the visitor is them. The earliest owns it.
    bound_update integer,
    primary key (gate, visitor)
) strict, without rowid;

-- Tries of an account, whichever visitor it came as.
create table account_attempts (
    gate integer not null references gates (id) on delete cascade,
    person integer not null,
    wrong integer not null,
    last_wrong_at integer,
    primary key (gate, person)
) strict, without rowid;

-- Wrong answers at a gate by those without an account, a row for every ten seconds that had some.
create table guesses (
    gate integer not null references gates (id) on delete cascade,
    slot integer not null,
    wrong integer not null,
    primary key (gate, slot)
) strict, without rowid;

create table passes (
    id integer primary key,
    gate integer not null references gates (id),
    visitor blob not null,
    person integer,
    granted_at integer not null,
    granted_by text, -- Who did it by hand.
    revoked_at integer,
    unique (gate, visitor),
    unique (gate, person)
) strict;

-- How a pass lets its person into one chat.
create table entries (
    pass integer not null references passes (id),
    chat integer not null,
    gate integer not null,
    generation integer not null, -- Grows with each link that is given instead of another.
    state text not null
        check (state in ('granted', 'issued', 'used', 'left', 'leaked', 'expired', 'revoked')),
    link integer,
    queued_at integer not null,
    issued_at integer,
    expires_at integer,
    used_at integer,
    used_by integer,
    left_at integer,
    banned_at integer, -- They did not go by themselves, and cannot come back.
    doubted_at integer, -- Until then somebody may have come by the link unheard of.
    primary key (pass, chat)
) strict, without rowid;
create index entries_waiting on entries (gate, chat, queued_at, pass) where state = 'granted';
create index entries_expiring on entries (expires_at) where state = 'issued';
create index entries_expired on entries (expires_at) where state = 'expired';
create index entries_doubted on entries (pass, chat) where doubted_at is not null;

-- The ledger: every link we ever asked for, from before Telegram was asked.
create table links (
    id integer primary key,
    gate integer not null references gates (id),
    chat integer not null,
    bot integer not null,
    marker text not null unique, -- The link's name at Telegram. Says nothing to others.
    fence integer not null, -- Which run of the maker asked for it.
    state text not null check (state in ('making', 'free', 'given', 'lost', 'refused', 'dropped')),
    url blob, -- Sealed.
    hash blob unique, -- SHA-256 of what stands after `t.me/+`.
    expires_at integer not null, -- While an edit is under way, the later of the two ends.
    expiry_wanted integer, -- The end that Telegram is being asked to give it.
    intended_at integer not null,
    made_at integer,
    pass integer,
    generation integer,
    given_at integer,
    replaces integer, -- The link of the generation before.
    used_at integer,
    used_by integer,
    used_update integer, -- Tells two joins of one second apart.
    revoke_wanted_at integer,
    revoke_refused integer not null default 0, -- So often Telegram refused to end it.
    revoke_due_at integer not null default 0, -- After that it is not asked to before then.
    revoked_at integer
) strict;
create index links_making on links (bot, gate, chat) where state = 'making';
-- In the order in which they are given. The end stands before the number, so that no other index seems to have that
-- order as well: PostgreSQL walked by the numbers, past every link that was ever given.
create index links_free on links (gate, chat, expires_at, id) where state = 'free';
create index links_to_revoke on links (bot, revoke_wanted_at)
    where revoke_wanted_at is not null and revoked_at is null;

-- Updates that were taken in, for as long as Telegram may repeat them.
create table inbox (
    bot integer not null,
    update_id integer not null,
    received_at integer not null,
    primary key (bot, update_id)
) strict, without rowid;
create index inbox_by_age on inbox (received_at);

-- Joins and leaves as Telegram told them. What is known of a person in a chat is worked out from these alone, and so
-- the order in which they arrive does not matter.
create table sightings (
    id integer primary key,
    chat integer not null,
    person integer not null,
    at integer not null,
    update_id integer not null, -- Tells two of one second apart.
    what text not null check (what in ('joined', 'left', 'banned', 'asked')),
    link integer,
    pass integer -- Whose the link was.
) strict;
create index sightings_of_person on sightings (chat, person, at, update_id);
create index sightings_by_pass on sightings (pass, chat) where pass is not null;
create index sightings_of_others on sightings (at) where pass is null;

-- People who came in by somebody else's link. The link is revoked first, then they are removed.
create table strangers (
    pass integer not null references passes (id),
    chat integer not null,
    person integer not null,
    link integer not null,
    joined_at integer not null,
    settled_at integer, -- Removed, or kept by the gate's rule; gone when they come again.
    primary key (pass, chat, person)
) strict, without rowid;
create index strangers_to_settle on strangers (link) where settled_at is null;

-- Calls that Telegram wants held back, for all nodes.
create table holds (
    bot integer not null,
    method text not null,
    chat integer not null, -- 0 for calls that concern no chat.
    until integer not null,
    primary key (bot, method, chat)
) strict, without rowid;

-- What one node does at a time. The fence grows when the holder changes.
create table leases (
    name text primary key,
    holder text not null,
    fence integer not null,
    until integer not null
) strict, without rowid;

-- What has to be done at Telegram besides links: messages, removals.
create table outbox (
    id integer primary key,
    bot integer not null,
    what text not null,
    body blob not null, -- Sealed: it may hold a link.
    due_at integer not null,
    tries integer not null default 0,
    taken_by text,
    taken_until integer not null default 0
) strict;
create index outbox_due on outbox (bot, due_at);

-- What people did. A row gets its place in the chain and the hash that ties it to the one before a little later, so
-- that nobody waits for it.
create table audit (
    id integer primary key,
    at integer not null,
    who text not null,
    what text not null,
    about text not null,
    place integer unique,
    seal blob
) strict;
create index audit_unsealed on audit (id) where place is null;
