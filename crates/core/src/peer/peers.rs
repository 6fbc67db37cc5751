//! All remote peers: who a signal or an event is for.

use crate::collections::queue::Queue;
use crate::collections::table::Table;
use crate::config::CandidateOptions;
use crate::deadline::{Earliest, Reason};
use crate::ids::ConnectionId;
use crate::input::ConnectionEvent;
use crate::output::{Event, Failure, Output};
use crate::peer::effects::Effects;
use crate::peer::remote_peer::Peer;
use crate::rng::Rng;
use alloc::vec::Vec;
use signalpost_protocol::message::{Description, Route};
use signalpost_protocol::{ClientMessage, ErrorCode, PeerId, PeerInfo, Signal};

/// What all peers of a client share.
pub struct Own {
    pub id: PeerId,
    pub session: u32,
    pub candidates: CandidateOptions,
    /// Whether there is a link to the server.
    pub is_linked: bool,
}

/// Most peers at once; further ones cannot connect to us.
const MOST_PEERS: usize = 1024;

pub struct Peers {
    own: Own,
    peers: Table<PeerId, Peer>,
}

/// Where the peers' wishes go.
pub struct Sink<'a> {
    pub outputs: &'a mut Queue<Output>,
    pub messages: &'a mut Queue<ClientMessage>,
}

impl Peers {
    pub fn new(own: Own) -> Self {
        Self { own, peers: Table::default() }
    }

    pub fn peer(&self, id: &PeerId) -> Option<&Peer> {
        self.peers.get(id)
    }

    /// Makes sure that there is a connection for this peer. `known`: its list entry and how long that took.
    pub fn open(
        &mut self,
        now: u64,
        id: &PeerId,
        known: Option<(u32, Option<u32>)>,
        rng: &mut Rng,
        sink: &mut Sink<'_>,
    ) {
        if self.peers.contains_key(id) {
            return;
        }
        let connection = ConnectionId(rng.next_id());
        sink.outputs.push_back(Output::CreateConnection { connection, peer: id.clone() });
        let mut peer = Peer::new(now, id.clone(), connection, &self.own);
        if let Some((session, took)) = known {
            peer.session = Some(session);
            peer.timeline.discovery = took;
        }
        self.peers.insert(id.clone(), peer);
    }

    /// Runs `act` on a peer and carries out what it wants.
    pub fn with(&mut self, id: &PeerId, sink: &mut Sink<'_>, act: impl FnOnce(&mut Peer, &mut Effects)) {
        let mut act = Some(act);
        self.with_each(core::slice::from_ref(id), sink, &mut |peer, effects| {
            if let Some(act) = act.take() {
                act(peer, effects);
            }
        });
    }

    /// Runs `act` on every peer.
    pub fn with_all(&mut self, sink: &mut Sink<'_>, mut act: impl FnMut(&mut Peer, &mut Effects)) {
        let mut ids = Vec::new();
        for (id, _) in self.peers.entries() {
            ids.push(id.clone());
        }
        self.with_each(&ids, sink, &mut act);
    }

    /// Not generic: a copy for each caller would weigh more than all of them.
    fn with_each(
        &mut self,
        ids: &[PeerId],
        sink: &mut Sink<'_>,
        act: &mut dyn FnMut(&mut Peer, &mut Effects),
    ) {
        for id in ids {
            let Some(peer) = self.peers.get_mut(id) else { continue };
            let (outputs, messages) = (core::mem::take(sink.outputs), core::mem::take(sink.messages));
            let mut effects = Effects { outputs, messages, ..Effects::default() };
            act(peer, &mut effects);
            if effects.sent {
                peer.handle_sent();
            }
            *sink.outputs = effects.outputs;
            *sink.messages = effects.messages;
            if effects.closed {
                self.peers.remove(id);
            }
        }
    }

    /// The link to the server was lost, or is back.
    pub fn handle_link(&mut self, now: u64, is_linked: bool, sink: &mut Sink<'_>) {
        self.own.is_linked = is_linked;
        self.with_all(sink, |peer, _| peer.handle_link(now, is_linked));
    }

    /// A connection did something. One that is not known any more did it too late.
    pub fn handle_event(
        &mut self,
        now: u64,
        connection: ConnectionId,
        event: ConnectionEvent,
        sink: &mut Sink<'_>,
    ) {
        let owner = self.peers.entries().iter().find(|(_, peer)| peer.connection == connection);
        if let Some(id) = owner.map(|(id, _)| id.clone()) {
            self.with(&id, sink, |peer, effects| peer.handle_event(now, event, effects));
        }
    }

