//! What lies between two models: who reaches whom and how fast, and whether both believe the same.

use super::description::{Applied, MediaKind};
use super::waiting::Task;
use super::{ChannelState, ConnectionState, Milliseconds, ModelPeerConnection, SignalingState};

/// The path between two connections. Call [`Network::observe`] after every step of either.
#[derive(Debug)]
pub struct Network {
    /// The one-way delay.
    pub delay: Milliseconds,
    /// Whether nothing will ever pass again.
    pub cut: bool,
    /// Whether nothing passes at the moment.
    pub is_out: bool,
    told_of_close: bool,
}

impl Network {
    /// A path that works.
    pub fn new(delay: Milliseconds) -> Self {
        Self { delay, cut: false, is_out: false, told_of_close: false }
    }

    /// Lets the two notice each other: pairs, channels, silence, a close.
    pub fn observe(&mut self, now: Milliseconds, a: &mut ModelPeerConnection, b: &mut ModelPeerConnection) {
        a.handle_timeout(now);
        b.handle_timeout(now);
        if a.is_closed() || b.is_closed() {
            if !self.told_of_close && !self.cut && !self.is_out {
                self.told_of_close = true;
                for open in [a, b].into_iter().filter(|it| !it.is_closed()) {
                    open.schedule(self.delay, Task::RemoteGone);
                }
            }
            return;
        }
        let is_silent = self.cut || self.is_out || a.is_dead() || b.is_dead();
        a.set_silent(is_silent);
        b.set_silent(is_silent);
        if is_silent {
            return;
        }
        if can_connect(a, b) {
            for it in [&mut *a, &mut *b] {
                let (Some(local), Some(remote)) =
                    (it.local_username_fragment(), it.remote_username_fragment())
                else {
                    continue;
                };
                let pair = (local.to_owned(), remote.to_owned());
                if it.ice.pair.as_ref() != Some(&pair) {
                    it.ice.pair = Some(pair.clone());
                    // One check and its answer, then the DTLS handshake.
                    it.schedule(self.delay * 4, Task::Paired { local: pair.0, remote: pair.1 });
                }
            }
        }
        let both =
            [&*a, &*b].iter().all(|it| it.connection_state() == ConnectionState::Connected && has_data(it));
        if both {
            self.open_channels(a, b);
            self.open_channels(b, a);
        }
    }

    fn open_channels(&self, from: &mut ModelPeerConnection, to: &mut ModelPeerConnection) {
        for place in 0..from.channels.len() {
            let channel = &mut from.channels[place];
            if channel.state != ChannelState::Connecting || channel.forgotten || channel.remote {
                continue;
            }
            let label = channel.label.clone();
            let in_band = channel.negotiated_id.is_none() && !std::mem::replace(&mut channel.announced, true);
            if channel.negotiated_id.is_some() && std::mem::replace(&mut channel.announced, true) {
                continue;
            }
            let delay = from.random.within(from.timings.channel);
            if in_band {
                to.push_channel(&label, None, true);
                let theirs = to.channels.len() - 1;
                to.emit(super::Event::DataChannel(theirs));
                to.schedule(self.delay, Task::OpenChannel(theirs));
                from.schedule(self.delay * 2 + delay, Task::OpenChannel(place));
            } else if from.channels[place].negotiated_id.is_some() {
                from.schedule(delay, Task::OpenChannel(place));
            }
        }
    }
}

fn has_data(connection: &ModelPeerConnection) -> bool {
    let holds = |applied: &Option<Applied>| {
        let sections = applied.iter().flat_map(|it| &it.text.sections);
        sections.filter(|it| !it.rejected).any(|it| it.kind == MediaKind::Application)
    };
    holds(&connection.descriptions.current_local) && holds(&connection.descriptions.current_remote)
}

/// Whether the two would find a pair: each knows the other's present generation and a candidate of it.
pub fn can_connect(a: &ModelPeerConnection, b: &ModelPeerConnection) -> bool {
    let knows = |it: &ModelPeerConnection, other: &ModelPeerConnection| {
        it.remote_username_fragment().is_some()
            && it.remote_username_fragment() == other.local_username_fragment()
            && it.has_remote_candidate()
    };
    knows(a, b) && knows(b, a)
}

/// In what two connections, after a negotiation, do not believe the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disagreement {
    /// One is still in the middle of a negotiation.
    NotStable(SignalingState),
    /// An operation still runs, or one still asks for negotiation.
    NotQuiet,
    /// What one offered or answered is not what the other has.
    Descriptions,
    /// The kind is sent by one side and not received by the other.
    Track(MediaKind),
    /// A track, or the data section, was never negotiated.
    Unnegotiated(MediaKind),
}

/// Whether a negotiation has settled: both stable and quiet, with the same descriptions, every track on its way.
pub fn agreement(a: &ModelPeerConnection, b: &ModelPeerConnection) -> Result<(), Disagreement> {
    for it in [a, b] {
        if it.signaling_state() != SignalingState::Stable {
            return Err(Disagreement::NotStable(it.signaling_state()));
        }
        if !it.operations.chain.is_empty() || it.is_negotiation_needed() {
            return Err(Disagreement::NotQuiet);
        }
    }
    let same = |local: &Option<Applied>, remote: &Option<Applied>| match (local, remote) {
        (Some(local), Some(remote)) => {
            local.kind == remote.kind && local.text.without_candidates() == remote.text.without_candidates()
        }
        (None, None) => true,
        _ => false,
    };
    if !same(&a.descriptions.current_local, &b.descriptions.current_remote)
        || !same(&b.descriptions.current_local, &a.descriptions.current_remote)
    {
        return Err(Disagreement::Descriptions);
    }
    tracks_arrive(a, b)?;
    tracks_arrive(b, a)
}

fn tracks_arrive(from: &ModelPeerConnection, to: &ModelPeerConnection) -> Result<(), Disagreement> {
    if from.channels.iter().any(|it| !it.remote && it.state != ChannelState::Closed) && !has_data(from) {
        return Err(Disagreement::Unnegotiated(MediaKind::Application));
    }
    for sender in from.transceivers.iter().filter(|it| it.sender.has_track) {
        let (Some(mid), Some(current)) = (sender.mid(), sender.current_direction) else {
            return Err(Disagreement::Unnegotiated(sender.kind));
        };
        let received =
            to.transceiver_of(mid).and_then(|it| it.current_direction).is_some_and(|it| it.receives);
        if !current.sends || !received {
            return Err(Disagreement::Track(sender.kind));
        }
    }
    Ok(())
}
