//! The rungs of the ladder, as they are climbed ([`crate::peer::ladder`]).

use super::{CHANNEL_ENDED, Peer};
use crate::failure::Failure;
use crate::ids::ConnectionId;
use crate::input::ConnectionState;
use crate::output::{Event, Output};
use crate::peer::candidates::hidden_names::HiddenNames;
use crate::peer::effects::Effects;
use crate::peer::ladder::liveness::{Act, Liveness};
use crate::peer::ladder::loss::{Loss, Rung};
use crate::peer::ladder::presence::{PROBE_MS, Presence};
use crate::time::Time;
use signalpost_protocol::{ErrorCode, session_description};

/// How long no offer is made after an ICE restart, in milliseconds.
const RESTART_MS: u32 = 400;
/// How long no offer is made at most where one browser is Firefox, in milliseconds, unless the new generation carries data before.
/// Firefox sends on the generation before the present one until the present one carries data. A restart that comes sooner leaves it one
/// that never did, and the next packet ends its DTLS. Chromium tries only the pairs of its newest generation.
const PAIR_MS: u16 = 3_000;

impl Peer {
    /// Whether data could ever flow: from then on a loss is repaired.
    pub(super) fn was_open(&self) -> bool {
        self.timeline.open_ms.is_some()
    }

    /// Data can flow on the present connection.
    pub(super) fn handle_open(&mut self, effects: &mut Effects<'_>) {
        self.ladder.is_open = true;
        self.handle_life(effects);
        self.ladder.liveness.start(effects.now());
    }

    /// The other side's core sent a text on the SDK's own data channel.
    pub(super) fn handle_heard(&mut self, text: &str, effects: &mut Effects<'_>) {
        let now = effects.now();
        if let Some(text) = Liveness::answer(text) {
            self.ping(text, effects);
        } else if let Some(round_trip_ms) = self.ladder.liveness.round_trip_ms(now, text) {
            self.ladder.presence.handle_round_trip(round_trip_ms);
        }
        self.handle_life(effects);
    }

    /// A probe has ended.
    pub(super) fn handle_probed(
        &mut self,
        is_live: bool,
        round_trip_ms: Option<u32>,
        effects: &mut Effects<'_>,
    ) {
        let now = effects.now();
        self.ladder.presence.handle_probed(now, is_live, round_trip_ms);
        if is_live {
            self.handle_life(effects);
        } else {
            self.ladder.liveness.handle_silence(now);
            if self.ladder.is_open && self.ladder.liveness.is_on() && self.ladder.presence.is_silent() {
                self.confirm_loss(effects);
            }
        }
    }

    /// Something arrived: whatever was wrong with the path is over.
    fn handle_life(&mut self, effects: &mut Effects<'_>) {
        self.ladder.presence.handle_life();
        self.ladder.liveness.handle_life(effects.now());
        if self.ladder.is_open && self.ladder.loss.take().is_some() {
            self.enter(ConnectionState::Connected, effects);
        }
    }

    /// The browser says that the state of a pair changed on which data could flow. It says so late, or wrongly.
    pub(super) fn handle_later_state(&mut self, state: ConnectionState, effects: &mut Effects<'_>) {
        let now = effects.now();
        let is_watched = self.ladder.is_open && self.ladder.liveness.is_on();
        match state {
            ConnectionState::Connected => {
                if let Some(loss) = &mut self.ladder.loss {
                    loss.handle_checked(now);
                }
                if is_watched && self.ladder.loss.is_some() {
                    self.probe(effects.context);
                } else if self.ladder.is_open {
                    self.handle_life(effects);
                }
            }
            ConnectionState::Disconnected if is_watched => {
                self.ask_link(effects);
                self.probe(effects.context);
            }
            ConnectionState::Disconnected => self.confirm_loss(effects),
            ConnectionState::Failed => {
                self.confirm_loss(effects);
                let is_open = self.ladder.is_open;
                if let Some(loss) = &mut self.ladder.loss {
                    if is_open {
                        loss.hurry(now);
                    } else {
                        loss.handle_broken(now, false);
                    }
                }
                self.climb(effects);
            }
            ConnectionState::New | ConnectionState::Connecting | ConnectionState::Closed => {}
        }
    }

