//! A model RTCPeerConnection: deterministic, without I/O, its clock told.
//!
//! It follows W3C WebRTC and RFC 9429 closely enough to lose where a browser loses: operations of one connection run
//! one after another and take time, `negotiationneeded` comes when the specification says, a rollback forgets what it
//! must. `tests/operations/script.json` runs here, in Chromium and in Firefox alike; where the browsers differ, a
//! [`Flavor`] says how. Call a command, drain [`ModelPeerConnection::poll_output`], then come back at
//! [`ModelPeerConnection::poll_timeout`] with [`ModelPeerConnection::handle_timeout`]. A command never lets happen what is
//! due at its own `now`: several commands at one time are one task of a page.
//!
//! ```
//! use signalpost_simulation::model_peer_connection::{Event, Flavor, ModelPeerConnection, SignalingState};
//!
//! let mut connection = ModelPeerConnection::new(7, Flavor::FIREFOX);
//! connection.create_data_channel(0, "chat", Some(0)).unwrap();
//! connection.set_local_description(0, 1, None);
//! while let Some(at) = connection.poll_timeout().filter(|at| *at < 100) {
//!     connection.handle_timeout(at);
//! }
//! let first = connection.poll_output().unwrap();
//! assert_eq!(first.event, Event::SignalingStateChange(SignalingState::HaveLocalOffer));
//! ```

mod apply;
mod chain;
mod description;
mod event;
mod flavor;
mod ice;
mod ice_state;
mod network;
mod offer_answer;
mod random;
mod state;
#[cfg(test)]
mod tests;
mod timings;
mod transceiver;
mod waiting;

pub use description::{Description, Direction, MediaKind, SdpType};
pub use event::{
    CandidateInit, ConnectionState, DomError, Event, GatheringState, OperationId, Output, SignalingState,
};
pub use flavor::{Flavor, Quirk};
pub use network::{Disagreement, Network, agreement, can_connect};
pub use random::Random;
pub use timings::{Milliseconds, Timings};
pub use transceiver::{Channel, ChannelState, Transceiver};

use description::Applied;
use ice_state::Ice;
use state::{DataSection, Descriptions, Identities, Operations, Origin, Restart, Schedule};
use std::collections::VecDeque;
use transceiver::Sender;

/// The model. Its states are read with the getters, what happens with [`Self::poll_output`].
#[derive(Debug)]
pub struct ModelPeerConnection {
    flavor: Flavor,
    timings: Timings,
    random: Random,
    schedule: Schedule,
    signaling_state: SignalingState,
    operations: Operations,
    outputs: VecDeque<Output>,
    transceivers: Vec<Transceiver>,
    channels: Vec<Channel>,
    descriptions: Descriptions,
    identities: Identities,
    origin: Origin,
    restart: Restart,
    data_section: DataSection,
    ice: Ice,
}

impl ModelPeerConnection {
    /// Makes a new connection.
    pub fn new(seed: u64, flavor: Flavor) -> Self {
        let mut random = Random::new(seed);
        let session = random.number() >> 1;
        Self {
            flavor,
            timings: Timings::default(),
            random,
            schedule: Schedule::default(),
            signaling_state: SignalingState::Stable,
            operations: Operations::default(),
            outputs: VecDeque::new(),
            transceivers: Vec::new(),
            channels: Vec::new(),
            descriptions: Descriptions::default(),
            identities: Identities::default(),
            origin: Origin { session, version: 1 },
            restart: Restart::default(),
            data_section: DataSection::default(),
            ice: Ice::default(),
        }
    }

    /// Makes things take other times.
    pub fn set_timings(&mut self, timings: Timings) {
        self.timings = timings;
    }

    /// `restartIce()`.
    pub fn restart_ice(&mut self, now: Milliseconds) {
        self.advance(now);
        if self.is_closed() {
            return;
        }
        let held = [&self.descriptions.current_local, &self.descriptions.pending_local].into_iter().flatten();
        self.restart.credentials_to_replace =
            held.filter_map(|it| it.text.username_fragment().map(str::to_owned)).collect();
        self.restart.before_anything =
            self.flavor.has(Quirk::RestartBeforeAnything) && self.restart.credentials_to_replace.is_empty();
        self.update_negotiation_needed();
    }

    /// `addTransceiver(kind)`; answers its place among the transceivers.
    pub fn add_transceiver(&mut self, now: Milliseconds, kind: MediaKind) -> Result<usize, DomError> {
        self.advance(now);
        if self.is_closed() {
            return Err(DomError::InvalidState);
        }
        self.push_transceiver(kind, false);
        self.update_negotiation_needed();
        Ok(self.transceivers.len() - 1)
    }

    /// `addTrack()` with a track of the kind; answers the place of its transceiver.
    pub fn add_track(&mut self, now: Milliseconds, kind: MediaKind) -> Result<usize, DomError> {
        self.advance(now);
        if self.is_closed() {
            return Err(DomError::InvalidState);
        }
        let free = |it: &Transceiver| it.kind == kind && !it.sender.has_track && !it.sender.has_sent;
        let place = match self.transceivers.iter_mut().position(|it| free(it)) {
            Some(place) => {
                let transceiver = &mut self.transceivers[place];
                transceiver.sender.has_track = true;
                transceiver.added_by_track = true;
                transceiver.direction.sends = true;
                place
            }
            None => {
                self.push_transceiver(kind, true);
                self.transceivers.len() - 1
            }
        };
        self.update_negotiation_needed();
        Ok(place)
    }

