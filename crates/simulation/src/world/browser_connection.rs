//! One model RTCPeerConnection with the SDK's own data channel, spoken to as `src/peer_connection.rs` speaks to the
//! browser's.

use crate::model_peer_connection::{
    CandidateInit, ChannelState, ConnectionState, Description, DomError, Event, Flavor, GatheringState,
    MediaKind, ModelPeerConnection, Random, SdpType, SignalingState, Timings,
};
use signalpost_core as core;
use signalpost_core::{ConnectionEvent, ConnectionId, Operation, OperationId, Outcome};
use signalpost_protocol::{IceCandidateInit, PeerId};
use std::collections::{BTreeMap, BTreeSet};

/// A connection of a page.
#[derive(Debug)]
pub struct BrowserConnection {
    pub(super) page: usize,
    pub(super) incarnation: u32,
    /// The core's id of it.
    pub id: ConnectionId,
    /// Whom it is for.
    pub peer: PeerId,
    /// The browser's object.
    pub model: ModelPeerConnection,
    /// Whether its listeners are still there.
    pub(super) heard: bool,
    /// The transceivers of the tracks that the application added.
    pub(super) senders: Vec<(MediaKind, usize)>,
    /// How often the own first offer was taken back, after which all is gathered anew.
    pub(super) rollbacks: u32,
    pub(super) gathering: Gathering,
    /// When it tells whether anything arrived.
    pub(super) probed_at: Option<u64>,
    channel: usize,
    complete: bool,
    /// Reads of the local description that have not been told.
    reads: Vec<OperationId>,
    further: Further,
}

/// What the connection found, generation by generation.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    /// How long descriptions wait for their candidates, if they do.
    pub wait_ms: Option<u64>,
    /// When each candidate line was found.
    pub found: BTreeMap<String, u64>,
    /// When a description of each generation was set first.
    pub described: BTreeMap<String, u64>,
    /// The generations for which all is found.
    pub gathered: BTreeSet<String>,
}

impl BrowserConnection {
    pub(super) fn new(
        now: u64,
        (page, incarnation, id): (usize, u32, ConnectionId),
        peer: PeerId,
        (flavor, timings, most_extra): (Flavor, Timings, u64),
        gathering_ms: Option<u64>,
        seed: u64,
    ) -> Result<Self, DomError> {
        let mut model = ModelPeerConnection::new(seed, flavor);
        model.set_timings(timings);
        let channel = model.create_data_channel(now, "signalpost", Some(0))?;
        Ok(Self {
            page,
            incarnation,
            id,
            peer,
            model,
            heard: true,
            senders: Vec::new(),
            rollbacks: 0,
            gathering: Gathering { wait_ms: gathering_ms, ..Gathering::default() },
            probed_at: None,
            channel,
            complete: false,
            reads: Vec::new(),
            further: Further { random: Random::new(seed ^ 0x5eed), most: most_extra, count: 0 },
        })
    }

    /// Whether data can flow.
    pub fn is_open(&self) -> bool {
        self.model.channels().get(self.channel).is_some_and(|it| it.state == ChannelState::Open)
            && self.model.connection_state() == ConnectionState::Connected
    }

    pub(super) fn add_track(&mut self, now: u64, kind: MediaKind) {
        if let Ok(place) = self.model.add_track(now, kind) {
            self.senders.push((kind, place));
        }
    }

    pub(super) fn remove_track(&mut self, now: u64, kind: MediaKind) {
        if let Some(at) = self.senders.iter().position(|(it, _)| *it == kind) {
            let (_, place) = self.senders.remove(at);
            let _closed = self.model.remove_track(now, place);
        }
    }

    pub(super) fn operate(&mut self, now: u64, operation: OperationId, what: &Operation) {
        let op = u64::from(operation.0);
        let rollback = || Description { kind: SdpType::Rollback, sdp: String::new() };
        let first = self.model.current_local_description().is_none();
        let offering = first && self.model.signaling_state() == SignalingState::HaveLocalOffer;
        match what {
            Operation::ReadLocalDescription => self.reads.push(operation),
            Operation::CreateOffer => self.model.create_offer(now, op, false),
            Operation::CreateAnswer => self.model.create_answer(now, op),
            Operation::SetLocalDescription => self.model.set_local_description(now, op, None),
            Operation::SetLocalOffer(offer) => {
                let offer = Description { kind: SdpType::Offer, sdp: offer.sdp.clone() };
                self.model.set_local_description(now, op, Some(offer));
            }
            Operation::RollbackLocal => {
                self.rollbacks += u32::from(first);
                self.model.set_local_description(now, op, Some(rollback()));
            }
            Operation::RollbackRemote => self.model.set_remote_description(now, op, rollback()),
            Operation::SetRemoteDescription(description) => {
                let kind = match description.kind {
                    core::SdpType::Offer => SdpType::Offer,
                    core::SdpType::Answer => SdpType::Answer,
                };
                self.rollbacks += u32::from(offering && kind == SdpType::Offer);
                let description = Description { kind, sdp: description.sdp.clone() };
                self.model.set_remote_description(now, op, description);
            }
            Operation::AddIceCandidate(init) => {
                let init = CandidateInit {
                    candidate: init.candidate.clone(),
                    sdp_mid: init.sdp_mid.clone(),
                    sdp_m_line_index: init.sdp_m_line_index.map(usize::from),
                    username_fragment: init.username_fragment.clone(),
                };
                self.model.add_ice_candidate(now, op, init);
            }
        }
    }