    /// The SDK's own data channel closed, and this connection will never open another. The other side closed it, or Firefox gave the
    /// path up.
    pub(super) fn handle_channel_lost(&mut self, effects: &mut Effects<'_>) {
        let now = effects.now();
        let is_sudden = self.progress.is_connected() && !self.ladder.is_lost();
        self.ladder.handle_closed();
        self.ask_link(effects);
        self.loss(now).handle_broken(now, is_sudden);
        self.climb(effects);
    }

    /// The other side has no such connection any more, and has not said that it closed it.
    pub(super) fn handle_gone(&mut self, effects: &mut Effects<'_>) {
        let now = effects.now();
        self.ladder.handle_closed();
        self.loss(now).handle_broken(now, false);
        self.climb(effects);
    }

    /// The network changed, or the page or the link comes back from an absence: the path may be another one. `is_sure`: the old one is
    /// gone.
    pub fn handle_change(&mut self, is_sure: bool, effects: &mut Effects<'_>) {
        if !self.ladder.is_open {
            return;
        }
        let now = effects.now();
        self.ladder.liveness.ask(now);
        if is_sure {
            self.ladder.asked_at = now;
            effects.context.doubts_link = true;
            self.loss(now).hurry(now);
        }
    }

    /// Whether something is tried as soon as the link is heard.
    pub fn waits_for_link(&self) -> bool {
        self.ladder.waits_for_link()
    }

    /// Whether the end of the peer's session ends this connection too: its channel closed on a live path.
    pub(super) fn was_ended(&self) -> bool {
        self.ladder.loss.as_ref().is_some_and(|loss| loss.is_sudden)
    }

    /// The browser could not make the connection that shall replace another.
    pub(super) fn handle_unavailable(&mut self, failure: Failure, effects: &mut Effects<'_>) {
        let now = effects.now();
        self.loss(now).handle_unavailable(now);
        self.report(failure, effects);
    }

    /// The server calls the peer away, or not any more.
    pub fn handle_away(&mut self, is_away: bool, effects: &mut Effects<'_>) {
        self.ladder.is_away = is_away;
        self.handle_mute(effects);
    }

    pub(super) fn handle_mute(&mut self, effects: &mut Effects<'_>) {
        let is_linked = effects.context.link_heard.is_some();
        if self.ladder.handle_mute(effects.now(), is_linked) {
            self.handle_change(false, effects);
            self.climb(effects);
        }
    }

    /// A local description is set, or is being set.
    pub(super) fn handle_described(&mut self, sdp: &str, effects: &mut Effects<'_>) {
        let now = effects.now();
        if self.candidates.handle_description(now, sdp) && self.candidates.is_restart() {
            if self.progress.was_connected {
                self.negotiation.pause(session_description::is_of_firefox(sdp));
                let mut pause_ms = RESTART_MS;
                if self.hidden_names.has_firefox() {
                    pause_ms = PAIR_MS.into();
                    let connection = self.ends.connection;
                    effects.output(Output::AwaitPair { connection, within_ms: PAIR_MS });
                }
                self.renegotiate_at = Some(now.after_ms(pause_ms));
            }
            if let Some(loss) = &mut self.ladder.loss {
                loss.handle_generation(now);
            }
        }
    }

    /// Whether the sender of an answer is not the peer to which data could flow, but another one with its id.
    pub(super) fn is_of_another(&self, incarnation: Option<u32>) -> bool {
        let known = self.ends.remote_incarnation.filter(|_| self.was_open());
        known.is_some() && incarnation.is_some() && known != incarnation
    }

    /// The other side made another connection in the place of its own, or we do: so does this side.
    pub fn renew(&mut self, effects: &mut Effects<'_>) {
        let now = effects.now();
        self.ladder.handle_closed();
        self.loss(now).handle_replaced(now);
        self.confirm_loss(effects);
        let old = self.ends.connection;
        let connection = ConnectionId(effects.context.rng.next_id());
        self.ends.connection = connection;
        self.ends.remote_connection = None;
        self.ladder.presence = Presence::default();
        self.negotiation = self.negotiation.renewed();
        self.candidates = self.candidates.renewed();
        self.hidden_names = HiddenNames::default();
        self.gathering_timer.stop();
        self.renegotiate_at = None;
        let peer = self.id.clone();
        effects.output(Output::ReplaceConnection { peer: peer.clone(), old, connection });
        effects.event(Event::PeerReplaced { peer });
    }

