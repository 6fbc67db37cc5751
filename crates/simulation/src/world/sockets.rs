//! Frames on their way: real JSON text through the real session, both ways.

use super::World;
use super::link::{Lane, Packet, Socket};
use signalpost_core::{Input, SocketEvent, SocketId};
use signalpost_protocol::Envelope;
use signalpost_server::Token;
use signalpost_server::session::{Session, SessionOutput};

/// No close frame was received (RFC 6455 §7.1.5).
pub(super) const ABNORMAL: u16 = 1006;
/// The page went away (RFC 6455 §7.4.1).
pub(super) const GOING_AWAY: u16 = 1001;

impl World {
    pub(super) fn open_socket(&mut self, page: usize, id: SocketId) {
        let [up, down] = self.pages[page].machine.links;
        let connection = self.server.next_connection();
        let incarnation = self.pages[page].incarnation;
        let mut socket = Socket {
            page,
            incarnation,
            id,
            connection,
            heard: true,
            open: false,
            cut: false,
            closing: false,
            session: None,
            up: Lane::new(up),
            down: Lane::new(down),
            noticed_at: None,
        };
        match self.pages[page].tab.offline {
            Some((_, true)) => socket.down.push(self.now, Packet::Close(ABNORMAL), &mut self.random),
            Some((until, false)) => {
                socket.up.push(self.now, Packet::Open, &mut self.random);
                socket.up.freeze(until);
                socket.down.freeze(until);
            }
            None => socket.up.push(self.now, Packet::Open, &mut self.random),
        }
        self.sockets.retain(|socket| !socket.is_over());
        self.sockets.push(socket);
    }

    pub(super) fn send_up(&mut self, page: usize, id: SocketId, text: String) {
        let (now, incarnation) = (self.now, self.pages[page].incarnation);
        let mut sockets = self.sockets.iter_mut();
        let mine = |it: &&mut Socket| it.page == page && it.incarnation == incarnation && it.id == id;
        let open = sockets.find(mine).filter(|it| it.heard && !it.cut && !it.closing);
        if let Some(socket) = open {
            socket.up.push(now, Packet::Text(text), &mut self.random);
        }
    }

    /// The page closes a socket and listens to it no more.
    pub(super) fn close_socket(&mut self, page: usize, id: SocketId, code: u16) {
        let (now, incarnation) = (self.now, self.pages[page].incarnation);
        for socket in &mut self.sockets {
            if socket.page == page && socket.incarnation == incarnation && socket.id == id {
                socket.heard = false;
                if !self.settings.is_haunted {
                    socket.down.clear();
                }
                if !socket.cut {
                    socket.up.push(now, Packet::Close(code), &mut self.random);
                }
            }
        }
    }

    /// The browser closes what a page leaves behind.
    pub(super) fn abandon_sockets(&mut self, page: usize) {
        let ids: Vec<SocketId> = self.pages[page].sockets.keys().copied().collect();
        for id in ids {
            self.close_socket(page, id, GOING_AWAY);
        }
    }

    /// The sockets of a page, or all, break: nothing that is on its way arrives.
    pub(super) fn cut_sockets(&mut self, page: Option<usize>, notice: Option<u64>) {
        for place in 0..self.sockets.len() {
            let now = self.now;
            let socket = &mut self.sockets[place];
            if socket.cut || page.is_some_and(|page| page != socket.page) {
                continue;
            }
            socket.cut = true;
            socket.up.clear();
            socket.down.clear();
            if socket.heard {
                socket.down.push(now, Packet::Close(ABNORMAL), &mut self.random);
            }
            match notice {
                Some(later) => socket.noticed_at = Some(now + later),
                None => socket.session = None,
            }
        }
    }

    pub(super) fn notice_cut(&mut self, place: usize) {
        self.sockets[place].noticed_at = None;
        self.with_session(place, |session, now| session.handle_socket_closed(now, None));
    }

