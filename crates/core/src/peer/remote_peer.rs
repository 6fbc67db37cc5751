//! One remote peer: the connection, its negotiation, its candidates both ways, and its timers.

mod sending;
mod state;
mod timing;

use crate::calls::Calls;
use crate::collections::queue::Queue;
use crate::ids::{CallId, ConnectionId, OperationId};
use crate::input::{ConnectionEvent, ConnectionState, SdpType};
use crate::output::{Event, Failure, Operation, Output, Reply};
use crate::peer::candidates::hidden_names::HiddenNames;
use crate::peer::candidates::outgoing::CandidateBatch;
use crate::peer::effects::Effects;
use crate::peer::negotiation::{Negotiation, Remote, Step};
use crate::peer::peers::Own;
use crate::peer::resend::Resend;
use crate::peer::timeline::{Timeline, mark};
use alloc::vec::Vec;
use signalpost_protocol::message::{CandidateBatch as Batch, Description, Route};
use signalpost_protocol::{ErrorCode, IceCandidateInit, PeerId, Signal};

/// How long no offer is made after an ICE restart, in milliseconds: Chromium and Firefox lose each other when the next
/// negotiation comes before the new generation carries data (measured: at once fails, 300 ms does not).
const RESTART_MS: u64 = 400;
/// How long a sign of life may take, in milliseconds: a round trip, the 200 ms that an acknowledgement may be put off
/// (RFC 9260 §6.2), and a retransmission. The server's word comes up to 9 s after the last of the peer.
const PROBE_MS: u16 = 900;
/// Why the data channel is closed where a negotiation has just moved it: Firefox loses it by such an offer of its own.
const MOVED: &str =
    "the browser lost its data channel, because its first media section was stopped or used again";

pub struct Peer {
    pub id: PeerId,
    /// The other side's session number, where a list or a description told it.
    pub session: Option<u32>,
    own_session: u32,
    pub connection: ConnectionId,
    pub remote_connection: Option<ConnectionId>,
    pub timeline: Timeline,
    negotiation: Negotiation,
    batch: CandidateBatch,
    names: HiddenNames,
    /// The newest operation.
    operation: OperationId,
    /// The operation that the negotiation waits for; any other is a candidate.
    negotiating: Option<OperationId>,
    state: ConnectionState,
    was_connected: bool,
    /// Whether data can flow and the browser has not said `connected` yet.
    is_ahead: bool,
    calls: Calls,
    /// When the pair has to be connected; [`u64::MAX`] while nothing can be said to the other side.
    pair_deadline: Option<u64>,
    is_linked: bool,
    /// Whether this connection ever sent anything: a refusal that comes before is about a former connection to the same peer.
    has_sent: bool,
    resend: Resend,
    resume_at: Option<u64>,
    gathering_ms: Option<u32>,
    gathered_at: Option<u64>,
    /// Whether a probe is out.
    probing: bool,
    /// Whether nothing arrived while the last one was.
    silent: bool,
}

impl Peer {
    pub fn new(now: u64, id: PeerId, connection: ConnectionId, own: &Own) -> Self {
        Self {
            negotiation: Negotiation::new(
                own.id.is_polite_towards(&id),
                own.candidates.gathering_ms.is_some(),
            ),
            id,
            session: None,
            own_session: own.session,
            connection,
            remote_connection: None,
            timeline: Timeline::new(now, None),
            batch: CandidateBatch::new(own.candidates),
            names: HiddenNames::default(),
            operation: OperationId(0),
            negotiating: None,
            state: ConnectionState::New,
            was_connected: false,
            is_ahead: false,
            calls: Calls::default(),
            pair_deadline: None,
            is_linked: own.is_linked,
            has_sent: false,
            resend: Resend::new(),
            resume_at: None,
            gathering_ms: own.candidates.gathering_ms,
            gathered_at: None,
            probing: false,
            silent: false,
        }
    }

    /// The application wants to be connected and waits for it.
    pub fn connect(&mut self, now: u64, call: CallId, timeout_ms: u32, effects: &mut Effects) {
        let was_open = self.timeline.open.is_some();
        if was_open && self.state == ConnectionState::Connected {
            effects.settle(call, Ok(Reply::Done));
            return;
        }
        self.calls.push(now, call, timeout_ms);
        self.expect_pair(now);
        if was_open {
            // It was connected and is not any more: look for a new path.
            effects.outputs.push_back(Output::RestartIce { connection: self.connection });
        }
        let mut steps = Vec::new();
        self.negotiation.activate(&mut steps);
        self.carry_out(now, steps, effects);
    }

    /// The application restarts ICE.
    pub fn restart_ice(&mut self, now: u64, effects: &mut Effects) {
        effects.outputs.push_back(Output::RestartIce { connection: self.connection });
        let mut steps = Vec::new();
        self.negotiation.activate(&mut steps);
        self.carry_out(now, steps, effects);
    }

