//! What the server says.

use super::Client;
use crate::client::requests::{Question, Request};
use crate::output::{Event, Failure, Output, Reply};
use alloc::{string::String, vec::Vec};
use signalpost_protocol::{
    ClientMessage, Envelope, ErrorCode, LeaveReason, PeerId, PeerInfo, Refusal, RoomName, ServerMessage,
    Signal,
};

impl Client {
    pub(super) fn handle_frame(&mut self, now: u64, envelope: Envelope) {
        let Envelope { seq, ack, .. } = envelope;
        let (is_next, change) = self.session.handle_numbers(now, seq, ack, &mut self.rng, &mut self.outputs);
        self.handle_change(now, change);
        if !is_next {
            return;
        }
        let odd = envelope.first_odd_entry();
        match ServerMessage::from_envelope(envelope) {
            Ok(message) => {
                if let Some((_, refusal)) = odd {
                    self.report_refusal(refusal);
                }
                self.handle_message(now, message);
            }
            // A newer server may send more than this build knows.
            Err(Refusal { code: ErrorCode::UnknownType, .. }) => {}
            Err(refusal) => self.report_refusal(refusal),
        }
    }

    /// Something that arrived, or an entry of it, cannot be read.
    fn report_refusal(&mut self, Refusal { code, field, problem }: Refusal) {
        let mut message = String::from(field);
        message.push_str(" ");
        message.push_str(problem);
        self.report(None, Failure::new(code, &message));
    }

    fn handle_message(&mut self, now: u64, message: ServerMessage) {
        match message {
            ServerMessage::Welcome { session, .. } => {
                let change = self.session.handle_welcome(now, session, &mut self.rng, &mut self.outputs);
                self.handle_change(now, change);
            }
            ServerMessage::Heartbeat => self.messages.push_back(ClientMessage::HeartbeatAck),
            ServerMessage::HeartbeatAck | ServerMessage::Ack => {}
            ServerMessage::Reconnect { after } => self.session.handle_reconnect(after),
            ServerMessage::Received { reference } => {
                self.letters.handle_answer(reference, true, &Ok(Reply::Done), &mut self.outputs);
            }
            ServerMessage::PeerAway { room, peer, reason } => {
                self.rooms.handle_away(&room, &peer, reason);
                self.review_presence();
            }
            ServerMessage::PeerBack { room, peer } => {
                // What was sent to it meanwhile waited for it: nothing is to be said again.
                self.directory.handle_listed(&peer, None);
                self.rooms.handle_present(&room, &peer, &mut self.outputs);
            }
            ServerMessage::Joined { room, peers, cursor, reference } => {
                // The server's own list takes the place of one that is being read.
                let request = match reference {
                    Some(_) => self.requests.take(reference),
                    None => self.requests.take_page(&room),
                };
                // What comes when its join() has been rejected lets nobody in.
                let is_over = request.is_some() && self.requests.is_leaving(&room);
                if is_over || self.rooms.begin_list(&room, request.is_some(), reference.is_none()) {
                    self.handle_list(now, room, peers, cursor, request);
                }
            }
            ServerMessage::Peers { peers, cursor, reference } => {
                let Some(request) = self.requests.take(reference) else { return };
                if let Question::Page(room, _) = &request.question {
                    let room = room.clone();
                    self.handle_list(now, room, peers, cursor, Some(request));
                } else {
                    self.note(now, &peers, Some(request.asked_at));
                    self.settle(request.call, Ok(Reply::Peers { peers, cursor }));
                }
            }
            ServerMessage::Left { reference, .. } => {
                let call = self.requests.take(reference).and_then(|request| request.call);
                self.settle(call, Ok(Reply::Done));
            }
            ServerMessage::PeerJoined { room, peer } => {
                self.note(now, core::slice::from_ref(&peer), None);
                self.rooms.handle_present(&room, &peer, &mut self.outputs);
            }
            ServerMessage::PeerLeft { room, peer, reason } => {
                // Who only left a room can still be reached.
                if reason != LeaveReason::Left {
                    self.directory.handle_gone(&peer);
                }
                self.rooms.handle_left(&room, &peer, reason, &mut self.outputs);
            }
            ServerMessage::Sent { reference } => {
                self.letters.handle_answer(reference, false, &Ok(Reply::Done), &mut self.outputs);
            }
            ServerMessage::Relay { from, signal: Signal::Message { room, data, .. } } => {
                self.outputs.push_back(Output::Event(Event::Message { from, room, data }));
            }
            ServerMessage::Relay { from, signal: Signal::Own(signal) } => {
                self.outputs.push_back(Output::Event(Event::OwnSignal { from, signal }));
            }
            ServerMessage::Relay { from, signal } => {
                let known = self.directory.known(&from);
                self.with_peers(|peers, sink, rng| peers.handle_signal(now, &from, known, signal, rng, sink));
            }
            ServerMessage::Error { code, message, reference, about, .. } => {
                self.handle_refusal(now, Failure::told(code, message), reference, about);
            }
        }
    }

