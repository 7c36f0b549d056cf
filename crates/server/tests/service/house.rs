//! A sandbox, a service with one gate, and those who come to it.

use admit_server::{Account, Books, CannotReconcile, Clock, Hearing, Report, Service, Settings, Wish};
use links::{ChatId, Links, Parser, UnixTime, UserId};
use sandbox::{Admin, Announcement, ClockMode, LinkBase, Sandbox, Seed, Unknowns};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use store::{Keyring, SavedGate, Store};
use telegram::bot_api::{Settings as Road, Token};
use telegram::mtproto;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// What the bot asks whoever pressed Start.
const QUESTION: &str = "A browser wants to be known as you";
const PATIENCE: Duration = Duration::from_secs(20);

/// All of it; it ends when this is dropped.
pub(crate) struct House {
    pub(crate) bot: UserId,
    pub(crate) chat: ChatId,
    pub(crate) store: Store,
    clock: Clock,
    pub(crate) telegram: String,
    pub(crate) token: String,
    url: String,
    /// Where Telegram is for apps.
    at: Announcement,
    /// Whoever owns the chat, with their account.
    pub(crate) account: mtproto::Client,
    /// The connection that the service opened last, if it did.
    opened: Opened,
    _running: JoinSet<()>,
    data: tempfile::TempDir,
}

/// Somebody in front of a browser.
pub(crate) struct Fan<'a> {
    house: &'a House,
    pub(crate) form: String,
    pub(crate) cookie: String,
}

/// A Telegram with the demo chat, whose links lead to itself.
fn own() -> sandbox::Settings {
    sandbox::Settings { link_base: LinkBase::Own, seed: Some(Seed::Demo), ..sandbox::Settings::default() }
}

impl House {
    /// With the gate "night-owls", which leads to the demo chat and asks one question, and this besides.
    pub(crate) async fn with(lines: Value) -> Self {
        Self::of(lines, Hearing::Asking, async |_, _| None).await
    }

    /// The same, leading to another chat if one is made for this bot.
    pub(crate) async fn of(
        lines: Value,
        hearing: Hearing,
        chat: impl AsyncFnOnce(&str, i64) -> Option<i64>,
    ) -> Self {
        Self::before(own(), lines, hearing, chat, IsGiven::No).await
    }

    /// The same, with the account of whoever owns the chat.
    pub(crate) async fn with_account(lines: Value) -> Self {
        let nobody = async |_: &str, _| None;
        Self::before(own(), lines, Hearing::Asking, nobody, IsGiven::Yes).await
    }

    /// The same, before a Telegram whose links are somewhere the service was not told of.
    pub(crate) async fn elsewhere(lines: Value) -> Self {
        let link_base = LinkBase::At("https://elsewhere.example".to_owned());
        let telegram = sandbox::Settings { link_base, ..own() };
        Self::before(telegram, lines, Hearing::Asking, async |_, _| None, IsGiven::No).await
    }

    /// The same, before a Telegram that lets everybody in who taps in the same second, and whose time stands still.
    pub(crate) async fn racy() -> Self {
        let unknowns = Unknowns { limits_are_strict: false, ..Unknowns::default() };
        let telegram = sandbox::Settings { unknowns, clock: ClockMode::Frozen, ..own() };
        Self::before(telegram, json!({}), Hearing::Asking, async |_, _| None, IsGiven::No).await
    }

    async fn before(
        telegram: sandbox::Settings,
        lines: Value,
        hearing: Hearing,
        chat: impl AsyncFnOnce(&str, i64) -> Option<i64>,
        is_given: IsGiven,
    ) -> Self {
        let sandbox = Sandbox::start(telegram).await.unwrap();
        let at = sandbox.announcement().clone();
        let mut running = JoinSet::new();
        running.spawn(async move { sandbox.run().await });
        let token = at.token.clone().unwrap();
        let bot = token.split_once(':').unwrap().0.parse().unwrap();
        let chat = chat(&at.bot_api, bot).await.or(at.chat_id).unwrap();
        let data = tempfile::tempdir().unwrap();
        let keys = Keyring::generate([7; 32]);
        let file = data.path().join("admit.db");
        let store = Store::open(file.to_str().unwrap(), keys.clone()).await.unwrap();
        let clock = Clock::default();
        let road = Road { api_url: at.bot_api.clone(), ..Road::default() };
        let known = Token::new(token.as_str()).unwrap();
        let bot = admit_server::add_bot(&store, known, &road, "maria", clock.now()).await.unwrap();
        let mut gate = json!({
            "slug": "night-owls",
            "title": "Night Owls",
            "chats": [chat],
            "questions": [{ "ask": "Who hoots at night?", "answers": ["owl"] }],
        });
        gate.as_object_mut().unwrap().extend(lines.as_object().unwrap().clone());
        let gate = serde_json::from_value(gate).unwrap();
        admit_server::open_gate(&store, &gate, bot, "maria", clock.now()).await.unwrap();
        let Admin { auth_key, .. } = at.mtproto.admin.clone().unwrap();
        let account = account(&at, &auth_key);
        let opened = Opened::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let settings = Settings {
            public_url: url.clone(),
            telegram_url: at.people.clone(),
            road,
            hearing,
            account: (is_given == IsGiven::Yes).then(|| opener(&at, &auth_key, &opened)),
            clock: clock.clone(),
            ..Settings::default()
        };
        let service = Service::start(store.clone(), &keys, settings).await.unwrap();
        running.spawn(service.serve(listener, std::future::pending()));
        let chat = ChatId::new(chat).unwrap();
        let telegram = at.bot_api.clone();
        Self { bot, chat, store, clock, telegram, token, url, at, account, opened, _running: running, data }
    }

