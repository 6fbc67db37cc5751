//! Two clients and one server in one process, without a socket, a browser or a clock: `cargo run -p signalpost-core --example
//! two_clients`. The loop in `run` is all that a driver does; a real one waits instead of moving the time.

use signalpost_core::protocol::{Envelope, PeerId, PeerInfo, RoomName};
use signalpost_core::{CallId, CandidateOptions, Client, Command, Config, Event, Input, Output, Receiver};
use signalpost_core::{ReconnectOptions, SocketEvent, SocketId};
use signalpost_server::engine::{Delivery, Full, Outlet};
use signalpost_server::registry::Registry;
use signalpost_server::session::{Session, SessionOutput};
use signalpost_server::{SocketId as ServerSocketId, Token};
use std::collections::VecDeque;

type Failure = Box<dyn std::error::Error>;

/// What the server has for each of its two sockets.
#[derive(Default)]
struct Inboxes([VecDeque<Delivery>; 2]);

impl Outlet for Inboxes {
    fn deliver(&mut self, to: ServerSocketId, delivery: Delivery) -> Result<(), Full> {
        let inbox = if to == ServerSocketId::new(0) { &mut self.0[0] } else { &mut self.0[1] };
        inbox.push_back(delivery);
        Ok(())
    }
}

/// A client, its end of the only socket that it opens, and the server's end.
struct Page {
    name: &'static str,
    client: Client,
    socket: SocketId,
    session: Session,
}

fn page(name: &'static str, number: u64) -> Result<Page, Failure> {
    let config = Config {
        peer_id: PeerId::parse(name)?,
        key: format!("the secret key of {name}"),
        peer: PeerInfo::default(),
        reconnect: ReconnectOptions::default(),
        candidates: CandidateOptions::default(),
        ping_ms: None,
        release_when_frozen: false,
        pages: 0,
    };
    let session = Session::new(0, ServerSocketId::new(number), None, Token::new([number as u8; 32]));
    Ok(Page { name, client: Client::new(config, number), socket: SocketId(0), session })
}

/// Does what the two cores and the server ask for until `until_ms`, and returns what the applications hear.
fn run(pages: &mut [Page], registry: &mut Registry, until_ms: u64) -> Result<Vec<String>, Failure> {
    let (mut now_ms, mut inboxes, mut heard) = (0, Inboxes::default(), Vec::new());
    while now_ms <= until_ms {
        let mut is_quiet = true;
        for (number, page) in pages.iter_mut().enumerate() {
            while let Some(output) = page.client.poll_output() {
                is_quiet = false;
                match output {
                    Output::OpenSocket { socket } => {
                        page.socket = socket;
                        page.client
                            .handle_input(now_ms, Input::Socket { socket, event: SocketEvent::Opened });
                    }
                    Output::Send { envelope, ack, .. } => {
                        let frame = Envelope { ack, ..Envelope::clone(&envelope) };
                        page.session.handle_frame(now_ms, &serde_json::to_string(&frame)?);
                    }
                    Output::Event(Event::Message { from, data, .. }) => {
                        heard.push(format!("{} hears {data} from {from}", page.name));
                    }
                    Output::Event(Event::PeerJoined { peer, .. }) => {
                        heard.push(format!("{} sees {}", page.name, peer.id));
                    }
                    Output::Settle { call, result: Err(failure) } => Err(format!("call {call}: {failure}"))?,
                    _ => {}
                }
            }
            while let Some(output) = page.session.poll_output() {
                is_quiet = false;
                match output {
                    SessionOutput::Send { message, seq, ack } => {
                        let frame = Box::new(Envelope { seq, ack, ..message.into_envelope(now_ms) });
                        let event = SocketEvent::Frame(frame);
                        page.client.handle_input(now_ms, Input::Socket { socket: page.socket, event });
                    }
                    SessionOutput::Execute(command) => {
                        registry.execute(now_ms, ServerSocketId::new(number as u64), command, &mut inboxes);
                    }
                    _ => {}
                }
            }
        }
        for (page, inbox) in pages.iter_mut().zip(&mut inboxes.0) {
            for delivery in inbox.drain(..) {
                is_quiet = false;
                page.session.handle_delivery(now_ms, delivery);
            }
        }
        if is_quiet {
            // Nothing happens before the first deadline of the two clients.
            let deadlines = pages.iter().filter_map(|page| page.client.poll_timeout());
            now_ms = deadlines.map(|(at_ms, _timer)| at_ms).min().unwrap_or(u64::MAX);
            for page in pages.iter_mut().filter(|_| now_ms <= until_ms) {
                page.client.handle_input(now_ms, Input::Timeout);
            }
        }
    }
    Ok(heard)
}

/// Ada and Bob meet in a room, and Ada says hello. Returns what they hear.
pub fn meet() -> Result<Vec<String>, Failure> {
    let mut pages = [page("ada", 0)?, page("bob", 1)?];
    let hall = RoomName::parse("hall")?;
    for page in &mut pages {
        let connect = Command::Connect { call: CallId(1), timeout_ms: 10_000 };
        let join = Command::Join { call: CallId(2), room: hall.clone() };
        page.client.handle_input(0, Input::Command(connect));
        page.client.handle_input(0, Input::Command(join));
    }
    let [ada, _] = &mut pages;
    let (call, to, data) = (CallId(3), Receiver::Peer(PeerId::parse("bob")?), "\"hello\"".into());
    ada.client.handle_input(0, Input::Command(Command::Message { call, to, data, receipt: true }));
    run(&mut pages, &mut Registry::default(), 1_000)
}

fn main() -> Result<(), Failure> {
    meet()?.iter().for_each(|line| println!("{line}"));
    Ok(())
}
