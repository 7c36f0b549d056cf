//! How long a claim takes where many passes are stored, beside a gate with few.

use crate::admit;
use crate::claimer::{CHAT, Claimed, Claimer};
use crate::measure::medians;
use crate::postgres::{Database, Postgres};
use crate::report::{Bar, Report};
use rusqlite::Connection;
use std::path::Path;

const FEW: u64 = 10_000;
/// Unless [`MORE`] says how many.
const MANY: u64 = 1_000_000;
const MORE: &str = "ADMIT_BENCH_PASSES";
/// One after the other, so that what is seen is the claim and not the crowd.
const CLAIMS: usize = 1000;
const ROUNDS: usize = 11;

pub(crate) fn run(report: &mut Report) {
    let many = std::env::var(MORE)
        .map_or(MANY, |text| text.parse().unwrap_or_else(|_| panic!("`{MORE}={text}` is no number")));
    let folder = admit::folder();
    let file = |name: &str| folder.path().join(name);
    let on_sqlite = |name: &str, passes| {
        let claimer = Claimer::on_sqlite(&file(name), (ROUNDS + 1) * CLAIMS);
        fill_sqlite(&file(name), passes);
        claimer
    };
    compare(report, "SQLite", many, on_sqlite("few.db", FEW), on_sqlite("many.db", many));

    let server = Postgres::start();
    let (few, more) = (server.database("few"), server.database("many"));
    let on_postgres = |database: &Database<'_>, passes| {
        let claimer = Claimer::on_postgres(database, (ROUNDS + 1) * CLAIMS);
        fill_postgres(database, passes);
        claimer
    };
    compare(report, "PostgreSQL", many, on_postgres(&few, FEW), on_postgres(&more, many));
}

fn compare(report: &mut Report, engine: &str, stored: u64, mut few: Claimer, mut many: Claimer) {
    let rounds: Vec<(Claimed, Claimed)> =
        (0..=ROUNDS).map(|_| (few.claim(CLAIMS, 1), many.claim(CLAIMS, 1))).collect();
    // The first found its caches cold.
    let rounds = &rounds[1..];
    report.row(format_args!(
        "stored: claims on {engine} where {stored} passes are stored, beside {FEW}; medians of {ROUNDS} rounds of {CLAIMS}"
    ));
    let percentile = |percent| {
        medians(rounds.iter().map(|(few, many)| (few.percentile(percent), many.percentile(percent))))
    };
    report.ratio("half take at most", percentile(50), "ms", Bar::AtMost(1.2));
    report.ratio("99 of 100 at most", percentile(99), "ms", Bar::AtMost(2.0));
}

/// Passes as they are after a while: of three, two were used, and their links are revoked.
const LINKS: &str = "
    insert into links (gate, chat, bot, marker, fence, state, url, hash, expires_at, intended_at, made_at,
        pass, generation, given_at, used_at, used_by, used_update, revoke_wanted_at, revoked_at)";
const PASSES: &str = "insert into passes (id, gate, visitor, granted_at)";
const ENTRIES: &str = "
    insert into entries (pass, chat, gate, generation, state, link, queued_at, issued_at, expires_at, used_at, used_by)";
/// The rows of pass `n`, whose link has the next free number but `first`.
const OF_LINK: &str = "
    1, chat, 700, marker, 1, 'given', url, hash, 2000000000, 1, 1,
    n, 1, 1, used, used * n, used * n, used, used";
const OF_ENTRY: &str = "
    n, chat, 1, 1, case when used is null then 'issued' else 'used' end, first + n, 1, 1, 2000000000, used, used * n";

fn fill_sqlite(path: &Path, passes: u64) {
    let db = Connection::open(path).expect("it was made a moment ago");
    let numbers = format!(
        "with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < {passes}),
         rows as (
            select n, {CHAT} as chat, nullif(n % 3 > 0, false) as used,
                (select max(id) from links where pass is null) as first
            from numbers)"
    );
    // Chance is drawn anew for every row.
    let of_link = OF_LINK
        .replace("marker", "lower(hex(randomblob(13)))")
        .replace("url", "randomblob(96)")
        .replace("hash", "randomblob(32)");
    db.execute_batch(&format!(
        "pragma cache_size = -1000000; pragma synchronous = off; pragma foreign_keys = off;
         begin;
         {PASSES} {numbers} select n, 1, randomblob(16), 1 from rows;
         {ENTRIES} {numbers} select {OF_ENTRY} from rows;
         {LINKS} {numbers} select {of_link} from rows;
         commit;
         pragma wal_checkpoint(truncate);"
    ))
    .expect("it is our schema");
}

fn fill_postgres(database: &Database<'_>, passes: u64) {
    let numbers = format!(
        "(select n, {CHAT} as chat, case when n % 3 > 0 then 1 end as used,
            (select max(id) from links where pass is null) as first,
            sha256(n::text::bytea) as hash, md5(n::text) as marker, decode(repeat('09', 96), 'hex') as url
          from generate_series(1, {passes}) n) rows"
    );
    database.run(&format!(
        "set session_replication_role = replica; -- Foreign keys are not looked at row by row.
         {PASSES} select n, 1, decode(md5(n::text), 'hex'), 1 from {numbers};
         {ENTRIES} select {OF_ENTRY} from {numbers};
         {LINKS} select {OF_LINK} from {numbers};
         select setval(pg_get_serial_sequence('passes', 'id'), {passes});
         vacuum analyze;
         checkpoint;"
    ));
}
