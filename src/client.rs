//! What the facade can call.

use crate::browser::web_socket::SocketSource;
use crate::codec;
use crate::driver::Driver;
use crate::from_js::from_js;
use crate::handler::Handler;
use crate::settings::{ConditionsObject, Settings, SettingsObject, peer_id, query, room_name};
use crate::to_js;
use js_sys::{Function, Math};
use signalpost_core::protocol::{OwnSignal, PeerId};
use signalpost_core::{CallId, Command, Input, Receiver};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{RtcConfiguration, RtcPeerConnection};

/// One client. `call` names a promise of the facade, settled through the handler. Errors are texts that name the argument that is
/// wrong.
#[wasm_bindgen]
pub struct Client {
    driver: Rc<Driver>,
}

#[wasm_bindgen]
impl Client {
    /// A client that does nothing yet. Sockets come from `transport`, a function of the facade, or are the browser's own to `url`.
    ///
    /// # Errors
    /// The name of the argument that is wrong; the facade has looked at all of them.
    #[wasm_bindgen(constructor)]
    pub fn new(
        handler: Handler,
        settings: &SettingsObject,
        configuration: RtcConfiguration,
        url: String,
        transport: Option<Function>,
    ) -> Result<Client, JsValue> {
        let source = transport.map_or(SocketSource::Url(url), SocketSource::Transport);
        let settings = Settings::read(settings)?;
        let traces = settings.trace;
        let config = settings.into_config()?;
        let scope = js_sys::global().into();
        Ok(Self { driver: Driver::new(&scope, handler, source, configuration, config, traces, seed()) })
    }

    /// Connects to the server and registers.
    pub fn connect(&self, call: u32, #[wasm_bindgen(js_name = timeoutMs)] timeout_ms: u32) {
        self.command(Command::Connect { call: CallId(call), timeout_ms });
    }

    /// Ends the client for good.
    pub fn close(&self) {
        self.command(Command::Close);
    }

    /// Forgets a call: nothing waits for it any more.
    pub fn cancel(&self, call: u32) {
        self.command(Command::Cancel { call: CallId(call) });
    }

    /// Gives a call another time limit than the core's own.
    pub fn limit(&self, call: u32, #[wasm_bindgen(js_name = timeoutMs)] timeout_ms: u32) {
        self.command(Command::Limit { call: CallId(call), timeout_ms });
    }

    /// Enters a room.
    pub fn join(&self, call: u32, room: &str) -> Result<(), JsValue> {
        self.command(Command::Join { call: CallId(call), room: room_name(room)? });
        Ok(())
    }

    /// Leaves a room.
    pub fn leave(&self, call: u32, room: &str) -> Result<(), JsValue> {
        self.command(Command::Leave { call: CallId(call), room: room_name(room)? });
        Ok(())
    }

    /// Looks for peers.
    #[wasm_bindgen(js_name = findPeers)]
    pub fn find_peers(&self, call: u32, conditions: &ConditionsObject) -> Result<(), JsValue> {
        self.command(Command::FindPeers { call: CallId(call), query: query(conditions)? });
        Ok(())
    }

    /// Sends a JSON text to a peer; with `receipt` the call waits until the peer has it.
    pub fn send(&self, call: u32, peer: &str, data: String, receipt: bool) -> Result<(), JsValue> {
        self.command(Command::Message {
            call: CallId(call),
            to: Receiver::Peer(peer_id(peer)?),
            data,
            receipt,
        });
        Ok(())
    }

    /// Sends a JSON text to everybody else in a room.
    pub fn broadcast(&self, call: u32, room: &str, data: String) -> Result<(), JsValue> {
        let to = Receiver::Room(room_name(room)?);
        self.command(Command::Message { call: CallId(call), to, data, receipt: false });
        Ok(())
    }

    /// Sends an offer for a connection of the application's own.
    #[wasm_bindgen(js_name = sendOffer)]
    pub fn send_offer(&self, call: u32, peer: &str, sdp: String) -> Result<(), JsValue> {
        self.own_signal(call, peer, OwnSignal::Offer(sdp))
    }

