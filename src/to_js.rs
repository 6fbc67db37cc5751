//! What the facade gets as objects, through serde-wasm-bindgen.

use serde::Serialize;
use signalpost_core::protocol::{Mapping, Open};
use signalpost_core::{Census, ErrorCount, Failure, FailureDetails, Kinds, Outlook, Side, Timeline};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What the networks of both ends let expect; `direct` is in percent. */
export interface Outlook {
  readonly local: string | undefined;
  readonly remote: string | undefined;
  readonly direct: number;
  readonly relayFirst: boolean;
}

/** How long each phase of a connection took, in milliseconds; `undefined` for what has not happened. */
export interface Timeline {
  readonly discovery: number | undefined;
  readonly offer: number | undefined;
  readonly answer: number | undefined;
  readonly firstCandidate: number | undefined;
  readonly pair: number | undefined;
  readonly open: number | undefined;
}
"#;

/// Returns a value as an object. What is absent is `undefined`, or left out.
pub fn value<T: Serialize + ?Sized>(value: &T) -> Result<JsValue, JsValue> {
    serde_wasm_bindgen::to_value(value).map_err(JsValue::from)
}

/// Returns a value as an object. Records of texts, numbers and flags are always objects to JavaScript.
pub fn record<T: Serialize + ?Sized>(record: &T) -> JsValue {
    value(record).unwrap_or(JsValue::UNDEFINED)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureRecord<'a> {
    code: &'a str,
    retryable: bool,
    message: &'a str,
    retry_after_ms: Option<u32>,
    candidates: Option<CensusRecord>,
}

#[derive(Serialize)]
struct CensusRecord {
    own: SideRecord,
    remote: SideRecord,
    errors: Vec<ErrorRecord>,
}

#[derive(Serialize)]
struct SideRecord {
    found: KindsRecord,
    used: KindsRecord,
    dropped: u16,
}

#[derive(Serialize)]
struct KindsRecord {
    host: u16,
    srflx: u16,
    relay: u16,
}

#[derive(Serialize)]
struct ErrorRecord {
    code: u16,
    servers: u16,
}

impl CensusRecord {
    fn new(census: &Census) -> Self {
        let kinds = |Kinds { host, srflx, relay }| KindsRecord { host, srflx, relay };
        let side =
            |Side { found, used, dropped }| SideRecord { found: kinds(found), used: kinds(used), dropped };
        let error = |ErrorCount { code, servers }| ErrorRecord { code, servers };
        let errors = census.errors.iter().copied().map(error).collect();
        Self { own: side(census.own), remote: side(census.remote), errors }
    }
}

/// Returns a failure as an object.
pub fn failure(failure: &Failure) -> JsValue {
    let FailureDetails { code, retryable, message, retry_after_ms, census, .. } = &**failure;
    record(&FailureRecord {
        code,
        retryable: *retryable,
        message,
        retry_after_ms: *retry_after_ms,
        candidates: census.as_deref().map(CensusRecord::new),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutlookRecord<'a> {
    local: Option<&'a str>,
    remote: Option<&'a str>,
    direct: u8,
    relay_first: bool,
}

/// Returns what the networks of both ends let expect as an object.
pub fn outlook(outlook: &Outlook) -> JsValue {
    record(&OutlookRecord {
        local: outlook.own.map(Mapping::as_str),
        remote: outlook.remote.as_ref().map(Open::as_str),
        direct: outlook.direct_percent(),
        relay_first: outlook.relay_leads(),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TimelineRecord {
    discovery: Option<u32>,
    offer: Option<u32>,
    answer: Option<u32>,
    first_candidate: Option<u32>,
    pair: Option<u32>,
    open: Option<u32>,
}

/// Returns how long each phase of a connection took, in milliseconds, as an object; `undefined` for what has not happened.
pub fn timeline(timeline: Timeline) -> JsValue {
    record(&TimelineRecord {
        discovery: timeline.discovery_ms,
        offer: timeline.offer_ms,
        answer: timeline.answer_ms,
        first_candidate: timeline.first_candidate_ms,
        pair: timeline.pair_ms,
        open: timeline.open_ms,
    })
}
