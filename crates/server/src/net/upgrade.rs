//! The handshake of RFC 6455 §4.2, by hand: the raw stream is needed afterwards, to end a broken socket
//! in a way that the client gets to hear of.

use super::http_stream::HttpStream;
use super::shared::Shared;
use super::{counters, socket_task};
use crate::engine::Engine;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, Method, Request, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Parts};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Answers a request for a signaling socket and hands the socket to its task.
pub(super) async fn handle<E: Engine>(
    State(shared): State<Arc<Shared<E>>>,
    mut request: Request<Body>,
) -> Response {
    let Some(accept) = accept_key(request.method(), request.headers()) else {
        let upgrade = [(header::UPGRADE, "websocket"), (header::SEC_WEBSOCKET_VERSION, "13")];
        return (StatusCode::UPGRADE_REQUIRED, upgrade, "a WebSocket is expected here\n").into_response();
    };
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return (StatusCode::BAD_REQUEST, "this connection cannot be upgraded\n").into_response();
    };
    let Some(place) = shared.admission.admit_signaling() else {
        counters::rejected("signaling");
        let retry = [(header::RETRY_AFTER, "5")];
        return (StatusCode::SERVICE_UNAVAILABLE, retry, "too many connections\n").into_response();
    };
    let tasks = shared.tasks.clone();
    tasks.spawn(async move {
        let _place = place;
        let Ok(upgraded) = upgrade.await else { return };
        if let Ok(Parts { io, read_buf, .. }) = upgraded.downcast::<TokioIo<HttpStream>>() {
            socket_task::run(shared, io.into_inner().into_inner(), read_buf).await;
        }
    });
    let upgrade = [
        (header::UPGRADE, "websocket".to_owned()),
        (header::CONNECTION, "upgrade".to_owned()),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, upgrade).into_response()
}

/// The answer to the client's key; `None` when this is not a WebSocket handshake of version 13.
fn accept_key(method: &Method, headers: &HeaderMap) -> Option<String> {
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    let fits = method == Method::GET
        && names(headers, &header::CONNECTION, "upgrade")
        && names(headers, &header::UPGRADE, "websocket")
        && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13")
        && key.len() == 24;
    fits.then(|| derive_accept_key(key.as_bytes()))
}

/// Whether a header that is a list names the word.
fn names(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|item| item.trim().eq_ignore_ascii_case(word)))
}