    pub(super) fn receive_at_server(&mut self, place: usize) {
        let now = self.now;
        let down = now < self.server.down_until;
        let socket = &mut self.sockets[place];
        let Some(packet) = socket.up.pop() else { return };
        match packet {
            Packet::Open if down => socket.down.push(now, Packet::Close(ABNORMAL), &mut self.random),
            Packet::Open => {
                let token = Token::new(core::array::from_fn(|_| self.random.within((0, 255)) as u8));
                socket.session = Some(Session::new(now, socket.connection, None, token));
                socket.down.push(now, Packet::Open, &mut self.random);
                self.server.attach(socket.connection);
            }
            Packet::Text(mut text) => {
                if !socket.up.admits(&mut text) {
                    return self.break_socket(place);
                }
                self.note_heard(place);
                let before = self.held(place);
                self.with_session(place, |session, now| session.handle_frame(now, &text));
                self.note_claim(place, before);
                self.check_goodbye(place, before, &text);
            }
            Packet::Close(code) => {
                self.note_closed(place, code);
                self.with_session(place, |session, now| session.handle_socket_closed(now, Some(code)));
            }
        }
    }

    pub(super) fn deliver(&mut self, place: usize) {
        let delivery = self.server.queues.pop(self.sockets[place].connection);
        if let Some(delivery) = delivery {
            self.with_session(place, |session, now| session.handle_delivery(now, delivery));
        }
    }

    /// Tells the session something and does what it asks for.
    pub(super) fn with_session(&mut self, place: usize, tell: impl FnOnce(&mut Session, u64)) {
        let now = self.now;
        let Some(session) = &mut self.sockets[place].session else { return };
        tell(session, now);
        while let Some(output) = self.sockets[place].session.as_mut().and_then(Session::poll_output) {
            let socket = &mut self.sockets[place];
            let packet = match output {
                SessionOutput::Send { message, seq, ack } => {
                    let envelope = Envelope { seq, ack, ..message.into_envelope(now) };
                    match serde_json::to_string(&envelope) {
                        Ok(text) => Packet::Text(text),
                        Err(problem) => return self.violate(format!("a message has no JSON: {problem}")),
                    }
                }
                SessionOutput::Close(close) => Packet::Close(close.as_u16()),
                SessionOutput::Execute(command) => {
                    self.server.execute(now, socket.connection, command);
                    continue;
                }
                SessionOutput::Refused { code, field, kind } => {
                    let name = self.pages[socket.page].id.clone();
                    let text = format_args!("refuses {name}: {kind} {field} {}", code.as_str());
                    self.trace.note(now, "server", text);
                    continue;
                }
                SessionOutput::Accepted { .. } | SessionOutput::Audited(_) => continue,
            };
            if !socket.cut && socket.heard && !socket.closing {
                socket.down.push(now, packet, &mut self.random);
            }
        }
    }

    pub(super) fn receive_at_page(&mut self, place: usize) {
        let socket = &mut self.sockets[place];
        let Some(packet) = socket.down.pop() else { return };
        let (page, id) = (socket.page, socket.id);
        if socket.incarnation != self.pages[page].incarnation || !(socket.heard || self.settings.is_haunted) {
            return;
        }
        let admitted = match packet {
            Packet::Text(mut text) => socket.down.admits(&mut text).then_some(Packet::Text(text)),
            other => Some(other),
        };
        let Some(packet) = admitted else { return self.break_socket(place) };
        let event = match packet {
            Packet::Open => {
                socket.open = true;
                if socket.heard {
                    self.pages[page].sockets.insert(id, true);
                }
                SocketEvent::Opened
            }
            Packet::Text(text) => match serde_json::from_str::<Envelope>(&text) {
                Ok(envelope) => SocketEvent::Frame(Box::new(envelope)),
                Err(_) => SocketEvent::Malformed,
            },
            Packet::Close(code) => {
                socket.heard = false;
                SocketEvent::Closed { code }
            }
        };
        // A client that hears something may have to answer at once, each time.
        self.pages[page].timeouts = (self.now, 0);
        self.pages[page].inbox.push_back(Input::Socket { socket: id, event });
        self.work(page);
    }
}
