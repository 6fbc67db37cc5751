//! What the application itself sends to other peers: messages, and signals for connections that it made.

use super::Client;
use super::outgoing_messages::ANSWER_MS;
use super::own_candidates::Closed;
use crate::calls::Calls;
use crate::failure::Failure;
use crate::ids::{CallId, FrameId};
use crate::input::Receiver;
use alloc::string::String;
use signalpost_protocol::{
    Candidate, ClientMessage, ErrorCode, IceCandidateInit, OwnSignal, PeerId, Signal, limits,
    session_description,
};

impl Client {
    pub(super) fn send_text(&mut self, call: CallId, to: Receiver, data: String, receipt: bool) {
        let bytes = data.len();
        if bytes > limits::MESSAGE_BYTES {
            let failure = Failure::new(ErrorCode::MessageTooLarge, "at most 4096 bytes of JSON");
            self.context.settle(call, Err(failure));
        } else if let Err(wait_ms) = self.outgoing_messages.admit(self.context.now) {
            let failure = Failure::from(ErrorCode::RateLimited).retry_after(Some(wait_ms));
            self.context.settle(call, Err(failure));
        } else {
            let message = match to {
                Receiver::Peer(to) => {
                    ClientMessage::Relay { to, signal: Signal::Message { room: None, data, receipt } }
                }
                Receiver::Room(room) => ClientMessage::Broadcast { room, data },
            };
            self.send_message(self.calls_for(call), message, bytes, receipt);
        }
    }

    pub(super) fn send_own_signal(&mut self, call: CallId, to: PeerId, signal: OwnSignal) {
        match signal {
            OwnSignal::Candidates { candidates, end } => {
                if let Some(problem) = candidates.iter().find_map(problem) {
                    let failure = Failure::new(ErrorCode::InvalidCandidate, problem);
                    self.context.settle(call, Err(failure));
                } else {
                    if let Some(full) = self.own_candidates.push(self.context.now, call, to, candidates, end)
                    {
                        self.send_candidates(full);
                    }
                }
            }
            OwnSignal::Offer(ref sdp) | OwnSignal::Answer(ref sdp) => {
                if !session_description::is_plausible(sdp) {
                    self.context.reject(call, ErrorCode::InvalidDescription);
                } else if !limits::fits_description(sdp) {
                    self.context.reject(call, ErrorCode::MessageTooLarge);
                } else {
                    let bytes = sdp.len();
                    if let Some(before) = self.own_candidates.flush(&to) {
                        self.send_candidates(before);
                    }
                    let message = ClientMessage::Relay { to, signal: Signal::Own(signal) };
                    self.send_message(self.calls_for(call), message, bytes, false);
                }
            }
        }
    }

    /// Sends the batches that are due, and rejects the calls whose time has run out.
    pub(super) fn handle_message_timeout(&mut self) {
        while let Some(due) = self.own_candidates.poll(self.context.now) {
            self.send_candidates(due);
        }
        let late = self.link.late();
        self.own_candidates.handle_timeout(&late, &mut self.context);
        for id in self.outgoing_messages.handle_timeout(&late, &mut self.context) {
            self.abandon_message(id);
        }
    }

    /// The application no longer waits for this call: a message that no other call waits for is not sent, if it was not.
    pub(super) fn cancel_message(&mut self, call: CallId) {
        self.own_candidates.cancel(call);
        if let Some(id) = self.outgoing_messages.cancel(call) {
            self.abandon_message(id);
        }
    }

    /// No call waits for this message: if it was not sent, it will not be. Otherwise its answer may still come.
    fn abandon_message(&mut self, id: FrameId) {
        if self.stream.waits(id) {
            self.stream.void(id);
            self.outgoing_messages.forget(id);
        }
    }

    /// Rejects the calls of every message that was on its way when the session ended: it may have arrived, or not.
    pub(super) fn fail_sent_messages(&mut self) {
        let Self { outgoing_messages, stream, context, .. } = self;
        outgoing_messages.fail(&mut |id| !stream.waits(id), &ErrorCode::LinkLost.into(), context);
    }

    /// Rejects the calls of every message: nothing that waits will be sent or answered any more.
    pub(super) fn fail_messages(&mut self, failure: &Failure) {
        while let Some(Closed { mut calls, .. }) = self.own_candidates.take_next() {
            calls.settle_all(&Err(failure.clone()), &mut self.context);
        }
        self.outgoing_messages.fail(&mut |_| true, failure, &mut self.context);
    }

    fn calls_for(&self, call: CallId) -> Calls {
        Calls::one(self.context.now, call, ANSWER_MS)
    }

    fn send_candidates(&mut self, Closed { to, calls, signal }: Closed) {
        let message = ClientMessage::Relay { to, signal: Signal::Own(signal) };
        self.send_message(calls, message, limits::CANDIDATE_BYTES, false);
    }

    /// Sends a message with a text of so many bytes, for whose answer these calls wait.
    fn send_message(&mut self, mut calls: Calls, message: ClientMessage, bytes: usize, receipt: bool) {
        if self.stream.is_full(bytes) || self.outgoing_messages.is_full() {
            calls.settle_all(&Err(ErrorCode::OutboxFull.into()), &mut self.context);
            return;
        }
        let id = self.link.send(message, &mut self.stream, &mut self.context);
        self.outgoing_messages.push(self.context.now, id, calls, receipt);
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
