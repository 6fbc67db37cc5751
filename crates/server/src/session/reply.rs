//! What the engine's replies become on the wire.

use super::{Close, Outstanding, Session, State};
use crate::engine::{LeaveReason, Page, Reply};
use signalpost_protocol::{CloseCode, ErrorCode, LinkMonitor, PeerId, PeerInfo, ServerMessage};

impl Session {
    /// The engine answered the outstanding command; without one the reply is late and ignored.
    pub(super) fn handle_reply(&mut self, now: u64, reply: Reply) {
        let Some(Outstanding { subject, claim }) = self.outstanding.take() else { return };
        let reference = subject.reference;
        match reply {
            Reply::Claimed => {
                let Some(claim) = claim else { return };
                let monitor = LinkMonitor::new(now, true);
                self.state = State::Registered { peer: claim.peer, monitor, last_command: now };
                let region = self.region.clone();
                self.send(now, ServerMessage::Welcome { version: claim.version, region, session: None });
            }
            Reply::Sent if reference.is_some() => self.send(now, ServerMessage::Sent { reference }),
            Reply::Beaten | Reply::Sent => {}
            Reply::Joined { room, page } => {
                let (peers, cursor) = on_the_wire(page);
                self.send(now, ServerMessage::Joined { room, peers, cursor, reference });
            }
            Reply::Left { room } => self.send(now, ServerMessage::Left { room, reference }),
            Reply::Found(page) => {
                let (peers, cursor) = on_the_wire(page);
                self.send(now, ServerMessage::Peers { peers, cursor, reference });
            }
            Reply::Refused(code) => {
                self.refuse(now, subject.reject(code, field(code), words(code)));
                if code == ErrorCode::PeerIdTaken {
                    self.close(Close::Code(CloseCode::PeerIdTaken), LeaveReason::Lost);
                }
            }
            Reply::Unregistered => {
                self.close(Close::Code(CloseCode::HeartbeatTimeout), LeaveReason::Lost);
            }
        }
    }
}

fn on_the_wire(page: Page) -> (Vec<PeerInfo>, Option<String>) {
    let peers = page.peers.iter().map(|peer| PeerInfo::clone(peer)).collect();
    (peers, page.cursor.as_ref().map(|id: &PeerId| id.as_str().into()))
}

const fn field(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::PeerNotFound | ErrorCode::PeerBusy => "to",
        ErrorCode::TooManyRooms | ErrorCode::RoomNotJoined => "room",
        ErrorCode::PeerIdTaken => "peer",
        _ => "",
    }
}

const fn words(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::PeerNotFound => "no live peer has this id",
        ErrorCode::PeerBusy => "the peer reads too slowly",
        ErrorCode::TooManyRooms => "the peer is in as many rooms as it may be",
        ErrorCode::RoomNotJoined => "the peer is not in this room",
        ErrorCode::PeerIdTaken => "another live session holds this peer id",
        _ => "refused",
    }
}