    /// Another peer sent something.
    pub fn handle_signal(
        &mut self,
        now: u64,
        from: &PeerId,
        known: Option<(u32, Option<u32>)>,
        signal: Signal,
        rng: &mut Rng,
        sink: &mut Sink<'_>,
    ) {
        let Some(route) = signal.route() else { return };
        let (remote, target) = (ConnectionId(route.connection), route.target.map(ConnectionId));
        let mine = self.peers.get(from).map(|peer| peer.connection);
        let theirs = self.peers.get(from).and_then(|peer| peer.remote_connection);
        // An answer to our offer from another connection than the offer that we took up meanwhile.
        let is_crossed = matches!(signal, Signal::Answer(_))
            && theirs.is_some_and(|theirs| theirs != remote)
            && self.peers.get(from).is_some_and(|peer| !peer.awaits_answer());
        if target.is_some() && (target != mine || is_crossed) {
            // It is for a connection that is gone: the other side must know, or it waits.
            let number = match signal {
                Signal::Offer(Description { number, .. }) | Signal::Answer(Description { number, .. }) => {
                    Some(number)
                }
                Signal::Invite { .. } => Some(0),
                _ => None,
            };
            if let Some(number) = number {
                let route = Route { connection: mine.unwrap_or_default().0, target: Some(remote.0) };
                let signal = Signal::Reject { route, number, code: ErrorCode::ConnectionGone };
                sink.messages.push_back(ClientMessage::Relay { to: from.clone(), signal });
            }
            return;
        }
        let is_offer = matches!(signal, Signal::Offer(_) | Signal::Invite { .. });
        if is_offer && mine.is_none() && self.peers.len() >= MOST_PEERS {
            return;
        }
        let theirs = self.peers.get(from).map(|peer| peer.remote_connection);
        match theirs {
            Some(Some(theirs)) if theirs != remote => {
                // An answer, since frames keep their order, comes from whoever knows our connection last.
                let is_about_mine =
                    target.is_some() && matches!(signal, Signal::Reject { .. } | Signal::Answer(_));
                if target.is_none() && is_offer {
                    // The other side started anew: its old connection is gone, so ours is of no use.
                    // The session number that a list told may be that of its former self.
                    let before = self.peers.get(from).and_then(|peer| peer.session);
                    let known = known.filter(|(session, _)| Some(*session) != before);
                    self.replace(from, sink);
                    self.accept(now, from, known, rng, sink);
                } else if !is_about_mine {
                    return;
                }
            }
            // Only an offer can be from a connection that we have never heard of.
            Some(None) if target.is_none() && !is_offer => return,
            Some(_) => {}
            None if is_offer => self.accept(now, from, known, rng, sink),
            None => return,
        }
        self.with(from, sink, |peer, effects| {
            if !matches!(signal, Signal::Reject { .. }) {
                peer.remote_connection = Some(remote);
            }
            peer.handle_signal(now, signal, effects);
        });
    }

    /// A list tells who is there: a peer with another session number started anew, and what connected us to
    /// its former self is of no use.
    pub fn handle_listed(&mut self, now: u64, info: &PeerInfo, sink: &mut Sink<'_>) {
        let Ok(id) = PeerId::parse(&info.id) else { return };
        let Some(peer) = self.peers.get_mut(&id) else { return };
        match peer.session {
            Some(session) if session != info.session => self.replace(&id, sink),
            Some(_) => self.with(&id, sink, |peer, effects| {
                // Its link is new: what we sent meanwhile found nobody.
                if peer.is_pending() {
                    peer.resend(now, effects);
                }
            }),
            None => peer.session = Some(info.session),
        }
    }

    /// Whether there is a live connection to a peer that the server calls away.
    pub fn is_live(&mut self, id: &PeerId, out: &mut Queue<Output>) -> bool {
        self.peers.get_mut(id).is_some_and(|peer| peer.is_live(out))
    }

    /// When a peer has something to do, and why.
    pub fn note_timeouts<R: Reason>(&self, earliest: &mut Earliest<R>) {
        for (_, peer) in self.peers.entries() {
            peer.note_timeouts(earliest);
        }
    }

    fn replace(&mut self, id: &PeerId, sink: &mut Sink<'_>) {
        let failure = Failure::new(ErrorCode::ConnectionGone, "the peer started anew");
        self.with(id, sink, |peer, effects| peer.close(failure, effects));
    }

    fn accept(
        &mut self,
        now: u64,
        from: &PeerId,
        known: Option<(u32, Option<u32>)>,
        rng: &mut Rng,
        sink: &mut Sink<'_>,
    ) {
        self.open(now, from, known, rng, sink);
        sink.outputs.push_back(Output::Event(Event::Peer { peer: from.clone() }));
    }
}
