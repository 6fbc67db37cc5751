//! What the facade can call.

use crate::codec;
use crate::driver::Driver;
use crate::handler::Handler;
use alloc::rc::Rc;
use alloc::{string::String, vec::Vec};
use signalpost_core::protocol::{InvalidId, Label, OwnSignal, PeerId, PeerInfo, Query, RoomName, limits};
use signalpost_core::{CandidateOptions, Command, Config, Input, Receiver, ReconnectOptions, Timeline};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Math)]
    fn random() -> f64;
}

/// One client. `call` names a promise of the facade, settled through the handler.
#[wasm_bindgen]
pub struct Client {
    driver: Rc<Driver>,
}

#[wasm_bindgen]
impl Client {
    /// A client that does nothing yet. `transport`: opens a socket to the server. `peer`: `PeerInfo` without `session`. `numbers`: base, factor, cap, cap
    /// while visible (milliseconds) and attempts (negative: unlimited) of reconnecting; milliseconds, size and most of
    /// candidate batches; milliseconds that a description waits for its candidates (negative: it does not). `global`: `globalThis`.
    ///
    /// # Errors
    /// The text says which argument is wrong.
    #[wasm_bindgen(constructor)]
    pub fn new(
        transport: JsValue,
        key: String,
        peer: JsValue,
        configuration: JsValue,
        numbers: &[f64],
        handler: Handler,
        global: &JsValue,
    ) -> Result<Client, JsError> {
        let peer = codec::peer_from_js(&peer).ok_or_else(|| JsError::new("peer"))?;
        let peer_id = PeerId::parse(&peer.id).map_err(|why| invalid("peerId", why))?;
        check_labels(&peer)?;
        let &[base, factor, most, most_visible, attempts, batch_ms, batch_size, cap, gathering] = numbers
        else {
            return Err(JsError::new("options"));
        };
        let config = Config {
            peer_id,
            key,
            peer,
            reconnect: ReconnectOptions {
                base_ms: base as u32,
                factor,
                max_ms: most as u32,
                max_visible_ms: most_visible as u32,
                max_attempts: if attempts < 0.0 { u32::MAX } else { attempts as u32 },
            },
            candidates: CandidateOptions {
                batch_ms: batch_ms as u32,
                batch_size: batch_size as u16,
                max_per_generation: cap as u16,
                gathering_ms: (gathering >= 0.0).then_some(gathering as u32),
            },
        };
        Ok(Self { driver: Driver::new(transport, configuration, handler, global, config, seed()) })
    }

    /// Connects and registers.
    pub fn connect(&self, call: u32, timeout_ms: u32) {
        self.command(Command::Connect { call, timeout_ms });
    }

    /// Stops for good.
    pub fn close(&self) {
        self.command(Command::Close);
    }

    /// The facade no longer waits for this call.
    pub fn cancel(&self, call: u32) {
        self.command(Command::Cancel { call });
    }

    /// Enters a room.
    ///
    /// # Errors
    /// The name is none.
    pub fn join(&self, call: u32, room: &str) -> Result<(), JsError> {
        let room = room_name(room)?;
        self.command(Command::Join { call, room });
        Ok(())
    }

    /// Leaves a room.
    ///
    /// # Errors
    /// The name is none.
    pub fn leave(&self, call: u32, room: &str) -> Result<(), JsError> {
        let room = room_name(room)?;
        self.command(Command::Leave { call, room });
        Ok(())
    }

    /// Looks for peers. `query`: `region`, `capability`, `room`, `limit`, `cursor`, each optional.
    ///
    /// # Errors
    /// The text names the field that is wrong.
    #[wasm_bindgen(js_name = findPeers)]
    pub fn find_peers(&self, call: u32, query: &JsValue) -> Result<(), JsError> {
        let text = |name| codec::text(query, name).ok_or_else(|| JsError::new(name));
        let query = Query {
            region: label("region", text("region")?)?,
            capability: label("capability", text("capability")?)?,
            room: text("room")?.map(|name| room_name(&name)).transpose()?,
            limit: codec::u16_field(query, "limit").ok_or_else(|| JsError::new("limit"))?,
            cursor: text("cursor")?,
        };
        self.command(Command::FindPeers { call, query });
        Ok(())
    }

    /// Sends a text to a peer, or to everybody else in a room.
    ///
    /// # Errors
    /// The id or the name is none.
    pub fn message(&self, call: u32, to: &str, is_room: bool, data: String) -> Result<(), JsError> {
        let to = if is_room { Receiver::Room(room_name(to)?) } else { Receiver::Peer(peer_id(to)?) };
        self.command(Command::Message { call, to, data });
        Ok(())
    }

