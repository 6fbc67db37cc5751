//! What the facade gives a client, once it has looked at the application's options.

use crate::from_js::from_js;
use serde::Deserialize;
use signalpost_core::protocol::{InvalidId, Label, PeerId, PeerInfo, Query, RoomName};
use signalpost_core::{CandidateOptions, Config, IceServers, ReconnectOptions};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** The settings of a client. Times are in milliseconds. */
export interface Settings {
  readonly peer: PeerDescription;
  readonly key: string;
  /** How many pages have used this key, or one that it comes from, this page with them. */
  readonly pages: number;
  /** Without `maxAttempts` the client never gives up. */
  readonly reconnect: {
    readonly baseMs: number;
    readonly factor: number;
    readonly maxMs: number;
    readonly maxVisibleMs: number;
    readonly maxAttempts: number | undefined;
  };
  readonly candidates: { readonly batchMs: number; readonly batchSize: number; readonly maxPerGeneration: number };
  /** How long a description waits for its candidates; `undefined`: it does not. */
  readonly gatheringMs: number | undefined;
  /** After how much silence a connection is pinged; 0: never. */
  readonly pingMs: number;
  /** Whether the link is closed while the page is frozen. */
  readonly releaseWhenFrozen: boolean;
  /** Whether the handler hears every decision of the core. */
  readonly trace: boolean;
}

/** Which peers to list; every condition that is given holds. */
export interface PeerConditions {
  readonly region?: string;
  readonly capability?: string;
  readonly room?: string;
  readonly limit?: number;
  readonly cursor?: string;
  readonly nearest?: boolean;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// The object of which [`Settings`] is read.
    #[wasm_bindgen(typescript_type = "Settings")]
    pub type SettingsObject;

    /// The object of which [`Conditions`] is read.
    #[wasm_bindgen(typescript_type = "PeerConditions")]
    pub type ConditionsObject;
}

/// The settings of a client.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    peer: PeerDescription,
    key: String,
    pages: u32,
    reconnect: Reconnect,
    candidates: Candidates,
    gathering_ms: Option<f64>,
    ping_ms: f64,
    release_when_frozen: bool,
    /// Whether the handler hears every decision of the core.
    pub trace: bool,
}

#[derive(Deserialize)]
struct PeerDescription {
    id: String,
    region: Option<String>,
    capabilities: Vec<String>,
    metadata: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reconnect {
    base_ms: f64,
    factor: f64,
    max_ms: f64,
    max_visible_ms: f64,
    max_attempts: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidates {
    batch_ms: f64,
    batch_size: u16,
    max_per_generation: u16,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// The name of the argument that is wrong; the facade has looked at all of them.
    pub fn read(object: &JsValue) -> Result<Self, JsValue> {
        from_js(object).map_err(|_| "settings".into())
    }

    /// The configuration of the core that these settings ask for.
    ///
    /// # Errors
    /// The name of the argument that is wrong.
    pub fn into_config(self) -> Result<Config, JsValue> {
        let Self {
            peer, key, pages, reconnect, candidates, gathering_ms, ping_ms, release_when_frozen, ..
        } = self;
        let PeerDescription { id, region, capabilities, metadata } = peer;
        Ok(Config {
            peer_id: peer_id(&id)?,
            key,
            peer: PeerInfo { id, region, capabilities, metadata, ..PeerInfo::default() },
            // Fractions of milliseconds are cut off.
            reconnect: ReconnectOptions {
                base_ms: reconnect.base_ms as u32,
                factor: reconnect.factor,
                max_ms: reconnect.max_ms as u32,
                max_visible_ms: reconnect.max_visible_ms as u32,
                max_attempts: reconnect.max_attempts.map_or(u32::MAX, |attempts| attempts as u32),
            },
            candidates: CandidateOptions {
                batch_ms: candidates.batch_ms as u32,
                batch_size: candidates.batch_size,
                max_per_generation: candidates.max_per_generation,
                gathering_ms: gathering_ms.map(|wait| wait as u32),
                servers: IceServers::default(),
            },
            ping_ms: (ping_ms > 0.0).then_some(ping_ms as u32),
            release_when_frozen,
            pages,
        })
    }
}

/// Which peers to list.
#[derive(Deserialize)]
struct Conditions {
    region: Option<String>,
    capability: Option<String>,
    room: Option<String>,
    limit: Option<u16>,
    cursor: Option<String>,
    nearest: Option<bool>,
}

/// Reads which peers to list.
///
/// # Errors
/// The name of the argument that is wrong.
pub fn query(object: &JsValue) -> Result<Query, JsValue> {
    let read: Conditions = from_js(object).map_err(|_| "query")?;
    let Conditions { region, capability, room, limit, cursor, nearest } = read;
    Ok(Query {
        region: label("region", region)?,
        capability: label("capability", capability)?,
        room: room.map(|name| room_name(&name)).transpose()?,
        limit,
        cursor,
        nearest: nearest == Some(true),
    })
}

/// Reads a peer id.
///
/// # Errors
/// The name of the argument.
pub fn peer_id(text: &str) -> Result<PeerId, JsValue> {
    named("peerId", PeerId::parse(text))
}

/// Reads a room's name.
///
/// # Errors
/// The name of the argument.
pub fn room_name(text: &str) -> Result<RoomName, JsValue> {
    named("room", RoomName::parse(text))
}

fn label(name: &str, text: Option<String>) -> Result<Option<Label>, JsValue> {
    text.map(|text| named(name, Label::parse(&text))).transpose()
}

/// The facade has looked at it, and says what is wrong and what is allowed.
fn named<T>(name: &str, parsed: Result<T, InvalidId>) -> Result<T, JsValue> {
    parsed.map_err(|_| name.into())
}