    /// The application no longer waits for this call.
    pub fn cancel(&mut self, call: CallId) {
        self.calls.cancel(call);
    }

    /// The connection did something.
    pub fn handle_event(&mut self, now: u64, event: ConnectionEvent, effects: &mut Effects) {
        let elapsed = self.timeline.elapsed(now);
        let mut steps = Vec::new();
        match event {
            ConnectionEvent::Unavailable { message } => {
                let failure = Failure::new(ErrorCode::ConnectionUnavailable, &message);
                // The peer that offered waits for an answer.
                let end = if self.remote_connection.is_some() { Self::hang_up } else { Self::close };
                end(self, failure, effects);
            }
            ConnectionEvent::NegotiationNeeded => self.negotiation.handle_negotiation_needed(&mut steps),
            ConnectionEvent::Candidate(init) => self.handle_found(now, init, effects),
            ConnectionEvent::EndOfCandidates if self.must_hold(None) => {
                self.batch.hold(None);
                self.handle_gathered(now, &mut steps);
            }
            ConnectionEvent::EndOfCandidates => self.batch.handle_end(now),
            ConnectionEvent::StateChanged(state) => self.handle_state(now, state, effects),
            ConnectionEvent::ChannelClosed => {
                let failure = if self.negotiation.is_losing_channel() {
                    let failure = Failure::new(ErrorCode::ConnectionGone, MOVED);
                    self.report(failure.clone(), effects);
                    failure
                } else {
                    Failure::new(ErrorCode::ConnectionGone, "the peer ended the data channel")
                };
                self.hang_up(failure, effects);
            }
            ConnectionEvent::Opened => {
                self.handle_flow(now, effects);
                mark(&mut self.timeline.open, elapsed);
                self.pair_deadline = None;
                self.calls.settle_all(&Ok(Reply::Done), &mut effects.outputs);
                effects.event(Event::PeerOpen { peer: self.id.clone() });
            }
            ConnectionEvent::Probed { is_live } => {
                self.probing = false;
                self.silent = !is_live;
            }
            ConnectionEvent::Done { operation, outcome } => {
                if self.negotiating == Some(operation) {
                    self.negotiating = None;
                    let made = outcome.result.as_ref().ok().and_then(Option::as_ref);
                    let begins = made.is_some_and(|description| self.batch.begins(&description.sdp));
                    self.negotiation.handle_done(outcome, begins, &mut steps);
                } else if let (Err(message), false) = (outcome.result, self.negotiation.excuses_candidates())
                {
                    let failure = Failure::new(ErrorCode::InvalidCandidate, &message);
                    effects.event(Event::Error { peer: Some(self.id.clone()), failure });
                }
            }
        }
        self.carry_out(now, steps, effects);
    }

    /// The other side sent something that is meant for this connection.
    pub fn handle_signal(&mut self, now: u64, signal: Signal, effects: &mut Effects) {
        let was_undelivered = self.resend.handle_heard();
        let elapsed = self.timeline.elapsed(now);
        let remote = match signal {
            Signal::Offer(Description { session, number, sdp, .. }) => {
                self.session = session.or(self.session);
                self.expect_pair(now);
                mark(&mut self.timeline.offer, elapsed);
                Remote::Offer { number, sdp }
            }
            Signal::Answer(Description { session, number, sdp, .. }) => {
                self.session = session.or(self.session);
                mark(&mut self.timeline.answer, elapsed);
                Remote::Answer { number, sdp }
            }
            Signal::Candidates(Batch { candidates, end, .. }) => {
                mark(&mut self.timeline.first_candidate, elapsed);
                Remote::Candidates { candidates, end }
            }
            Signal::Invite { session, end, .. } => {
                self.session = session.or(self.session);
                self.expect_pair(now);
                Remote::Invite { end: end.unwrap_or_default() }
            }
            Signal::Reject { code: ErrorCode::ConnectionGone, .. } => {
                self.close(ErrorCode::ConnectionGone.into(), effects);
                return;
            }
            Signal::Reject { number, code, .. } => Remote::Reject { number, code },
            Signal::Own(_) | Signal::Message { .. } => return,
            Signal::Close { .. } => {
                self.close(
                    Failure::new(ErrorCode::ConnectionGone, "the peer closed the connection"),
                    effects,
                );
                return;
            }
        };
        let mut steps = Vec::new();
        self.negotiation.handle_remote(remote, &mut steps);
        self.carry_out(now, steps, effects);
        if was_undelivered && self.is_asking() {
            // The other side is back and does not know our offer.
            self.resend.hurry(now);
        }
    }

    /// Whether packets flow. Whoever asks has doubts, and asks again after each probe: browsers take up to 11 s to say that
    /// nothing arrives any more.
    pub fn is_live(&mut self, out: &mut Queue<Output>) -> bool {
        if self.state != ConnectionState::Connected {
            return false;
        }
        if !core::mem::replace(&mut self.probing, true) {
            out.push_back(Output::Probe { connection: self.connection, after: PROBE_MS });
        }
        !self.silent
    }