    /// Somebody else's account.
    pub(crate) async fn account_of(&self, person: i64) -> mtproto::Client {
        let given = self.control(&format!("people/{person}/session"), json!({})).await;
        account(&self.at, given["auth_key"].as_str().unwrap())
    }

    /// How often the service opened the account, and how many of those connections are open still.
    pub(crate) fn opened(&self) -> (usize, usize) {
        let opened = self.opened.lock().unwrap();
        (opened.len(), opened.iter().filter(|life| life.strong_count() > 0).count())
    }

    /// Our books beside Telegram's, as this account sees them.
    pub(crate) async fn reconcile_by(
        &self,
        account: &dyn Links,
        wish: &Wish,
    ) -> Result<Report, CannotReconcile> {
        let mut report = Report::default();
        self.reconcile_into(&mut report, account, wish).await.map(|()| report)
    }

    /// The same, for whoever wants the report of what broke off.
    pub(crate) async fn reconcile_into(
        &self,
        report: &mut Report,
        account: &dyn Links,
        wish: &Wish,
    ) -> Result<(), CannotReconcile> {
        let links = self.links();
        let books = self.books(account, &links);
        let road = Road { api_url: self.telegram.clone(), ..Road::default() };
        admit_server::reconcile(books, &road, wish, report).await
    }

