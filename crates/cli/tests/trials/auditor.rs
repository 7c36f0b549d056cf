//! Judges a run by its evidence. Each check bears the name of the rule it holds us to; what it finds is a sentence.

use crate::evidence::{Asked, Client, Entry, Evidence, Pass, TelegramJoin, TelegramLink, Told};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

/// A rule, and how it was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Finding {
    pub(crate) rule: &'static str,
    pub(crate) what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)
    }
}

pub(crate) const I1: &str = "I1 every link at Telegram stands in our books once, or is over";
pub(crate) const I2: &str = "I2 no pass has two links that let somebody in";
pub(crate) const I3: &str = "I3 a link is in the books before it is shown";
pub(crate) const I4: &str = "I4 a link is shown to whoever earned it, and to nobody else";
pub(crate) const I5: &str = "I5 a link is for one person and for a bounded time";
pub(crate) const I6: &str = "I6 one person stays by a pass; the first join ends its link";
pub(crate) const I7: &str = "I7 a gate gives as many passes as it says, and no more than it may";
pub(crate) const I8: &str = "I8 what somebody was told is theirs stays theirs";
pub(crate) const I11: &str = "I11 a join is counted once";
pub(crate) const I18: &str = "I18 the page somebody holds tells the truth";

type Check = fn(&Case<'_>, &mut dyn FnMut(String));
const CHECKS: [(&str, Check); 10] = [
    (I1, telegrams_links_are_ours),
    (I2, one_live_link_a_pass),
    (I3, books_before_pages),
    (I4, earned),
    (I5, for_one_and_for_a_time),
    (I6, one_person_stays),
    (I7, counted_passes),
    (I8, nothing_is_lost),
    (I11, joins_once),
    (I18, true_pages),
];

/// Everything that is wrong.
pub(crate) fn audit(evidence: &Evidence) -> Vec<Finding> {
    let case = Case::new(evidence);
    let mut findings = Vec::new();
    for (rule, check) in CHECKS {
        check(&case, &mut |what| findings.push(Finding { rule, what }));
    }
    findings
}

/// Fails with everything that is wrong. `run` says how to run it again.
#[track_caller]
pub(crate) fn expect_green(evidence: &Evidence, run: &str) {
    let findings = audit(evidence);
    let said: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(findings.is_empty(), "{run}: the auditor found\n{}", said.join("\n"));
}

/// The evidence, to be looked up in.
struct Case<'a> {
    all: &'a Evidence,
    /// By the name it bears.
    at_telegram: HashMap<&'a str, Vec<&'a TelegramLink>>,
    by_url: HashMap<&'a str, &'a TelegramLink>,
    marker_of: HashMap<i64, &'a str>,
    row_of: HashMap<&'a str, usize>,
    /// The rows of links that were given to a pass.
    given: HashMap<i64, Vec<i64>>,
    pass_of: HashMap<&'a str, &'a Pass>,
    entries_of: HashMap<i64, Vec<&'a Entry>>,
    /// Who came by a link, first things first.
    joins_by: HashMap<&'a str, Vec<&'a TelegramJoin>>,
    /// Who is in, each with the link they came by.
    members: HashMap<i64, Option<&'a str>>,
}

impl<'a> Case<'a> {
    fn new(all: &'a Evidence) -> Self {
        let (telegram, books) = (&all.telegram, &all.books);
        let mut at_telegram: HashMap<&str, Vec<&TelegramLink>> = HashMap::new();
        for link in &telegram.links {
            at_telegram.entry(link.name.as_deref().unwrap_or_default()).or_default().push(link);
        }
        let mut entries_of: HashMap<i64, Vec<&Entry>> = HashMap::new();
        for entry in &books.entries {
            entries_of.entry(entry.pass).or_default().push(entry);
        }
        let mut joins_by: HashMap<&str, Vec<&TelegramJoin>> = HashMap::new();
        for join in &telegram.joins {
            joins_by.entry(&join.link).or_default().push(join);
        }
        let mut given: HashMap<i64, Vec<i64>> = HashMap::new();
        for row in &books.links {
            if let Some(pass) = row.pass {
                given.entry(pass).or_default().push(row.id);
            }
        }
        Self {
            all,
            at_telegram,
            by_url: telegram.links.iter().map(|link| (link.url.as_str(), link)).collect(),
            marker_of: books.links.iter().map(|row| (row.id, row.marker.as_str())).collect(),
            row_of: books.links.iter().enumerate().map(|(at, row)| (row.marker.as_str(), at)).collect(),
            pass_of: books.passes.iter().map(|pass| (pass.visitor.as_str(), pass)).collect(),
            given,
            entries_of,
            joins_by,
            members: telegram.members.iter().map(|member| (member.person, member.link.as_deref())).collect(),
        }
    }

