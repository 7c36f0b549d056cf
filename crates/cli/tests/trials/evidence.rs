//! What the auditor judges by: what Telegram did, what is in our books, and what everybody was told.

use crate::databases::Database;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use rusqlite::Connection;
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// All of it, of one gate and its one chat.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) telegram: Telegram,
    pub(crate) books: Books,
    pub(crate) clients: Vec<Client>,
    /// What the gate says.
    pub(crate) terms: Terms,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    pub(crate) quota: Option<i64>,
    /// How long a link may live at most, from when it was made.
    pub(crate) longest_life_seconds: i64,
    /// Whether somebody who came by a link that was not theirs may stay.
    pub(crate) strangers_stay: bool,
    /// Whether an account of the chat's owner looked up who is in by which link.
    pub(crate) lists_are_read: bool,
}

// --- Telegram ---------------------------------------------------------------------------------------------------------

#[derive(Clone, Debug, Default)]
pub(crate) struct Telegram {
    pub(crate) now: i64,
    /// Those that bots made.
    pub(crate) links: Vec<TelegramLink>,
    pub(crate) members: Vec<Member>,
    /// Who came by which link, in the order in which they did.
    pub(crate) joins: Vec<TelegramJoin>,
    /// Who went out, or was put out.
    pub(crate) leaves: Vec<TelegramLeave>,
}

#[derive(Clone, Debug)]
pub(crate) struct TelegramLink {
    pub(crate) url: String,
    pub(crate) name: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) expires_at: Option<i64>,
    pub(crate) member_limit: Option<i64>,
    pub(crate) uses: i64,
    pub(crate) is_revoked: bool,
}

/// Somebody who is in.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) person: i64,
    pub(crate) link: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct TelegramJoin {
    pub(crate) link: String,
    pub(crate) person: i64,
    /// Telegram forgot to tell us: nobody asked for a day. Nor did we find it in a list.
    pub(crate) is_forgotten: bool,
}

/// A join that our books found in a list of Telegram's.
pub(crate) struct FoundInList {
    person: i64,
    at: i64,
    /// The name of the link.
    marker: String,
}

#[derive(Clone, Debug)]
pub(crate) struct TelegramLeave {
    pub(crate) person: i64,
    pub(crate) is_forgotten: bool,
}

/// An update that Telegram kept for a day and told nobody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Forgotten {
    pub(crate) update: i64,
    at: i64,
    person: i64,
    is_join: bool,
    /// Somebody may come twice in a second, by two links.
    link: Option<String>,
}

impl Forgotten {
    /// What an update says, if it is one of somebody who came or went.
    pub(crate) fn read(update: &Value) -> Option<Self> {
        let member = &update["chat_member"];
        let is_in = |member: &Value| {
            member["status"].as_str().is_some_and(|word| !["left", "kicked"].contains(&word))
        };
        Some(Self {
            update: update["update_id"].as_i64()?,
            at: member["date"].as_i64()?,
            person: member["new_chat_member"]["user"]["id"].as_i64()?,
            is_join: is_in(&member["new_chat_member"]),
            link: member["invite_link"]["invite_link"].as_str().map(str::to_owned),
        })
    }
}

