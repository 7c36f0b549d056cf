-- Links that somebody made elsewhere. They are in the books so that whoever comes by them is seen, and for nothing else:
-- they stand in a table of their own, which no statement knows that gives links, ends them or doubts them. The PostgreSQL
-- file beside this one says the same; a test compares the two.
create table foreign_links (
    id integer primary key,
    chat integer not null,
    hash blob not null unique, -- SHA-256 of what stands after `t.me/+`.
    url blob not null, -- Sealed.
    name text, -- As its maker named it.
    creator integer not null,
    expires_at integer,
    uses integer, -- So many were in by it when Telegram was last asked.
    revoked_at integer, -- Since when we know that it is.
    imported_at integer not null,
    told_at integer not null, -- When Telegram last said all this.
    compared_at integer not null -- Who came by it before then was looked up.
) strict;
create index foreign_links_by_chat on foreign_links (chat, id);

-- The link somebody came by, if it is one of those.
alter table sightings add column foreign_link integer;
create index sightings_by_foreign_link on sightings (foreign_link) where foreign_link is not null;

-- When it was looked up, after the link's end, who had come by it.
alter table links add column compared_at integer;

-- Whoever was erased before then has one of the last 2^30 numbers that a person could have. Telegram's list of who came by
-- a link of theirs has their own number still, so it is not looked up.
update links set compared_at = 0
where used_by >= 1098437885952
    or id in (select link from sightings where person >= 1098437885952 and link is not null)
    or pass in (select id from passes where person >= 1098437885952);

-- Nor is whoever asked before somebody was erased, and waits still, written down anew.
insert into meta (name, value)
select 'requests', unhex(format('%016x', max(at))) from audit
where what = 'erase person'
having count(*) > 0;
