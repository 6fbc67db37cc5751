//! One remote peer: the connection, its negotiation, its candidates both ways, and its timers.

mod ends;
mod gathering_timer;
mod networks;
mod no_path;
mod operations;
mod pair_timer;
mod progress;
mod recovery;
mod resend;
mod sending;
mod state;
mod timing;

use super::arrival::Known;
use super::candidates::hidden_names::HiddenNames;
use super::candidates::outgoing::OutgoingCandidates;
use super::effects::Effects;
use super::ladder::Ladder;
use super::negotiation::{Negotiation, Remote, Step};
use super::own::Own;
use super::timeline::{Timeline, mark};
use crate::calls::Calls;
use crate::failure::Failure;
use crate::ids::{CallId, ConnectionId, OfferNumber};
use crate::input::{ConnectionEvent, ConnectionState, Outcome, SdpType};
use crate::output::{Event, Operation, Output, Reply};
use crate::time::Time;
use alloc::vec::Vec;
use ends::Ends;
use gathering_timer::GatheringTimer;
use operations::Operations;
use pair_timer::PairTimer;
use progress::Progress;
use resend::Resend;
use signalpost_protocol::message::{CandidateBatch as Batch, Description};
use signalpost_protocol::{ErrorCode, IceCandidateInit, PeerId, Signal, session_description};

/// Why the data channel is closed where a negotiation has just moved it: Firefox loses it by such an offer of its own.
const MOVED: &str =
    "the browser lost its data channel, because its first media section was stopped or used again";
/// Why the connection to a peer is over that has another incarnation.
pub const STARTED_ANEW: &str = "the peer started anew";
/// Why the connection is over where its data channel closed.
const CHANNEL_ENDED: &str = "the peer ended the data channel";

/// A remote peer to which there is a connection.
pub struct Peer {
    /// The remote peer's id.
    pub id: PeerId,
    /// The two ends of the connection.
    pub ends: Ends,
    /// How long each phase took.
    pub timeline: Timeline,
    negotiation: Negotiation,
    candidates: OutgoingCandidates,
    hidden_names: HiddenNames,
    operations: Operations,
    progress: Progress,
    /// The calls of `connect()` that wait.
    calls: Calls,
    pair_timer: PairTimer,
    gathering_timer: GatheringTimer,
    resend: Resend,
    /// When offers may be made again after an ICE restart.
    renegotiate_at: Option<Time>,
    ladder: Ladder,
}

impl Peer {
    /// A remote peer whose connection is being made.
    pub fn new(now: Time, id: PeerId, connection: ConnectionId, own: &Own) -> Self {
        let gathering_ms = own.candidates.gathering_ms;
        let polite = own.id.is_polite_towards(&id);
        Self {
            negotiation: Negotiation::new(polite, gathering_ms.is_some()),
            id,
            ends: Ends::new(connection, own.incarnation, own.outlook.clone()),
            timeline: Timeline::new(now, None),
            candidates: OutgoingCandidates::new(own.candidates, polite),
            hidden_names: HiddenNames::default(),
            operations: Operations::default(),
            progress: Progress::new(),
            calls: Calls::default(),
            pair_timer: PairTimer::new(own.is_linked, gathering_ms),
            gathering_timer: GatheringTimer::new(gathering_ms),
            resend: Resend::new(),
            renegotiate_at: None,
            ladder: Ladder::new(now, own.ping_ms),
        }
    }

    /// The application wants to be connected and waits for it.
    pub fn connect(&mut self, call: CallId, timeout_ms: u32, effects: &mut Effects<'_>) {
        let was_open = self.timeline.open_ms.is_some();
        if was_open && self.progress.is_connected() {
            effects.settle(call, Ok(Reply::Done));
            return;
        }
        self.calls.push(effects.now(), call, timeout_ms);
        self.expect_pair(effects.now());
        self.review_outlook(effects);
        if was_open && !self.ladder.is_lost() {
            // It was connected and is not any more: the browser looks for a new path.
            self.call_restart_ice(effects);
        }
        let mut steps = Vec::new();
        self.negotiation.activate(&mut steps);
        self.carry_out(steps, effects);
    }