impl Telegram {
    /// Reads a chat as the control door shows it, and the lines of the ledger.
    pub(crate) fn read(
        now: i64,
        chat: &Value,
        ledger: &str,
        mut forgotten: Vec<Forgotten>,
        mut found: Vec<FoundInList>,
    ) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let rows = |name: &str| chat[name].as_array().expect("a chat has lists").iter();
        let made_by_bot = |link: &&Value| link["is_primary"] == false && link["creator"]["is_bot"] == true;
        let links = rows("links").filter(made_by_bot).map(|link| TelegramLink {
            url: text(&link["invite_link"]).expect("a link has a text"),
            name: text(&link["name"]),
            created_at: link["created_at"].as_i64().expect("a link was made at some time"),
            expires_at: link["expire_date"].as_i64(),
            member_limit: link["member_limit"].as_i64(),
            uses: link["uses"].as_i64().expect("uses are counted"),
            is_revoked: link["is_revoked"] == true,
        });
        let links: Vec<TelegramLink> = links.collect();
        let members = rows("members").map(|member| Member {
            person: member["user"]["id"].as_i64().expect("a member has a number"),
            link: text(&member["link"]),
        });
        let lines = ledger.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
        let mut joins = Vec::new();
        // Whoever came more often than they went is in.
        let mut stays: HashMap<i64, i64> = HashMap::new();
        let mut leaves = Vec::new();
        let mut is_forgotten = |line: &Value, person: i64, is_join: bool| {
            let is_it = |one: &Forgotten| {
                Some(one.at) == line["at"].as_i64()
                    && (one.person, one.is_join) == (person, is_join)
                    && (!is_join || one.link.as_deref() == line["link"].as_str())
            };
            let at = forgotten.iter().position(is_it);
            at.map(|at| forgotten.swap_remove(at)).is_some()
        };
        let mut is_found = |line: &Value, person: i64, url: &str| {
            let link = links.iter().find(|link| link.url == url);
            let is_it = |one: &FoundInList| {
                one.person == person
                    && Some(one.at) == line["at"].as_i64()
                    && link.is_some_and(|link| link.name.as_deref() == Some(&one.marker))
            };
            let at = found.iter().position(is_it);
            at.map(|at| found.swap_remove(at)).is_some()
        };
        for line in lines.filter(|line| line["chat_id"] == chat["id"]) {
            let person = line["user_id"].as_i64();
            match (line["what"].as_str(), person, text(&line["link"])) {
                (Some("joined"), Some(person), Some(link)) => {
                    let is_forgotten = is_forgotten(&line, person, true) && !is_found(&line, person, &link);
                    *stays.entry(person).or_default() += 1;
                    joins.push(TelegramJoin { link, person, is_forgotten });
                }
                // Whoever is removed is banned for a moment, and so is somebody who had just left.
                (Some("banned"), Some(person), _) if stays.get(&person).is_none_or(|stays| *stays <= 0) => {}
                (Some("left" | "banned"), Some(person), _) => {
                    let is_forgotten = is_forgotten(&line, person, false);
                    *stays.entry(person).or_default() -= 1;
                    leaves.push(TelegramLeave { person, is_forgotten });
                }
                _ => {}
            }
        }
        Self { now, links, members: members.collect(), joins, leaves }
    }

    /// Whether somebody could come in by it at this moment.
    pub(crate) fn lets_in(&self, link: &TelegramLink) -> bool {
        !link.is_revoked && !self.is_over(link) && link.member_limit.is_none_or(|limit| link.uses < limit)
    }

    /// Whether nobody can come in by it ever again.
    pub(crate) fn is_over(&self, link: &TelegramLink) -> bool {
        link.is_revoked || link.expires_at.is_some_and(|at| at <= self.now)
    }
}

// --- our books --------------------------------------------------------------------------------------------------------

#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    /// How many passes the gate says that it gave.
    pub(crate) issued: i64,
    pub(crate) passes: Vec<Pass>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) links: Vec<BookLink>,
    pub(crate) strangers: Vec<Stranger>,
    /// Joins as they were heard: who, and by which link.
    pub(crate) heard: Vec<(i64, Option<i64>)>,
    /// Who was heard to go out.
    pub(crate) heard_to_leave: Vec<i64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Pass {
    pub(crate) id: i64,
    /// In hexadecimal digits.
    pub(crate) visitor: String,
    pub(crate) by_hand: bool,
    pub(crate) revoked_at: Option<i64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) pass: i64,
    pub(crate) generation: i64,
    pub(crate) state: String,
    pub(crate) link: Option<i64>,
    pub(crate) used_by: Option<i64>,
}

