//! Drives the cores as `src/driver.rs` does: takes one input at a time, carries out every output, then tells the application.

use super::page::Machine;
use super::{BrowserConnection, World};
use signalpost_core::{
    CallId, Command, ConnectionEvent, ConnectionId, ConnectionState, Event, Failure, Input, Operation,
    Output, Reply, SocketEvent,
};
use signalpost_protocol::{Envelope, PeerId};

/// An event, or the end of a call, that the application gets once the core is at rest.
enum News {
    Settled(CallId, Result<Reply, Failure>),
    Event(Event),
}

impl World {
    pub(super) fn command(&mut self, page: usize, command: Command) {
        if self.pages[page].tab.is_gone {
            return;
        }
        self.pages[page].inbox.push_back(Input::Command(command));
        self.work(page);
    }

    /// What a connection told since it was last heard.
    pub(super) fn hear(&mut self, place: usize) {
        let events = self.connections[place].drain();
        let connection = &self.connections[place];
        let (page, id) = (connection.page, connection.id);
        let sender = (page, connection.incarnation, id);
        if !connection.heard || events.is_empty() {
            return;
        }
        for (_, event) in events {
            match &event {
                ConnectionEvent::Done { operation, .. } => {
                    self.in_flight.retain(|key, it| *key != sender || it != operation);
                }
                ConnectionEvent::StateChanged(ConnectionState::Connected) => {
                    self.checks.wire.handle_connected(sender);
                }
                _ => {}
            }
            self.pages[page].inbox.push_back(Input::Connection { connection: id, event });
        }
        self.work(page);
    }

    /// Everything in the inbox, one by one, then the news.
    pub(super) fn work(&mut self, page: usize) {
        if self.pages[page].is_suspended(self.now) {
            return;
        }
        let now = self.pages[page].now(self.now);
        let mut news = Vec::new();
        let left_before = self.pages[page].standing.just_left.len();
        while let Some(input) = self.pages[page].inbox.pop_front() {
            self.note_input(page, &input);
            let closes = matches!(input, Input::Command(Command::Close));
            if let Input::Command(Command::Leave { room, .. }) = &input {
                self.pages[page].standing.just_left.push(room.clone());
            }
            // Until the client has been told, it may send: the browser throws it away.
            if let Input::Socket {
                socket,
                event: SocketEvent::Closed { .. } | SocketEvent::Unavailable { .. },
            } = &input
            {
                self.pages[page].sockets.remove(socket);
            }
            self.pages[page].client.handle_input(now, input);
            while let Some(output) = self.pages[page].client.poll_output() {
                self.check_silence(page, &output);
                self.carry_out(page, output, &mut news);
            }
            self.pages[page].application.is_closed |= closes;
        }
        for item in news {
            match item {
                News::Settled(call, result) => self.settle(page, call, result),
                News::Event(event) => self.tell(page, event),
            }
        }
        self.pages[page].standing.just_left.truncate(left_before);
    }

    fn note_input(&mut self, page: usize, input: &Input) {
        let now = self.now;
        let name = self.pages[page].id.as_str();
        match input {
            Input::Socket { event: SocketEvent::Frame(frame), .. } => {
                self.trace.note(now, name, format_args!("hears {}", brief(frame)));
            }
            Input::Connection { connection, event: ConnectionEvent::Done { operation, outcome } } => {
                let result = outcome.result.as_ref().map(|it| it.as_ref().map(|it| it.kind));
                let state = outcome.signaling_state;
                self.trace.note(
                    now,
                    name,
                    format_args!("{connection:08x} done {operation} {result:?} {state:?}"),
                );
            }
            Input::Connection { connection, event: ConnectionEvent::Candidate(init) } => {
                let line = &init.candidate;
                self.trace.note(now, name, format_args!("{connection:08x} found {line}"));
            }
            Input::Connection { connection, event } => {
                self.trace.note(now, name, format_args!("{connection:08x} {event:?}"));
            }
            Input::Timeout => {
                let why = self.pages[page].client.poll_timeout().map(|(_, name)| name);
                self.trace.note(now, name, format_args!("wakes for {why:?}"));
            }
            other => self.trace.note(now, name, format_args!("{other:?}")),
        }
    }