    /// Sends a description for a connection of the application's own.
    ///
    /// # Errors
    /// The id is none.
    pub fn description(&self, call: u32, to: &str, is_offer: bool, sdp: String) -> Result<(), JsError> {
        let signal = if is_offer { OwnSignal::Offer(sdp) } else { OwnSignal::Answer(sdp) };
        self.command(Command::OwnSignal { call, to: peer_id(to)?, signal });
        Ok(())
    }

    /// Sends a candidate for a connection of the application's own; `null`: there are no more.
    ///
    /// # Errors
    /// The id is none, or the candidate's shape is wrong.
    pub fn candidate(&self, call: u32, to: &str, candidate: &JsValue) -> Result<(), JsError> {
        let end = candidate.is_null();
        let found = if end {
            None
        } else {
            Some(codec::candidate_from_js(candidate).ok_or_else(|| JsError::new("candidate"))?)
        };
        let signal = OwnSignal::Candidates { candidates: found.into_iter().collect(), end };
        self.command(Command::OwnSignal { call, to: peer_id(to)?, signal });
        Ok(())
    }

    /// The connection to a peer, made if there is none. `None`: the browser cannot make one now.
    ///
    /// # Errors
    /// The id is none.
    #[wasm_bindgen(js_name = openPeer, unchecked_return_type = "RTCPeerConnection | undefined")]
    pub fn open_peer(&self, peer: &str) -> Result<JsValue, JsError> {
        let peer = peer_id(peer)?;
        self.command(Command::OpenPeer { peer: peer.clone() });
        Ok(self.driver.connection(&peer).unwrap_or_default())
    }

    /// Connects to a peer.
    ///
    /// # Errors
    /// The id is none.
    #[wasm_bindgen(js_name = connectPeer)]
    pub fn connect_peer(&self, call: u32, peer: &str, timeout_ms: u32) -> Result<(), JsError> {
        let peer = peer_id(peer)?;
        self.command(Command::ConnectPeer { call, peer, timeout_ms });
        Ok(())
    }

    /// Restarts ICE towards a peer.
    ///
    /// # Errors
    /// The id is none.
    #[wasm_bindgen(js_name = restartIce)]
    pub fn restart_ice(&self, peer: &str) -> Result<(), JsError> {
        let peer = peer_id(peer)?;
        self.command(Command::RestartIce { peer });
        Ok(())
    }

    /// Closes the connection to a peer.
    ///
    /// # Errors
    /// The id is none.
    #[wasm_bindgen(js_name = closePeer)]
    pub fn close_peer(&self, peer: &str) -> Result<(), JsError> {
        let peer = peer_id(peer)?;
        self.command(Command::ClosePeer { peer });
        Ok(())
    }

    /// Milliseconds of discovery, offer, answer, first candidate, pair and open; -1 for what has not happened.
    ///
    /// # Errors
    /// The id is none.
    pub fn timeline(&self, peer: &str) -> Result<Option<Vec<i32>>, JsError> {
        let timeline = self.driver.timeline(&peer_id(peer)?);
        Ok(timeline.map(|Timeline { discovery, offer, answer, first_candidate, pair, open, .. }| {
            let phases = [discovery, offer, answer, first_candidate, pair, open];
            phases.map(|phase| phase.and_then(|ms| i32::try_from(ms).ok()).unwrap_or(-1)).into()
        }))
    }

    fn command(&self, command: Command) {
        self.driver.handle_input(Input::Command(command));
    }
}

fn seed() -> u64 {
    // Jitter and connection ids are no secrets.
    let draw = || (random() * f64::from(u32::MAX)) as u64;
    draw() << 32 | draw()
}

fn invalid(name: &str, why: InvalidId) -> JsError {
    let mut text = String::from(name);
    text.push(' ');
    text.push_str(why.as_str());
    JsError::new(&text)
}

fn peer_id(text: &str) -> Result<PeerId, JsError> {
    PeerId::parse(text).map_err(|why| invalid("peerId", why))
}

fn room_name(text: &str) -> Result<RoomName, JsError> {
    RoomName::parse(text).map_err(|why| invalid("room", why))
}

fn label(name: &str, text: Option<String>) -> Result<Option<Label>, JsError> {
    text.map(|text| Label::parse(&text).map_err(|why| invalid(name, why))).transpose()
}

fn check_labels(peer: &PeerInfo) -> Result<(), JsError> {
    label("region", peer.region.clone())?;
    for capability in &peer.capabilities {
        label("capabilities", Some(capability.clone()))?;
    }
    if peer.capabilities.len() > limits::CAPABILITIES {
        return Err(JsError::new("capabilities holds more than 16 entries"));
    }
    if peer.metadata.as_ref().is_some_and(|text| text.len() > limits::METADATA_BYTES) {
        return Err(JsError::new("metadata is longer than 1024 bytes of JSON"));
    }
    Ok(())
}
