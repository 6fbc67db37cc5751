//! Perfect negotiation (W3C WebRTC §10.7), once, with everything in one serial queue.
//!
//! The published example races because its handlers are asynchronous. Here each remote message and each own
//! need waits until the operation before it has ended, so a collision is seen when the message's turn comes,
//! in the state that the browser is really in.

mod bundle;
mod excess;
mod failure;
mod gathering;
mod own_offer;
mod step;

use crate::collections::queue::Queue;
use crate::input::{Description, Outcome, SdpType, SignalingState};
use crate::output::Operation;
use crate::peer::candidates::incoming::RemoteCandidates;
use alloc::{string::String, vec::Vec};
use bundle::Bundle;
use excess::Excess;
use gathering::Gathering;
use signalpost_protocol::{ErrorCode, IceCandidateInit, session_description};

pub use step::{Remote, Step};

/// Most remote messages that wait for their turn; more are refused.
const MOST_WAITING: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq)]
enum InFlight {
    MakingOffer,
    /// The offer that is out is set, because its answer has come.
    SettingOffer,
    ApplyingOffer {
        number: u32,
    },
    MakingAnswer {
        number: u32,
    },
    ApplyingAnswer {
        number: u32,
    },
    RollingBack,
}

#[derive(Debug)]
pub struct Negotiation {
    polite: bool,
    /// A description that begins a generation is sent with its candidates.
    gathers: bool,
    gathering: Gathering,
    /// We asked the other side to offer, and no generation of ours has begun since.
    inviting: bool,
    /// What the other side asked us for last.
    invited: Option<String>,
    /// The application called `connect()`, or the other side offered.
    active: bool,
    /// The other side cannot use our offers: do not offer again by ourselves.
    refused: bool,
    negotiation_needed: bool,
    /// The browser said that it needs an offer, none was sent, and it will not say so again.
    is_unoffered: bool,
    /// The next offer is set at once: it was made before, and looked at.
    sets_next_offer: bool,
    excess: Excess,
    bundle: Bundle,
    /// Offers in a row that could not be set when their answers came.
    unset_offers: u8,
    /// The remote offer that was refused last, until another is taken up.
    rejected: Option<u32>,
    /// The last remote offer was ignored: candidates that do not fit are its, not an error.
    ignore_offer: bool,
    ignored_offer_number: u32,
    signaling_state: SignalingState,
    in_flight: Option<InFlight>,
    /// The remote description that is being set.
    applying: String,
    inbox: Queue<Remote>,
    candidates: RemoteCandidates,
    /// The last offer made, and its text while it has no answer.
    offer_number: u32,
    offer: Option<String>,
    /// An ICE restart has just been negotiated: no offer of our own yet.
    paused: bool,
    /// Our DTLS role, once an answer has settled it.
    role: Option<&'static str>,
    /// The answer that waits until the offer is set.
    answer_in_waiting: Option<String>,
    /// The last remote offer that was taken up, and the answer to it.
    remote_offer_number: u32,
    /// The own offer whose answer was applied last; none has the highest number.
    last_answer: u32,
    answer: Option<String>,
}

impl Negotiation {
    pub fn new(polite: bool, gathers: bool) -> Self {
        Self {
            polite,
            gathers,
            gathering: Gathering::Idle,
            inviting: false,
            invited: None,
            active: false,
            refused: false,
            // It is created with a data channel; the browser's event comes a task later.
            negotiation_needed: true,
            is_unoffered: false,
            sets_next_offer: false,
            excess: Excess::default(),
            bundle: Bundle::default(),
            unset_offers: 0,
            rejected: None,
            ignore_offer: false,
            ignored_offer_number: 0,
            signaling_state: SignalingState::Stable,
            in_flight: None,
            applying: String::new(),
            inbox: Queue::default(),
            candidates: RemoteCandidates::default(),
            offer_number: 0,
            offer: None,
            paused: false,
            role: None,
            answer_in_waiting: None,
            remote_offer_number: 0,
            last_answer: u32::MAX,
            answer: None,
        }
    }

    /// The application wants to be connected.
    pub fn activate(&mut self, steps: &mut Vec<Step>) {
        self.active = true;
        self.refused = false;
        self.unset_offers = 0;
        self.excess.handle_asked();
        self.negotiation_needed |= core::mem::take(&mut self.is_unoffered);
        self.advance(steps);
    }

    /// Makes no offer until [`Negotiation::resume`].
    pub fn pause(&mut self) {
        self.paused = true;
    }

    /// Offers again.
    pub fn resume(&mut self, steps: &mut Vec<Step>) {
        self.paused = false;
        self.advance(steps);
    }

