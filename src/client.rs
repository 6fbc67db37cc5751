//! What the facade can call.

use crate::browser::{Browser, item, member};
use crate::codec;
use crate::driver::Driver;
use crate::heard;
use alloc::{string::String, vec::Vec};
use signalpost_core::protocol::{InvalidId, Label, OwnSignal, PeerId, Query, RoomName};
use signalpost_core::{
    CallId, CandidateOptions, Command, Config, Input, Receiver, ReconnectOptions, Timeline,
};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Math)]
    fn random() -> f64;
}

/// One client. `call` names a promise of the facade, settled through the handler. Errors are texts that say which argument is wrong.
#[wasm_bindgen]
pub struct Client {
    driver: Driver,
}

#[wasm_bindgen]
impl Client {
    /// A client that does nothing yet. `settings` is an object, since each argument costs more than a member: those that
    /// [`Browser`] uses; `key`; `peer` is `PeerInfo` without `session`; `numbers` are of reconnecting base, factor, cap and cap
    /// while visible (milliseconds) and attempts (negative: unlimited), of candidate batches milliseconds, size and most, and
    /// the milliseconds that a description waits for its candidates (negative: it does not), and whether the link is released
    /// in the background (1 or 0), and [`Config::pages`].
    ///
    /// # Errors
    /// The name of the argument that is wrong; the facade has looked at them.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: &JsValue) -> Result<Client, JsValue> {
        let of = |name| member(settings, name);
        let peer = codec::peer_from_js(&of("peer")).ok_or("peer")?;
        let mut numbers = [0.0; 11];
        let list = of("numbers");
        for (at, number) in numbers.iter_mut().enumerate() {
            *number = item(&list, at as u32).as_f64().ok_or("numbers")?;
        }
        let [
            base,
            factor,
            most,
            most_visible,
            attempts,
            batch_ms,
            batch_size,
            cap,
            gathering,
            release,
            pages,
        ] = numbers;
        let config = Config {
            peer_id: peer_id(&peer.id)?,
            key: of("key").as_string().ok_or("key")?,
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
            release_when_frozen: release != 0.0,
            pages: pages as u32,
        };
        Ok(Self { driver: Driver::new(Browser::new(settings), config, seed()) })
    }

    /// The browser's side tells what happened: [`heard::input`] has what.
    pub fn hear(&self, what: u32, id: u32, number: u32, state: u32, value: &JsValue) {
        if let Some(input) = heard::input(what, id, number, state, value) {
            self.driver.handle_input(input);
        }
    }

    /// Everything that the application asks for, in one function: each export costs a few hundred bytes. `ask` is of
    /// `js/ask.ts`, which says what the others mean, and what is answered.
    ///
    /// # Errors
    /// The text says which argument is wrong.
    #[wasm_bindgen(unchecked_return_type = "any")]
    pub fn command(
        &self,
        ask: u32,
        call: u32,
        timeout_ms: u32,
        to: &JsValue,
        given: &JsValue,
    ) -> Result<JsValue, JsValue> {
        let call = CallId(call);
        let to = &*to.as_string().unwrap_or_default();
        let text = || given.as_string().ok_or_else(|| JsValue::from("text"));
        let command = match ask {
            0 => Command::Connect { call, timeout_ms },
            1 => Command::Close,
            2 => Command::Cancel { call },
            3 => Command::Join { call, room: room_name(to)? },
            4 => Command::Leave { call, room: room_name(to)? },
            5 => Command::FindPeers { call, query: query(given)? },
            6 => Command::Message {
                call,
                to: Receiver::Peer(peer_id(to)?),
                data: text()?,
                receipt: timeout_ms > 0,
            },
            7 => Command::Message { call, to: Receiver::Room(room_name(to)?), data: text()?, receipt: false },
            8..=10 => {
                let signal = match ask {
                    8 => OwnSignal::Offer(text()?),
                    9 => OwnSignal::Answer(text()?),
                    _ => candidate(given)?,
                };
                Command::OwnSignal { call, to: peer_id(to)?, signal }
            }
            11 => {
                let peer = peer_id(to)?;
                self.driver.handle_input(Input::Command(Command::OpenPeer { peer: peer.clone() }));
                return Ok(self.driver.connection(&peer));
            }
            12 => Command::ConnectPeer { call, peer: peer_id(to)?, timeout_ms },
            13 => Command::RestartIce { peer: peer_id(to)? },
            14 => Command::ClosePeer { peer: peer_id(to)? },
            16 => Command::Limit { call, timeout_ms },
            _ => {
                let timeline = self.driver.timeline(&peer_id(to)?);
                return Ok(timeline.and_then(|timeline| phase(timeline, timeout_ms)).into());
            }
        };
        self.driver.handle_input(Input::Command(command));
        Ok(JsValue::UNDEFINED)
    }
}

/// Milliseconds of a phase, or nothing when it has not happened.
fn phase(timeline: Timeline, number: u32) -> Option<u32> {
    match number {
        0 => timeline.discovery_ms,
        1 => timeline.offer_ms,
        2 => timeline.answer_ms,
        3 => timeline.first_candidate_ms,
        4 => timeline.pair_ms,
        _ => timeline.open_ms,
    }
}

fn seed() -> u64 {
    // Jitter and connection ids are no secrets.
    let draw = || (random() * f64::from(u32::MAX)) as u64;
    draw() << 32 | draw()
}

/// The facade has looked at it, and says what is wrong and what is allowed.
fn named<T>(name: &str, parsed: Result<T, InvalidId>) -> Result<T, JsValue> {
    parsed.map_err(|_| name.into())
}

fn peer_id(text: &str) -> Result<PeerId, JsValue> {
    named("peerId", PeerId::parse(text))
}

fn room_name(text: &str) -> Result<RoomName, JsValue> {
    named("room", RoomName::parse(text))
}

fn label(name: &str, text: Option<String>) -> Result<Option<Label>, JsValue> {
    text.map(|text| named(name, Label::parse(&text))).transpose()
}

fn query(given: &JsValue) -> Result<Query, JsValue> {
    let text = |name| codec::text(given, name).ok_or_else(|| JsValue::from(name));
    Ok(Query {
        region: label("region", text("region")?)?,
        capability: label("capability", text("capability")?)?,
        room: text("room")?.map(|name| room_name(&name)).transpose()?,
        limit: codec::u16_field(given, "limit").ok_or("limit")?,
        cursor: text("cursor")?,
    })
}

/// `null`: there are no more.
fn candidate(given: &JsValue) -> Result<OwnSignal, JsValue> {
    let end = given.is_null();
    let mut candidates = Vec::new();
    if !end {
        candidates.push(codec::candidate_from_js(given).ok_or("candidate")?);
    }
    Ok(OwnSignal::Candidates { candidates, end })
}