    /// The application restarts ICE.
    pub fn restart_ice(&mut self, effects: &mut Effects<'_>) {
        self.call_restart_ice(effects);
        let mut steps = Vec::new();
        self.negotiation.activate(&mut steps);
        self.carry_out(steps, effects);
    }

    /// The application no longer waits for this call.
    pub fn cancel(&mut self, call: CallId) {
        self.calls.cancel(call);
    }

    /// The connection did something.
    pub fn handle_event(&mut self, event: ConnectionEvent, effects: &mut Effects<'_>) {
        let now = effects.now();
        let mut steps = Vec::new();
        match event {
            ConnectionEvent::Unavailable { message } => {
                let failure = Failure::new(ErrorCode::ConnectionUnavailable, &message);
                if self.was_open() {
                    return self.handle_unavailable(failure, effects);
                }
                // The peer that offered waits for an answer.
                let end = if self.ends.remote_connection.is_some() { Self::hang_up } else { Self::close };
                end(self, failure, effects);
            }
            ConnectionEvent::NegotiationNeeded => self.negotiation.handle_negotiation_needed(&mut steps),
            ConnectionEvent::Candidate(init) => self.handle_found(init, effects),
            ConnectionEvent::CandidateUrl { .. } => {}
            ConnectionEvent::CandidateError { code, url } => self.handle_server_error(code, &url, effects),
            ConnectionEvent::EndOfCandidates if self.must_hold(None) => {
                self.candidates.hold(None);
                self.handle_gathered(now, &mut steps);
            }
            ConnectionEvent::EndOfCandidates => self.candidates.handle_end(now),
            ConnectionEvent::StateChanged(state) => self.handle_state(state, effects),
            ConnectionEvent::ChannelClosed if self.was_open() && !self.negotiation.is_losing_channel() => {
                self.handle_channel_lost(effects);
            }
            ConnectionEvent::ChannelClosed => {
                let failure = if self.negotiation.is_losing_channel() {
                    let failure = Failure::new(ErrorCode::ConnectionGone, MOVED);
                    self.report(failure.clone(), effects);
                    failure
                } else {
                    Failure::new(ErrorCode::ConnectionGone, CHANNEL_ENDED)
                };
                self.hang_up(failure, effects);
            }
            ConnectionEvent::Opened => {
                let was_open = self.was_open();
                self.handle_flow(effects);
                let elapsed_ms = self.timeline.elapsed_ms(now);
                mark(&mut self.timeline.open_ms, elapsed_ms);
                self.pair_timer.stop();
                self.calls.settle_all(&Ok(Reply::Done), effects.context);
                if !was_open {
                    effects.event(Event::PeerOpen { peer: self.id.clone() });
                }
                self.handle_open(effects);
            }
            ConnectionEvent::PairInUse => self.renegotiate_at = self.renegotiate_at.map(|_| now),
            ConnectionEvent::Heard { text } => self.handle_heard(&text, effects),
            ConnectionEvent::Probed { is_live, round_trip_ms } => {
                self.handle_probed(is_live, round_trip_ms, effects);
            }
            ConnectionEvent::Done { operation, outcome } => {
                if self.operations.handle_done(operation) {
                    self.handle_negotiated(outcome, &mut steps);
                } else if let (Err(message), false) = (outcome.result, self.negotiation.excuses_candidates())
                {
                    self.negotiation.handle_refused_candidate();
                    self.report(Failure::new(ErrorCode::InvalidCandidate, &message), effects);
                }
            }
        }
        self.carry_out(steps, effects);
    }

    fn handle_negotiated(&mut self, outcome: Outcome, steps: &mut Vec<Step>) {
        let made = outcome.result.as_ref().ok().and_then(Option::as_ref);
        let begins = made.is_some_and(|description| self.candidates.begins(&description.sdp));
        self.negotiation.handle_done(outcome, begins, steps);
    }

