//! Answers over HTTP: the handshake of a signaling socket, health, metrics and static files.

use super::admission::HttpPlace;
use super::options::Options;
use super::shared::Shared;
use super::{audit_api, counters, files, upgrade};
use crate::engine::Engine;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Extension, Router};
use http::{HeaderValue, Request, StatusCode, header};
use std::sync::Arc;

/// Where signaling sockets are opened.
const SIGNAL: &str = "/signal";
/// Whether the process runs.
const LIVE: &str = "/livez";
/// Whether new connections should come.
const READY: &str = "/readyz";

/// The public listener.
pub(super) fn public<E: Engine>(shared: Arc<Shared<E>>, options: &Options) -> Router {
    let signal = Router::new().route(SIGNAL, any(upgrade::handle::<E>)).with_state(shared.clone());
    let mut router = health(shared.clone()).merge(signal);
    if let Some(package) = &options.package {
        router = router.nest_service("/package", files::serve(package));
    }
    if let Some(www) = &options.www {
        router = router.fallback_service(files::serve(www));
    }
    router
        .layer(middleware::from_fn(file_headers))
        .layer(middleware::from_fn_with_state(shared, in_its_place::<E>))
}

/// The listener for the people who run the server.
pub(super) fn admin<E: Engine>(shared: Arc<Shared<E>>) -> Router {
    health(shared.clone())
        .merge(Router::new().route("/metrics", get(metrics::<E>)).with_state(shared.clone()))
        .merge(audit_api::router(shared.clone()))
        .layer(middleware::from_fn_with_state(shared, in_its_place::<E>))
}

fn health<E: Engine>(shared: Arc<Shared<E>>) -> Router {
    Router::new().route(LIVE, get(async || "ok\n")).route(READY, get(ready::<E>)).with_state(shared)
}

/// Answers 503 while the server drains. A server whose store is away says so with 200: the store is away for all servers, most
/// likely, and a balancer that left all of them would refuse every client, also those that only wait for the store. For a balancer that falls
/// back on all of its servers when none is left there is `?strict`, which answers 503 then.
async fn ready<E: Engine>(State(shared): State<Arc<Shared<E>>>, RawQuery(query): RawQuery) -> Response {
    if shared.leaving.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response();
    }
    // The public port tells no address and no user.
    let Some(reason) = shared.engine.degraded() else {
        // A server that reaches its own region serves its clients, whatever became of the others.
        let lost = shared.engine.lost_regions();
        let lost: Vec<String> = lost.iter().map(|(region, reason)| format!("{region} {reason}")).collect();
        let body =
            if lost.is_empty() { "ok\n".into() } else { format!("degraded: redis of {}\n", lost.join(", ")) };
        return body.into_response();
    };
    let status = match query.as_deref() {
        Some("strict") => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    (status, format!("degraded: redis {reason}\n")).into_response()
}

/// Answers only a connection that has a place among the HTTP connections. A health probe gets one answer without a place too:
/// a load balancer must not take a server out because many clients load its files.
async fn in_its_place<E: Engine>(
    State(shared): State<Arc<Shared<E>>>,
    Extension(place): Extension<HttpPlace>,
    request: Request<Body>,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let (is_signal, is_health) = (path == SIGNAL, matches!(path, LIVE | READY));
    let has_place = !is_signal && place.take();
    let mut response = if has_place || is_signal || is_health {
        next.run(request).await
    } else {
        counters::rejected("http");
        let retry = [(header::RETRY_AFTER, "5")];
        (StatusCode::SERVICE_UNAVAILABLE, retry, "too many connections\n").into_response()
    };
    // A server that stops announces the end of each connection with its last answer.
    let goes_on = has_place && !shared.leaving.is_cancelled();
    if !goes_on && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn metrics<E: Engine>(State(shared): State<Arc<Shared<E>>>) -> Response {
    let Some(exporter) = &shared.exporter else {
        return (StatusCode::NOT_FOUND, "metrics are off\n").into_response();
    };
    counters::usage(shared.engine.usage().await, shared.engine.degraded().is_some());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], exporter.render()).into_response()
}

/// Sets the headers of files: browsers ask for a file anew each time, keep its type, and get the types that modules need.
async fn file_headers(request: Request<Body>, next: Next) -> Response {
    let better = match request.uri().path().rsplit_once('.') {
        // RFC 9239; and the type list of ServeDir takes a source map for plain text.
        Some((_, "js" | "mjs")) => Some("text/javascript"),
        Some((_, "map")) => Some("application/json"),
        _ => None,
    };
    let mut response = next.run(request).await;
    let found = response.status() == StatusCode::OK;
    let headers = response.headers_mut();
    if let Some(better) = better.filter(|_| found) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(better));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
