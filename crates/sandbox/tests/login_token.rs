//! Logging in by a token, through our own client: shown, accepted by another device, run out, moved elsewhere.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod util;

use grammers_tl_types::functions;
use links::Kind;
use serde_json::json;
use std::time::Duration;
use telegram::mtproto::{Client, LoginStep, LoginToken, Session, Settings, SignedIn};
use tokio::time::timeout;
use util::Town;
use util::account::session;
use util::app::App;

const HASH: &str = "hash";

/// Whoever waits for less was told, and did not run out of time.
const SOON: Duration = Duration::from_secs(20);

/// A client that nobody is logged in with.
async fn nobody(town: &Town, change: impl FnOnce(&mut Session), settings: Settings) -> Client {
    let mut session = session(town, town.person("Nobody").await).await;
    change(&mut session);
    let client = Client::connect(&session, &settings);
    client.log_out().await.unwrap();
    client
}

/// A day: only what is told in between ends such a wait.
fn patient() -> Settings {
    Settings { limit: Duration::from_secs(86_400), ..Settings::new(12_345) }
}

fn shown(step: LoginStep) -> LoginToken {
    match step {
        LoginStep::Show(token) => token,
        other => panic!("{other:?}"),
    }
}

async fn scan(town: &Town, person: i64, token: &LoginToken) {
    town.control(&format!("people/{person}/scan"), json!({ "url": token.url() })).await;
}

/// The owner's telephone.
async fn accept(town: &Town, token: &LoginToken) -> Result<(), String> {
    use base64::Engine;
    let text = token.url().strip_prefix("tg://login?token=").unwrap().to_owned();
    let token = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap();
    let telephone = App::of(town, town.at.mtproto.admin.as_ref().unwrap().user_id).await;
    telephone.call(functions::auth::AcceptLoginToken { token }).await.map(drop)
}

#[tokio::test]
async fn another_device_lets_this_one_in() {
    let town = Town::demo().await;
    let client = nobody(&town, |_| {}, patient()).await;
    let token = shown(client.login_token(HASH).await.unwrap());
    assert_eq!(token.expires_at().get(), town.now().await + 30);
    assert_eq!(format!("{token:?}"), "LoginToken(..)");
    let ann = town.person("Ann").await;
    let waiting = timeout(SOON, client.token_accepted(&token, HASH));
    let (step, ()) = tokio::join!(waiting, scan(&town, ann, &token));
    let LoginStep::In(SignedIn::As(person)) = step.unwrap().unwrap() else { panic!() };
    assert_eq!((person.id.get(), client.me().await.unwrap().id.get()), (ann, ann));
    let kept = Client::connect(&client.session().unwrap(), &patient());
    assert_eq!(kept.me().await.unwrap().id.get(), ann);
}

#[tokio::test]
async fn the_second_password_is_asked_for_as_with_a_code() {
    let town = Town::demo().await;
    let admin = town.at.mtproto.admin.clone().unwrap();
    let client = nobody(&town, |_| {}, patient()).await;
    let token = shown(client.login_token(HASH).await.unwrap());
    // It is accepted before anybody waits for it.
    accept(&town, &token).await.unwrap();
    let step = timeout(SOON, client.token_accepted(&token, HASH)).await.unwrap().unwrap();
    assert_eq!(step, LoginStep::In(SignedIn::PasswordNeeded));
    assert_eq!(*client.me().await.unwrap_err().kind(), Kind::SessionOver);
    assert_eq!(client.check_password(&admin.password).await.unwrap().id.get(), admin.user_id);
}

#[tokio::test]
async fn a_token_that_runs_out_is_followed_by_another() {
    let town = Town::demo().await;
    let show_for = async |seconds: i64| {
        town.control("login-tokens", json!({ "seconds": seconds })).await;
    };
    // No call takes so long, and a token outlives it.
    show_for(3).await;
    let hasty = Settings { limit: Duration::from_secs(1), ..patient() };
    let client = nobody(&town, |_| {}, hasty).await;
    let first = shown(client.login_token(HASH).await.unwrap());
    let longer_than_a_call = timeout(Duration::from_secs(2), client.token_accepted(&first, HASH));
    assert!(longer_than_a_call.await.is_err());
    let second = shown(client.token_accepted(&first, HASH).await.unwrap());
    assert_ne!(first.url(), second.url());
    assert_eq!(accept(&town, &first).await.unwrap_err(), "400 AUTH_TOKEN_INVALIDX");
    town.advance(31).await;
    assert_eq!(accept(&town, &second).await.unwrap_err(), "400 AUTH_TOKEN_EXPIRED");
    // Nobody told the client, which asks again by itself.
    show_for(30).await;
    let third = shown(client.token_accepted(&second, HASH).await.unwrap());
    accept(&town, &third).await.unwrap();
    assert_eq!(accept(&town, &third).await.unwrap_err(), "400 AUTH_TOKEN_ALREADY_ACCEPTED");
    let step = client.token_accepted(&third, HASH).await.unwrap();
    assert_eq!(step, LoginStep::In(SignedIn::PasswordNeeded));
}

#[tokio::test]
async fn an_account_that_is_at_home_elsewhere_is_let_in_there() {
    let town = Town::demo().await;
    let ann = town.person("Ann").await;
    let at_four = json!({ "dc": 4 });
    let scan = async |token: &LoginToken| {
        let body = json!({ "url": token.url(), "dc": at_four["dc"] });
        town.control(&format!("people/{ann}/scan"), body).await;
    };
    // With a key at home: the client goes on where it is sent.
    let client = nobody(&town, |session| session.dc_id = 4, patient()).await;
    let token = shown(client.login_token(HASH).await.unwrap());
    scan(&token).await;
    let step = timeout(SOON, client.token_accepted(&token, HASH)).await.unwrap().unwrap();
    assert!(matches!(step, LoginStep::In(SignedIn::As(person)) if person.id.get() == ann));
    // Without one: the sandbox's key is none of those that this library trusts.
    let client = nobody(&town, |_| {}, patient()).await;
    let token = shown(client.login_token(HASH).await.unwrap());
    scan(&token).await;
    let why = timeout(SOON, client.token_accepted(&token, HASH)).await.unwrap().unwrap_err();
    assert_eq!(*why.kind(), Kind::SessionOver);
}

#[tokio::test]
async fn a_telephone_sees_what_is_a_token() {
    let town = Town::demo().await;
    let ann = town.person("Ann").await;
    for url in ["", "tg://login", "tg://login?token=%", "https://t.me/+abc"] {
        let answer = town.try_control(&format!("people/{ann}/scan"), json!({ "url": url })).await;
        assert_eq!(answer.status, 400, "{url}: {}", answer.text);
    }
    let unknown = json!({ "url": "tg://login?token=AAAA" });
    let answer = town.try_control(&format!("people/{ann}/scan"), unknown.clone()).await;
    assert!(answer.status == 400 && answer.text.contains("AUTH_TOKEN_INVALIDX"), "{}", answer.text);
    assert_eq!(town.try_control("people/1/scan", unknown).await.status, 404);
}

#[tokio::test]
async fn a_log_in_that_is_given_up_leaves_no_code() {
    let town = Town::demo().await;
    let client = nobody(&town, |_| {}, patient()).await;
    let sent = client.send_code("9996620001", HASH).await.unwrap();
    client.cancel_code(&sent).await.unwrap();
    let over = Kind::BadValue("code, because its time is over");
    assert_eq!(*client.sign_in(&sent, "22222").await.unwrap_err().kind(), over);
    client.cancel_code(&sent).await.unwrap();
}