    /// The other side sent something that is meant for this connection.
    pub fn handle_signal(&mut self, signal: Signal, effects: &mut Effects<'_>) {
        let was_undelivered = self.resend.handle_heard();
        let now = effects.now();
        let elapsed_ms = self.timeline.elapsed_ms(now);
        let remote = match signal {
            Signal::Offer(Description { session, mapping, number, sdp, .. }) => {
                self.expect_pair(now);
                self.note_sender(session, mapping, effects);
                mark(&mut self.timeline.offer_ms, elapsed_ms);
                Remote::Offer { number: OfferNumber(number), sdp }
            }
            Signal::Answer(Description { session, .. }) if self.is_of_another(session) => {
                // A replacement reached another page with the same id.
                self.hang_up(Failure::new(ErrorCode::ConnectionGone, STARTED_ANEW), effects);
                return;
            }
            Signal::Answer(Description { session, mapping, number, sdp, .. }) => {
                self.note_sender(session, mapping, effects);
                mark(&mut self.timeline.answer_ms, elapsed_ms);
                Remote::Answer { number: OfferNumber(number), sdp }
            }
            Signal::Candidates(Batch { candidates, end, .. }) => {
                mark(&mut self.timeline.first_candidate_ms, elapsed_ms);
                for init in &candidates {
                    self.candidates.handle_remote(&init.candidate);
                }
                Remote::Candidates { candidates, end }
            }
            Signal::Invite { session, mapping, end, .. } => {
                self.expect_pair(now);
                self.note_sender(session, mapping, effects);
                Remote::Invite { end: end.unwrap_or_default() }
            }
            Signal::Reject { code: ErrorCode::ConnectionGone, .. } if self.was_open() => {
                self.handle_gone(effects);
                return;
            }
            Signal::Reject { code: ErrorCode::ConnectionGone, .. } => {
                self.close(ErrorCode::ConnectionGone.into(), effects);
                return;
            }
            Signal::Reject { number, code, .. } => Remote::Reject { number: OfferNumber(number), code },
            Signal::Own(_) | Signal::Message { .. } => return,
            Signal::Close { .. } => {
                // Firefox finds no path a second before the own time is over.
                let failure = if self.pair_timer.is_nearly_over(now) {
                    self.no_path("the peer found no path")
                } else {
                    Failure::new(ErrorCode::ConnectionGone, "the peer closed the connection")
                };
                self.close(failure, effects);
                return;
            }
        };
        let mut steps = Vec::new();
        self.negotiation.handle_remote(remote, &mut steps);
        self.carry_out(steps, effects);
        if was_undelivered && self.is_asking() {
            // The other side is back and does not know our offer.
            self.resend.send_now(now);
        }
    }

    /// Whether packets flow, as far as is known.
    pub fn is_live(&self) -> bool {
        self.progress.is_connected() && !self.ladder.presence.is_silent()
    }

    /// What decides about a signal of the other side.
    pub fn known(&self) -> Known {
        Known {
            own: self.ends.connection,
            remote: self.ends.remote_connection,
            awaits_answer: self.negotiation.awaits_answer(),
            incarnation: self.ends.remote_incarnation.filter(|_| self.was_open()),
        }
    }

    /// Whether something of the other side is still to come.
    pub fn is_pending(&self) -> bool {
        self.resend.is_undelivered() || self.is_asking() || self.pair_timer.is_on() || self.ladder.is_lost()
    }

    /// Whether an offer, or the wish for one, is out that has no answer.
    fn is_asking(&self) -> bool {
        self.negotiation.is_offering() || self.negotiation.is_inviting()
    }

    /// Sends again what may have been lost: the link is new, or the other side's is.
    pub fn resend(&mut self, effects: &mut Effects<'_>) {
        self.resend.handle_sent();
        if self.progress.was_connected && !self.is_asking() && !self.ladder.is_lost() {
            // The answer may have been lost, the candidates were not needed.
            self.resend_description(effects);
        } else {
            self.pair_timer.restart(effects.now());
            self.send_again(effects);
        }
    }