    /// What Telegram has under the name of a link in our books.
    fn telegrams(&self, link: i64) -> impl Iterator<Item = &'a TelegramLink> {
        let named = self.marker_of.get(&link).and_then(|marker| self.at_telegram.get(marker));
        named.into_iter().flatten().copied()
    }

    /// Those of a pass that were ever given to it.
    fn links_of(&self, pass: i64) -> impl Iterator<Item = &'a TelegramLink> {
        let rows = self.given.get(&pass).into_iter().flatten();
        rows.flat_map(|row| self.telegrams(*row))
    }

    fn joins_by(&self, link: &TelegramLink) -> &[&'a TelegramJoin] {
        self.joins_by.get(link.url.as_str()).map_or(&[], Vec::as_slice)
    }

    /// Who came by it, as far as we could know.
    fn joined_by(&self, link: &TelegramLink) -> Vec<i64> {
        let known = self.joins_by(link).iter().filter(|join| !join.is_forgotten);
        known.map(|join| join.person).collect()
    }

    /// Whether somebody came by it of whom nobody told us.
    fn is_forgotten(&self, link: &TelegramLink) -> bool {
        self.joins_by(link).iter().any(|join| join.is_forgotten)
    }

    /// Whether somebody is in, unless they came back unheard.
    fn is_in(&self, person: i64) -> bool {
        let last = self.all.telegram.joins.iter().rfind(|join| join.person == person);
        self.members.contains_key(&person) && last.is_none_or(|join| !join.is_forgotten)
    }
}

fn telegrams_links_are_ours(case: &Case<'_>, found: &mut dyn FnMut(String)) {
    let mut rows: HashMap<&str, u32> = HashMap::new();
    for row in &case.all.books.links {
        *rows.entry(&row.marker).or_default() += 1;
    }
    for (name, links) in &case.at_telegram {
        let alive = links.iter().filter(|link| !case.all.telegram.is_over(link)).count();
        match rows.get(name) {
            Some(1) if links.len() == 1 => {}
            Some(1) if alive > 1 => found(format!("{alive} links that work bear the name {name:?}")),
            Some(1) => {}
            Some(more) => found(format!("{more} rows bear the name {name:?}")),
            None if alive > 0 => found(format!("{} works and stands in no book", links[0].url)),
            None => {}
        }
    }
}

fn one_live_link_a_pass(case: &Case<'_>, found: &mut dyn FnMut(String)) {
    let mut given: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for row in &case.all.books.links {
        let Some(pass) = row.pass else { continue };
        for link in case.telegrams(row.id) {
            // One that a member holds lets somebody in again as soon as they leave.
            if !case.all.telegram.is_over(link) {
                given.entry(pass).or_default().push(&link.url);
            }
        }
    }
    for (pass, links) in given.iter().filter(|(_, links)| links.len() > 1) {
        found(format!("pass {pass} has {}", links.join(" and ")));
    }
    // By what was shown: no visitor saw more links than their pass was ever given.
    for client in &case.all.clients {
        let links = client.links();
        let pass = case.pass_of.get(client.visitor().as_str()).map(|pass| pass.id);
        let entries = pass.and_then(|pass| case.entries_of.get(&pass));
        let given: i64 = entries.into_iter().flatten().map(|entry| entry.generation).sum();
        if links.len() as i64 > given.max(1) {
            found(format!("visitor {} was shown {}", client.visitor(), links.join(" and ")));
        }
    }
    let mut shown: HashMap<&str, HashSet<String>> = HashMap::new();
    for client in &case.all.clients {
        for link in client.links() {
            shown.entry(link).or_default().insert(client.visitor());
        }
    }
    for (link, visitors) in shown.iter().filter(|(_, visitors)| visitors.len() > 1) {
        found(format!("{link} was shown to {} visitors", visitors.len()));
    }
}

