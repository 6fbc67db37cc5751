//! All remote peers: who a signal or an event is for.

use super::arrival::{Arrival, decide};
use super::directory::Listed;
use super::effects::Effects;
use super::own::Own;
use super::remote_peer::{Peer, STARTED_ANEW};
use crate::collections::table::Table;
use crate::config::IceServers;
use crate::context::Context;
use crate::deadline::Earliest;
use crate::failure::Failure;
use crate::ids::ConnectionId;
use crate::input::ConnectionEvent;
use crate::output::{Event, Output};
use alloc::vec::Vec;
use signalpost_protocol::message::Route;
use signalpost_protocol::{ClientMessage, ErrorCode, Mapping, PeerId, Signal};

/// Most peers at once; further ones cannot connect to this client.
const MAX_PEERS: usize = 1024;

/// The remote peers to which there is a connection.
pub struct Peers {
    own: Own,
    peers: Table<PeerId, Peer>,
}

impl Peers {
    /// No peer is connected.
    pub fn new(own: Own) -> Self {
        Self { own, peers: Table::default() }
    }

    /// The remote peer with this id, if there is a connection to it.
    pub fn peer(&self, id: &PeerId) -> Option<&Peer> {
        self.peers.get(id)
    }

    /// Makes sure that there is a connection for this peer. `listed`: what a list told of it.
    pub fn open(&mut self, id: &PeerId, listed: Option<Listed>, context: &mut Context) {
        if self.peers.contains_key(id) {
            return;
        }
        let connection = ConnectionId(context.rng.next_id());
        context.out.push_back(Output::CreateConnection { connection, peer: id.clone() });
        let mut peer = Peer::new(context.now, id.clone(), connection, &self.own);
        if let Some(Listed { incarnation, mapping, took_ms }) = listed {
            peer.ends.remote_incarnation = Some(incarnation);
            peer.ends.outlook.remote = mapping;
            peer.timeline.discovery_ms = took_ms;
        }
        self.peers.insert(id.clone(), peer);
    }