    /// Ends the connection and tells the other side.
    pub fn hang_up(&mut self, failure: Failure, effects: &mut Effects<'_>) {
        effects.send(&self.id, Signal::Close { route: self.ends.route() });
        self.close(failure, effects);
    }

    /// Ends the connection: the other side knows, or is gone.
    pub fn close(&mut self, failure: Failure, effects: &mut Effects<'_>) {
        let reason = failure.code.clone();
        let is_wanted = ErrorCode::parse(&failure.code) == Some(ErrorCode::Closed);
        if is_wanted || self.progress.was_connected {
            self.calls.settle_all(&Err(failure), effects.context);
        } else {
            self.fail(failure, effects);
        }
        effects.output(Output::CloseConnection { connection: self.ends.connection });
        let state = ConnectionState::Closed;
        self.progress.state = state;
        effects.event(Event::PeerState { peer: self.id.clone(), state, reason });
        effects.closed = true;
    }

    fn must_hold(&self, init: Option<&IceCandidateInit>) -> bool {
        self.negotiation.is_describing() && !self.candidates.describes(init)
    }

    fn carry_out(&mut self, steps: Vec<Step>, effects: &mut Effects<'_>) {
        let now = effects.now();
        for step in steps {
            match step {
                Step::Operate(Operation::AddIceCandidate(init)) => {
                    if let Some(init) = self.hidden_names.admit(now, init) {
                        self.operate(Operation::AddIceCandidate(init), effects);
                    }
                }
                Step::Operate(what) => {
                    if let Operation::SetRemoteDescription(description) = &what {
                        self.hidden_names.handle_remote_description(&description.sdp);
                        session_description::each_candidate(&description.sdp, &mut |line| {
                            self.candidates.handle_remote(line);
                        });
                    }
                    self.operate(what, effects);
                    self.operations.await_newest();
                }
                Step::SendDescription { number, description } => {
                    let elapsed_ms = self.timeline.elapsed_ms(now);
                    match description.kind {
                        SdpType::Offer => mark(&mut self.timeline.offer_ms, elapsed_ms),
                        SdpType::Answer => mark(&mut self.timeline.answer_ms, elapsed_ms),
                    }
                    self.send_description(number, description, effects);
                }
                Step::Described { sdp } => {
                    self.handle_described(&sdp, effects);
                    self.hidden_names.handle_local_description(now, &sdp);
                    if let Some(due) = self.candidates.flush_with() {
                        self.send_candidates(due, effects);
                    }
                }
                Step::Gather => self.gather(effects),
                Step::Invite => self.send_invite(effects),
                Step::RestartIce => self.call_restart_ice(effects),
                Step::SendAgain => self.send_again(effects),
                Step::SendReject { number } => self.send_reject(number, effects),
                Step::Ignore { why } => {
                    let id = Some(self.ends.connection.0);
                    effects.output(Output::Note { action: "ignore", id, detail: why.into() });
                }
                Step::Report { code, message } => self.report(Failure::new(code, &message), effects),
                Step::Fail { code, message } => self.fail(Failure::new(code, &message), effects),
            }
        }
    }

    fn operate(&mut self, what: Operation, effects: &mut Effects<'_>) {
        let (connection, operation) = (self.ends.connection, self.operations.next_id());
        effects.output(Output::Operate { connection, operation, what });
    }

    fn call_restart_ice(&self, effects: &mut Effects<'_>) {
        effects.output(Output::RestartIce { connection: self.ends.connection });
    }

    /// Rejects the calls that wait; if none does, tells the application by an event: never both.
    fn fail(&mut self, failure: Failure, effects: &mut Effects<'_>) {
        if !self.calls.settle_all(&Err(failure.clone()), effects.context) {
            self.report(failure, effects);
        }
    }

    fn report(&self, failure: Failure, effects: &mut Effects<'_>) {
        effects.event(Event::Error { peer: Some(self.id.clone()), failure });
    }
}
