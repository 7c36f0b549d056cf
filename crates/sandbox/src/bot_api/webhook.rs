//! Webhooks: set, checked, and served by one courier for all bots: in order within a lane, again after a failure,
//! later each time. (Bot API server, `Client::process_set_webhook_query`, `WebhookActor`.)

use super::answer::{Answer, Failure};
use super::arguments::Arguments;
use crate::hub::Hub;
use crate::world::{Entry, Lane, Queue, Webhook, What, World, allowed_from};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, Uri, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use telegram::bot_api::types::WebhookInfo;
use tokio::task::JoinSet;

const READ_TIMEOUT: Duration = Duration::from_secs(60);
const GONE_SECONDS: i64 = 23 * 3600;
const PORTS: [u16; 4] = [80, 88, 443, 8443];

pub(super) async fn set(hub: &Arc<Hub>, bot: i64, arguments: &Arguments) -> Result<Answer, Failure> {
    let url = arguments.lossy("url").into_owned();
    if url.is_empty() {
        return delete(hub, bot, arguments);
    }
    let outcome = try_to_set(hub, bot, arguments, url).await;
    note(hub, "setWebhook", outcome.as_ref().err());
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
    let unchanged = hub.turn(|world| {
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
            return Ok(true);
        }
        // The old one is gone before the new one is looked at, and stays gone if that fails.
        queue.webhook = None;
        if drop_pending {
            queue.clear();
        }
        Ok(false)
    })?;
    if unchanged {
        return Ok(Answer { description: Some("Webhook is already set"), ..Answer::yes() });
    }
    let ip_address = check(hub, &wanted).await?;
    hub.turn(|world| {
        let queue = &mut world.bot_mut(bot).expect("the token named it").queue;
        queue.turn += 1;
        let generation = queue.turn;
        queue.webhook = Some(Webhook { ip_address: Some(ip_address.to_string()), generation, ..wanted });
    });
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
    if secure && !hub.strict {
        // No certificate on a loopback address could be checked, and nothing else is reached from here.
        return Err(bad("the sandbox sends to http addresses only".to_owned()));
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
    let there_was_one = hub.turn(|world| {
        let queue = &mut world.bot_mut(bot).expect("the token named it").queue;
        if drop_pending {
            queue.clear();
        }
        queue.webhook.take().is_some()
    });
    note(hub, "deleteWebhook", None);
    let description = if there_was_one { "Webhook was deleted" } else { "Webhook is already deleted" };
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

/// An update on its way.
struct Parcel {
    bot: i64,
    generation: u64,
    id: i64,
    lane: Lane,
    url: String,
    secret: String,
    body: String,
}

/// How a delivery went.
enum Delivered {
    /// Any 2xx, and perhaps a call in its body.
    Well(Option<Arguments>),
    Badly {
        what: String,
        retry_after: Option<i64>,
        gone: bool,
    },
}

/// Delivers what waits, for every bot with a webhook, until it is dropped.
pub(crate) async fn courier(hub: Arc<Hub>) {
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let mut under_way = JoinSet::new();
    let mut bell = hub.listen();
    loop {
        bell.mark_unchanged();
        let (parcels, next) = hub.turn(take_parcels);
        for parcel in parcels {
            under_way.spawn(deliver(Arc::clone(&hub), client.clone(), parcel));
        }
        tokio::select! {
            () = hub.wait(&mut bell, next) => {}
            Some(_) = under_way.join_next() => {}
        }
    }
}

/// Whether every update that could be on its way by now has arrived or failed. What waits behind another of its
/// lane is not due before that one.
pub(crate) fn is_quiet(world: &World) -> bool {
    let now = world.now;
    let is_quiet = |queue: &Queue| {
        let mut lanes = HashSet::new();
        let mut heads = queue.iter().filter(|update| lanes.insert(update.lane));
        queue
            .webhook
            .as_ref()
            .is_none_or(|webhook| webhook.busy.is_empty() && heads.all(|it| it.next_try > now))
    };
    world.bots().all(|bot| is_quiet(&bot.queue))
}

/// The next update of every free lane, and when the next retry is due.
fn take_parcels(world: &mut World) -> (Vec<Parcel>, Option<i64>) {
    let now = world.now;
    let mut parcels = Vec::new();
    let mut next: Option<i64> = None;
    let bots: Vec<i64> = world.bots().filter(|bot| bot.queue.webhook.is_some()).map(|bot| bot.id).collect();
    for bot in bots {
        let queue = &mut world.bot_mut(bot).expect("it was just listed").queue;
        queue.drop_expired(now);
        let Some(mut webhook) = queue.webhook.take() else { continue };
        let mut seen = webhook.busy.clone();
        let reverse = queue.reorders > 0 && queue.len() > 1;
        if reverse {
            queue.reorders -= 1;
        }
        let mut waiting: Vec<_> = queue.iter().collect();
        if reverse {
            waiting.reverse();
        }
        for update in waiting {
            if !seen.insert(update.lane) {
                continue;
            }
            if update.next_try > now {
                next = Some(next.map_or(update.next_try, |at| at.min(update.next_try)));
            } else if webhook.busy.len() < webhook.max_connections {
                webhook.busy.insert(update.lane);
                parcels.push(Parcel {
                    bot,
                    generation: webhook.generation,
                    id: update.id,
                    lane: update.lane,
                    url: webhook.url.clone(),
                    secret: webhook.secret.clone(),
                    body: update.body.to_string(),
                });
            }
        }
        queue.webhook = Some(webhook);
    }
    (parcels, next)
}

async fn deliver(hub: Arc<Hub>, client: Client<HttpConnector, Full<Bytes>>, parcel: Parcel) {
    let sending = send(&client, &parcel);
    let delivered = tokio::time::timeout(READ_TIMEOUT, sending).await.unwrap_or_else(|_| Delivered::Badly {
        what: "Read timeout expired".to_owned(),
        retry_after: None,
        gone: false,
    });
    let call = hub.turn(|world| settle(world, &parcel, delivered));
    hub.ring();
    if let Some(arguments) = call {
        let method = arguments.lossy("method").to_ascii_lowercase();
        let refused = ["deletewebhook", "setwebhook", "close", "logout"].contains(&method.as_str());
        if !refused && !method.starts_with("get") {
            // The bot never learns how its call went.
            drop(Box::pin(super::call(&hub, |_| Ok(parcel.bot), &method, &arguments)).await);
        }
    }
}

async fn send(client: &Client<HttpConnector, Full<Bytes>>, parcel: &Parcel) -> Delivered {
    let badly = |what: String| Delivered::Badly { what, retry_after: None, gone: false };
    let (url, credentials) = without_credentials(&parcel.url);
    let mut request = Request::post(url).header(header::CONTENT_TYPE, "application/json");
    if let Some(credentials) = credentials {
        request = request.header(header::AUTHORIZATION, format!("Basic {credentials}"));
    }
    if !parcel.secret.is_empty() {
        request = request.header("X-Telegram-Bot-Api-Secret-Token", &parcel.secret);
    }
    let Ok(request) = request.body(Full::from(parcel.body.clone())) else {
        return badly("Can't connect to the webhook".to_owned());
    };
    let Ok(response) = client.request(request).await else {
        return badly("Can't connect to the webhook".to_owned());
    };
    let (head, body) = response.into_parts();
    let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !head.status.is_success() {
        let reason = head.status.canonical_reason().unwrap_or_default();
        let retry_after = text(header::RETRY_AFTER).parse().ok().map(|seconds: i64| seconds.clamp(0, 3600));
        return Delivered::Badly {
            what: format!("Wrong response from the webhook: {} {reason}", head.status.as_u16()),
            retry_after,
            gone: head.status.as_u16() == 410,
        };
    }
    let content_type = text(header::CONTENT_TYPE).to_owned();
    let Ok(body) = Limited::new(body, 1 << 20).collect().await else {
        return badly("Connection closed".to_owned());
    };
    let call = Arguments::read("", &content_type, &body.to_bytes()).ok();
    Delivered::Well(call.filter(|arguments| !arguments.bytes("method").is_empty()))
}

/// Writes down how it went, and what the bot wants in return.
fn settle(world: &mut World, parcel: &Parcel, delivered: Delivered) -> Option<Arguments> {
    let now = world.now;
    let longest = world.chance.i64(60..=120);
    let queue = &mut world.bot_mut(parcel.bot)?.queue;
    let webhook = queue.webhook.as_mut().filter(|webhook| webhook.generation == parcel.generation)?;
    webhook.busy.remove(&parcel.lane);
    let (call, failed) = match delivered {
        Delivered::Well(call) => {
            webhook.gone_since = None;
            queue.remove(parcel.id);
            (call, None)
        }
        Delivered::Badly { what, retry_after, gone } => {
            webhook.last_error = Some((now, what.clone()));
            webhook.gone_since = gone.then(|| webhook.gone_since.unwrap_or(now));
            if webhook.gone_since.is_some_and(|since| now - since >= GONE_SECONDS) {
                queue.webhook = None;
            }
            if let Some(update) = queue.get_mut(parcel.id) {
                update.failures += 1;
                // The first retry comes at once, and then 2, 4, 8 seconds later.
                let pause = if update.failures == 1 { 0 } else { 1i64 << (update.failures - 1).min(7) };
                update.next_try = now + retry_after.unwrap_or(pause.min(longest));
            }
            (None, Some(what))
        }
    };
    let entry = Entry::new(What::Webhook).user(parcel.bot);
    world.note(match failed {
        None => entry,
        Some(what) => entry.error(&what),
    });
    call
}

/// The address without its user and password, and those as HTTP wants them.
fn without_credentials(url: &str) -> (String, Option<String>) {
    use base64::Engine as _;
    let Some((scheme, rest)) = url.split_once("://") else { return (format!("http://{url}"), None) };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    match rest[..end].rsplit_once('@') {
        None => (url.to_owned(), None),
        Some((credentials, host)) => {
            let encoded = base64::engine::general_purpose::STANDARD.encode(credentials);
            (format!("{scheme}://{host}{}", &rest[end..]), Some(encoded))
        }
    }
}