fn books_before_pages(case: &Case<'_>, found: &mut dyn FnMut(String)) {
    for url in case.all.clients.iter().flat_map(Client::links) {
        let Some(link) = case.by_url.get(url) else {
            found(format!("{url} was shown, and Telegram never made it"));
            continue;
        };
        let row = case.row_of.get(link.name.as_deref().unwrap_or_default());
        match row.map(|at| &case.all.books.links[*at]) {
            None => found(format!("{url} was shown and has no row")),
            Some(row) if row.state != "given" || row.pass.is_none() => {
                found(format!("{url} was shown, and its row is {}", row.state));
            }
            Some(_) => {}
        }
    }
}

fn earned(case: &Case<'_>, found: &mut dyn FnMut(String)) {
    for client in &case.all.clients {
        let pass = case.pass_of.get(client.visitor().as_str());
        for url in client.links() {
            let name = case.by_url.get(url).and_then(|link| link.name.as_deref()).unwrap_or_default();
            let row = case.row_of.get(name).map(|at| &case.all.books.links[*at]);
            let owner = row.and_then(|row| row.pass);
            if owner.is_some() && owner != pass.map(|pass| pass.id) {
                found(format!("{url} is pass {owner:?}'s and was shown to {}", client.visitor()));
            }
        }
    }
    let answered = |client: &&Client| client.talks.iter().any(|talk| talk.asked == Asked::RightAnswer);
    let earners: HashSet<String> = case.all.clients.iter().filter(answered).map(Client::visitor).collect();
    for pass in case.all.books.passes.iter().filter(|pass| !pass.by_hand) {
        if !earners.contains(&pass.visitor) {
            found(format!("pass {} is of visitor {}, who never answered rightly", pass.id, pass.visitor));
        }
    }
}

fn for_one_and_for_a_time(case: &Case<'_>, found: &mut dyn FnMut(String)) {
    for link in &case.all.telegram.links {
        if link.member_limit != Some(1) {
            found(format!("{} is for {:?} people", link.url, link.member_limit));
        }
        let life = link.expires_at.map(|at| at - link.created_at);
        if life.is_none_or(|life| life > case.all.terms.longest_life_seconds) {
            found(format!("{} lives for {life:?} seconds", link.url));
        }
        let row = case.row_of.get(link.name.as_deref().unwrap_or_default());
        if let Some(row) = row.map(|at| &case.all.books.links[*at])
            && Some(row.expires_at) != link.expires_at
        {
            found(format!(
                "{} ends at {:?}, and our books say {}",
                link.url, link.expires_at, row.expires_at
            ));
        }
    }
}

fn one_person_stays(case: &Case<'_>, found: &mut dyn FnMut(String)) {
    let telegram = &case.all.telegram;
    let listed: HashSet<(i64, &str)> = case
        .all
        .books
        .strangers
        .iter()
        .filter_map(|stranger| Some((stranger.person, *case.marker_of.get(&stranger.link)?)))
        .collect();
    let is_in = |person: i64, link: &TelegramLink| case.members.get(&person) == Some(&Some(&*link.url));
    let may_be = |person: i64, link: &TelegramLink| {
        let name = link.name.as_deref().unwrap_or_default();
        case.all.terms.strangers_stay && listed.contains(&(person, name))
    };
    for link in &telegram.links {
        let joined = case.joined_by(link);
        let Some(first) = joined.first() else { continue };
        for later in joined.iter().filter(|person| *person != first) {
            if is_in(*later, link) && !may_be(*later, link) {
                found(format!("{later} came by {} after {first}, and is in", link.url));
            }
        }
        if !link.is_revoked {
            found(format!("{} was used by {first} and is not revoked", link.url));
        }
    }
    // Whatever we could know or not.
    for pass in &case.all.books.passes {
        let mut inside: BTreeMap<i64, &str> = BTreeMap::new();
        for link in case.links_of(pass.id) {
            for join in case.joins_by(link) {
                if is_in(join.person, link) && !may_be(join.person, link) {
                    inside.insert(join.person, &link.url);
                }
            }
        }
        if inside.len() > 1 {
            found(format!("by pass {} came, and are in, {inside:?}", pass.id));
        }
    }
}

