//! Runs the steps of the operation script on two models, as `tests/operations/runner.js` does in a page.

use serde_json::{Map, Value, json};
use signalpost_protocol::session_description::username_fragments;
use signalpost_simulation::model_peer_connection::{
    CandidateInit, ChannelState, Description, DomError, Event, Flavor, GatheringState, MediaKind,
    Milliseconds, ModelPeerConnection, Network, SdpType,
};
use std::collections::HashMap;

const QUIET: Milliseconds = 20;
const PENDING: Milliseconds = 250;
const PATIENCE: Milliseconds = 10_000;
const NAMES: [&str; 2] = ["a", "b"];

type Fields = Map<String, Value>;

/// The fields of an object; none of anything else.
pub fn fields(value: &Value) -> Fields {
    value.as_object().cloned().unwrap_or_default()
}

#[derive(Clone)]
struct Call {
    op: u64,
    save: Option<String>,
    word: String,
    result: String,
}

/// Two connections, what lies between them, and what was saved.
pub struct Runner {
    now: Milliseconds,
    peers: [ModelPeerConnection; 2],
    network: Network,
    candidates: [Vec<Option<CandidateInit>>; 2],
    saved: HashMap<String, Description>,
    log: Vec<String>,
    needed: [u64; 2],
    calls: Vec<Call>,
    /// The places in `calls` of what was not awaited.
    pending: Vec<usize>,
}