#[derive(Clone, Debug)]
pub(crate) struct BookLink {
    pub(crate) id: i64,
    pub(crate) marker: String,
    pub(crate) state: String,
    pub(crate) expires_at: i64,
    pub(crate) pass: Option<i64>,
    pub(crate) used_by: Option<i64>,
    pub(crate) revoked_at: Option<i64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Stranger {
    pub(crate) person: i64,
    pub(crate) link: i64,
}

impl Books {
    pub(crate) fn read(db: &Database) -> Self {
        let number = |value: &Value| value.as_i64();
        let id = |value: &Value| value.as_i64().expect("there is a number");
        let text = |value: &Value| value.as_str().expect("there is a text").to_owned();
        let rows = |columns: &str, rest: &str| db.rows(columns, rest).into_iter();
        let visitor = db.hex("visitor");
        Self {
            issued: rows("coalesce(sum(issued), 0)", "from gates").map(|row| id(&row[0])).sum(),
            passes: rows(&format!("id, {visitor}, granted_by, revoked_at"), "from passes")
                .map(|row| Pass {
                    id: id(&row[0]),
                    visitor: text(&row[1]),
                    by_hand: !row[2].is_null(),
                    revoked_at: number(&row[3]),
                })
                .collect(),
            entries: rows("pass, generation, state, link, used_by", "from entries")
                .map(|row| Entry {
                    pass: id(&row[0]),
                    generation: id(&row[1]),
                    state: text(&row[2]),
                    link: number(&row[3]),
                    used_by: number(&row[4]),
                })
                .collect(),
            links: rows("id, marker, state, expires_at, pass, used_by, revoked_at", "from links")
                .map(|row| BookLink {
                    id: id(&row[0]),
                    marker: text(&row[1]),
                    state: text(&row[2]),
                    expires_at: id(&row[3]),
                    pass: number(&row[4]),
                    used_by: number(&row[5]),
                    revoked_at: number(&row[6]),
                })
                .collect(),
            strangers: rows("person, link", "from strangers")
                .map(|row| Stranger { person: id(&row[0]), link: id(&row[1]) })
                .collect(),
            heard: rows("person, link", "from sightings where what = 'joined'")
                .map(|row| (id(&row[0]), number(&row[1])))
                .collect(),
            heard_to_leave: rows("person", "from sightings where what in ('left', 'banned')")
                .map(|row| id(&row[0]))
                .collect(),
        }
    }
}

/// The updates of which something was written down.
pub(crate) fn updates_heard(db: &Database) -> Vec<i64> {
    let rows = db.rows("update_id", "from sightings").into_iter();
    rows.map(|row| row[0].as_i64().expect("an update has a number")).collect()
}

/// What no update told, and the lists of an account did. No update has this number.
pub(crate) fn found_in_lists(db: &Database) -> Vec<FoundInList> {
    let rest = "from sightings join links on links.id = sightings.link
        where what = 'joined' and update_id = 9223372036854775807";
    let rows = db.rows("person, at, marker", rest).into_iter();
    rows.map(|row| FoundInList {
        person: row[0].as_i64().expect("a person has a number"),
        at: row[1].as_i64().expect("they came at some time"),
        marker: row[2].as_str().expect("a link of ours has a name").to_owned(),
    })
    .collect()
}

/// When the books were last compared with Telegram's lists.
pub(crate) fn compared_at(db: &Database) -> Option<i64> {
    let rows = db.rows(&db.hex("value"), "from meta where name = 'reconciled'");
    let text = rows.first()?[0].as_str().expect("it is a text").to_owned();
    Some(i64::from_str_radix(&text, 16).expect("it is a number"))
}

/// What has to have happened before a run can be judged, and has not. Telegram is asked last, for that is much to read.
pub(crate) fn left_to_do(db: &Database, telegram: impl FnOnce() -> Telegram) -> Option<String> {
    let counts = db.rows(
        "(select count(*) from entries where state = 'granted'),
         (select count(*) from links where revoke_wanted_at is not null and revoked_at is null),
         (select count(*) from strangers where settled_at is null),
         (select count(*) from sightings where what in ('joined', 'left', 'banned'))",
        "",
    );
    let count = |place: usize| counts[0][place].as_u64().expect("it is counted") as usize;
    let (waiting, ending, strangers, heard) = (count(0), count(1), count(2), count(3));
    if waiting + ending + strangers > 0 {
        return Some(format!(
            "{waiting} wait for a link, {ending} links are to be revoked, {strangers} strangers are in"
        ));
    }
    let telegram = telegram();
    let joins = telegram.joins.iter().filter(|join| !join.is_forgotten).count();
    let happened = joins + telegram.leaves.iter().filter(|leave| !leave.is_forgotten).count();
    (heard < happened).then(|| format!("of {happened} joins and leaves {heard} were heard"))
}

/// Every row of every table as text, but for what goes on by itself: a lease is renewed, and the audit is sealed a while
/// after it was written.
pub(crate) fn dump(file: &Path) -> Vec<String> {
    let db = Connection::open(file).unwrap();
    let read = |question: &str, line: &dyn Fn(&rusqlite::Row<'_>) -> rusqlite::Result<String>| {
        let mut prepared = db.prepare(question).unwrap();
        let lines = prepared.query_map([], line).unwrap();
        lines.collect::<Result<Vec<String>, _>>().unwrap()
    };
    let tables = read("select name from sqlite_master where type = 'table' order by name", &|row| row.get(0));
    let mut all = Vec::new();
    for table in tables {
        let mut lines = read(&format!("select * from {table}"), &|row| {
            let columns = row.as_ref();
            let mut line = table.clone();
            for place in 0..columns.column_count() {
                let name = columns.column_name(place)?;
                if ![("leases", "until"), ("audit", "place"), ("audit", "seal")].contains(&(&table, name)) {
                    line.push_str(&format!(" {name}={:?}", row.get_ref(place)?));
                }
            }
            Ok(line)
        });
        lines.sort();
        all.append(&mut lines);
    }
    all
}

// --- clients ----------------------------------------------------------------------------------------------------------

/// One browser, and everything it sent and was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    /// The token of the form it answered first.
    pub(crate) form: String,
    pub(crate) cookie: Option<String>,
    pub(crate) talks: Vec<Talk>,
}