fn counted_passes(case: &Case<'_>, found: &mut dyn FnMut(String)) {
    let (issued, passes) = (case.all.books.issued, case.all.books.passes.len() as i64);
    if issued != passes {
        found(format!("the gate says {issued} and there are {passes} passes"));
    }
    if case.all.terms.quota.is_some_and(|quota| passes > quota) {
        found(format!("there are {passes} passes, and the quota is {:?}", case.all.terms.quota));
    }
    let visitors: HashSet<&str> = case.all.books.passes.iter().map(|pass| pass.visitor.as_str()).collect();
    if visitors.len() as i64 != passes {
        found(format!("{passes} passes belong to {} visitors", visitors.len()));
    }
}

fn nothing_is_lost(case: &Case<'_>, found: &mut dyn FnMut(String)) {
    for client in &case.all.clients {
        let visitor = client.visitor();
        if client.cookie.is_some() && client.form_visitor() != visitor {
            found(format!("the form was {}'s, and its answer made them {visitor}", client.form_visitor()));
        }
        if !client.has_pass() {
            continue;
        }
        if !case.pass_of.contains_key(visitor.as_str()) {
            found(format!("visitor {visitor} was told of a pass, and there is none"));
        }
        // In the order in which it was told: once they have a pass, no page says otherwise.
        let mut told = client.talks.iter().map(|talk| &talk.told).skip_while(|told| !told.has_pass());
        if let Some(told) = told.find(|told| {
            matches!(told, Told::NoPass | Told::Full | Told::Questions | Told::Wrong | Told::Crowded)
        }) {
            found(format!("visitor {visitor} was told of a pass, and then {told:?}"));
        }
        // A link that was shown is shown until something became of it.
        let mut is_shown = false;
        for talk in &client.talks {
            match &talk.told {
                _ if talk.asked == Asked::Another => is_shown = false,
                Told::Link(_) => is_shown = true,
                Told::Waiting if is_shown => {
                    found(format!("visitor {visitor} was shown a link, and then told to wait for it"));
                }
                _ => {}
            }
        }
    }
}

fn joins_once(case: &Case<'_>, found: &mut dyn FnMut(String)) {
    let mut happened: BTreeMap<(i64, &str), i64> = BTreeMap::new();
    for join in case.all.telegram.joins.iter().filter(|join| !join.is_forgotten) {
        let name = case.by_url.get(join.link.as_str()).and_then(|link| link.name.as_deref());
        if let Some(name) = name.filter(|name| case.row_of.contains_key(name)) {
            *happened.entry((join.person, name)).or_default() += 1;
        }
    }
    let mut heard: BTreeMap<(i64, &str), i64> = BTreeMap::new();
    for (person, link) in &case.all.books.heard {
        if let Some(marker) = link.and_then(|link| case.marker_of.get(&link)) {
            *heard.entry((*person, marker)).or_default() += 1;
        }
    }
    for key in happened.keys().chain(heard.keys().filter(|key| !happened.contains_key(*key))) {
        let times = |all: &BTreeMap<(i64, &str), i64>| all.get(key).copied().unwrap_or_default();
        let (was, is) = (times(&happened), times(&heard));
        if was != is {
            found(format!("{} came by {} {was} times, and we counted {is}", key.0, key.1));
        }
    }
    for (person, url) in case.members.iter().filter(|_| case.all.terms.lists_are_read) {
        let link = url.and_then(|url| case.by_url.get(url)).and_then(|link| link.name.as_deref());
        if let Some(link) = link.filter(|name| case.row_of.contains_key(name))
            && !heard.contains_key(&(*person, link))
        {
            found(format!("{person} is in by {link}, as a list of Telegram's says, and we did not count it"));
        }
    }
    let told = case.all.telegram.leaves.iter().filter(|leave| !leave.is_forgotten);
    let (mut left, mut heard): (Vec<i64>, _) =
        (told.map(|leave| leave.person).collect(), case.all.books.heard_to_leave.clone());
    left.sort_unstable();
    heard.sort_unstable();
    if left != heard {
        found(format!("{left:?} went out, and we counted {heard:?}"));
    }
    for row in &case.all.books.links {
        let first = case.telegrams(row.id).find_map(|link| case.joined_by(link).first().copied());
        if row.used_by != first {
            found(format!("{} was used by {first:?}, and our books say {:?}", row.marker, row.used_by));
        }
    }
    for entry in case.all.books.entries.iter().filter(|entry| entry.used_by.is_some()) {
        let people: Vec<i64> = case.links_of(entry.pass).flat_map(|link| case.joined_by(link)).collect();
        if !people.iter().any(|person| Some(*person) == entry.used_by) {
            found(format!(
                "pass {} was used by {:?}; by its links came {people:?}",
                entry.pass, entry.used_by
            ));
        }
    }
}

