//! Webhooks: set, checked, taken away, looked at. (Bot API server, `Client::process_set_webhook_query`,
//! `WebhookActor::check_ip_address`.)

use super::answer::{Answer, Failure};
use super::arguments::Arguments;
use super::updates;
use crate::hub::Hub;
use crate::world::{Entry, Webhook, What, allowed_from};
use hyper::Uri;
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use telegram::bot_api::types::WebhookInfo;

const PORTS: [u16; 4] = [80, 88, 443, 8443];

pub(super) async fn set(hub: &Arc<Hub>, bot: i64, arguments: &Arguments) -> Result<Answer, Failure> {
    let url = arguments.lossy("url").into_owned();
    if url.is_empty() {
        return delete(hub, bot, arguments);
    }
    let outcome = try_to_set(hub, bot, arguments, url).await;
    note(hub, "setWebhook", outcome.as_ref().err());
    if outcome.as_ref().is_err_and(|refused| refused.code == 409) {
        updates::hold_back_conflict(hub, bot).await;
    }
    outcome
}

async fn try_to_set(hub: &Arc<Hub>, bot: i64, arguments: &Arguments, url: String) -> Result<Answer, Failure> {
    let most = if hub.strict { 100 } else { 100_000 };
    let usual = if hub.strict { 40 } else { 100 };
    let given = !arguments.bytes("max_connections").is_empty();
    let max_connections = if given { arguments.int("max_connections", 1, most) } else { usual };
    let wanted = Webhook {
        url,
        secret: arguments.lossy("secret_token").into_owned(),
        max_connections: usize::try_from(max_connections).unwrap_or(1),
        ip_address: None,
        last_error: None,
        gone_since: None,
        busy: HashSet::new(),
        generation: 0,
    };
    let drop_pending = arguments.flag("drop_pending_updates");
    let allowed = allowed_from(&arguments.lossy("allowed_updates"));
    let moment = hub.clock.elapsed_milliseconds();
    let begun = hub.turn(|world| {
        let queue = &mut world.bot_mut(bot).expect("the token named it").queue;
        if queue.webhook_set_at.is_some_and(|at| moment - at < 1000) {
            return Err(Failure::too_many(1));
        }
        queue.webhook_set_at = Some(moment);
        if let Some(allowed) = allowed {
            queue.allowed = allowed;
        }
        let same = |now: &Webhook| {
            now.url == wanted.url
                && now.secret == wanted.secret
                && now.max_connections == wanted.max_connections
        };
        if queue.webhook.as_ref().is_some_and(same) && !drop_pending {
            return Ok(None);
        }
        // The old one is gone before the new one is looked at, and stays gone if that fails.
        queue.webhook = None;
        if drop_pending {
            queue.clear();
        }
        queue.settings += 1;
        Ok(Some(queue.settings))
    })?;
    let Some(generation) = begun else {
        return Ok(Answer { description: Some("Webhook is already set"), ..Answer::yes() });
    };
    let checked = check(hub, &wanted).await;
    hub.turn(|world| {
        let queue = &mut world.bot_mut(bot).expect("the token named it").queue;
        if queue.settings != generation {
            return Err(Failure::new(409, "Conflict: terminated by other setWebhook"));
        }
        let ip_address = Some(checked?.to_string());
        queue.webhook = Some(Webhook { ip_address, generation, ..wanted });
        Ok(())
    })?;
    hub.ring();
    Ok(Answer { description: Some("Webhook was set"), ..Answer::yes() })
}

/// The address behind a webhook's URL, if Telegram would send there.
async fn check(hub: &Hub, webhook: &Webhook) -> Result<IpAddr, Failure> {
    let invalid = || Failure::bad("invalid webhook URL specified");
    let bad = |why: String| Failure::bad(&format!("bad webhook: {why}"));
    let url: Uri = webhook.url.parse().map_err(|_| invalid())?;
    let host = url.host().filter(|host| !host.is_empty()).ok_or_else(invalid)?;
    if webhook.secret.len() > 256 {
        return Err(Failure::bad("secret token is too long"));
    }
    if !webhook.secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        return Err(Failure::bad("secret token contains unallowed characters"));
    }
    let secure = match url.scheme_str() {
        Some("https") => true,
        Some("http") | None => false,
        Some(_) => return Err(invalid()),
    };
    let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
    if hub.strict && !secure {
        return Err(bad("An HTTPS URL must be provided for webhook".to_owned()));
    }
    if hub.strict && !PORTS.contains(&port) {
        return Err(bad("Webhook can be set up only on ports 80, 88, 443 or 8443".to_owned()));
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let mut found = tokio::net::lookup_host((bare, port))
        .await
        .map_err(|_| bad(format!("Failed to resolve host: {bare}")))?;
    let address = found.next().ok_or_else(|| bad(format!("Failed to resolve host: {bare}")))?.ip();
    if hub.strict && is_reserved(address) {
        return Err(bad(format!("IP address {address} is reserved")));
    }
    Ok(address)
}

fn is_reserved(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified(),
    }
}

pub(super) fn delete(hub: &Hub, bot: i64, arguments: &Arguments) -> Result<Answer, Failure> {
    let drop_pending = arguments.flag("drop_pending_updates");
    let allowed = allowed_from(&arguments.lossy("allowed_updates"));
    let changed = hub.turn(|world| {
        let queue = &mut world.bot_mut(bot).expect("the token named it").queue;
        if let Some(allowed) = allowed {
            queue.allowed = allowed;
        }
        if drop_pending {
            queue.clear();
        }
        queue.settings += 1;
        queue.webhook.take().is_some() || drop_pending
    });
    note(hub, "deleteWebhook", None);
    let description = if changed { "Webhook was deleted" } else { "Webhook is already deleted" };
    Ok(Answer { description: Some(description), ..Answer::yes() })
}

pub(super) fn info(hub: &Hub, bot: i64) -> Answer {
    note(hub, "getWebhookInfo", None);
    hub.turn(|world| {
        let queue = &world.bot(bot).expect("the token named it").queue;
        let mut info = WebhookInfo {
            pending_update_count: i64::try_from(queue.len()).unwrap_or(i64::MAX),
            allowed_updates: queue
                .allowed
                .as_ref()
                .map(|kinds| kinds.iter().map(|&kind| kind.to_owned()).collect()),
            ..WebhookInfo::default()
        };
        if let Some(webhook) = &queue.webhook {
            info.url.clone_from(&webhook.url);
            info.max_connections = i64::try_from(webhook.max_connections).ok();
            info.ip_address.clone_from(&webhook.ip_address);
            if let Some((at, what)) = &webhook.last_error {
                info.last_error_date = Some(*at);
                info.last_error_message = Some(what.clone());
            }
        }
        Answer::of(&info)
    })
}

fn note(hub: &Hub, method: &'static str, refused: Option<&Failure>) {
    let entry = Entry::new(What::Call).method(method);
    hub.turn(|world| {
        world.note(match refused {
            None => entry,
            Some(refused) => entry.error(&refused.description),
        });
    });
}