    pub(crate) fn books<'a>(&'a self, account: &'a dyn Links, links: &'a Parser) -> Books<'a> {
        Books { store: &self.store, account, links, clock: &self.clock, keep_days: 90 }
    }

    /// Reads the links of this Telegram.
    pub(crate) fn links(&self) -> Parser {
        Parser::telegram().and_host(&self.at.people).unwrap()
    }

    /// Posts this to the service with these headers. A long body is announced, and only begun: nobody reads it.
    pub(crate) async fn send(&self, path: &str, headers: &str, body: &str) -> String {
        exchange(&self.url, "POST", path, headers, body).await
    }

    /// What the service counts.
    pub(crate) async fn metrics(&self) -> String {
        exchange(&self.url, "GET", "/metrics", "", "").await
    }

    /// Runs a statement behind the service's back.
    pub(crate) fn run(&self, statement: &str) {
        let file = self.data.path().join("admit.db");
        rusqlite::Connection::open(file).unwrap().execute_batch(statement).unwrap();
    }

    /// A number of the database.
    pub(crate) fn number(&self, query: &str) -> i64 {
        let file = self.data.path().join("admit.db");
        rusqlite::Connection::open(file).unwrap().query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// What somebody with the bot's token asks of Telegram.
    pub(crate) async fn as_bot(&self, method: &str, arguments: Value) -> Value {
        let path = format!("/bot{}/{method}", self.token);
        let headers = "content-type: application/json\r\n";
        body(&exchange(&self.telegram, "POST", &path, headers, &arguments.to_string()).await)
    }

    /// What happened at Telegram, a line each.
    pub(crate) async fn ledger(&self) -> String {
        exchange(&self.telegram, "GET", "/control/ledger", "", "").await
    }

    pub(crate) async fn gate(&self) -> SavedGate {
        self.store.gate(&"night-owls".parse().unwrap()).await.unwrap().unwrap()
    }

    /// What the bot is in the chat from now on.
    pub(crate) async fn appoint(&self, office: Value) {
        let mut office = office;
        office["id"] = self.bot.get().into();
        self.control(&format!("chats/{}/bot", self.chat), office).await;
    }

    /// The public name of the chat from now on.
    pub(crate) async fn rename(&self, name: Option<&str>) {
        self.control(&format!("chats/{}/username", self.chat), json!({ "username": name })).await;
    }

    /// Somebody who showed on the page of this fan who they are.
    pub(crate) async fn shows(&self, fan: &mut Fan<'_>, person: i64) {
        let button = self.starts(fan, person).await;
        self.press(person, &button).await;
        self.is_told(person, "I know who you are now").await;
    }

    /// Somebody who pressed Start on the page of this fan; the button that they are shown.
    pub(crate) async fn starts(&self, fan: &mut Fan<'_>, person: i64) -> Value {
        let held = fan.answer("owl").await;
        let code = between(&held, "admit_demo_bot?start=", "\"");
        let asked = self.inbox(person).await.matches(QUESTION).count();
        self.write_to_bot(person, &format!("/start {code}")).await;
        let mut told = self.is_told_so_often(person, QUESTION, asked + 1).await;
        let data = told["reply_markup"]["inline_keyboard"][0][0]["callback_data"].take();
        json!({ "message_id": told["message_id"], "data": data })
    }

    /// Somebody presses a button that they were shown.
    pub(crate) async fn press(&self, person: i64, button: &Value) {
        self.control(&format!("people/{person}/press"), button.clone()).await;
    }

    /// The message that says this to somebody, as soon as there is one.
    pub(crate) async fn is_told(&self, person: i64, words: &str) -> Value {
        self.is_told_so_often(person, words, 1).await
    }

    /// The last of so many.
    pub(crate) async fn is_told_so_often(&self, person: i64, words: &str, times: usize) -> Value {
        eventually(words, async || {
            let inbox = body(&self.inbox(person).await);
            let says = |message: &&Value| message["text"].as_str().is_some_and(|text| text.contains(words));
            inbox.as_array().unwrap().iter().filter(says).nth(times - 1).cloned()
        })
        .await
    }

    /// Somebody who has just opened the gate.
    pub(crate) async fn fan(&self) -> Fan<'_> {
        let page = exchange(&self.url, "GET", "/g/night-owls", "", "").await;
        let form = between(&page, "name=\"form\" value=\"", "\"").to_owned();
        Fan { house: self, form, cookie: String::new() }
    }

    /// What the gate shows to somebody new, whatever it is.
    pub(crate) async fn fan_at_a_closed_gate(&self) -> String {
        self.get("/g/night-owls").await
    }

    /// What anybody is shown there.
    pub(crate) async fn get(&self, path: &str) -> String {
        exchange(&self.url, "GET", path, "", "").await
    }

    /// Moves the clocks of Telegram and of the service, while nobody listens.
    pub(crate) async fn leap(&self, seconds: i64) {
        self.clock.advance(seconds);
        self.control("clock/advance", json!({ "seconds": seconds })).await;
        let (somebody, now) = (self.person().await, self.clock.now());
        eventually("the service has heard what there was", async || {
            // Telegram answers when there is something to say.
            self.write_to_bot(somebody, "Are you there?").await;
            let bot = self.store.bot(self.bot).await.unwrap().unwrap();
            (bot.heard_at >= Some(now)).then_some(())
        })
        .await;
    }

    /// The same, while this happens that Telegram tells nobody of: nobody listens before it has forgotten it.
    pub(crate) async fn forget_while_away(&self, seconds: i64, what: impl AsyncFnOnce()) {
        // Somebody else listens, and keeps it for themselves.
        self.as_bot("setWebhook", json!({ "url": "http://127.0.0.1:9/" })).await;
        what().await;
        self.clock.advance(seconds);
        self.control("clock/advance", json!({ "seconds": seconds })).await;
        self.as_bot("deleteWebhook", json!({ "drop_pending_updates": true })).await;
        let now = self.clock.now();
        eventually("the service listens again", async || {
            let bot = self.store.bot(self.bot).await.unwrap().unwrap();
            (bot.heard_at >= Some(now)).then_some(())
        })
        .await;
    }

    /// The same, while the service listens all the time.
    pub(crate) async fn advance(&self, seconds: i64) {
        let step = 10 * 3600;
        for _ in 0..seconds / step {
            self.leap(step).await;
        }
        self.leap(seconds % step).await;
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        control(&self.telegram, path, body).await
    }

    /// What Telegram knows of the chat.
    pub(crate) async fn at_telegram(&self) -> Value {
        self.chat_at_telegram(self.chat).await
    }

    pub(crate) async fn chat_at_telegram(&self, chat: ChatId) -> Value {
        body(&exchange(&self.telegram, "GET", &format!("/control/chats/{chat}"), "", "").await)
    }

    pub(crate) async fn person(&self) -> i64 {
        self.control("people", json!({ "first_name": "Ann" })).await["id"].as_i64().unwrap()
    }

    pub(crate) async fn join(&self, person: i64, link: &str) -> Value {
        self.control(&format!("people/{person}/join"), json!({ "link": link })).await["result"].clone()
    }

    pub(crate) async fn leave(&self, person: i64) {
        self.control(&format!("people/{person}/leave"), json!({ "chat_id": self.chat.get() })).await;
    }

    pub(crate) async fn write_to_bot(&self, person: i64, text: &str) {
        let body = json!({ "bot": self.bot.get(), "text": text });
        self.control(&format!("people/{person}/send"), body).await;
    }

    /// Everything this person was written.
    pub(crate) async fn inbox(&self, person: i64) -> String {
        exchange(&self.telegram, "GET", &format!("/control/people/{person}/inbox"), "", "").await
    }

    /// Whoever owns the chat.
    pub(crate) async fn owner(&self) -> i64 {
        let chat = self.at_telegram().await;
        let members = chat["members"].as_array().unwrap();
        let owner = members.iter().find(|member| member["status"] == "creator").unwrap();
        owner["user"]["id"].as_i64().unwrap()
    }

    pub(crate) async fn is_in(&self, person: i64) -> bool {
        let chat = self.at_telegram().await;
        let members = chat["members"].as_array().unwrap();
        members.iter().any(|member| member["user"]["id"] == person)
    }
}

