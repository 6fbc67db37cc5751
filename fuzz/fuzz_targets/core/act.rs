//! What one line does.

use super::{Call, World};
use signalpost_core::input::Receiver;
use signalpost_core::protocol::{Envelope, IceCandidateInit, OwnSignal, PeerId, Query, RoomName};
use signalpost_core::{
    CallId, Command, ConnectionEvent, ConnectionId, ConnectionState, Description, Input, Outcome, PageEvent,
    SdpType, SignalingState, SocketEvent,
};

impl World {
    pub fn line(&mut self, line: &str) {
        let Some(first) = line.bytes().next().filter(u8::is_ascii) else { return };
        let rest = &line[1..];
        match first {
            b'A'..=b'Z' if first != b'D' => self.command(first, rest),
            b'o' => self.socket(SocketEvent::Opened),
            b'm' => self.socket(SocketEvent::Malformed),
            b'v' => self.socket(SocketEvent::Unavailable { message: rest.into() }),
            b'x' => self.socket(SocketEvent::Closed { code: rest.parse().unwrap_or(1006) }),
            b'{' => self.frame(line, false),
            b'#' => self.frame(rest, true),
            b'w' => {
                let welcome = self.numbers.welcome(rest == "r");
                self.frame(&welcome, false);
            }
            b'a' => self.frame(&self.numbers.ack(), false),
            b'!' => self.finish(rest),
            b'n' | b'c' | b'e' | b'r' | b's' | b'd' | b'D' | b'l' | b'h' | b'i' | b'u' => {
                self.connection(first, rest)
            }
            b'p' => self.input(Input::Page(match rest {
                "0" => PageEvent::Online,
                "1" => PageEvent::Offline,
                "2" => PageEvent::Visible,
                "4" => PageEvent::Woke,
                "5" => PageEvent::Frozen,
                "6" => PageEvent::Leaving,
                "7" => PageEvent::MayLeave,
                _ => PageEvent::Hidden,
            })),
            b'+' => self.pass(rest.parse::<u16>().unwrap_or_default().into()),
            b'>' => self.now += rest.parse::<u16>().map_or(0, u64::from),
            b't' => self.input(Input::Timeout),
            _ => {}
        }
    }

    fn command(&mut self, kind: u8, rest: &str) {
        let (peer, room) = (PeerId::parse(rest).ok(), RoomName::parse(rest).ok());
        let call = CallId(u32::try_from(self.calls.len()).unwrap_or(u32::MAX));
        let timeout_ms = 15_000;
        let command = match (kind, peer, room) {
            (b'C', ..) => Command::Connect { call, timeout_ms },
            (b'F', ..) => Command::FindPeers { call, query: Query::default() },
            (b'J', _, Some(room)) => Command::Join { call, room },
            (b'L', _, Some(room)) => Command::Leave { call, room },
            (b'B', _, Some(room)) => Command::Message {
                call,
                to: Receiver::Room(room),
                data: rest.into(),
                receipt: rest.len() % 2 == 0,
            },
            (b'P', Some(peer), _) => Command::ConnectPeer { call, peer, timeout_ms },
            (b'M', Some(peer), _) => {
                Command::Message { call, to: Receiver::Peer(peer), data: "1".into(), receipt: false }
            }
            (b'I', Some(peer), _) => {
                Command::Message { call, to: Receiver::Peer(peer), data: "1".into(), receipt: true }
            }
            (b'S', Some(to), _) => {
                let signal = OwnSignal::Candidates { candidates: vec![init(rest)], end: rest.is_empty() };
                Command::OwnSignal { call, to, signal }
            }
            (b'K', ..) => {
                let cancelled = CallId(rest.parse().unwrap_or_default());
                if let Some(call) = self.calls.get_mut(&cancelled)
                    && *call == Call::Open
                {
                    *call = Call::Cancelled;
                }
                return self.input(Input::Command(Command::Cancel { call: cancelled }));
            }
            (b'T', ..) => {
                let call = CallId(rest.parse().unwrap_or_default());
                return self.input(Input::Command(Command::Limit { call, timeout_ms: 100 }));
            }
            (b'Y', ..) => {
                let urls = rest.split(',').map(Into::into).collect();
                return self.input(Input::Command(Command::IceServers { urls }));
            }
            (b'O', Some(peer), _) => return self.input(Input::Command(Command::OpenPeer { peer })),
            (b'R', Some(peer), _) => return self.input(Input::Command(Command::RestartIce { peer })),
            (b'X', Some(peer), _) => return self.input(Input::Command(Command::ClosePeer { peer })),
            (b'Q', ..) => return self.input(Input::Command(Command::Close)),
            _ => return,
        };
        self.calls.insert(call, Call::Open);
        self.input(Input::Command(command));
    }

