//! The bots: whether Telegram takes their tokens and tells them what happens, and what waits for them.

use super::report::Report;
use super::{Patient, say};
use crate::failure::Failure;
use links::{Kind, UnixTime};
use serde_json::json;
use store::Bot;
use telegram::bot_api::methods::{GetMe, GetUpdates, GetWebhookInfo};
use telegram::bot_api::types::WebhookInfo;
use telegram::bot_api::{Client, Token};

/// Telegram compares times with ours, and so do we.
const MOST_SKEW_SECONDS: i64 = 5;
/// A link that should be dead, or a stranger, for longer than this.
const LATE_SECONDS: i64 = 60;
/// Of updates that did not reach us, a fault this old is over.
const RECENT_SECONDS: i64 = 3600;
/// How long to listen for another program that listens.
const LISTEN_SECONDS: u32 = 1;

pub(super) async fn look(report: &mut Report, patient: &Patient<'_>) -> Result<(), Failure> {
    let bots = patient.store.bots().await?;
    if bots.is_empty() {
        report.error(
            "no_bot",
            "no bot is remembered here, so no link can be made",
            "give its token once, to `admit serve` or `admit gate new`, by ADMIT_BOT_TOKEN_FILE or `--token-file PATH`",
        );
    }
    for bot in &bots {
        ask(report, patient, bot).await?;
        waiting(report, patient, bot).await?;
    }
    Ok(())
}

async fn ask(report: &mut Report, patient: &Patient<'_>, bot: &Bot) -> Result<(), Failure> {
    let name = format!("@{}", bot.username);
    let Ok(token) = Token::new(bot.token.reveal()) else {
        dead(report, &name);
        return Ok(());
    };
    let client = match Client::new(token, patient.road) {
        Ok(client) => client,
        Err(why) => {
            report.error("api_url", why.to_string(), "`--api-url https://api.telegram.org`");
            return Ok(());
        }
    };
    match client.call(&GetMe {}).await {
        Ok(_) => {}
        Err(error) if *error.kind() == Kind::TokenDead => {
            dead(report, &name);
            return Ok(());
        }
        Err(error) => {
            report.leave_out_because(&format!("what Telegram knows of {name}"), &error);
            return Ok(());
        }
    }
    clock(report, patient, &client).await;
    match client.call(&GetWebhookInfo {}).await {
        Ok(info) => ear(report, patient, bot, &client, &info).await?,
        Err(error) => report.leave_out_because(&format!("where the updates of {name} go"), &error),
    }
    Ok(())
}

fn dead(report: &mut Report, name: &str) {
    report.error(
        "token_dead",
        format!("Telegram does not accept the token of {name}"),
        "take the current one from @BotFather and give it to `admit serve` or `admit gate new`",
    );
}

/// The answer to any call says what time it is for Telegram.
async fn clock(report: &mut Report, patient: &Patient<'_>, client: &Client) {
    let Ok(answer) = client.call_raw("getMe", &json!({})).await else { return };
    let date = answer.headers.iter().find(|(name, _)| name == "date");
    let Some(skew) = date.and_then(|(_, date)| ahead_of(date, patient.clock.now())) else { return };
    if skew.abs() > MOST_SKEW_SECONDS {
        let way = if skew > 0 { "ahead of" } else { "behind" };
        report.error(
            "clock_skew",
            format!("the clock of this machine is {} s {way} Telegram's", skew.abs()),
            "have it set from the network, as by `timedatectl set-ntp true`",
        );
    }
}

/// How many seconds ahead of the date of an answer `now` is.
fn ahead_of(date: &str, now: UnixTime) -> Option<i64> {
    let there = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(now.get() - there.timestamp().as_second())
}

