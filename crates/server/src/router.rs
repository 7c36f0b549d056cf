//! Every address there is.

use crate::app::App;
use crate::error::chain;
use crate::headers::{self, Headers};
use crate::listen::Peer;
use crate::pages::{gate, pass};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};

/// A form with every field filled to its bound is smaller.
const LARGEST_FORM_BYTES: usize = 256 << 10;

pub(crate) fn router(app: App) -> Router {
    let headers = Headers::new(app.public_url.starts_with("https://"));
    Router::new()
        .route("/g/{slug}", get(gate::look).post(gate::answer))
        .route("/g/{slug}/pass", get(pass::look).post(pass::again))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .fallback(|| async { gate::nowhere() })
        .layer(from_fn(headers::same_site))
        .layer(from_fn_with_state(headers, headers::add))
        .layer(DefaultBodyLimit::max(LARGEST_FORM_BYTES))
        .with_state(app)
}

/// Whether we can do our part; if not, which part fails.
async fn readyz(State(app): State<App>) -> Response {
    match app.store.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(why) => {
            let text = format!("not ready: the store: {}\n", chain(&why));
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}

/// For a Prometheus on this machine that asks us directly; behind a proxy everybody would seem to be.
async fn metrics(
    State(app): State<App>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    let is_forwarded = ["forwarded", "x-forwarded-for", "via"].iter().any(|name| headers.contains_key(*name));
    if !peer.ip().is_loopback() || is_forwarded {
        return gate::nowhere();
    }
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], app.metrics.page()).into_response()
}
