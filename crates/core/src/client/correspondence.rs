//! What the application itself sends to other peers: messages, and signals for connections that it made.

use super::Client;
use crate::input::Receiver;
use crate::output::{Failure, Output};
use crate::own_candidates::Closed;
use alloc::{string::String, vec};
use signalpost_protocol::{
    Candidate, ClientMessage, ErrorCode, OwnSignal, PeerId, Signal, limits, session_description,
};

impl Client {
    pub(super) fn write(&mut self, now: u64, call: u32, to: Receiver, data: String) {
        let bytes = data.len();
        if bytes > limits::MESSAGE_BYTES {
            self.refuse(call, Failure::new(ErrorCode::MessageTooLarge, "at most 4096 bytes of JSON"));
        } else if !self.letters.admit(now) {
            self.refuse(call, ErrorCode::RateLimited.into());
        } else {
            let message = match to {
                Receiver::Peer(to) => {
                    ClientMessage::Relay { to, signal: Signal::Message { room: None, data, receipt: false } }
                }
                Receiver::Room(room) => ClientMessage::Broadcast { room, data },
            };
            self.letters.push(now, vec![call], message, bytes, &mut self.outputs);
        }
    }

    pub(super) fn signal(&mut self, now: u64, call: u32, to: PeerId, signal: OwnSignal) {
        match signal {
            OwnSignal::Candidates { candidates, end } => {
                if candidates.iter().all(|init| Candidate::parse(&init.candidate).is_some()) {
                    if let Some(full) = self.own_candidates.push(now, call, to, candidates, end) {
                        self.post(now, full);
                    }
                } else {
                    self.refuse(call, ErrorCode::InvalidCandidate.into());
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
                        self.post(now, before);
                    }
                    let message = ClientMessage::Relay { to, signal: Signal::Own(signal) };
                    self.letters.push(now, vec![call], message, bytes, &mut self.outputs);
                }
            }
        }
    }

    /// The time of a batch or of a letter may have come.
    pub(super) fn handle_letter_timeout(&mut self, now: u64) {
        while let Some(due) = self.own_candidates.poll(now) {
            self.post(now, due);
        }
        self.letters.handle_timeout(now, &mut self.outputs);
    }

    /// Sends what waits, and gives up what a lost link took along.
    pub(super) fn send_letters(&mut self, now: u64) {
        let Self { letters, session, outputs, .. } = self;
        let socket = session.open_socket();
        letters.advance(socket, outputs, &mut |message, out| session.send(now, message, out));
    }

    /// Nothing that waits will be sent or answered any more.
    pub(super) fn fail_letters(&mut self, failure: &Failure) {
        while let Some(Closed { calls, .. }) = self.own_candidates.poll(u64::MAX) {
            for call in calls {
                self.refuse(call, failure.clone());
            }
        }
        self.letters.fail_all(failure, &mut self.outputs);
    }

    fn post(&mut self, now: u64, Closed { to, calls, signal }: Closed) {
        let message = ClientMessage::Relay { to, signal: Signal::Own(signal) };
        self.letters.push(now, calls, message, limits::CANDIDATE_BYTES, &mut self.outputs);
    }

    fn refuse(&mut self, call: u32, failure: Failure) {
        self.outputs.push_back(Output::Settle { call, result: Err(failure) });
    }
}
