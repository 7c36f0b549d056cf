//! The trait `Links` through a bot: what is written to Telegram, and what its answers become.

use crate::server::{CANARY, LINK, Reply, Server, client};
use admit_telegram::bot_api::links::read;
use admit_telegram::bot_api::{Client, Settings};
use links::{
    AdmissionChange, CannotMerge, Chat, Edit, Expiry, Kind, Link, LinkName, LinkUrl, Links, MemberLimit,
    Operation, Pricing, Subscription, Terms, UnixTime, UserId, Verdict,
};

fn garden() -> Chat {
    "-1001234567890".parse().unwrap()
}

fn spring() -> LinkUrl {
    LinkUrl::new("https://t.me/+Xy3kQ2LmN0o5ZjEy")
}

fn spring_link() -> Link {
    read(serde_json::from_str(LINK).unwrap()).unwrap()
}

/// Has one operation done that is answered with `results`, and checks what Telegram was asked.
async fn check<T, F: Future<Output = links::Result<T>>>(
    results: &[&str],
    operate: impl FnOnce(Client) -> F,
    asked: &[(&str, &str)],
) -> T {
    let server = Server::start(results.iter().map(|result| Reply::ok(result))).await;
    let answer = operate(server.client()).await.unwrap();
    let seen = server.asked();
    assert_eq!(seen.len(), asked.len());
    for (seen, (method, body)) in seen.iter().zip(asked) {
        assert_eq!(seen.line, format!("POST /bot{CANARY}/{method} HTTP/1.1"));
        assert_eq!(seen.body, *body);
        assert!(!seen.headers.iter().any(|header| header.starts_with("accept-encoding")));
    }
    answer
}

#[tokio::test]
async fn creating_says_what_was_meant_and_nothing_else() {
    let terms = Terms::for_one(Expiry::new(UnixTime::new(1_790_000_000)).unwrap());
    let body = r#"{"chat_id":-1001234567890,"expire_date":1790000000,"member_limit":1}"#;
    let created = |bot: Client| async move { bot.create(&garden(), &terms).await };
    let made = check(&[LINK], created, &[("createChatInviteLink", body)]).await;
    assert_eq!(made, spring_link());

    let asks = Terms::by_request().named(LinkName::new("spring").unwrap());
    let body = r#"{"chat_id":"@garden","name":"spring","creates_join_request":true}"#;
    let chat = "@garden".parse().unwrap();
    check(&[LINK], |bot| async move { bot.create(&chat, &asks).await }, &[("createChatInviteLink", body)])
        .await;
}

#[tokio::test]
async fn editing_writes_every_field_because_telegram_erases_the_rest() {
    let edit = Edit { name: links::Change::Clear, ..Edit::default() };
    let was = spring_link();
    let body = r#"{"chat_id":-1001234567890,"invite_link":"https://t.me/+Xy3kQ2LmN0o5ZjEy","name":"","expire_date":1790000000,"member_limit":1,"creates_join_request":false}"#;
    let edited = |bot: Client| async move { bot.edit(&garden(), &spring(), &edit, Some(&was)).await };
    check(&[LINK], edited, &[("editChatInviteLink", body)]).await;

    let body = r#"{"chat_id":-1001234567890,"invite_link":"https://t.me/+Xy3kQ2LmN0o5ZjEy","name":"","expire_date":0,"member_limit":0,"creates_join_request":true}"#;
    let edit = Edit::replace(Terms::by_request());
    let edited = |bot: Client| async move { bot.edit(&garden(), &spring(), &edit, None).await };
    check(&[LINK], edited, &[("editChatInviteLink", body)]).await;
}

