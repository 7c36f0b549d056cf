//! A fan and their browser: looks, answers, tries again when nothing comes, and writes down what was told.

use crate::evidence::{Asked, Client, Talk, Told};
use crate::house::{House, RIGHT, until};
use crate::wire::{Line, Reply, Request, send};
use std::io;

const GATE: &str = "/g/night-owls";
const PASS: &str = "/g/night-owls/pass";
const WRONG: &str = "warm+milk";

#[derive(Clone, Debug, Default)]
pub(crate) struct Fan {
    pub(crate) client: Client,
    /// The form before them: another than the first, once a page came back with one.
    form: String,
    /// Which node they reach.
    pub(crate) node: usize,
    /// What the page gave them for the bot's Start button.
    pub(crate) start_code: Option<String>,
}

impl Fan {
    /// Opens the gate's page, and again while there is nobody.
    pub(crate) fn arrive(house: &House) -> Self {
        Self::arrive_at(house, 0)
    }

    /// The same, on this node.
    pub(crate) fn arrive_at(house: &House, node: usize) -> Self {
        let mut fan = None;
        until("the gate shows its form", || {
            fan = Self::try_to_arrive(house, node);
            fan.is_some()
        });
        fan.unwrap()
    }

    /// Opens the gate's page once.
    pub(crate) fn try_to_arrive(house: &House, node: usize) -> Option<Self> {
        Self::at_page(&send(&house.address_of(node)?, &get(GATE)).ok()?, node)
    }

    /// The same, on a connection that is kept.
    pub(crate) fn arrive_on(line: &mut Line) -> Self {
        Self::at_page(&line.exchange(&get(GATE)).unwrap(), 0).expect("the gate shows its form")
    }

    fn at_page(page: &Reply, node: usize) -> Option<Self> {
        let form = form_of(&page.body)?;
        Some(Self {
            client: Client { form: form.clone(), ..Client::default() },
            form,
            node,
            start_code: None,
        })
    }

    pub(crate) fn answer(&mut self, house: &House, is_right: bool) -> Told {
        let asked = if is_right { Asked::RightAnswer } else { Asked::WrongAnswer };
        self.exchange(house, asked, &self.answering(is_right))
    }

    /// The form with an answer in it.
    pub(crate) fn answering(&self, is_right: bool) -> Request {
        let answer = if is_right { RIGHT } else { WRONG };
        self.post(GATE, format!("form={}&answer={answer}", self.form))
    }

    fn post(&self, path: &str, body: String) -> Request {
        let headers = format!("content-type: application/x-www-form-urlencoded\r\n{}", self.cookie());
        Request { verb: "POST", path: path.to_owned(), headers, body }
    }

    fn exchange(&mut self, house: &House, asked: Asked, request: &Request) -> Told {
        self.hear(asked, send(&house.address_of(self.node).unwrap(), request))
    }

    /// Takes in what came back, and writes down what it told. To be told the same once more tells nothing.
    pub(crate) fn hear(&mut self, asked: Asked, reply: io::Result<Reply>) -> Told {
        let Ok(reply) = reply else { return self.write_down(asked, Told::Nothing) };
        self.start_code = start_code_of(&reply.body).or(self.start_code.take());
        self.client.cookie = cookie_of(&reply).or(self.client.cookie.take());
        self.form = form_of(&reply.body).unwrap_or(std::mem::take(&mut self.form));
        self.write_down(asked, read(&reply))
    }

    fn write_down(&mut self, asked: Asked, told: Told) -> Told {
        let talk = Talk { asked, told: told.clone() };
        if self.client.talks.last() != Some(&talk) {
            self.client.talks.push(talk);
        }
        told
    }

    /// Opens the page of their pass.
    pub(crate) fn look(&mut self, house: &House) -> Told {
        self.exchange(house, Asked::Look, &self.looking())
    }

    /// The same, on a connection that is kept.
    pub(crate) fn look_on(&mut self, line: &mut Line) -> Told {
        let reply = line.exchange(&self.looking());
        self.hear(Asked::Look, reply)
    }

    fn looking(&self) -> Request {
        Request { headers: self.cookie(), ..get(PASS) }
    }

    /// Asks for another link, instead of one that ran out.
    pub(crate) fn ask_for_another(&mut self, house: &House) -> Told {
        self.exchange(house, Asked::Another, &self.post(PASS, String::new()))
    }

    /// Looks until there is a page, and one that will not change by itself.
    pub(crate) fn look_until_told(&mut self, house: &House) -> Told {
        let mut told = Told::Nothing;
        until("a page tells what became of the pass", || {
            told = self.look(house);
            !matches!(told, Told::Nothing | Told::Waiting | Told::Trouble)
        });
        told
    }

    /// Answers rightly until they are told that they passed.
    pub(crate) fn pass(&mut self, house: &House) {
        until("an answer is told to be right", || self.answer(house, true) == Told::Passed);
    }

    pub(crate) fn link(&self) -> Option<&str> {
        self.client.links().last().copied()
    }

    pub(crate) fn cookie(&self) -> String {
        self.client.cookie.as_ref().map(|cookie| format!("cookie: {cookie}\r\n")).unwrap_or_default()
    }
}

fn get(path: &str) -> Request {
    Request { verb: "GET", path: path.to_owned(), headers: String::new(), body: String::new() }
}

pub(crate) fn form_of(page: &str) -> Option<String> {
    Some(page.split_once("name=\"form\" value=\"")?.1.split_once('"')?.0.to_owned())
}

fn start_code_of(page: &str) -> Option<String> {
    Some(page.split_once("?start=")?.1.split_once('"')?.0.to_owned())
}

fn cookie_of(reply: &Reply) -> Option<String> {
    Some(reply.header("set-cookie")?.split(';').next()?.to_owned())
}

/// What a page says, as a person reads it.
fn read(reply: &Reply) -> Told {
    let body = &reply.body;
    let says = |text: &str| body.contains(text);
    match reply.status {
        303 if reply.header("location") == Some(PASS) => Told::Passed,
        404 if says("There is no pass for this browser") => Told::NoPass,
        503 => Told::Trouble,
        200 if body.matches("data-invite").count() == 1 => {
            let link = body.split_once("data-invite href=\"").and_then(|(_, rest)| rest.split_once('"'));
            link.map_or_else(|| Told::Else(body.clone()), |(link, _)| Told::Link(link.to_owned()))
        }
        200 if says("Your invitation is being made") => Told::Waiting,
        200 if says("You are in. Your invitation was used") => Told::Used,
        200 if says("You were in, and left") || says("You were in, and an administrator") => Told::Left,
        200 if says("Somebody else came in by your invitation") => Told::Leaked,
        200 if says("The old invitation is being ended first") => Told::NotYet,
        200 if says("we could not see who came by it") => Told::Unsure,
        200 if says("Your invitation ran out") || says("Your invitation was ended in Telegram") => {
            Told::RanOut
        }
        200 if says("This pass was taken back") => Told::TakenBack,
        200 if says("All the places behind this gate are taken") => Told::Full,
        200 if says("That is not right.") => Told::Wrong,
        200 if says("Many wrong answers are coming in") => Told::Crowded,
        200 if says("<form method=\"post\"") => Told::Questions,
        _ => Told::Else(format!("{}\n\n{body}", reply.head)),
    }
}