    /// Sends an answer for a connection of the application's own.
    #[wasm_bindgen(js_name = sendAnswer)]
    pub fn send_answer(&self, call: u32, peer: &str, sdp: String) -> Result<(), JsValue> {
        self.own_signal(call, peer, OwnSignal::Answer(sdp))
    }

    /// Sends a candidate for a connection of the application's own, an `RTCIceCandidateInit`; `null`: there are no more.
    #[wasm_bindgen(js_name = sendCandidate)]
    pub fn send_candidate(&self, call: u32, peer: &str, candidate: &JsValue) -> Result<(), JsValue> {
        let end = candidate.is_null();
        let mut candidates = Vec::new();
        if !end {
            candidates.push(codec::candidate_from_js(candidate).ok_or("candidate")?);
        }
        self.own_signal(call, peer, OwnSignal::Candidates { candidates, end })
    }

    /// Returns the connection to a peer, made if there is none; `undefined` when the browser cannot make one.
    #[wasm_bindgen(js_name = openPeer)]
    pub fn open_peer(&self, peer: &str) -> Result<Option<RtcPeerConnection>, JsValue> {
        let peer = peer_id(peer)?;
        self.command(Command::OpenPeer { peer: peer.clone() });
        Ok(self.driver.connection(&peer))
    }

    /// Connects to a peer.
    #[wasm_bindgen(js_name = connectPeer)]
    pub fn connect_peer(
        &self,
        call: u32,
        peer: &str,
        #[wasm_bindgen(js_name = timeoutMs)] timeout_ms: u32,
    ) -> Result<(), JsValue> {
        self.command(Command::ConnectPeer { call: CallId(call), peer: peer_id(peer)?, timeout_ms });
        Ok(())
    }

    /// Looks for a new path to a peer.
    #[wasm_bindgen(js_name = restartIce)]
    pub fn restart_ice(&self, peer: &str) -> Result<(), JsValue> {
        self.command(Command::RestartIce { peer: peer_id(peer)? });
        Ok(())
    }

    /// Closes the connection to a peer.
    #[wasm_bindgen(js_name = closePeer)]
    pub fn close_peer(&self, peer: &str) -> Result<(), JsValue> {
        self.command(Command::ClosePeer { peer: peer_id(peer)? });
        Ok(())
    }

    /// Takes the URLs of the STUN and TURN servers of the configuration, an array of texts.
    #[wasm_bindgen(js_name = iceServers)]
    pub fn ice_servers(&self, #[wasm_bindgen(unchecked_param_type = "string[]")] urls: &JsValue) {
        self.command(Command::IceServers { urls: from_js(urls).unwrap_or_default() });
    }

    /// Returns what the networks of both ends let expect of the connection to a peer; `undefined` where there is none.
    #[wasm_bindgen(unchecked_return_type = "Outlook | undefined")]
    pub fn outlook(&self, peer: &str) -> JsValue {
        let outlook = PeerId::parse(peer).ok().and_then(|peer| self.driver.outlook(&peer));
        outlook.as_ref().map_or(JsValue::UNDEFINED, to_js::outlook)
    }

    /// Returns the milliseconds that each phase of the connection to a peer took; `undefined` where there is no connection.
    #[wasm_bindgen(unchecked_return_type = "Timeline | undefined")]
    pub fn timeline(&self, peer: &str) -> JsValue {
        let timeline = PeerId::parse(peer).ok().and_then(|peer| self.driver.timeline(&peer));
        timeline.map_or(JsValue::UNDEFINED, to_js::timeline)
    }

    fn command(&self, command: Command) {
        self.driver.handle_input(Input::Command(command));
    }

    fn own_signal(&self, call: u32, peer: &str, signal: OwnSignal) -> Result<(), JsValue> {
        let to: PeerId = peer_id(peer)?;
        self.command(Command::OwnSignal { call: CallId(call), to, signal });
        Ok(())
    }
}

fn seed() -> u64 {
    // Jitter and connection ids are no secrets.
    let draw = || (Math::random() * f64::from(u32::MAX)) as u64;
    draw() << 32 | draw()
}
