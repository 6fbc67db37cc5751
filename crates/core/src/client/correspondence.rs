//! What the application itself sends to other peers: messages, and signals for connections that it made.

use super::Client;
use crate::calls::Calls;
use crate::client::outgoing_messages::ANSWER_MS;
use crate::client::own_candidates::Closed;
use crate::ids::CallId;
use crate::input::Receiver;
use crate::output::{Failure, Output};
use alloc::string::String;
use signalpost_protocol::{
    Candidate, ClientMessage, ErrorCode, IceCandidateInit, OwnSignal, PeerId, Signal, limits,
    session_description,
};

impl Client {
    pub(super) fn write(&mut self, now: u64, call: CallId, to: Receiver, data: String, receipt: bool) {
        let bytes = data.len();
        if bytes > limits::MESSAGE_BYTES {
            self.refuse(call, Failure::new(ErrorCode::MessageTooLarge, "at most 4096 bytes of JSON"));
        } else if !self.letters.admit(now) {
            self.refuse(call, ErrorCode::RateLimited.into());
        } else {
            let message = match to {
                Receiver::Peer(to) => {
                    ClientMessage::Relay { to, signal: Signal::Message { room: None, data, receipt } }
                }
                Receiver::Room(room) => ClientMessage::Broadcast { room, data },
            };
            self.post(now, Calls::one(now, call, ANSWER_MS), message, bytes, receipt);
        }
    }

    pub(super) fn signal(&mut self, now: u64, call: CallId, to: PeerId, signal: OwnSignal) {
        match signal {
            OwnSignal::Candidates { candidates, end } => {
                if let Some(problem) = candidates.iter().find_map(problem) {
                    self.refuse(call, Failure::new(ErrorCode::InvalidCandidate, problem));
                } else {
                    if let Some(full) = self.own_candidates.push(now, call, to, candidates, end) {
                        self.post_candidates(now, full);
                    }
                }
            }
            OwnSignal::Offer(ref sdp) | OwnSignal::Answer(ref sdp) => {
                if !session_description::is_plausible(sdp) {
                    self.refuse(call, ErrorCode::InvalidDescription.into());
                } else if !limits::fits_description(sdp) {
                    self.refuse(call, ErrorCode::MessageTooLarge.into());
                } else {
                    let bytes = sdp.len();
                    if let Some(before) = self.own_candidates.flush(&to) {
                        self.post_candidates(now, before);
                    }
                    let message = ClientMessage::Relay { to, signal: Signal::Own(signal) };
                    self.post(now, Calls::one(now, call, ANSWER_MS), message, bytes, false);
                }
            }
        }
    }

    /// The time of a batch or of a letter may have come.
    pub(super) fn handle_letter_timeout(&mut self, now: u64) {
        while let Some(due) = self.own_candidates.poll(now) {
            self.post_candidates(now, due);
        }
        let late = self.session.late();
        self.own_candidates.handle_timeout(now, &late, &mut self.outputs);
        for id in self.letters.handle_timeout(now, &late, &mut self.outputs) {
            self.abandon_letter(id);
        }
    }

    /// The application no longer waits for this call: a message that only it waited for is not sent, if it was not.
    pub(super) fn cancel_letter(&mut self, call: CallId) {
        self.own_candidates.cancel(call);
        if let Some(id) = self.letters.cancel(call) {
            self.abandon_letter(id);
        }
    }

    /// Nobody waits for this message: if it was not sent, it will not be. Otherwise its answer may still come.
    fn abandon_letter(&mut self, id: u32) {
        if self.session.waits(id) {
            self.session.void(id);
            self.letters.forget(id);
        }
    }

    /// The session is another one: what was on its way in the one before may have arrived, or not.
    pub(super) fn fail_sent_letters(&mut self) {
        let Self { letters, session, outputs, .. } = self;
        letters.fail(&mut |id| !session.waits(id), &ErrorCode::LinkLost.into(), outputs);
    }

    /// Nothing that waits will be sent or answered any more.
    pub(super) fn fail_letters(&mut self, failure: &Failure) {
        while let Some(Closed { mut calls, .. }) = self.own_candidates.poll(u64::MAX) {
            calls.settle_all(&Err(failure.clone()), &mut self.outputs);
        }
        self.letters.fail(&mut |_| true, failure, &mut self.outputs);
    }

    fn post_candidates(&mut self, now: u64, Closed { to, calls, signal }: Closed) {
        let message = ClientMessage::Relay { to, signal: Signal::Own(signal) };
        self.post(now, calls, message, limits::CANDIDATE_BYTES, false);
    }

    /// Sends a letter with a text of so many bytes, for which these calls wait.
    fn post(&mut self, now: u64, mut calls: Calls, message: ClientMessage, bytes: usize, receipt: bool) {
        if self.session.is_full(bytes) || self.letters.is_full() {
            calls.settle_all(&Err(ErrorCode::OutboxFull.into()), &mut self.outputs);
            return;
        }
        let id = self.session.send(now, message, &mut self.outputs);
        self.letters.push(now, id, calls, receipt);
    }

    fn refuse(&mut self, call: CallId, failure: Failure) {
        self.outputs.push_back(Output::Settle { call, result: Err(failure) });
    }
}

/// Why no browser would take this candidate: `addIceCandidate()` throws a `TypeError` for one that names no media section.
fn problem(init: &IceCandidateInit) -> Option<&'static str> {
    if Candidate::parse(&init.candidate).is_none() {
        Some("candidate is not an RFC 8839 candidate")
    } else if init.sdp_mid.is_none() && init.sdp_m_line_index.is_none() {
        Some("sdpMid and sdpMLineIndex are both missing")
    } else {
        None
    }
}
