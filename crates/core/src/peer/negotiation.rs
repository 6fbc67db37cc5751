//! Perfect negotiation (W3C WebRTC §10.7), once, with everything in one serial queue.
//!
//! The published example races because its handlers are asynchronous. Here each remote message and each own
//! need waits until the operation before it has ended, so a collision is seen when the message's turn comes,
//! in the state that the browser is really in.

mod excess;
mod failure;
mod gathering;
mod own_offer;
mod remote_offer;
mod state;
mod step;

use crate::census::Side;
use crate::collections::queue::Queue;
use crate::ids::OfferNumber;
use crate::input::{Description, Outcome, SdpType, SignalingState};
use crate::output::Operation;
use crate::peer::candidates::incoming::{Arrived, IncomingCandidates};
use alloc::{string::String, vec::Vec};
use signalpost_protocol::{ErrorCode, session_description};
use state::bundle::Bundle;
use state::excess::Excess;
use state::gathering::{Gathering, Invites};
use state::own_offers::{OwnOffer, OwnOffers};
use state::remote_offers::RemoteOffers;
use state::wish::Wish;
use step::InFlight;

pub use step::{Remote, Step};

/// Most remote messages that wait for their turn; more are refused.
const MAX_WAITING: usize = 64;

/// The negotiation of one connection.
#[derive(Debug)]
pub struct Negotiation {
    /// Whether this side gives way when both offer.
    polite: bool,
    /// Whether a description that begins a generation is sent with its candidates.
    gathers: bool,
    gathering: Gathering,
    invites: Invites,
    wish: Wish,
    own: OwnOffers,
    remote: RemoteOffers,
    excess: Excess,
    bundle: Bundle,
    /// `signalingState` after the last operation.
    signaling_state: SignalingState,
    in_flight: Option<InFlight>,
    /// The remote description that is being set.
    applying: String,
    /// The messages of the other side that wait for their turn.
    inbox: Queue<Remote>,
    candidates: IncomingCandidates,
    /// Our DTLS role, once an answer has settled it.
    role: Option<&'static str>,
}

impl Negotiation {
    /// The negotiation of a connection that was just made.
    pub fn new(polite: bool, gathers: bool) -> Self {
        Self {
            polite,
            gathers,
            gathering: Gathering::Idle,
            invites: Invites::default(),
            wish: Wish::new(),
            own: OwnOffers::new(),
            remote: RemoteOffers::default(),
            excess: Excess::default(),
            bundle: Bundle::default(),
            signaling_state: SignalingState::Stable,
            in_flight: None,
            applying: String::new(),
            inbox: Queue::default(),
            candidates: IncomingCandidates::default(),
            role: None,
        }
    }

    /// The negotiation of a connection that takes the place of this one. Its first offer is made when the browser asks for it, and
    /// holds what the application carries over until then.
    pub fn renewed(&self) -> Self {
        let mut renewed = Self::new(self.polite, self.gathers);
        renewed.wish.settle();
        renewed.wish.activate();
        renewed
    }

    /// The application wants to be connected.
    pub fn activate(&mut self, steps: &mut Vec<Step>) {
        self.wish.activate();
        self.own.current.forgive();
        self.own.unset_in_a_row = 0;
        self.excess.handle_asked();
        self.advance(steps);
    }

    /// Makes no offer until [`Negotiation::resume`]. `restarts_wait`: an offer of the other side that begins an ICE generation is not
    /// taken up until then either.
    pub fn pause(&mut self, restarts_wait: bool) {
        self.wish.pause();
        self.remote.must_wait = restarts_wait;
    }

    /// Offers again.
    pub fn resume(&mut self, steps: &mut Vec<Step>) {
        self.wish.resume();
        self.remote.must_wait = false;
        self.advance(steps);
    }