    fn carry_out(&mut self, page: usize, output: Output, news: &mut Vec<News>) {
        let now = self.now;
        match output {
            Output::OpenSocket { socket } => {
                self.pages[page].sockets.insert(socket, false);
                self.open_socket(page, socket);
            }
            Output::Send { socket, envelope, ack } => {
                let envelope = Envelope { ack, ..(*envelope).clone() };
                if self.pages[page].sockets.get(&socket) != Some(&true) {
                    return self
                        .violate(format!("{} sends on a socket that is not open", self.pages[page].id));
                }
                self.trace.note(
                    now,
                    self.pages[page].id.as_str(),
                    format_args!("sends {}", brief(&envelope)),
                );
                self.observe_frame(page, &envelope);
                if envelope.kind == "bye" && !self.pages[page].application.is_closed {
                    self.checks.endings.note_goodbye(self.pages[page].name());
                    self.forget(page);
                }
                if let Some(peer) = envelope.payload.as_ref().and_then(|payload| payload.peer.as_ref()) {
                    self.pages[page].standing.session = peer.incarnation;
                    self.checks.endings.note_hello(self.pages[page].name());
                }
                let data = envelope.payload.as_ref().and_then(|payload| payload.data.as_deref());
                if let Some(Err(problem)) = data.map(|data| self.checks.delivery.note_frame(data)) {
                    return self.violate(problem);
                }
                match serde_json::to_string(&envelope) {
                    Ok(text) => self.send_up(page, socket, text),
                    Err(problem) => self.violate(format!("a frame has no JSON: {problem}")),
                }
            }
            Output::CloseSocket { socket, code } => {
                if self.pages[page].sockets.remove(&socket).is_none() {
                    return self.violate(format!("{} closes a socket that is gone", self.pages[page].id));
                }
                self.close_socket(page, socket, code);
            }
            Output::CreateConnection { connection, peer } => self.create_connection(page, connection, peer),
            Output::ReplaceConnection { peer, old, connection } => {
                let Some(place) = self.live_connection(page, old) else { return };
                self.connections[place].heard = false;
                self.connections[place].model.close(now);
                self.reach.touched.insert(place);
                self.create_connection(page, connection, peer);
            }
            Output::Operate { connection, operation, what } => {
                let Some(place) = self.live_connection(page, connection) else { return };
                let key = (page, self.pages[page].incarnation, connection);
                let text = match &what {
                    Operation::SetRemoteDescription(it) => format!("SetRemote {:?}", it.kind),
                    Operation::AddIceCandidate(init) => format!("Add {}", init.candidate),
                    other => format!("{other:?}"),
                };
                let name = self.pages[page].id.as_str();
                self.trace.note(now, name, format_args!("{connection:08x} operation {operation}: {text}"));
                if !matches!(what, Operation::AddIceCandidate(_))
                    && let Some(before) = self.in_flight.insert(key, operation)
                {
                    self.violate(format!("operation {operation} starts while {before} runs"));
                }
                self.connections[place].operate(now, operation, &what);
                self.reach.touched.insert(place);
                self.hear_later(place);
            }
            Output::Gather { .. } => self.violate("a page without servers looks at its network".into()),
            Output::RestartIce { connection } => {
                let Some(place) = self.live_connection(page, connection) else { return };
                self.connections[place].model.restart_ice(now);
                self.reach.touched.insert(place);
                self.hear_later(place);
            }
            Output::Ping { connection, text } => {
                let Some(place) = self.live_connection(page, connection) else { return };
                self.send_text(place, text);
            }
            // The time that Firefox waits at most passes each time.
            Output::AwaitPair { .. } => {}
            Output::Probe { connection, after_ms } => {
                let Some(place) = self.live_connection(page, connection) else { return };
                if self.connections[place].probed_at.replace(now + u64::from(after_ms)).is_some() {
                    self.violate(format!("{connection:08x} is probed while it is being probed"));
                }
            }
            Output::CloseConnection { connection } => {
                let Some(place) = self.live_connection(page, connection) else { return };
                self.connections[place].heard = false;
                self.connections[place].model.close(now);
                self.reach.touched.insert(place);
            }
            Output::Settle { call, result } => news.push(News::Settled(call, result)),
            Output::Event(event) => news.push(News::Event(event)),
            Output::Note { .. } => {}
        }
    }