/// Whether what happens is told to us, and to nobody else.
async fn ear(
    report: &mut Report,
    patient: &Patient<'_>,
    bot: &Bot,
    client: &Client,
    info: &WebhookInfo,
) -> Result<(), Failure> {
    let name = format!("@{}", bot.username);
    let path = format!("/telegram/{}", bot.id);
    let is_ours = match patient.public_url {
        Some(url) => info.url == format!("{url}{path}"),
        None => info.url.ends_with(&path),
    };
    if info.url.is_empty() {
        // A service that runs would notice by itself, and must not be disturbed.
        if patient.at_work.is_none() {
            other_listener(report, client, &name).await;
        }
    } else if !is_ours {
        report.error(
            "foreign_webhook",
            format!("the updates of {name} go to another program, at `{}`", info.url),
            "end its webhook there, or use another bot: a bot serves one program",
        );
    } else if let (Some(why), Some(at)) = (&info.last_error_message, info.last_error_date)
        && patient.now.get() - at < RECENT_SECONDS
    {
        report.error(
            "webhook_fails",
            format!("Telegram could not send updates of {name} to `{}`: {why}", info.url),
            "look whether that address, its certificate and `admit serve --webhook` behind it work",
        );
    }
    if is_ours && !patient.webhook {
        report.warn(
            "webhook_set",
            format!("the updates of {name} go to `{}`, and nobody said that they are to", info.url),
            "if `admit serve --webhook` is there, say `--webhook` here too; if it was there once, start `admit serve` \
             with that public URL, which ends the webhook",
        );
    }
    if info.pending_update_count > 0 && patient.at_work.is_none() {
        report.warn(
            "updates_wait",
            format!(
                "{} updates of {name} wait, and Telegram forgets them after a day",
                info.pending_update_count
            ),
            "start `admit serve`",
        );
    }
    Ok(())
}

/// Nothing is acknowledged by asking like this. Another program that asks ends our question as soon as it asks again.
async fn other_listener(report: &mut Report, client: &Client, name: &str) {
    let question =
        GetUpdates { offset: None, limit: Some(1), timeout: LISTEN_SECONDS, allowed_updates: None };
    if let Err(error) = client.call(&question).await
        && *error.kind() == Kind::Conflict
    {
        report.error(
            "other_listener",
            format!("another program asks for the updates of {name}"),
            "end it, or use another bot: a bot serves one program",
        );
    }
}

/// What should have been done by now, and what Telegram wants done later.
async fn waiting(report: &mut Report, patient: &Patient<'_>, bot: &Bot) -> Result<(), Failure> {
    let late = UnixTime::new(patient.now.get() - LATE_SECONDS);
    let cure = match patient.at_work {
        Some(_) => "look at what `admit serve` logs, and at the rights of the bot in the chat",
        None => "start `admit serve`",
    };
    if let Some(links) = patient.store.links_to_end(bot.id, late).await? {
        let since = say(links.since);
        let detail = format!("{} links that should be dead work still, the first since {since}", links.count);
        report.error("links_not_ended", detail, cure);
    }
    if let Some(strangers) = patient.store.strangers_inside(bot.id, late).await? {
        let since = say(strangers.since);
        let detail = format!(
            "{} came in by somebody else's link and are in, the first since {since}",
            strangers.count
        );
        report.error("strangers_inside", detail, cure);
    }
    if let Some(errands) = patient.store.errands_left(bot.id, late).await? {
        let since = say(errands.since);
        let detail =
            format!("@{} has {} messages to send, the first since {since}", bot.username, errands.count);
        let cure = match patient.at_work {
            Some(_) => "look at what `admit serve` logs, and at what Telegram holds back",
            None => "start `admit serve`",
        };
        report.warn("messages_wait", detail, cure);
    }
    for hold in patient.store.holds(bot.id, patient.now).await? {
        let chat = hold.chat.map(|chat| format!(" in {chat}")).unwrap_or_default();
        let until = say(hold.until);
        report.warn(
            "held_back",
            format!("Telegram wants no `{}` of @{}{chat} before {until}", hold.method, bot.username),
            "wait; a larger `pool` is ready for the next rush",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_an_answer_tells_how_wrong_a_clock_is() {
        let check = |date, now, expected| assert_eq!(ahead_of(date, UnixTime::new(now)), expected, "{date}");
        check("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777, Some(0));
        check("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_770, Some(-7));
        check("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_800, Some(23));
        check("yesterday", 784_111_777, None);
    }
}
