//! The floors of claims, by `pgbench`, on a schema like ours.

use crate::measure;
use crate::pool;
use crate::postgres::Database;
use store::Store;

/// As whoever asks how to hand out rows is told: skip what others hold, take the first, write who has it.
const TEXTBOOK: &str = "
begin;
update links set state = 'given', given_at = 1
where id = (
    select id from links
    where gate = 1 and chat = -1001234567890 and state = 'free'
    order by FIRST
    limit 1
    for update skip locked);
insert into passes (gate, visitor, granted_at) values (1, decode(md5(random()::text), 'hex'), 1);
commit;
";
/// The index that everybody makes for it.
const TEXTBOOK_INDEX: &str = "create index textbook on links (gate, chat, id) where state = 'free';";

/// What of a pool comes first.
#[derive(Clone, Copy)]
pub(crate) enum First {
    /// The lowest number, as the textbook has it.
    Number,
    /// What ends first, as we have it.
    End,
}

/// The rows of many claims, from where the last ones ended.
const BARE: &str = "
with counted as (update gates set issued = issued + :together where id = 1),
granted as (
    insert into passes (gate, visitor, granted_at)
    select 1, decode(md5(random()::text), 'hex'), 1 from generate_series(1, :together)
    returning id),
free as (
    select id, expires_at from links
    where gate = 1 and chat = -1001234567890 and state = 'free' and id > :after
    order by id
    limit :together),
paired as (
    select g.id as pass, f.id as link, f.expires_at
    from (select id, row_number() over (order by id) as place from granted) g
    join (select *, row_number() over (order by id) as place from free) f using (place)),
given as (
    update links set state = 'given', pass = p.pass, generation = 1, given_at = 1
    from paired p
    where links.id = p.link),
entered as (
    insert into entries (pass, chat, gate, generation, state, link, queued_at, issued_at, expires_at)
    select pass, -1001234567890, 1, 1, 'issued', link, 1, 1, expires_at from paired)
select max(link) as after from paired \\gset
";

/// A gate and so many links.
pub(crate) fn fill(database: &Database<'_>, links: usize) {
    // Our schema is made by whoever opens it.
    drop(
        measure::runtime()
            .block_on(Store::open(&database.url(), pool::keys()))
            .expect("a new database opens"),
    );
    database.run(&format!(
        "insert into gates (slug, state, bot, definition, revision, quota, created_at, changed_at)
         values ('bare', 'open', 700, '\\x00', 1, 100000000, 1, 1);
         insert into links (gate, chat, bot, marker, fence, state, url, hash, expires_at, intended_at)
         select 1, -1001234567890, 700, md5(n::text), 1, 'free', decode(repeat('09', 96), 'hex'),
             sha256(n::text::bytea), 2000000000, 1
         from generate_series(1, {links}) as n;
         {TEXTBOOK_INDEX}
         vacuum analyze links;
         checkpoint;"
    ));
}

pub(crate) fn textbook(database: &Database<'_>, first: First, claims: usize, connections: usize) -> f64 {
    let first = match first {
        First::Number => "id",
        First::End => "expires_at, id",
    };
    database.bench(&TEXTBOOK.replace("FIRST", first), connections, claims / connections, &[])
}

/// By one session. So many links were taken before.
pub(crate) fn bare(database: &Database<'_>, claims: usize, together: usize, after: usize) -> f64 {
    let defines = [format!("--define=together={together}"), format!("--define=after={after}")];
    database.bench(BARE, 1, claims / together, &defines) * together as f64
}