    /// `removeTrack()` of the sender at this place.
    pub fn remove_track(&mut self, now: Milliseconds, place: usize) -> Result<(), DomError> {
        self.advance(now);
        if self.is_closed() {
            return Err(DomError::InvalidState);
        }
        let transceiver = self.transceivers.get_mut(place).ok_or(DomError::Type)?;
        if !std::mem::take(&mut transceiver.sender.has_track) && !transceiver.direction.sends {
            return Ok(());
        }
        transceiver.direction.sends = false;
        self.update_negotiation_needed();
        Ok(())
    }

    /// `createDataChannel()`, with an id for a negotiated one; answers its place among the channels.
    pub fn create_data_channel(
        &mut self,
        now: Milliseconds,
        label: &str,
        negotiated_id: Option<u16>,
    ) -> Result<usize, DomError> {
        self.advance(now);
        if self.is_closed() {
            return Err(DomError::InvalidState);
        }
        let taken = |it: &Channel| it.negotiated_id == negotiated_id && it.state != ChannelState::Closed;
        if negotiated_id.is_some() && self.channels.iter().any(taken) {
            return Err(DomError::Operation);
        }
        self.push_channel(label, negotiated_id, false);
        self.update_negotiation_needed();
        Ok(self.channels.len() - 1)
    }

    /// `close()`: nothing happens from now on, and what runs never settles.
    pub fn close(&mut self, now: Milliseconds) {
        self.advance(now);
        self.signaling_state = SignalingState::Closed;
        self.ice.connection = ConnectionState::Closed;
        self.operations.chain.clear();
        self.schedule.tasks.clear();
        self.channels.iter_mut().for_each(|channel| channel.state = ChannelState::Closed);
    }

    /// The next thing that happened.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`].
    pub fn poll_timeout(&self) -> Option<Milliseconds> {
        self.schedule.tasks.keys().next().map(|(at, _)| *at)
    }

    /// Lets everything happen that is due.
    pub fn handle_timeout(&mut self, now: Milliseconds) {
        self.perform_until(Some(now));
        self.schedule.now = self.schedule.now.max(now);
    }

    /// `signalingState`.
    pub fn signaling_state(&self) -> SignalingState {
        self.signaling_state
    }

    /// `connectionState`.
    pub fn connection_state(&self) -> ConnectionState {
        self.ice.connection
    }

    /// `iceGatheringState`.
    pub fn gathering_state(&self) -> GatheringState {
        self.ice.gathering
    }

    /// `pendingLocalDescription` or else `currentLocalDescription`, with the candidates gathered so far.
    pub fn local_description(&self) -> Option<Description> {
        self.descriptions.pending_local.as_ref().or(self.descriptions.current_local.as_ref()).map(init)
    }

    /// `pendingRemoteDescription` or else `currentRemoteDescription`.
    pub fn remote_description(&self) -> Option<Description> {
        self.descriptions.pending_remote.as_ref().or(self.descriptions.current_remote.as_ref()).map(init)
    }

    /// `pendingLocalDescription`.
    pub fn pending_local_description(&self) -> Option<Description> {
        self.descriptions.pending_local.as_ref().map(init)
    }

    /// `currentLocalDescription`.
    pub fn current_local_description(&self) -> Option<Description> {
        self.descriptions.current_local.as_ref().map(init)
    }

    /// `pendingRemoteDescription`.
    pub fn pending_remote_description(&self) -> Option<Description> {
        self.descriptions.pending_remote.as_ref().map(init)
    }

    /// `currentRemoteDescription`.
    pub fn current_remote_description(&self) -> Option<Description> {
        self.descriptions.current_remote.as_ref().map(init)
    }

    /// `getTransceivers()`.
    pub fn transceivers(&self) -> &[Transceiver] {
        &self.transceivers
    }

    /// Every channel, made here or by the other side.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    fn is_closed(&self) -> bool {
        self.signaling_state == SignalingState::Closed
    }

    fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output { at: self.schedule.now, event });
    }

    fn push_transceiver(&mut self, kind: MediaKind, added_by_track: bool) -> usize {
        let id = self.identities.next_transceiver;
        self.identities.next_transceiver += 1;
        self.transceivers.push(Transceiver {
            id,
            kind,
            mid: None,
            direction: Direction::SENDRECV,
            current_direction: None,
            sender: Sender { has_track: added_by_track, has_sent: false },
            added_by_track,
            fired: false,
            remote_made: false,
        });
        id
    }

    fn push_channel(&mut self, label: &str, negotiated_id: Option<u16>, remote: bool) {
        let forgotten =
            self.flavor.has(Quirk::ForgetsChannelMadeDuringRemote) && self.runs_remote_description();
        self.channels.push(Channel {
            label: label.into(),
            negotiated_id,
            state: ChannelState::Connecting,
            announced: remote,
            remote,
            forgotten,
        });
    }
}

fn init(applied: &Applied) -> Description {
    Description { kind: applied.kind, sdp: applied.text.write() }
}