    /// Our DTLS role, once an answer has settled it.
    pub fn role(&self) -> Option<&'static str> {
        self.role
    }

    /// The browser says that an offer is needed.
    pub fn handle_negotiation_needed(&mut self, steps: &mut Vec<Step>) {
        self.wish.need();
        self.advance(steps);
    }

    /// A message of the other side arrived.
    pub fn handle_remote(&mut self, remote: Remote, steps: &mut Vec<Step>) {
        if self.inbox.len() >= MAX_WAITING {
            let message = "too many messages of the peer wait for the browser".into();
            steps.push(Step::Fail { code: ErrorCode::PeerBusy, message });
            return;
        }
        self.inbox.push_back(remote);
        self.advance(steps);
    }

    /// The operation in flight has ended. Returns whether there was one. `begins`: the local description that it
    /// made begins an ICE generation.
    pub fn handle_done(&mut self, outcome: Outcome, begins: bool, steps: &mut Vec<Step>) -> bool {
        self.signaling_state = outcome.signaling_state;
        let Some(in_flight) = self.in_flight.take() else { return false };
        let gathering = core::mem::take(&mut self.gathering);
        match outcome.result {
            Ok(Some(made)) if self.is_unset(in_flight) => {
                self.handle_unset(in_flight, made, begins, steps);
            }
            Ok(Some(_)) if begins && self.gathers && gathering == Gathering::Idle => {
                self.begin_gathering(in_flight, steps);
            }
            Ok(mut made) => {
                gathering.finish(&mut made);
                self.invites.is_inviting &= !begins;
                self.handle_success(in_flight, made, steps);
            }
            Err(message) => self.handle_failure(in_flight, message, steps),
        }
        self.advance(steps);
        true
    }

    /// Whether local candidates must wait: the description that they belong to has not been sent.
    pub fn is_describing(&self) -> bool {
        matches!(self.in_flight, Some(InFlight::MakingOffer | InFlight::MakingAnswer { .. }))
    }

    /// Whether a candidate may be refused without anything being wrong: it belongs to an offer that was
    /// ignored, to a media section that has just been stopped, or (Firefox) to the generation before the description that is pending.
    pub fn excuses_candidates(&self) -> bool {
        let is_settled = self.signaling_state == SignalingState::Stable && !self.bundle.is_moving();
        self.remote.is_ignored || self.in_flight.is_some() || !is_settled
    }

    /// The browser refused a candidate of the other side's.
    pub fn handle_refused_candidate(&mut self) {
        self.candidates.handle_refused();
    }

    /// The other side's candidates.
    pub fn count(&self) -> Side {
        self.candidates.count()
    }

    /// Whether an offer is out that has no answer.
    pub fn is_offering(&self) -> bool {
        self.own.current.is_out()
    }

    /// Whether an answer to that offer can still be used: no offer of the other side takes its place.
    pub fn awaits_answer(&self) -> bool {
        self.is_offering()
            && !matches!(self.in_flight, Some(InFlight::ApplyingOffer { .. }))
            && !self.is_offered()
    }

    fn is_offered(&self) -> bool {
        self.inbox.any(|waiting| matches!(waiting, Remote::Offer { .. }))
    }

    /// The descriptions that may have been lost with the link, in the order in which they were sent: the last
    /// answer, until the other side has shown that it knows it, and the offer without an answer.
    pub fn outstanding(&self) -> Vec<(OfferNumber, Description)> {
        let mut descriptions = Vec::new();
        for (number, kind, sdp) in [
            (self.remote.number, SdpType::Answer, self.remote.answer.as_ref()),
            (self.own.number, SdpType::Offer, self.own.current.sdp()),
        ] {
            if let Some(sdp) = sdp {
                descriptions.push((number, Description { kind, sdp: sdp.clone() }));
            }
        }
        descriptions
    }

    fn advance(&mut self, steps: &mut Vec<Step>) {
        while self.in_flight.is_none() {
            if self.must_wait() {
                return;
            } else if let Some(remote) = self.inbox.pop_front() {
                self.take_up(remote, steps);
            } else if self.is_offer_due() {
                self.make_offer(steps);
            } else {
                return;
            }
        }
    }

    fn start(&mut self, in_flight: InFlight, operation: Operation, steps: &mut Vec<Step>) {
        self.in_flight = Some(in_flight);
        steps.push(Step::Operate(operation));
    }

    fn take_up(&mut self, remote: Remote, steps: &mut Vec<Step>) {
        match remote {
            Remote::Offer { number, sdp } => self.take_up_offer(number, sdp, steps),
            Remote::Answer { number, sdp } => self.take_up_answer(number, sdp, steps),
            Remote::Candidates { candidates, end } => {
                let arrived = self.candidates.handle_batch(candidates, end);
                add_candidates(arrived, steps);
            }
            Remote::Invite { end } => self.take_up_invite(end, steps),
            Remote::Reject { number, code } => self.take_up_reject(number, code, steps),
            Remote::Undelivered { code } => self.take_up_undelivered(code, steps),
        }
    }

    /// An answer is `active` or `passive`; ours and theirs mean the opposite for us.
    fn settle_role(&mut self, answer: &str, if_active: &'static str, if_passive: &'static str) {
        if self.role.is_none() {
            self.role = match session_description::setup(answer) {
                Some("active") => Some(if_active),
                Some("passive") => Some(if_passive),
                _ => None,
            };
        }
    }

    fn apply(&mut self, in_flight: InFlight, kind: SdpType, sdp: String, steps: &mut Vec<Step>) {
        self.applying.clone_from(&sdp);
        self.start(in_flight, Operation::SetRemoteDescription(Description { kind, sdp }), steps);
    }

    fn handle_success(&mut self, done: InFlight, local: Option<Description>, steps: &mut Vec<Step>) {
        match (done, local) {
            (InFlight::MakingOffer, Some(description)) if description.kind == SdpType::Offer => {
                self.handle_set_offer(description, steps);
            }
            (InFlight::SettingOffer, _) => self.handle_held_offer_set(steps),
            (InFlight::MakingAnswer { number }, Some(description)) if description.kind == SdpType::Answer => {
                self.handle_set_answer(number, description, steps);
            }
            (InFlight::ApplyingOffer { number }, _) => self.handle_offer_applied(number, steps),
            (InFlight::ApplyingAnswer { .. }, _) => {
                self.own.current = OwnOffer::None;
                // The side that answers this offer has our answer to the one before.
                self.remote.answer = None;
                self.remote.rejected = None;
                self.remote.is_ignored = false;
                let answer = self.release_candidates(steps);
                self.agree_on(&answer);
            }
            (InFlight::RollingBack, _) => {}
            (InFlight::MakingOffer | InFlight::MakingAnswer { .. }, _) => {
                let message = "the browser made no description, or one of the wrong type".into();
                steps.push(Step::Fail { code: ErrorCode::Internal, message });
            }
        }
    }

    /// The remote description is set; returns its text.
    fn release_candidates(&mut self, steps: &mut Vec<Step>) -> String {
        let set = core::mem::take(&mut self.applying);
        add_candidates(self.candidates.handle_description(&set), steps);
        set
    }
}

fn add_candidates(arrived: Arrived, steps: &mut Vec<Step>) {
    for init in arrived.ready {
        steps.push(Step::Operate(Operation::AddIceCandidate(init)));
    }
    for why in arrived.dropped {
        steps.push(Step::Ignore { why });
    }
}

#[cfg(test)]
#[path = "negotiation/negotiation_tests.rs"]
mod tests;