fn true_pages(case: &Case<'_>, found: &mut dyn FnMut(String)) {
    for client in &case.all.clients {
        let Some(told) = client.last_word() else { continue };
        let pass = case.pass_of.get(client.visitor().as_str()).copied();
        if let Err(why) = is_true(case, told, pass) {
            found(format!("visitor {} was told {told:?} at last: {why}", client.visitor()));
        }
    }
}

/// Whether what a page says is so, by Telegram where Telegram knows.
fn is_true(case: &Case<'_>, told: &Told, pass: Option<&Pass>) -> Result<(), String> {
    let unless = |right: bool, why: &str| if right { Ok(()) } else { Err(why.to_owned()) };
    let joined: Vec<i64> = pass
        .map(|pass| case.links_of(pass.id).flat_map(|link| case.joined_by(link)).collect())
        .unwrap_or_default();
    let mut entries = pass.and_then(|pass| case.entries_of.get(&pass.id)).into_iter().flatten();
    match told {
        Told::Nothing | Told::Passed => Err("that is no page to be left with".to_owned()),
        Told::Link(url) => match case.by_url.get(url.as_str()) {
            // Somebody may hold it of whom nobody told us.
            Some(link) => {
                unless(case.all.telegram.lets_in(link) || case.is_forgotten(link), "it lets nobody in")
            }
            None => Err("Telegram never made it".to_owned()),
        },
        Told::Waiting => unless(entries.any(|entry| entry.state == "granted"), "nobody makes it one"),
        Told::Used => unless(!joined.is_empty(), "nobody came by it"),
        Told::Left => unless(joined.first().is_some_and(|first| !case.is_in(*first)), "they are in"),
        Told::Leaked => unless(!joined.is_empty(), "nobody came by it"),
        Told::RanOut | Told::NotYet | Told::Unsure => {
            let last = entries.find_map(|entry| entry.link);
            let is_over =
                |link: &TelegramLink| case.all.telegram.is_over(link) && case.joined_by(link).is_empty();
            let ran_out = last.is_some_and(|link| case.telegrams(link).all(is_over));
            unless(ran_out, "it still lets somebody in, or it was used")
        }
        Told::TakenBack => unless(pass.is_some_and(|pass| pass.revoked_at.is_some()), "nobody took it back"),
        Told::Questions | Told::Wrong | Told::Crowded | Told::NoPass => {
            unless(pass.is_none(), "they hold a pass")
        }
        Told::Full => {
            let is_full = case.all.terms.quota.is_some_and(|quota| case.all.books.issued >= quota);
            unless(is_full && pass.is_none(), "there is room")
        }
        Told::Trouble => Err("and it did not end".to_owned()),
        Told::Else(_) => Err("no page of ours says so".to_owned()),
    }
}
