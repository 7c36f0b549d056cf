//! Every address there is.

use crate::app::App;
use crate::error::{Trouble, chain};
use crate::flows::hear::{Gap, is_webhook_secret, take_in};
use crate::headers::{Headers, refusal};
use crate::listen::Peer;
use crate::pages::{PICTURE_PATH, gate, pass, picture};
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use hyper::body::Incoming;
use links::UserId;
use std::net::IpAddr;
use telegram::bot_api::types::Update;
use tower_service::Service;
use tracing::warn;

/// An update is smaller: a message of four thousand letters, and whom it concerns.
const LARGEST_UPDATE_BYTES: usize = 256 << 10;

/// What stands at an address: its routes, and what every page is sent with.
pub(crate) struct Door {
    router: Router,
    headers: Option<Headers>,
}

impl Door {
    /// What people and Telegram reach; what operators reach too, unless that has a listener of its own.
    pub(crate) fn public(app: App, is_watched_elsewhere: bool) -> Self {
        let headers = Headers::new(app.public_url.starts_with("https://"));
        let watched = if is_watched_elsewhere {
            Router::new()
        } else {
            healthy().route("/metrics", get(metrics_for_this_machine))
        };
        let router = Router::new()
            .route("/g/{slug}", get(gate::look).post(gate::answer))
            .route("/g/{slug}/pass", get(pass::look).post(pass::again))
            .route(PICTURE_PATH, get(picture))
            .route("/telegram/{bot}", post(hear))
            .merge(watched)
            .fallback(|| async { gate::nowhere() })
            .with_state(app);
        Self { router, headers: Some(headers) }
    }

    /// What operators reach, at an address that is theirs alone.
    pub(crate) fn watching(app: App) -> Self {
        let metrics = get(|State(app): State<App>| async move { metrics(&app) });
        Self { router: healthy().route("/metrics", metrics).with_state(app), headers: None }
    }

    // Not as layers of the router: each of those is a box around every route, and as many copies for every request.
    pub(crate) async fn answer(&self, peer: Peer, request: hyper::Request<Incoming>) -> Response {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        let refusal = self.headers.as_ref().and_then(|_| refusal(&request));
        let mut response = match refusal {
            Some(refusal) => refusal,
            None => self.router.clone().call(request).await.unwrap_or_else(|never| match never {}),
        };
        if let Some(headers) = &self.headers {
            headers.add(response.headers_mut());
        }
        response
    }
}

fn healthy() -> Router<App> {
    Router::new().route("/livez", get(|| async { "ok\n" })).route("/readyz", get(readyz))
}

/// An update of one of our bots. Telegram sends it again until we say that it is stored.
async fn hear(
    State(app): State<App>,
    Path(bot): Path<String>,
    request: Request,
) -> Result<Response, Trouble> {
    let headers = request.headers();
    if length(headers).is_some_and(|length| length > LARGEST_UPDATE_BYTES as u64) {
        return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response());
    }
    if !is_json(headers) {
        return Ok(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
    }
    let said = headers.get("x-telegram-bot-api-secret-token").and_then(|said| said.to_str().ok());
    let known = bot.parse().ok().filter(|bot| is_webhook_secret(&app, *bot, said.unwrap_or_default()));
    // Whether there is such a bot is not for strangers to know; and what they send is not even read.
    let Some(id) = known else { return Ok(StatusCode::UNAUTHORIZED.into_response()) };
    let Some(bot) = app.bots.get(id) else { return not_ours(&app, id).await };
    let Ok(body) = to_bytes(request.into_body(), LARGEST_UPDATE_BYTES).await else {
        return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response());
    };
    match serde_json::from_slice::<Update>(&body) {
        Ok(update) => {
            take_in(&app, &bot, &[update], None, Gap::None).await?;
            Ok(StatusCode::OK.into_response())
        }
        Err(why) => {
            warn!(
                bot = bot.id.get(),
                line = why.line(),
                column = why.column(),
                "Telegram sent what is no update"
            );
            Ok(StatusCode::BAD_REQUEST.into_response())
        }
    }
}

/// An update for a bot that nobody tends here. If it is ours it comes again; of one that is not ours any more Telegram
/// is told that it was taken, so that it does not go on sending.
async fn not_ours(app: &App, bot: UserId) -> Result<Response, Trouble> {
    if app.store.bot(bot).await?.is_some() {
        return Ok(StatusCode::SERVICE_UNAVAILABLE.into_response());
    }
    app.metrics.strays.inc();
    Ok(StatusCode::OK.into_response())
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Whether we can do our part; if not, which part fails. Why is for the log: strangers may be reading.
async fn readyz(State(app): State<App>) -> Response {
    match app.store.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(why) => {
            warn!(error = %chain(&why), "not ready: the store does not answer as it should");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready: the store\n").into_response()
        }
    }
}

/// For a Prometheus on this machine that asks us directly, by this machine's name; behind a proxy everybody would seem
/// to be on this machine, and not every proxy says that it is one.
async fn metrics_for_this_machine(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    let is_forwarded = ["forwarded", "x-forwarded-for", "via"].iter().any(|name| headers.contains_key(*name));
    if peer.is_near && !is_forwarded && names_this_machine(&headers) {
        metrics(&app)
    } else {
        gate::nowhere()
    }
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(host, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn metrics(app: &App) -> Response {
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], app.metrics.page()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_few_names() {
        let check = |host: &'static str| {
            names_this_machine(&[(header::HOST, HeaderValue::from_static(host))].into_iter().collect())
        };
        assert!(
            check("localhost") && check("localhost:8080") && check("127.0.0.1:8080") && check("[::1]:80")
        );
        assert!(!check("gate.example") && !check("gate.example:443") && !check("10.0.0.1") && !check(""));
    }
}
