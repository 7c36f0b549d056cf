//! The courier: brings updates to every bot that has a webhook, in order within a lane, again after a failure, later
//! each time. (Bot API server, `WebhookActor`.)

use super::arguments::Arguments;
use crate::hub::Hub;
use crate::world::{Entry, Lane, Queue, Waiting, What, World};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

const READ_TIMEOUT: Duration = Duration::from_secs(60);
const GONE_SECONDS: i64 = 23 * 3600;

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
pub(crate) async fn run(hub: Arc<Hub>) {
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

/// Whether every update that could be on its way by now has arrived or failed.
pub(crate) fn is_quiet(world: &World) -> bool {
    let now = world.now;
    let is_quiet = |queue: &Queue| {
        queue
            .webhook
            .as_ref()
            .is_none_or(|webhook| webhook.busy.is_empty() && heads(queue, now).all(|it| it.next_try > now))
    };
    world.bots().all(|bot| is_quiet(&bot.queue))
}

/// When the next delivery is due that is not under way.
pub(crate) fn next_due(world: &World) -> Option<i64> {
    let queues = world.bots().filter_map(|bot| Some((&bot.queue, bot.queue.webhook.as_ref()?)));
    let free = queues
        .flat_map(|(queue, webhook)| heads(queue, world.now).filter(|it| !webhook.busy.contains(&it.lane)));
    free.map(|update| update.next_try).min()
}

/// The first update of every lane. What waits behind it is not due before it.
fn heads(queue: &Queue, now: i64) -> impl Iterator<Item = &Waiting> {
    let mut lanes = HashSet::new();
    queue.iter().filter(move |update| update.expires_at > now && lanes.insert(update.lane))
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
            // The next delivery that ends makes room, and rings.
            if webhook.busy.len() >= webhook.max_connections {
                break;
            }
            if !seen.insert(update.lane) {
                continue;
            }
            if update.next_try > now {
                next = Some(next.map_or(update.next_try, |at| at.min(update.next_try)));
            } else {
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
        let retry_after = text(header::RETRY_AFTER).parse().ok().filter(|&seconds: &i64| seconds > 0);
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
                update.next_try = now + retry_after.map_or(pause.min(longest), |seconds| seconds.min(3600));
                // What would be tried too late is not kept until then.
                if update.next_try >= update.expires_at {
                    queue.remove(parcel.id);
                }
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