    fn socket(&mut self, event: SocketEvent) {
        if self.sockets.is_empty() {
            return;
        }
        // Of two, the older speaks, and the newer opens and ends.
        let speaks = matches!(event, SocketEvent::Frame(_) | SocketEvent::Malformed);
        let at = if speaks { 0 } else { self.sockets.len() - 1 };
        let socket = self.sockets[at].0;
        match event {
            SocketEvent::Opened => self.sockets[at].1 = true,
            SocketEvent::Closed { .. } | SocketEvent::Unavailable { .. } => drop(self.sockets.remove(at)),
            SocketEvent::Frame(_) | SocketEvent::Malformed => {}
        }
        self.input(Input::Socket { socket, event });
    }

    fn frame(&mut self, text: &str, is_next: bool) {
        let Ok(mut envelope) = serde_json::from_str::<Envelope>(text) else { return };
        self.numbers.say(&mut envelope, is_next);
        // What the client has drawn cannot be guessed.
        if let Some(payload) = &mut envelope.payload
            && let Some(target) = payload.target
            && let Some(own) = usize::try_from(target).ok().and_then(|at| self.connections.get(at))
        {
            payload.target = Some(own.0);
        }
        self.socket(SocketEvent::Frame(Box::new(envelope)));
    }

    fn connection(&mut self, kind: u8, rest: &str) {
        let Some((connection, rest)) = self.which(rest) else { return };
        let event = match kind {
            b'n' => ConnectionEvent::NegotiationNeeded,
            b'c' => ConnectionEvent::Candidate(init(rest)),
            b'e' => ConnectionEvent::EndOfCandidates,
            b'r' if rest.is_empty() => ConnectionEvent::CandidateUrl { url: "stun:192.0.2.8".into() },
            b'r' => ConnectionEvent::CandidateError { code: 701, url: rest.into() },
            b's' => ConnectionEvent::StateChanged(match rest {
                "0" => ConnectionState::New,
                "1" => ConnectionState::Connecting,
                "2" => ConnectionState::Connected,
                "3" => ConnectionState::Disconnected,
                "4" => ConnectionState::Failed,
                _ => ConnectionState::Closed,
            }),
            b'd' => ConnectionEvent::Opened,
            b'D' => ConnectionEvent::ChannelClosed,
            b'l' => ConnectionEvent::Probed { is_live: rest.is_empty(), round_trip_ms: None },
            b'h' => ConnectionEvent::Heard { text: rest.into() },
            b'i' => ConnectionEvent::PairInUse,
            _ => ConnectionEvent::Unavailable { message: rest.into() },
        };
        self.input(Input::Connection { connection, event });
    }

    fn finish(&mut self, rest: &str) {
        let Some((connection, rest)) = self.which(rest) else { return };
        let Some(at) = self.operations.iter().position(|(of, ..)| *of == connection) else { return };
        let (_, operation, _) = self.operations.remove(at);
        let (how, text) = rest.split_at_checked(1).unwrap_or_default();
        let sdp = format!("v=0\r\n{}", text.replace('|', "\r\n").replace('\0', ""));
        let made = |kind| Ok(Some(Description { kind, sdp }));
        let (result, signaling_state) = match how {
            "o" => (made(SdpType::Offer), SignalingState::HaveLocalOffer),
            "O" => (made(SdpType::Offer), SignalingState::Stable),
            "a" => (made(SdpType::Answer), SignalingState::Stable),
            "l" => (Ok(None), SignalingState::HaveLocalOffer),
            "r" => (Ok(None), SignalingState::HaveRemoteOffer),
            "c" => (Ok(None), SignalingState::Closed),
            "f" => (Err(text.into()), SignalingState::Stable),
            _ => (Ok(None), SignalingState::Stable),
        };
        let outcome = Outcome { result, signaling_state };
        self.input(Input::Connection { connection, event: ConnectionEvent::Done { operation, outcome } });
    }

    /// The connection that a digit names, and what follows.
    fn which<'a>(&self, rest: &'a str) -> Option<(ConnectionId, &'a str)> {
        let (digit, rest) = rest.split_at_checked(1)?;
        Some((*self.connections.get(digit.parse::<usize>().ok()?)?, rest))
    }
}

/// A candidate of a few words, or whatever it says.
fn init(text: &str) -> IceCandidateInit {
    let (fragment, kind) = text.split_once(' ').unwrap_or((text, "host"));
    let candidate = match kind {
        "host" | "srflx" | "relay" => format!("candidate:1 1 udp 1 192.0.2.1 {} typ {kind}", text.len()),
        other => other.into(),
    };
    let (sdp_mid, username_fragment) = (Some("0".into()), Some(fragment.into()));
    IceCandidateInit { candidate, sdp_mid, username_fragment, ..IceCandidateInit::default() }
}
