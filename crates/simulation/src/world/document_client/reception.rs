//! What it hears from the server.

use super::{DocumentClient, OWN_FRAMES, Question, frame};
use signalpost_core::{ClientState, Event, Failure, Output, Reply};
use signalpost_protocol::{Envelope, Payload, PeerId, RoomName, limits};

impl DocumentClient {
    pub(super) fn hear(&mut self, now: u64, envelope: Envelope) {
        self.link.note_heard(now);
        let payload = envelope.payload.as_deref().cloned().unwrap_or_default();
        match envelope.kind.as_str() {
            "welcome" => return self.handle_welcome(now, payload),
            "heartbeat" => self.link.put("heartbeat-ack", None, &mut self.out),
            _ => {}
        }
        if let Some(ack) = envelope.ack {
            self.stream.forget(ack);
        }
        let Some(seq) = envelope.seq else { return };
        match self.stream.take(now, seq) {
            Some(true) => self.take(now, envelope, payload),
            Some(false) => {}
            None => return self.drop_link(now, 4005),
        }
        if self.stream.must_acknowledge() {
            self.acknowledge();
        }
    }

    pub(super) fn acknowledge(&mut self) {
        let ack = self.stream.acknowledge();
        self.link.put("ack", Some(ack), &mut self.out);
    }

    fn handle_welcome(&mut self, now: u64, payload: Payload) {
        if let Some(key) = payload.key {
            self.link.handle_welcome(key.clone());
            self.out.push_back(Output::Event(Event::Key { key }));
        }
        let is_first = matches!(self.state, ClientState::Connecting | ClientState::Idle);
        let is_lost = payload.resumed != Some(true) && payload.reason.is_some();
        if self.state != ClientState::Connected {
            self.become_(ClientState::Connected, "");
        }
        if !is_first || (is_lost && self.stream.was_welcomed()) {
            let reason = payload.reason.map(Into::into);
            self.out.push_back(Output::Event(Event::Resumed { resumed: !is_lost, reason }));
        }
        if is_lost {
            self.lose_session();
        } else {
            self.stream.forget(payload.received.unwrap_or_default());
        }
        self.stream.handle_welcome(now);
        for call in std::mem::take(&mut self.connects) {
            self.settle(call, Ok(Reply::Done));
        }
        self.flush(now);
    }

    /// What had a number may have been executed: it is not sent again. The rooms are entered anew.
    fn lose_session(&mut self) {
        self.stream.lose();
        self.rooms.handle_new_session();
        let unsent = self.stream.waiting();
        let lost: Vec<u32> = self.questions.keys().copied().filter(|call| !unsent.contains(call)).collect();
        let mut entries = Vec::new();
        for room in self.rooms.names() {
            let asked = self.rooms.asked(&room).filter(|call| lost.contains(call));
            if asked.is_some() || self.rooms.is_entered(&room) {
                entries.push((room, asked));
            }
        }
        for call in lost {
            if entries.iter().any(|(_, asked)| *asked == Some(call)) {
                continue;
            }
            match self.questions.remove(&call) {
                Some(Question::Leave) => self.settle(call, Ok(Reply::Done)),
                _ => self.refuse(call, "session-expired"),
            }
        }
        for (room, asked) in entries {
            let call = asked.unwrap_or_else(|| {
                self.own_frames += 1;
                self.own_frames
            });
            self.rooms.ask(&room, call);
            self.questions.insert(call, Question::Join(room.clone()));
            let join = frame("join", |payload| payload.room = Some(room.as_str().into()));
            self.stream.queue_first(Envelope { id: Some(call), ..join });
        }
    }

    /// A numbered frame in its turn.
    fn take(&mut self, now: u64, envelope: Envelope, payload: Payload) {
        let peer = envelope.from.as_deref().and_then(|from| PeerId::parse(from).ok());
        let room = payload.room.as_deref().and_then(|room| RoomName::parse(room).ok());
        let reference = payload.reference;
        match (envelope.kind.as_str(), room, peer) {
            ("joined" | "peers", room, _) => self.handle_list(now, room, reference, payload),
            ("left", ..) => self.answer(reference, Ok(Reply::Done)),
            ("sent", ..) => {
                let question = reference.and_then(|call| self.questions.get(&call));
                if !matches!(question, Some(Question::Message { receipt: true })) {
                    self.answer(reference, Ok(Reply::Done));
                }
            }
            ("received", ..) => self.answer(reference, Ok(Reply::Done)),
            ("error", ..) => self.handle_error(reference, payload),
            ("message", room, Some(from)) => {
                let data = payload.data.unwrap_or_default();
                self.out.push_back(Output::Event(Event::Message { from, room, data }));
            }
            ("peer-joined" | "peer-back", Some(room), _) => {
                if let Some(info) = &payload.peer {
                    self.rooms.handle_present(&room, info, &mut self.out);
                }
            }
            ("peer-away", Some(room), Some(peer)) => {
                self.rooms.handle_away(&room, &peer, payload.reason.unwrap_or_default(), &mut self.out);
            }
            ("peer-left", Some(room), Some(peer)) => {
                self.rooms.handle_left(&room, &peer, payload.reason.unwrap_or_default(), &mut self.out);
            }
            _ => {}
        }
    }

    /// A list, or a page of one. Without a reference it takes the place of all that was known of the room.
    fn handle_list(&mut self, now: u64, room: Option<RoomName>, reference: Option<u32>, payload: Payload) {
        let asked = match reference.and_then(|call| self.questions.get(&call)) {
            Some(Question::Join(room)) => Some(room.clone()),
            _ => None,
        };
        let Some(room) = asked.or(room) else { return };
        let page = payload.peers.unwrap_or_default();
        if let Some(cursor) = payload.cursor {
            self.rooms.note_page(&room, reference, &page);
            let next = frame("peer-discovery", |payload| {
                payload.room = Some(room.as_str().into());
                payload.limit = Some(limits::PAGE);
                payload.cursor = Some(cursor);
            });
            self.stream.queue(Envelope { id: reference, ..next });
            return self.flush(now);
        }
        let peers = self.rooms.handle_list(&room, reference, page, &mut self.out);
        self.answer(reference, Ok(Reply::Peers { peers, cursor: None }));
    }

    fn handle_error(&mut self, reference: Option<u32>, payload: Payload) {
        let code = payload.code.unwrap_or_default();
        let question = reference.and_then(|call| self.questions.get(&call));
        if let (Some(Question::Join(room)), Some(call)) = (question, reference) {
            let room = room.clone();
            self.rooms.handle_refused(&room, call);
        }
        if matches!(reference.and_then(|call| self.questions.get(&call)), Some(Question::Leave)) {
            // It was not in: the session is a new one.
            return self.answer(reference, Ok(Reply::Done));
        }
        self.answer(reference, Err(Failure::told(code, payload.message.unwrap_or_default())));
    }

    fn answer(&mut self, reference: Option<u32>, result: Result<Reply, Failure>) {
        let Some(call) = reference else { return };
        if self.questions.remove(&call).is_some() && call < OWN_FRAMES {
            self.settle(call, result);
        }
    }
}