    /// Our DTLS role, once an answer has settled it.
    pub fn role(&self) -> Option<&'static str> {
        self.role
    }

    /// The browser says that an offer is needed.
    pub fn handle_negotiation_needed(&mut self, steps: &mut Vec<Step>) {
        self.negotiation_needed = true;
        self.advance(steps);
    }

    /// A message of the other side arrived.
    pub fn handle_remote(&mut self, remote: Remote, steps: &mut Vec<Step>) {
        if self.inbox.len() >= MOST_WAITING {
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
                self.inviting &= !begins;
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
        self.ignore_offer || self.in_flight.is_some() || !is_settled
    }

    /// Whether an offer is out that has no answer.
    pub fn is_offering(&self) -> bool {
        self.offer.is_some()
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
    pub fn outstanding(&self) -> Vec<(u32, Description)> {
        let mut descriptions = Vec::new();
        for (number, kind, sdp) in [
            (self.remote_offer_number, SdpType::Answer, &self.answer),
            (self.offer_number, SdpType::Offer, &self.offer),
        ] {
            if let Some(sdp) = sdp {
                descriptions.push((number, Description { kind, sdp: sdp.clone() }));
            }
        }
        descriptions
    }

    fn advance(&mut self, steps: &mut Vec<Step>) {
        while self.in_flight.is_none() {
            if let Some(remote) = self.inbox.pop_front() {
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
            Remote::Answer { number, sdp } => {
                // A late answer to a superseded or rolled back offer describes something that is gone.
                match (&self.offer, self.signaling_state) {
                    // An answer comes twice only where the session that our offer waited in was lost.
                    (Some(_), _) if number == self.last_answer => steps.push(Step::SendAgain),
                    (Some(_), _) if number != self.offer_number => {}
                    (Some(_), SignalingState::HaveLocalOffer) => self.apply_answer(sdp, steps),
                    (Some(offer), SignalingState::Stable) => {
                        let offer = offer.clone();
                        steps.push(Step::Described { sdp: offer.clone() });
                        let offer = Description { kind: SdpType::Offer, sdp: offer };
                        self.answer_in_waiting = Some(sdp);
                        self.start(InFlight::SettingOffer, Operation::SetLocalOffer(offer), steps);
                    }
                    _ => {}
                }
            }
            Remote::Candidates { candidates, end } => {
                let ready = self.candidates.handle_batch(candidates, end);
                add_candidates(ready, steps);
            }
            Remote::Invite { end } => self.take_up_invite(end, steps),
            Remote::Reject { number, code } => self.take_up_reject(number, code, steps),
            Remote::Undelivered { code } => self.take_up_undelivered(code, steps),
        }
    }

    fn take_up_offer(&mut self, number: u32, sdp: String, steps: &mut Vec<Step>) {
        if number <= self.remote_offer_number {
            // The same offer again: its answer was lost. An older one: superseded.
            if number == self.remote_offer_number && self.answer.is_some() {
                steps.push(Step::SendAgain);
            } else if self.rejected == Some(number) {
                steps.push(Step::SendReject { number });
            }
            return;
        }
        let collision = self.offer.is_some() || self.signaling_state != SignalingState::Stable;
        self.ignore_offer = collision && !self.polite;
        if self.ignore_offer {
            // Our own offer proceeds; the other side gives way when it arrives. One that offers the same again
            // has not got ours.
            if number == self.ignored_offer_number && self.offer.is_some() {
                steps.push(Step::SendAgain);
            }
            self.ignored_offer_number = number;
            return;
        }
        self.active = true;
        self.apply(InFlight::ApplyingOffer { number }, SdpType::Offer, sdp, steps);
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

    fn apply_answer(&mut self, sdp: String, steps: &mut Vec<Step>) {
        self.settle_role(&sdp, "passive", "active");
        self.last_answer = self.offer_number;
        self.apply(InFlight::ApplyingAnswer { number: self.offer_number }, SdpType::Answer, sdp, steps);
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
            (InFlight::SettingOffer, _) => {
                // What was needed until now is in the offer, or will be asked for again once it is stable.
                self.negotiation_needed = false;
                self.unset_offers = 0;
                if let Some(sdp) = self.answer_in_waiting.take() {
                    self.apply_answer(sdp, steps);
                }
            }
            (InFlight::MakingAnswer { number }, Some(description)) if description.kind == SdpType::Answer => {
                self.handle_set_answer(number, description, steps);
            }
            (InFlight::ApplyingOffer { number }, _) => {
                self.remote_offer_number = number;
                self.refused = false;
                // What was needed is asked for again by the browser once it is stable.
                self.negotiation_needed = false;
                self.sets_next_offer = false;
                self.offer = None;
                self.answer = None;
                self.rejected = None;
                let operation = self.answering();
                self.release_candidates(steps);
                self.start(InFlight::MakingAnswer { number }, operation, steps);
            }
            (InFlight::ApplyingAnswer { .. }, _) => {
                self.offer = None;
                // Who answers this offer has our answer to the one before.
                self.answer = None;
                self.ignore_offer = false;
                self.rejected = None;
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

fn add_candidates(ready: Vec<IceCandidateInit>, steps: &mut Vec<Step>) {
    for init in ready {
        steps.push(Step::Operate(Operation::AddIceCandidate(init)));
    }
}

#[cfg(test)]
mod tests;