#[tokio::test]
async fn an_edit_that_does_not_fit_sends_nothing() {
    let server = Server::start([]).await;
    let bot = server.client();
    let limit = AdmissionChange::Limit(MemberLimit::ONE);
    let edit = Edit { admission: limit, ..Edit::default() };
    let error = bot.edit(&garden(), &spring(), &edit, None).await.unwrap_err();
    assert!(matches!(error.kind(), Kind::CannotMerge(CannotMerge::Unknown(_))));
    let another = LinkUrl::new("https://t.me/+AnotherLink");
    let error = bot.edit(&garden(), &another, &edit, Some(&spring_link())).await.unwrap_err();
    assert_eq!(*error.kind(), Kind::CannotMerge(CannotMerge::AnotherLink));
    for hidden in ["https://t.me/+Xy3k…", "https://t.me/+Xy3k..."].map(LinkUrl::new) {
        let edit = Edit::replace(Terms::open());
        assert_eq!(*bot.edit(&garden(), &hidden, &edit, None).await.unwrap_err().kind(), Kind::NotOurLink);
        assert_eq!(*bot.revoke(&garden(), &hidden).await.unwrap_err().kind(), Kind::NotOurLink);
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn revoking_a_primary_link_asks_for_its_successor() {
    let revoke = r#"{"chat_id":-1001234567890,"invite_link":"https://t.me/+Xy3kQ2LmN0o5ZjEy"}"#;
    let ordinary = LINK.replace(r#""is_revoked":false"#, r#""is_revoked":true"#);
    let revoked = |bot: Client| async move { bot.revoke(&garden(), &spring()).await };
    let answer = check(&[&ordinary], revoked, &[("revokeChatInviteLink", revoke)]).await;
    assert!(answer.link.is_revoked && answer.replaced_by.is_none());

    let primary = r#"{"invite_link":"https://t.me/+Xy3kQ2LmN0o5ZjEy","creator":{"id":7,"is_bot":true,"first_name":"Gate"},"creates_join_request":false,"is_primary":true,"is_revoked":true}"#;
    let chat =
        r#"{"id":-1001234567890,"title":"Garden","type":"supergroup","invite_link":"https://t.me/+next"}"#;
    let asked = [("revokeChatInviteLink", revoke), ("getChat", r#"{"chat_id":-1001234567890}"#)];
    let answer = check(&[primary, chat], revoked, &asked).await;
    let next = answer.replaced_by.unwrap();
    assert_eq!((next.url.as_str(), next.is_primary, next.is_revoked), ("https://t.me/+next", true, false));
}

#[tokio::test]
async fn a_revocation_is_no_failure_because_its_successor_is_unknown() {
    let primary = LINK.replace(r#""is_primary":false"#, r#""is_primary":true"#);
    let server = Server::start([Reply::ok(&primary), Reply::no(400, "Bad Request: chat not found")]).await;
    assert!(server.client().revoke(&garden(), &spring()).await.unwrap().replaced_by.is_none());
}

#[tokio::test]
async fn the_other_operations() {
    let chat = r#"{"chat_id":-1001234567890}"#;
    let rotated = |bot: Client| async move { bot.rotate(&garden()).await };
    let url = check(&[r#""https:\/\/t.me\/+new""#], rotated, &[("exportChatInviteLink", chat)]).await;
    assert_eq!(url.as_str(), "https://t.me/+new");

    let paid = r#"{"chat_id":-1001234567890,"subscription_period":2592000,"subscription_price":50}"#;
    let subscription = Subscription { name: None, pricing: Pricing::monthly(50).unwrap() };
    let created = |bot: Client| async move { bot.create_subscription(&garden(), &subscription).await };
    check(&[LINK], created, &[("createChatSubscriptionInviteLink", paid)]).await;

    let named = r#"{"chat_id":-1001234567890,"invite_link":"https://t.me/+Xy3kQ2LmN0o5ZjEy","name":"gold"}"#;
    let renamed = |bot: Client| async move {
        bot.rename_subscription(&garden(), &spring(), LinkName::new("gold").ok().as_ref()).await
    };
    check(&[LINK], renamed, &[("editChatSubscriptionInviteLink", named)]).await;

    let ann = r#"{"chat_id":-1001234567890,"user_id":42}"#;
    for (verdict, method) in
        [(Verdict::Approve, "approveChatJoinRequest"), (Verdict::Decline, "declineChatJoinRequest")]
    {
        let decided =
            |bot: Client| async move { bot.decide(&garden(), UserId::new(42).unwrap(), verdict).await };
        check(&["true"], decided, &[(method, ann)]).await;
    }
}

#[tokio::test]
async fn what_a_bot_cannot_do_names_who_can() {
    let server = Server::start([]).await;
    let bot = server.client();
    let able: Vec<_> = Operation::ALL.into_iter().filter(|operation| bot.can(*operation)).collect();
    use Operation::{Create, CreateSubscription, Decide, Edit, RenameSubscription, Revoke, Rotate};
    assert_eq!(able, [Create, Edit, Revoke, Rotate, CreateSubscription, RenameSubscription, Decide]);
    let error = bot.show(&garden(), &spring()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a bot cannot look a link up: a user session can, and a ledger knows the links made through it"
    );
}

#[tokio::test]
async fn the_test_environment_and_a_path_before_the_token() {
    let server = Server::start([Reply::ok(r#""https://t.me/+new""#)]).await;
    let api_url = format!("{}/telegram/", server.url());
    let bot = client(&Settings { api_url, test_environment: true, ..Settings::default() });
    bot.rotate(&garden()).await.unwrap();
    let line = format!("POST /telegram/bot{CANARY}/test/exportChatInviteLink HTTP/1.1");
    assert_eq!(server.asked()[0].line, line);
}

#[tokio::test]
async fn what_was_done_but_cannot_be_read_is_not_reported_as_not_done() {
    let odd = LINK.replace(r#""member_limit":1"#, r#""member_limit":100000"#);
    let server = Server::start(std::iter::repeat_n(Reply::ok(&odd), 5)).await;
    let bot = server.client();
    let (chat, link) = (garden(), spring());
    let subscription = Subscription { name: None, pricing: Pricing::monthly(50).unwrap() };
    for error in [
        bot.create(&chat, &Terms::open()).await.unwrap_err(),
        bot.create_subscription(&chat, &subscription).await.unwrap_err(),
        bot.edit(&chat, &link, &Edit::replace(Terms::open()), None).await.unwrap_err(),
        bot.rename_subscription(&chat, &link, None).await.unwrap_err(),
        bot.revoke(&chat, &link).await.unwrap_err(),
    ] {
        assert_eq!(*error.kind(), Kind::OutcomeUnknown);
    }
}