    /// The connection sent a message.
    pub fn handle_sent(&mut self) {
        self.has_sent = true;
    }

    /// Whether an answer to the own offer can still be used.
    pub fn awaits_answer(&self) -> bool {
        self.negotiation.awaits_answer()
    }

    /// Whether something of the other side is still to come.
    pub fn is_pending(&self) -> bool {
        self.resend.is_undelivered() || self.is_asking() || self.pair_deadline.is_some()
    }

    /// Whether an offer, or the wish for one, is out that has no answer.
    fn is_asking(&self) -> bool {
        self.negotiation.is_offering() || self.negotiation.is_inviting()
    }

    /// Sends again what may have been lost: the link is new, or the other side's is.
    pub fn resend(&mut self, now: u64, effects: &mut Effects) {
        self.resend.handle_sent();
        if self.was_connected && !self.is_asking() {
            // The answer may have been lost, the candidates were not needed.
            self.resend_description(effects);
        } else {
            if self.pair_deadline.is_some() {
                self.expect_pair_from(now);
            }
            self.send_again(effects);
        }
    }

    /// Ends the connection and tells the other side.
    pub fn hang_up(&mut self, failure: Failure, effects: &mut Effects) {
        effects.send(&self.id, Signal::Close { route: self.route() });
        self.close(failure, effects);
    }

    /// Ends the connection: the other side knows, or is gone.
    pub fn close(&mut self, failure: Failure, effects: &mut Effects) {
        let reason = failure.code.clone();
        let is_wanted = ErrorCode::parse(&failure.code) == Some(ErrorCode::Closed);
        if is_wanted || self.was_connected {
            self.calls.settle_all(&Err(failure), &mut effects.outputs);
        } else {
            self.fail(failure, effects);
        }
        effects.outputs.push_back(Output::CloseConnection { connection: self.connection });
        self.state = ConnectionState::Closed;
        effects.event(Event::PeerState { peer: self.id.clone(), state: self.state, reason });
        effects.closed = true;
    }

    fn route(&self) -> Route {
        Route { connection: self.connection.0, target: self.remote_connection.map(|theirs| theirs.0) }
    }

    fn must_hold(&self, init: Option<&IceCandidateInit>) -> bool {
        self.negotiation.is_describing() && !self.batch.describes(init)
    }

    fn carry_out(&mut self, now: u64, steps: Vec<Step>, effects: &mut Effects) {
        for step in steps {
            match step {
                Step::Operate(Operation::AddIceCandidate(init)) => {
                    if let Some(init) = self.names.admit(now, init) {
                        self.operate(Operation::AddIceCandidate(init), effects);
                    }
                }
                Step::Operate(what) => {
                    if let Operation::SetRemoteDescription(description) = &what {
                        self.names.handle_remote_description(&description.sdp);
                    }
                    self.operate(what, effects);
                    self.negotiating = Some(self.operation);
                }
                Step::SendDescription { number, description } => {
                    let elapsed = self.timeline.elapsed(now);
                    match description.kind {
                        SdpType::Offer => mark(&mut self.timeline.offer, elapsed),
                        SdpType::Answer => mark(&mut self.timeline.answer, elapsed),
                    }
                    self.send_description(number, description, effects);
                }
                Step::Described { sdp } => {
                    if self.batch.handle_description(now, &sdp) && self.was_connected {
                        self.negotiation.pause();
                        self.resume_at = Some(now.saturating_add(RESTART_MS));
                    }
                    self.names.handle_local_description(now, &sdp);
                    if let Some(due) = self.batch.ride() {
                        self.send_candidates(due, effects);
                    }
                }
                Step::Gather => self.gather(now, effects),
                Step::Invite => self.send_invite(effects),
                Step::RestartIce => {
                    effects.outputs.push_back(Output::RestartIce { connection: self.connection });
                }
                Step::SendAgain => self.send_again(effects),
                Step::SendReject { number } => self.send_reject(number, effects),
                Step::Report { code, message } => self.report(Failure::new(code, &message), effects),
                Step::Fail { code, message } => self.fail(Failure::new(code, &message), effects),
            }
        }
    }

    fn operate(&mut self, what: Operation, effects: &mut Effects) {
        self.operation = OperationId(self.operation.0.wrapping_add(1));
        let (connection, operation) = (self.connection, self.operation);
        effects.outputs.push_back(Output::Operate { connection, operation, what });
    }

    /// Rejects the calls that wait; if none does, tells the application by an event: never both.
    fn fail(&mut self, failure: Failure, effects: &mut Effects) {
        if !self.calls.settle_all(&Err(failure.clone()), &mut effects.outputs) {
            self.report(failure, effects);
        }
    }

    fn report(&self, failure: Failure, effects: &mut Effects) {
        effects.event(Event::Error { peer: Some(self.id.clone()), failure });
    }
}