    /// A client that is closed does nothing any more; it only answers late calls.
    fn check_silence(&mut self, page: usize, output: &Output) {
        if self.pages[page].application.is_closed && !matches!(output, Output::Settle { .. }) {
            self.violate(format!("{} is closed and still does {output:?}", self.pages[page].id));
        }
    }

    /// What a call made happen at once waits its turn behind the outputs.
    fn hear_later(&mut self, place: usize) {
        let events = self.connections[place].drain();
        let BrowserConnection { page, incarnation, id, .. } = self.connections[place];
        for (_, event) in events {
            if let ConnectionEvent::Done { operation, .. } = &event {
                self.in_flight.retain(|key, it| *key != (page, incarnation, id) || it != operation);
            }
            self.pages[page].inbox.push_back(Input::Connection { connection: id, event });
        }
    }

    fn create_connection(&mut self, page: usize, id: ConnectionId, peer: PeerId) {
        let now = self.now;
        let Machine { flavor, timings, candidates, .. } = self.pages[page].machine;
        let incarnation = self.pages[page].incarnation;
        self.trace.note(now, self.pages[page].id.as_str(), format_args!("{id:08x} is created for {peer}"));
        let seed = self.random.number();
        let traits = (flavor, timings, candidates);
        let gathering_ms = self.pages[page].client_kind.gathering_ms.map(u64::from);
        match BrowserConnection::new(now, (page, incarnation, id), peer, traits, gathering_ms, seed) {
            Ok(connection) => self.connections.push(connection),
            Err(error) => self.violate(format!("no connection: {}", error.name())),
        }
    }

    fn live_connection(&mut self, page: usize, id: ConnectionId) -> Option<usize> {
        let incarnation = self.pages[page].incarnation;
        let place = self
            .connections
            .iter()
            .position(|it| it.page == page && it.incarnation == incarnation && it.id == id && it.heard);
        if place.is_none() {
            self.violate(format!("{} asks something of a connection that is gone", self.pages[page].id));
        }
        place
    }

    fn observe_frame(&mut self, page: usize, frame: &Envelope) {
        let Some(id) = frame.payload.as_ref().and_then(|payload| payload.connection) else { return };
        let incarnation = self.pages[page].incarnation;
        let mut all = self.connections.iter();
        let from = all.find(|it| it.page == page && it.incarnation == incarnation && it.id.0 == id);
        let verdict = from.map_or(Ok(()), |from| self.checks.wire.observe(self.now, from, frame));
        if let Err(problem) = verdict {
            self.violate(problem);
        }
    }
}

/// A frame in a few words.
fn brief(frame: &Envelope) -> String {
    let Envelope { kind, from, to, payload, .. } = frame;
    let mut text = kind.clone();
    for (word, number) in [("seq", frame.seq.map(|seq| seq.0)), ("ack", frame.ack.map(|ack| ack.0))] {
        if let Some(number) = number {
            text.push_str(&format!(" {word} {number}"));
        }
    }
    for (word, id) in [("from", from), ("to", to)] {
        if let Some(id) = id {
            text.push_str(&format!(" {word} {id}"));
        }
    }
    let Some(payload) = payload else { return text };
    if let Some(connection) = payload.connection {
        text.push_str(&format!(" {connection:08x}→{:08x}", payload.target.unwrap_or_default()));
    }
    if let Some(number) = payload.number {
        text.push_str(&format!(" #{number}"));
    }
    if let Some(candidates) = &payload.candidates {
        text.push_str(&format!(" {} candidates", candidates.len()));
    }
    for (word, value) in [("end", &payload.end), ("code", &payload.code), ("room", &payload.room)] {
        if let Some(value) = value {
            text.push_str(&format!(" {word} {value}"));
        }
    }
    if let Some(sdp) = &payload.sdp {
        let sections = sdp.lines().filter(|line| line.starts_with("m=") || line.starts_with("a=mid:"));
        let words: Vec<&str> = sections.map(|it| it.split(' ').next().unwrap_or_default()).collect();
        text.push_str(&format!(" [{}]", words.join(" ")));
    }
    text
}