impl Runner {
    /// Two new connections.
    pub fn new(seed: u64, flavor: Flavor) -> Self {
        let peer = |salt| ModelPeerConnection::new(seed.wrapping_mul(31).wrapping_add(salt), flavor);
        Self {
            now: 0,
            peers: [peer(1), peer(2)],
            network: Network::new(2),
            candidates: Default::default(),
            saved: HashMap::new(),
            log: Vec::new(),
            needed: [0; 2],
            calls: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// Does one step; answers what it saw.
    pub fn step(&mut self, step: &Value) -> Fields {
        let which = usize::from(step["on"] == "b");
        let (from, needed) = (self.log.len(), self.needed[which]);
        let mut observed = Fields::new();
        let call = self.calls.len();
        let outcome = self.act(which, step, &mut observed);
        if step["await"] == json!(false) {
            if outcome.is_some() {
                self.calls.push(Call { op: u64::MAX, save: None, word: String::new(), result: "ok".into() });
            }
            self.pending.push(call);
            return observed;
        }
        self.drain();
        let result = match outcome {
            Some(result) => result,
            None => {
                self.until(PATIENCE, |runner| runner.calls[call].result != "pending");
                self.calls[call].result.clone()
            }
        };
        self.pass(QUIET);
        let peer = &self.peers[which];
        let kind = |it: Option<Description>| it.map_or(Value::Null, |it| json!(it.kind.name()));
        observed.insert("result".into(), json!(result));
        observed.insert("state".into(), json!(peer.signaling_state().name()));
        observed.insert("pendingLocalDescription".into(), kind(peer.pending_local_description()));
        observed.insert("currentLocalDescription".into(), kind(peer.current_local_description()));
        observed.insert("pendingRemoteDescription".into(), kind(peer.pending_remote_description()));
        observed.insert("currentRemoteDescription".into(), kind(peer.current_remote_description()));
        observed.insert("connectionState".into(), json!(peer.connection_state().name()));
        let channels = peer.channels().iter().map(|channel| match channel.state {
            ChannelState::Connecting => "connecting",
            ChannelState::Open => "open",
            ChannelState::Closed => "closed",
        });
        observed.insert("channels".into(), channels.collect::<Vec<_>>().into());
        let transceivers = peer.transceivers().iter().map(|it| {
            let current = it.current_direction().map_or("null", |direction| direction.name());
            format!("{} {} {current}", it.mid().unwrap_or("null"), it.direction().name())
        });
        observed.insert("transceivers".into(), transceivers.collect::<Vec<_>>().into());
        observed.insert("negotiationneeded".into(), json!(self.needed[which] - needed));
        observed.insert("log".into(), json!(self.log[from..]));
        observed
    }

    /// Calls; answers the result of what ends at once, nothing for an operation.
    fn act(&mut self, which: usize, step: &Value, observed: &mut Fields) -> Option<String> {
        let now = self.now;
        let word = step["do"].as_str().expect("do");
        let text = |name: &str| step[name].as_str().unwrap_or_default().to_owned();
        let kind = match step["kind"].as_str() {
            Some("video") => MediaKind::Video,
            _ => MediaKind::Audio,
        };
        let name =
            |result: Result<(), DomError>| Some(result.map_or_else(DomError::name, |()| "ok").to_owned());
        let described = (!step["description"].is_null()).then(|| self.describe(&step["description"]));
        let op = self.calls.len() as u64;
        let peer = &mut self.peers[which];
        match word {
            "setLocalDescription" => peer.set_local_description(now, op, described),
            "setRemoteDescription" => peer.set_remote_description(now, op, described.expect("description")),
            "createOffer" => peer.create_offer(now, op, step["options"]["iceRestart"] == json!(true)),
            "createAnswer" => peer.create_answer(now, op),
            "addIceCandidate" => {
                let init = candidate(&step["candidate"], &self.saved);
                peer.add_ice_candidate(now, op, init);
            }
            "restartIce" => {
                peer.restart_ice(now);
                return name(Ok(()));
            }
            "addTransceiver" => return name(peer.add_transceiver(now, kind).map(drop)),
            "addTrack" => return name(peer.add_track(now, kind).map(drop)),
            "removeTrack" => {
                let place = step["sender"].as_u64().expect("sender") as usize;
                return name(peer.remove_track(now, place));
            }
            "createDataChannel" => {
                let id = step["options"]["id"].as_u64().and_then(|id| u16::try_from(id).ok());
                return name(peer.create_data_channel(now, &text("label"), id).map(drop));
            }
            "close" => {
                peer.close(now);
                return name(Ok(()));
            }
            "read" => return name(Ok(())),
            "trickle" => return Some(self.trickle(which, &text("to"))),
            "waitConnected" => {
                return self.wait(|runner| runner.peers[which].connection_state().name() == "connected");
            }
            "waitOpen" => {
                let open = |runner: &Self| {
                    runner.peers[which].channels().iter().any(|it| it.state == ChannelState::Open)
                };
                return self.wait(open);
            }
            "compare" => {
                let ufrag =
                    |name: &str| username_fragments(&self.saved.get(&text(name))?.sdp).into_iter().next();
                let (left, right) = (ufrag("left"), ufrag("right"));
                observed.insert("sameUfrag".into(), json!(left.is_some() && left == right));
                return name(Ok(()));
            }
            "inspect" => {
                let sections = self.saved.get(&text("name")).map(|it| sections(&it.sdp)).unwrap_or_default();
                observed.insert("sections".into(), json!(sections));
                return name(Ok(()));
            }
            "settle" => {
                let pending = std::mem::take(&mut self.pending);
                self.until(PENDING, |runner| {
                    pending.iter().all(|place| runner.calls[*place].result != "pending")
                });
                let results: Vec<_> = pending.iter().map(|place| self.calls[*place].result.clone()).collect();
                observed.insert("results".into(), json!(results));
                return name(Ok(()));
            }
            other => panic!("no such step: {other}"),
        }
        let save = step["save"].as_str().map(str::to_owned);
        self.calls.push(Call { op, save, word: word.into(), result: "pending".into() });
        None
    }

    fn describe(&self, wish: &Value) -> Description {
        let base = wish["saved"].as_str().and_then(|name| self.saved.get(name));
        let kind = match wish["type"].as_str() {
            Some("offer") => SdpType::Offer,
            Some("answer") => SdpType::Answer,
            Some("rollback") => SdpType::Rollback,
            _ => base.expect("saved or type").kind,
        };
        let mut sdp =
            wish["sdp"].as_str().map(str::to_owned).or(base.map(|it| it.sdp.clone())).unwrap_or_default();
        if let Some(index) = wish["withoutSection"].as_u64() {
            let mut parts: Vec<_> = sdp.split("m=").map(str::to_owned).collect();
            parts.remove(index as usize + 1);
            sdp = parts.join("m=");
        }
        Description { kind, sdp }
    }

    fn trickle(&mut self, which: usize, to: &str) -> String {
        let to = usize::from(to == "b");
        let complete = |runner: &Self| {
            let last = runner.candidates[which].last();
            runner.peers[which].gathering_state() == GatheringState::Complete && matches!(last, Some(None))
        };
        if !self.until(PATIENCE, complete) {
            return "TimeoutError".into();
        }
        let present = self.peers[which].local_username_fragment().map(str::to_owned);
        let is_present =
            |init: &Option<CandidateInit>| init.as_ref().is_none_or(|it| it.username_fragment == present);
        for init in std::mem::take(&mut self.candidates[which]).into_iter().filter(is_present) {
            let op = self.calls.len() as u64;
            self.peers[to].add_ice_candidate(self.now, op, init.unwrap_or_default());
            self.calls.push(Call { op, save: None, word: String::new(), result: "pending".into() });
            let call = self.calls.len() - 1;
            self.until(PATIENCE, |runner| runner.calls[call].result != "pending");
            if self.calls[call].result != "ok" {
                return self.calls[call].result.clone();
            }
        }
        "ok".into()
    }

    fn wait(&mut self, condition: impl Fn(&Self) -> bool) -> Option<String> {
        Some(if self.until(PATIENCE, condition) { "ok" } else { "TimeoutError" }.into())
    }

    fn until(&mut self, patience: Milliseconds, condition: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + patience;
        loop {
            self.drain();
            if condition(self) || self.now >= end {
                return condition(self);
            }
            self.now += 1;
        }
    }

    fn pass(&mut self, time: Milliseconds) {
        self.until(time, |_| false);
    }

    fn drain(&mut self) {
        let [a, b] = &mut self.peers;
        self.network.observe(self.now, a, b);
        for which in 0..2 {
            while let Some(output) = self.peers[which].poll_output() {
                self.note(which, output.event);
            }
        }
    }

    fn note(&mut self, which: usize, event: Event) {
        let name = NAMES[which];
        match event {
            Event::SignalingStateChange(state) => {
                self.log.push(format!("{name} signalingstatechange {}", state.name()))
            }
            Event::NegotiationNeeded(state) => {
                self.needed[which] += 1;
                self.log.push(format!("{name} negotiationneeded {}", state.name()));
            }
            Event::Track { kind, .. } => self.log.push(format!("{name} track {}", kind.name())),
            Event::IceCandidate(init) => self.candidates[which].push(init),
            Event::Settled { op, result, signaling_state } => {
                let call =
                    self.calls.iter_mut().find(|call| call.op == op).expect("an operation that was called");
                call.result = result.as_ref().err().map_or("ok", |error| error.name()).into();
                if !call.word.is_empty() {
                    self.log.push(format!("{name} {} {} {}", call.word, call.result, signaling_state.name()));
                }
                if let (Some(save), Ok(Some((kind, sdp)))) = (call.save.take(), result) {
                    self.saved.insert(save, Description { kind, sdp });
                }
            }
            _ => {}
        }
    }
}

fn candidate(wish: &Value, saved: &HashMap<String, Description>) -> CandidateInit {
    let text = |name: &str| wish[name].as_str().map(str::to_owned);
    let of = text("ufragOf").and_then(|name| username_fragments(&saved[&name].sdp).into_iter().next());
    CandidateInit {
        candidate: text("candidate").unwrap_or_default(),
        sdp_mid: text("sdpMid"),
        sdp_m_line_index: wish["sdpMLineIndex"].as_u64().map(|index| index as usize),
        username_fragment: of.or(text("usernameFragment")),
    }
}

fn sections(sdp: &str) -> Vec<String> {
    let describe = |section: &str| {
        let mut lines = section.split("\r\n");
        let kind = lines.next().and_then(|line| line.split(' ').next()).unwrap_or_default().to_owned();
        let mid = section.split("\r\n").find_map(|line| line.strip_prefix("a=mid:")).unwrap_or_default();
        let directions = ["a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"];
        let direction = section.split("\r\n").find(|line| directions.contains(line)).map(|line| &line[2..]);
        [Some(kind.as_str()), Some(mid), direction].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    sdp.split("\r\nm=").skip(1).map(describe).collect()
}