    fn handle_list(
        &mut self,
        now: u64,
        room: RoomName,
        peers: Vec<PeerInfo>,
        cursor: Option<String>,
        request: Option<Request>,
    ) {
        self.note(now, &peers, request.as_ref().map(|request| request.asked_at));
        if let Some(request) = request.as_ref().filter(|_| self.requests.is_leaving(&room)) {
            // The list is of a stay that the application has ended, and maybe begun another.
            return self.settle(request.call, Ok(Reply::Peers { peers, cursor: None }));
        }
        for peer in &peers {
            self.rooms.handle_present(&room, peer, &mut self.outputs);
        }
        let (call, deadline) = request.map_or((None, None), |request| (request.call, Some(request.deadline)));
        if let Some(cursor) = cursor
            && self.rooms.has(&room)
        {
            // All pages together have the time of one answer: a list may have no end.
            self.ask_until(now, call, Question::Page(room, cursor), deadline);
            return;
        }
        self.rooms.end_list(&room, &mut self.outputs);
        self.review_presence();
        let peers = self.rooms.members(&room);
        self.settle(call, Ok(Reply::Peers { peers, cursor: None }));
    }

    /// Peers were named: remember them, and see whether one that we know started anew.
    fn note(&mut self, now: u64, listed: &[PeerInfo], asked_at: Option<u64>) {
        let took = asked_at.map(|at| u32::try_from(now.saturating_sub(at)).unwrap_or(u32::MAX));
        for info in listed {
            self.directory.handle_listed(info, took);
            self.with_peers(|peers, sink, _| peers.handle_listed(now, info, sink));
        }
    }

    fn handle_refusal(&mut self, now: u64, failure: Failure, reference: Option<u32>, about: Option<PeerId>) {
        let change = self.session.handle_refusal(now, reference, &failure, &mut self.rng, &mut self.outputs);
        if change.is_some() {
            self.handle_change(now, change);
        } else if failure.code == ErrorCode::NotRegistered.as_str() && !self.session.is_registered() {
            // `hello` did not arrive as it was sent. What came behind it was not looked at, and is sent again.
            self.report(None, failure);
        } else if self.letters.handle_answer(reference, true, &Err(failure.clone()), &mut self.outputs) {
            // Its promise says so.
        } else if let Some(request) = self.requests.take(reference) {
            if let Some(room) = request.question.joins() {
                // Behind it the application may have left, or asked once more.
                if !self.requests.is_leaving(room) && !self.requests.is_joining(room) {
                    self.rooms.leave(room);
                }
                if request.call.is_none() {
                    self.report(None, failure.clone());
                }
            }
            let is_out = ErrorCode::parse(&failure.code) == Some(ErrorCode::RoomNotJoined)
                && request.is_repeated
                && matches!(request.question, Question::Leave(_));
            self.settle(request.call, if is_out { Ok(Reply::Done) } else { Err(failure) });
        } else if reference.is_some() && failure.code == ErrorCode::UnknownType.as_str() {
            // An older server does not know `leaving`: the only frame with a number that nothing waits for.
        } else if failure.code == ErrorCode::RoomNotJoined.as_str() {
            // We left a room that we had given up before we were in it.
        } else if let Some(peer) = about {
            self.with_peers(|peers, sink, _| {
                peers.with(&peer, sink, |peer, effects| peer.handle_refusal(now, failure, effects));
            });
        } else {
            self.report(None, failure);
        }
    }
}