    /// Runs `act` on a peer and carries out what it wants.
    pub fn with(
        &mut self,
        id: &PeerId,
        context: &mut Context,
        act: impl FnOnce(&mut Peer, &mut Effects<'_>),
    ) {
        let mut act = Some(act);
        self.with_each(core::slice::from_ref(id), context, &mut |peer, effects| {
            if let Some(act) = act.take() {
                act(peer, effects);
            }
        });
    }

    /// Runs `act` on every peer.
    pub fn with_all(&mut self, context: &mut Context, mut act: impl FnMut(&mut Peer, &mut Effects<'_>)) {
        let mut ids = Vec::new();
        for (id, _) in self.peers.entries() {
            ids.push(id.clone());
        }
        self.with_each(&ids, context, &mut act);
    }

    /// Not generic: a copy for each caller would weigh more than all of them.
    fn with_each(
        &mut self,
        ids: &[PeerId],
        context: &mut Context,
        act: &mut dyn FnMut(&mut Peer, &mut Effects<'_>),
    ) {
        for id in ids {
            let Some(peer) = self.peers.get_mut(id) else { continue };
            let mut effects = Effects::new(context);
            act(peer, &mut effects);
            let Effects { closed, sent, .. } = effects;
            peer.ends.has_sent |= sent;
            if closed {
                self.peers.remove(id);
            }
        }
    }

    /// The link to the server was lost, or is back.
    pub fn handle_link(&mut self, is_linked: bool, context: &mut Context) {
        self.own.is_linked = is_linked;
        self.with_all(context, |peer, effects| peer.handle_link(is_linked, effects));
    }

    /// Something was received on the link to the server.
    pub fn handle_link_heard(&mut self, context: &mut Context) {
        if self.peers.entries().iter().any(|(_, peer)| peer.waits_for_link()) {
            self.with_all(context, |peer, effects| peer.climb(effects));
        }
    }

    /// A connection did something. An event of a connection that is not known any more comes too late. Returns whether it may change
    /// what is known of the presence of its peer.
    pub fn handle_event(
        &mut self,
        connection: ConnectionId,
        event: ConnectionEvent,
        context: &mut Context,
    ) -> bool {
        let owner = self.peers.entries().iter().find(|(_, peer)| peer.ends.connection == connection);
        let Some((id, was_live)) = owner.map(|(id, peer)| (id.clone(), peer.is_live())) else { return false };
        let is_text = matches!(event, ConnectionEvent::Heard { .. });
        self.with(&id, context, |peer, effects| peer.handle_event(event, effects));
        !is_text || was_live != self.is_live(&id)
    }

    /// Another peer sent something. `listed`: what a list told of it.
    pub fn handle_signal(
        &mut self,
        from: &PeerId,
        listed: Option<Listed>,
        signal: Signal,
        context: &mut Context,
    ) {
        let Some(route) = signal.route() else { return };
        let known = self.peers.get(from).map(Peer::known);
        match decide(&signal, route, known, self.peers.len() < MAX_PEERS) {
            Arrival::Ignore => {
                let detail = "a signal of an unknown connection".into();
                let id = Some(route.connection);
                context.out.push_back(Output::Note { action: "ignore", id, detail });
                return;
            }
            Arrival::RejectAsGone { number } => {
                let own = known.map_or(ConnectionId(0), |known| known.own);
                let route = Route { connection: own.0, target: Some(route.connection) };
                let signal = Signal::Reject { route, number, code: ErrorCode::ConnectionGone };
                context.messages.push_back(ClientMessage::Relay { to: from.clone(), signal });
                return;
            }
            Arrival::Accept => self.accept(from, listed, context),
            Arrival::ReplaceAndAccept => {
                // What the list told may be of the sender's former self.
                let before = self.peers.get(from).and_then(|peer| peer.ends.remote_incarnation);
                let listed = listed.filter(|listed| Some(listed.incarnation) != before);
                self.replace(from, context);
                self.accept(from, listed, context);
            }
            Arrival::RenewAndDeliver => self.with(from, context, |peer, effects| peer.renew(effects)),
            Arrival::Deliver => {}
        }
        self.with(from, context, |peer, effects| {
            if !matches!(signal, Signal::Reject { .. }) {
                peer.ends.remote_connection = Some(ConnectionId(route.connection));
            }
            peer.handle_signal(signal, effects);
        });
    }

    /// A list tells who is there. A peer of another incarnation started anew, and what connected the client to
    /// its former self is of no use.
    pub fn handle_listed(&mut self, id: &PeerId, incarnation: u32, context: &mut Context) {
        let Some(peer) = self.peers.get_mut(id) else { return };
        match peer.ends.remote_incarnation {
            Some(before) if before != incarnation => self.replace(id, context),
            Some(_) => self.with(id, context, |peer, effects| {
                peer.handle_away(false, effects);
                // Its link is new: what was sent to it meanwhile found nobody.
                if peer.is_pending() {
                    peer.resend(effects);
                }
            }),
            None => peer.ends.remote_incarnation = Some(incarnation),
        }
    }

    /// A list tells how the network of a peer maps addresses.
    pub fn handle_described(&mut self, id: &PeerId, listed: &Listed, context: &mut Context) {
        self.with(id, context, |peer, effects| {
            if peer.ends.remote_incarnation == Some(listed.incarnation) {
                peer.handle_remote_mapping(listed.mapping.clone(), effects);
            }
        });
    }

    /// The last verdict about the own network.
    pub fn own_mapping(&self) -> Option<Mapping> {
        self.own.outlook.own
    }

    /// Connections get other servers; `has_turn`: whether one of them relays.
    pub fn handle_servers(&mut self, servers: IceServers, context: &mut Context) {
        self.own.outlook.has_turn = servers.has_turn;
        self.own.candidates.servers = servers;
        self.with_all(context, |peer, _| peer.handle_servers(servers));
    }

    /// There is another verdict about the own network.
    pub fn handle_own_mapping(&mut self, mapping: Option<Mapping>, context: &mut Context) {
        self.own.outlook.own = mapping;
        self.with_all(context, |peer, effects| peer.handle_own_mapping(mapping, effects));
    }

    /// Whether packets flow on the connection to a peer, as far as is known.
    pub fn is_live(&self, id: &PeerId) -> bool {
        self.peers.get(id).is_some_and(Peer::is_live)
    }

    /// The server calls a peer away: asks its connection for a sign of life, if there is a connected one that is not being asked.
    pub fn handle_away(&mut self, id: &PeerId, context: &mut Context) {
        self.with(id, context, |peer, effects| {
            peer.handle_away(true, effects);
            peer.probe(effects.context);
        });
    }

    /// Notes when each peer has something to do.
    pub fn note_timeouts(&self, earliest: &mut Earliest) {
        for (_, peer) in self.peers.entries() {
            peer.note_timeouts(earliest);
        }
    }

    /// Closes the connection to a peer that started anew.
    fn replace(&mut self, id: &PeerId, context: &mut Context) {
        let failure = Failure::new(ErrorCode::ConnectionGone, STARTED_ANEW);
        self.with(id, context, |peer, effects| peer.close(failure, effects));
    }

    /// Makes a connection for a peer that begins one.
    fn accept(&mut self, from: &PeerId, listed: Option<Listed>, context: &mut Context) {
        self.open(from, listed, context);
        context.event(Event::Peer { peer: from.clone() });
    }
}