    /// The local description with all that was found for it, the further candidates too.
    fn read(&self) -> Option<core::Description> {
        let mut held = self.model.local_description()?;
        let fragment = self.model.local_username_fragment()?;
        let mut lines = String::new();
        for line in
            self.gathering.found.keys().filter_map(|line| line.strip_suffix(&format!(" ufrag {fragment}")))
        {
            if !held.sdp.contains(line) {
                lines.push_str(&format!("a={line}\r\n"));
            }
        }
        let place = held.sdp.find("a=ice-ufrag:")?;
        held.sdp.insert_str(place, &lines);
        description((held.kind, held.sdp))
    }

    /// What the page hears, in order.
    pub(super) fn drain(&mut self) -> Vec<(u64, ConnectionEvent)> {
        let mut events = Vec::new();
        for operation in std::mem::take(&mut self.reads) {
            let signaling_state = signaling(self.model.signaling_state());
            let outcome = Outcome { result: Ok(self.read()), signaling_state };
            events.push((0, ConnectionEvent::Done { operation, outcome }));
        }
        while let Some(output) = self.model.poll_output() {
            let mut tell = |event| events.push((output.at, event));
            match output.event {
                Event::Settled { op, result, signaling_state } => {
                    let operation = OperationId(u32::try_from(op).unwrap_or(u32::MAX));
                    let result = result.map_err(|error| error.name().to_owned()).map(|made| {
                        let held = || self.model.local_description().map(|it| (it.kind, it.sdp));
                        made.or_else(held).and_then(description)
                    });
                    let fragment = self.model.local_username_fragment();
                    if let (Some(fragment), Ok(Some(_))) = (fragment, &result) {
                        self.gathering.described.entry(fragment.into()).or_insert(output.at);
                    }
                    let signaling_state = signaling(signaling_state);
                    let outcome = Outcome { result, signaling_state };
                    tell(ConnectionEvent::Done { operation, outcome });
                }
                Event::NegotiationNeeded(_) => tell(ConnectionEvent::NegotiationNeeded),
                Event::GatheringStateChange(state) => {
                    self.complete = state == GatheringState::Complete;
                    if self.complete {
                        self.gathering.gathered.extend(self.model.local_username_fragment().map(Into::into));
                        tell(ConnectionEvent::EndOfCandidates);
                    }
                }
                Event::IceCandidate(Some(init)) if !init.candidate.is_empty() => {
                    let more = self.further.beside(&init);
                    for init in [init].into_iter().chain(more) {
                        self.gathering.found.entry(init.candidate.clone()).or_insert(output.at);
                        tell(ConnectionEvent::Candidate(IceCandidateInit {
                            candidate: init.candidate,
                            sdp_mid: init.sdp_mid,
                            sdp_m_line_index: init.sdp_m_line_index.and_then(|at| u16::try_from(at).ok()),
                            username_fragment: init.username_fragment,
                        }));
                    }
                }
                Event::IceCandidate(Some(_)) if !self.complete => {}
                Event::IceCandidate(_) => tell(ConnectionEvent::EndOfCandidates),
                Event::ConnectionStateChange(state) => {
                    tell(ConnectionEvent::StateChanged(connection_state(state)));
                }
                Event::ChannelOpen(place) if place == self.channel => tell(ConnectionEvent::Opened),
                Event::ChannelClose(place) if place == self.channel => tell(ConnectionEvent::ChannelClosed),
                _ => {}
            }
        }
        events
    }
}

/// What a machine with several interfaces, a STUN and a TURN server finds besides, duplicates included.
#[derive(Debug)]
struct Further {
    random: Random,
    most: u64,
    count: u64,
}

impl Further {
    /// The candidates that come with this one.
    fn beside(&mut self, init: &CandidateInit) -> Vec<CandidateInit> {
        let fragment = init.username_fragment.clone().unwrap_or_default();
        let mut found = Vec::new();
        for _ in 0..self.random.within((0, self.most)) {
            self.count += 1;
            let (n, port) = (self.count % 200 + 1, 20_000 + self.count);
            let line = match self.random.within((0, 5)) {
                0 => format!("1 udp 1686052607 203.0.113.{n} {port} typ srflx raddr 10.9.0.1 rport 50000"),
                1 => format!("1 udp 41885439 198.51.100.{n} {port} typ relay raddr 10.9.0.1 rport 50000"),
                2 => format!("1 tcp 1518280447 10.9.0.{n} 9 typ host tcptype active"),
                3 => format!("1 udp 2122194687 192.0.2.{n} {port} typ host"),
                4 => format!("1 udp 2122194687 172.16.0.{n} {port} typ host"),
                _ => {
                    found.push(init.clone());
                    continue;
                }
            };
            let candidate = format!("candidate:{} {line} ufrag {fragment}", self.count);
            found.push(CandidateInit { candidate, ..init.clone() });
        }
        found
    }
}

fn description((kind, sdp): (SdpType, String)) -> Option<core::Description> {
    let kind = match kind {
        SdpType::Offer => core::SdpType::Offer,
        SdpType::Answer => core::SdpType::Answer,
        SdpType::Rollback => return None,
    };
    Some(core::Description { kind, sdp })
}

fn signaling(state: SignalingState) -> core::SignalingState {
    match state {
        SignalingState::Stable => core::SignalingState::Stable,
        SignalingState::HaveLocalOffer => core::SignalingState::HaveLocalOffer,
        SignalingState::HaveRemoteOffer => core::SignalingState::HaveRemoteOffer,
        SignalingState::Closed => core::SignalingState::Closed,
    }
}

fn connection_state(state: ConnectionState) -> core::ConnectionState {
    match state {
        ConnectionState::New => core::ConnectionState::New,
        ConnectionState::Connecting => core::ConnectionState::Connecting,
        ConnectionState::Connected => core::ConnectionState::Connected,
        ConnectionState::Disconnected => core::ConnectionState::Disconnected,
        ConnectionState::Failed => core::ConnectionState::Failed,
        ConnectionState::Closed => core::ConnectionState::Closed,
    }
}
