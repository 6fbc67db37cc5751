//! What the server says.

use super::Client;
use super::requests::{Question, Request};
use crate::failure::Failure;
use crate::ids::CallId;
use crate::output::{Event, Reply};
use crate::peer::directory::Listed;
use crate::time::Time;
use alloc::{string::String, vec, vec::Vec};
use signalpost_protocol::{
    ClientMessage, Envelope, ErrorCode, LeaveReason, PeerId, PeerInfo, Refusal, RoomName, ServerMessage,
    Signal,
};

impl Client {
    pub(super) fn handle_frame(&mut self, envelope: Envelope) {
        let Envelope { seq, ack, .. } = envelope;
        let (is_next, change) = self.link.handle_numbers(seq, ack, &mut self.stream, &mut self.context);
        self.handle_change(change);
        if !is_next {
            return;
        }
        let odd = envelope.first_odd_entry();
        match ServerMessage::from_envelope(envelope) {
            Ok(message) => {
                if let Some((_, refusal)) = odd {
                    self.report_refusal(refusal);
                }
                self.handle_message(message);
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
        self.context.report(None, Failure::new(code, &message));
    }

    fn handle_message(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Welcome { session, .. } => {
                let change = self.link.handle_welcome(session, &mut self.stream, &mut self.context);
                self.handle_change(change);
            }
            ServerMessage::Heartbeat => self.context.messages.push_back(ClientMessage::HeartbeatAck),
            ServerMessage::HeartbeatAck | ServerMessage::Ack => {}
            ServerMessage::Reconnect { after } => self.link.handle_reconnect(after),
            ServerMessage::Received { reference } => {
                self.outgoing_messages.handle_answer(reference, true, &Ok(Reply::Done), &mut self.context);
            }
            ServerMessage::PeerAway { room, peer, reason } => {
                self.rooms.handle_away(&room, &peer, reason);
                self.review_presence();
            }
            ServerMessage::PeerBack { room, peer } => {
                // What was sent to it meanwhile waited for it: nothing is to be said again.
                for (id, info) in identify(vec![peer]) {
                    let listed = Listed::of(&info, None);
                    self.peers.handle_described(&id, &listed, &mut self.context);
                    self.directory.handle_listed(&id, listed);
                    let (peers, context) = (&mut self.peers, &mut self.context);
                    peers.with(&id, context, |peer, effects| peer.handle_away(false, effects));
                    self.rooms.handle_present(&room, id, info, &mut self.context);
                }
            }
            ServerMessage::Joined { room, peers, cursor, reference } => {
                // The server's own list takes the place of a list that is being read.
                let request = match reference {
                    Some(_) => self.requests.take(reference),
                    None => self.requests.take_page(&room),
                };
                // What comes when its join() has been rejected lets nobody in.
                let is_over = request.is_some() && self.requests.is_leaving(&room);
                if is_over || self.rooms.begin_list(&room, request.is_some(), reference.is_none()) {
                    self.handle_list(room, identify(peers), cursor, request);
                }
            }
            ServerMessage::Peers { peers, cursor, reference } => {
                let Some(request) = self.requests.take(reference) else { return };
                if let Question::Page(room, _) = &request.question {
                    let room = room.clone();
                    self.handle_list(room, identify(peers), cursor, Some(request));
                } else {
                    let peers = identify(peers);
                    self.note(&peers, Some(request.asked_at));
                    self.settle_call(request.call, Ok(Reply::Peers { peers: infos(peers), cursor }));
                }
            }
            ServerMessage::Left { reference, .. } => {
                let call = self.requests.take(reference).and_then(|request| request.call);
                self.settle_call(call, Ok(Reply::Done));
            }
            ServerMessage::PeerJoined { room, peer } => {
                let peers = identify(vec![peer]);
                self.note(&peers, None);
                for (id, info) in peers {
                    self.rooms.handle_present(&room, id, info, &mut self.context);
                }
            }
            ServerMessage::PeerLeft { room, peer, reason } => {
                // A peer that only left a room can still be reached.
                if reason != LeaveReason::Left {
                    self.directory.handle_gone(&peer);
                    self.peers.with(&peer, &mut self.context, |peer, effects| peer.handle_left(effects));
                }
                self.rooms.handle_left(&room, &peer, reason, &mut self.context);
            }
            ServerMessage::Sent { reference } => {
                self.outgoing_messages.handle_answer(reference, false, &Ok(Reply::Done), &mut self.context);
            }
            ServerMessage::Relay { from, signal: Signal::Message { room, data, .. } } => {
                self.context.event(Event::Message { from, room, data });
            }
            ServerMessage::Relay { from, signal: Signal::Own(signal) } => {
                self.context.event(Event::OwnSignal { from, signal });
            }
            ServerMessage::Relay { from, signal } => {
                let listed = self.directory.listed(&from);
                self.peers.handle_signal(&from, listed, signal, &mut self.context);
            }
            ServerMessage::Error { code, message, reference, about, after } => {
                self.handle_refusal(Failure::told(code, message).retry_after(after), reference, about);
            }
        }
    }

    fn handle_list(
        &mut self,
        room: RoomName,
        peers: Vec<(PeerId, PeerInfo)>,
        cursor: Option<String>,
        request: Option<Request>,
    ) {
        self.note(&peers, request.as_ref().map(|request| request.asked_at));
        if let Some(request) = request.as_ref().filter(|_| self.requests.is_leaving(&room)) {
            // The list is of a stay that the application has ended, and maybe begun another.
            return self.settle_call(request.call, Ok(Reply::Peers { peers: infos(peers), cursor: None }));
        }
        for (id, info) in peers {
            self.rooms.handle_present(&room, id, info, &mut self.context);
        }
        let (call, deadline) = request.map_or((None, None), |request| (request.call, Some(request.deadline)));
        if let Some(cursor) = cursor
            && self.rooms.has(&room)
        {
            // All pages together have the time of one answer: a list may have no end.
            self.ask_until(call, Question::Page(room, cursor), deadline);
            return;
        }
        self.rooms.end_list(&room, &mut self.context);
        self.review_presence();
        let peers = self.rooms.members(&room);
        self.settle_call(call, Ok(Reply::Peers { peers, cursor: None }));
    }

    /// Remembers peers that the server named, and sees whether a connected one started anew.
    fn note(&mut self, listed: &[(PeerId, PeerInfo)], asked_at: Option<Time>) {
        let took_ms = asked_at.map(|at| self.context.now.ms_since(at));
        for (id, info) in listed {
            let listed = Listed::of(info, took_ms);
            self.peers.handle_listed(id, info.incarnation, &mut self.context);
            self.peers.handle_described(id, &listed, &mut self.context);
            self.directory.handle_listed(id, listed);
        }
    }

    fn settle_call(&mut self, call: Option<CallId>, result: Result<Reply, Failure>) {
        if let Some(call) = call {
            self.context.settle(call, result);
        }
    }

    fn handle_refusal(&mut self, failure: Failure, reference: Option<u32>, about: Option<PeerId>) {
        let change = self.link.handle_refusal(reference, &failure, &mut self.stream, &mut self.context);
        if change.is_some() {
            self.handle_change(change);
        } else if failure.code == ErrorCode::NotRegistered.as_str() && !self.link.is_registered() {
            // `hello` did not arrive as it was sent. What came behind it was not looked at, and is sent again.
            self.context.report(None, failure);
        } else if self.outgoing_messages.handle_answer(
            reference,
            true,
            &Err(failure.clone()),
            &mut self.context,
        ) {
            // Its promise says so.
        } else if let Some(request) = self.requests.take(reference) {
            if let Some(room) = request.question.joins() {
                // Behind it the application may have left, or asked once more.
                if !self.requests.is_leaving(room) && !self.requests.is_joining(room) {
                    self.rooms.leave(room);
                }
                if request.call.is_none() {
                    self.context.report(None, failure.clone());
                }
            }
            let is_out = ErrorCode::parse(&failure.code) == Some(ErrorCode::RoomNotJoined)
                && request.is_repeated
                && matches!(request.question, Question::Leave(_));
            self.settle_call(request.call, if is_out { Ok(Reply::Done) } else { Err(failure) });
        } else if reference.is_some() && failure.code == ErrorCode::UnknownType.as_str() {
            // An older server does not know `leaving`: the only frame with a number that nothing waits for.
        } else if failure.code == ErrorCode::RoomNotJoined.as_str() {
            // We left a room that we had given up before we were in it.
        } else if let Some(peer) = about {
            self.peers.with(&peer, &mut self.context, |peer, effects| peer.handle_refusal(failure, effects));
        } else {
            self.context.report(None, failure);
        }
    }
}

/// The peers with their ids. The protocol has left out entries without a valid one.
fn identify(peers: Vec<PeerInfo>) -> Vec<(PeerId, PeerInfo)> {
    let mut identified = Vec::new();
    for info in peers {
        if let Ok(id) = PeerId::parse(&info.id) {
            identified.push((id, info));
        }
    }
    identified
}

/// What a list says of its peers.
fn infos(peers: Vec<(PeerId, PeerInfo)>) -> Vec<PeerInfo> {
    let mut infos = Vec::new();
    for (_, info) in peers {
        infos.push(info);
    }
    infos
}
