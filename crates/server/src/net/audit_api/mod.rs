//! `/audit` on the admin listener: reads the trail as JSON lines, and erases a peer.

mod query;
#[cfg(test)]
mod tests;

use super::audit::Audit;
use super::shared::Shared;
use crate::audit::{Found, Record, RecordPosition, Selection, Unavailable};
use crate::engine::Engine;
use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream;
use http::{StatusCode, header};
use query::BadQuery;
use serde::Serialize;
use std::sync::Arc;

/// Where the trail is.
const AUDIT: &str = "/audit";

/// The part of the admin listener that is about the trail.
pub(super) fn router<E: Engine>(shared: Arc<Shared<E>>) -> Router {
    Router::new().route(AUDIT, get(read::<E>).delete(erase::<E>)).with_state(shared)
}

/// One line of an answer.
#[derive(Serialize)]
struct Line {
    time: u64,
    r#type: &'static str,
    size: u32,
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    result: &'static str,
}

impl Line {
    fn of(record: &Record) -> Self {
        let Record { at, kind, size, from, to, result } = record;
        Self {
            time: *at,
            r#type: kind.as_str(),
            size: size.at_most(),
            from: from.to_string(),
            to: to.map(|to| to.to_string()),
            result: result.as_str(),
        }
    }
}

/// The answer to an erasure.
#[derive(Serialize)]
struct Erased {
    erased: u64,
}

/// Why there is no answer.
#[derive(Serialize)]
struct Problem<'a> {
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    message: &'a str,
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(mut text) => {
            text.push(b'\n');
            answer(status, "application/json", Body::from(text))
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn answer(status: StatusCode, kind: &'static str, body: Body) -> Response {
    (status, [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], body).into_response()
}

fn problem(status: StatusCode, error: &'static str, message: &str) -> Response {
    json(status, &Problem { error, parameter: None, message })
}

fn off() -> Response {
    problem(StatusCode::NOT_FOUND, "audit-off", "this server keeps no audit trail: start it with --audit")
}

impl IntoResponse for BadQuery {
    fn into_response(self) -> Response {
        let message = format!("{} {}", self.parameter, self.problem);
        let parameter = Some(self.parameter.as_str());
        json(StatusCode::BAD_REQUEST, &Problem { error: "invalid-query", parameter, message: &message })
    }
}

fn unavailable(why: Unavailable) -> Response {
    problem(StatusCode::SERVICE_UNAVAILABLE, "audit-unavailable", &why.to_string())
}

async fn erase<E: Engine>(State(shared): State<Arc<Shared<E>>>, RawQuery(query): RawQuery) -> Response {
    let Some(audit) = shared.audit.get() else { return off() };
    let peer = match query::erasure(&query.unwrap_or_default()) {
        Ok(peer) => peer,
        Err(bad) => return bad.into_response(),
    };
    match audit.erase(peer).await {
        Ok(erased) => {
            tracing::info!(records = erased, "erased a peer from the audit trail");
            json(StatusCode::OK, &Erased { erased })
        }
        Err(why) => unavailable(why),
    }
}

/// Sends one page after the other, each when the client has taken the one before.
async fn read<E: Engine>(State(shared): State<Arc<Shared<E>>>, RawQuery(query): RawQuery) -> Response {
    let Some(audit) = shared.audit.get() else { return off() };
    let selection = match query::selection(&query.unwrap_or_default()) {
        Ok(selection) => selection,
        Err(bad) => return bad.into_response(),
    };
    let first = match audit.read(selection.clone(), None).await {
        Ok(found) => found,
        Err(why) => return unavailable(why),
    };
    let selection = Selection { until: Some(first.until), ..selection };
    let audit = audit.clone();
    let pages =
        stream::try_unfold(Step::Send(first), move |step| next(audit.clone(), selection.clone(), step));
    answer(StatusCode::OK, "application/x-ndjson", Body::from_stream(pages))
}

/// What an answer does next.
enum Step {
    Send(Found),
    Ask(RecordPosition),
    End,
}

/// Returns the lines of the next page. A failure cuts the answer off, so that nobody takes the part for the whole.
async fn next(
    audit: Arc<Audit>,
    selection: Selection,
    step: Step,
) -> Result<Option<(Bytes, Step)>, Unavailable> {
    let mut found = match step {
        Step::Send(found) => found,
        Step::Ask(after) => audit.read(selection.clone(), Some(after)).await?,
        Step::End => return Ok(None),
    };
    // A page without a record and with more behind it has nothing to send.
    while found.page.records.is_empty()
        && let Some(after) = found.page.next
    {
        found = audit.read(selection.clone(), Some(after)).await?;
    }
    let mut lines = Vec::new();
    for record in &found.page.records {
        serde_json::to_writer(&mut lines, &Line::of(record)).map_err(|_| Unavailable)?;
        lines.push(b'\n');
    }
    let then = found.page.next.map_or(Step::End, Step::Ask);
    Ok((!lines.is_empty()).then_some((lines.into(), then)))
}