/// Something asked, and what was told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Talk {
    pub(crate) asked: Asked,
    pub(crate) told: Told,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    RightAnswer,
    WrongAnswer,
    Look,
    /// Another link, instead of one that ran out.
    Another,
}

/// What a page says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    /// No answer came, or half of one.
    Nothing,
    /// They are led to their pass.
    Passed,
    Link(String),
    Waiting,
    Used,
    Left,
    Leaked,
    RanOut,
    /// There may be another soon.
    NotYet,
    /// There is no other by itself: somebody may have come by the one that ran out.
    Unsure,
    TakenBack,
    /// The questions, with whatever is said above them.
    Questions,
    /// The same, after an answer that was looked at and is wrong.
    Wrong,
    /// The same, after one that was not looked at, because too many are wrong.
    Crowded,
    NoPass,
    Full,
    /// Something on our side is not working.
    Trouble,
    /// No page we know.
    Else(String),
}

impl Told {
    /// Whether it says that they hold a pass.
    pub(crate) fn has_pass(&self) -> bool {
        matches!(
            self,
            Self::Passed
                | Self::Link(_)
                | Self::Waiting
                | Self::Used
                | Self::Left
                | Self::Leaked
                | Self::RanOut
                | Self::NotYet
                | Self::Unsure
                | Self::TakenBack
        )
    }
}

impl Client {
    /// Who they are in the books: a form and a cookie both begin with it.
    pub(crate) fn visitor(&self) -> String {
        visitor_of(self.cookie.as_deref().map_or(&*self.form, |cookie| cookie.split_once('=').unwrap().1))
    }

    pub(crate) fn form_visitor(&self) -> String {
        visitor_of(&self.form)
    }

    pub(crate) fn has_pass(&self) -> bool {
        self.talks.iter().any(|talk| talk.told.has_pass())
    }

    pub(crate) fn links(&self) -> Vec<&str> {
        let mut links: Vec<&str> = Vec::new();
        for talk in &self.talks {
            if let Told::Link(link) = &talk.told
                && !links.contains(&link.as_str())
            {
                links.push(link);
            }
        }
        links
    }

    /// The last thing they were told.
    pub(crate) fn last_word(&self) -> Option<&Told> {
        self.talks.iter().rev().map(|talk| &talk.told).find(|told| **told != Told::Nothing)
    }
}

fn visitor_of(token: &str) -> String {
    let bytes = BASE64.decode(token).expect("a token is base64");
    bytes[..16].iter().map(|byte| format!("{byte:02X}")).collect()
}