/// Whether the service has the owner's account.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IsGiven {
    No,
    Yes,
}

/// Ended once its connection is.
type Opened = Arc<Mutex<Vec<Weak<()>>>>;

/// Opens the account that is logged in with this key.
fn opener(at: &Announcement, auth_key: &str, opened: &Opened) -> Account {
    let (at, auth_key, opened) = (at.clone(), auth_key.to_owned(), opened.clone());
    Account(Arc::new(move || {
        let life = Arc::new(());
        opened.lock().unwrap().push(Arc::downgrade(&life));
        // Whoever is told of waits lives as long as the connection.
        let tell = move |_: &str, _| drop(life.clone());
        Box::new(account(&at, &auth_key).on_wait(Arc::new(tell)))
    }))
}

/// The account that is logged in with this key.
fn account(at: &Announcement, auth_key: &str) -> mtproto::Client {
    let door = &at.mtproto;
    let session = mtproto::Session {
        dc_id: door.dc_id,
        address: door.addr.parse().unwrap(),
        auth_key: auth_key.parse().unwrap(),
    };
    mtproto::Client::connect(&session, &mtproto::Settings::new(1))
}

impl Fan<'_> {
    /// Sends an answer; what came back.
    pub(crate) async fn answer(&mut self, answer: &str) -> String {
        let headers = format!("{FORM}cookie: {}\r\n", self.cookie);
        let body = format!("form={}&answer={answer}", self.form);
        let answer = exchange(&self.house.url, "POST", "/g/night-owls", &headers, &body).await;
        if answer.contains("set-cookie: ") {
            self.cookie = between(&answer, "set-cookie: ", ";").to_owned();
        }
        answer
    }

    /// Answers rightly, and has a link.
    pub(crate) async fn pass(&mut self) -> String {
        let answer = self.answer("owl").await;
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        self.link().await
    }

    /// Their page.
    pub(crate) async fn page(&self) -> String {
        exchange(&self.house.url, "GET", "/g/night-owls/pass", &format!("cookie: {}\r\n", self.cookie), "")
            .await
    }

    /// Presses the button on their page.
    pub(crate) async fn ask_again(&self) -> String {
        let headers = format!("{FORM}cookie: {}\r\n", self.cookie);
        exchange(&self.house.url, "POST", "/g/night-owls/pass", &headers, "").await
    }

    /// The link on their page, as soon as there is one.
    pub(crate) async fn link(&self) -> String {
        let page = self.reads("data-invite").await;
        assert_eq!(page.matches("data-invite").count(), 1, "{page}");
        between(&page, "data-invite href=\"", "\"").to_owned()
    }

    /// Their page, as soon as it says this.
    pub(crate) async fn reads(&self, words: &str) -> String {
        eventually(words, async || Some(self.page().await).filter(|page| page.contains(words))).await
    }
}

const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";

/// What comes true after a while.
pub(crate) async fn eventually<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < until, "not in time: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) async fn control(telegram: &str, path: &str, json: Value) -> Value {
    let headers = "content-type: application/json\r\n";
    body(&exchange(telegram, "POST", &format!("/control/{path}"), headers, &json.to_string()).await)
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or_else(|_| panic!("{answer}"))
}

async fn exchange(address: &str, verb: &str, path: &str, headers: &str, body: &str) -> String {
    let host = address.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let length = body.len();
    let request = format!(
        "{verb} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    );
    let begun = request.len().min(64 << 10);
    stream.write_all(&request.as_bytes()[..begun]).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    // A picture is no text.
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
    rest.split_once(after).unwrap().0
}
