//! What is answered over HTTP: the socket's handshake, health, metrics and static files.

use super::options::Options;
use super::server::Shared;
use super::{counters, upgrade};
use crate::engine::Engine;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::{HeaderValue, Request, StatusCode, header};
use std::sync::Arc;
use tower_http::services::ServeDir;

/// The public listener.
pub(super) fn public<E: Engine>(shared: Arc<Shared<E>>, options: &Options) -> Router {
    let mut router = health(shared.clone())
        .merge(Router::new().route("/signal", any(upgrade::handle::<E>)).with_state(shared));
    if let Some(package) = &options.package {
        router = router.nest_service("/package", ServeDir::new(package));
    }
    if let Some(www) = &options.www {
        router = router.fallback_service(ServeDir::new(www));
    }
    router.layer(middleware::from_fn(file_headers))
}

/// The listener for whoever runs the server.
pub(super) fn admin<E: Engine>(shared: Arc<Shared<E>>) -> Router {
    health(shared.clone()).merge(Router::new().route("/metrics", get(metrics::<E>)).with_state(shared))
}

fn health<E: Engine>(shared: Arc<Shared<E>>) -> Router {
    Router::new().route("/livez", get(async || "ok\n")).route("/readyz", get(ready::<E>)).with_state(shared)
}

async fn ready<E: Engine>(State(shared): State<Arc<Shared<E>>>) -> Response {
    if shared.shutdown.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response()
    } else {
        "ok\n".into_response()
    }
}

async fn metrics<E: Engine>(State(shared): State<Arc<Shared<E>>>) -> Response {
    let Some(exporter) = &shared.exporter else {
        return (StatusCode::NOT_FOUND, "metrics are off\n").into_response();
    };
    counters::usage(shared.engine.usage().await);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], exporter.render()).into_response()
}

/// Files are asked for anew each time, keep their type, and have the types that modules need.
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