    /// The application hears that the path is lost, and what can be done begins.
    fn confirm_loss(&mut self, effects: &mut Effects<'_>) {
        let loss = self.loss(effects.now());
        if !core::mem::replace(&mut loss.is_confirmed, true) {
            self.ask_link(effects);
            self.enter(ConnectionState::Disconnected, effects);
            self.climb(effects);
        }
    }

    /// Asks the link to the server for a sign of life, unless it was asked because of the same doubt.
    fn ask_link(&mut self, effects: &mut Effects<'_>) {
        if self.ladder.asked_at <= self.ladder.liveness.heard_at() {
            self.ladder.asked_at = effects.now();
            effects.context.doubts_link = true;
        }
    }

    fn loss(&mut self, now: Time) -> &mut Loss {
        let (since, has_firefox) = (self.ladder.liveness.heard_at(), self.hidden_names.has_firefox());
        self.ladder.loss.get_or_insert_with(|| Loss::new(now, since, has_firefox))
    }

    /// Tries what is due, if the link has been heard since the doubt began.
    pub fn climb(&mut self, effects: &mut Effects<'_>) {
        let now = effects.now();
        let is_asking = self.is_asking();
        let is_linked = effects.context.link_heard.is_some_and(|heard| heard >= self.ladder.asked_at);
        let can_talk = is_linked && !self.ladder.is_away;
        let Some(loss) = self.ladder.loss.as_mut().filter(|loss| loss.is_due(now)) else { return };
        loss.waits_for_link = !can_talk;
        if !can_talk {
            return;
        }
        match loss.climb(now, is_asking) {
            Rung::Wait => {}
            Rung::Restart => self.restart_ice(effects),
            Rung::Replace => self.renew(effects),
        }
    }

    /// A deadline of the ladder may have come.
    pub(super) fn handle_ladder_timeout(&mut self, effects: &mut Effects<'_>) {
        let now = effects.now();
        let explained_ms = self.ladder.presence.explained_ms();
        match self.ladder.liveness.poll(now, explained_ms) {
            Some(Act::Ping(text)) => self.ping(text, effects),
            Some(Act::Probe(text)) => {
                self.ask_link(effects);
                self.ping(text, effects);
                self.probe(effects.context);
            }
            None => {}
        }
        if self.ladder.deadline().is_some_and(|deadline| now >= deadline)
            && let Some(failure) = self.ladder.loss.as_ref().map(Loss::failure)
        {
            self.give_up(failure, effects);
        } else {
            self.climb(effects);
        }
    }

    fn give_up(&mut self, failure: Failure, effects: &mut Effects<'_>) {
        self.fail(failure.clone(), effects);
        self.hang_up(failure, effects);
    }

    fn ping(&self, text: &'static str, effects: &mut Effects<'_>) {
        effects.output(Output::Ping { connection: self.ends.connection, text });
    }

    /// Asks an open connection for a sign of life, unless it is being asked.
    pub fn probe(&mut self, context: &mut crate::context::Context) {
        let is_open = if self.was_open() { self.ladder.is_open } else { self.progress.is_connected() };
        self.ladder.liveness.handle_probe(context.now);
        if is_open && self.ladder.presence.begin_probe(context.now) {
            let connection = self.ends.connection;
            context.out.push_back(Output::Probe { connection, after_ms: PROBE_MS });
        }
    }

    /// Nothing can reach the peer any more: its session is over, and so is its channel.
    pub fn handle_left(&mut self, effects: &mut Effects<'_>) {
        if self.was_ended() {
            self.close(Failure::new(ErrorCode::ConnectionGone, CHANNEL_ENDED), effects);
        } else {
            self.handle_away(false, effects);
        }
    }
}
