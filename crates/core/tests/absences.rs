//! Peers whose socket is gone and whose session is not.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::ServerMessage;
use signalpost_core::{CallId, Command, Event};
use support::{World, id, info, offer, room};

#[test]
fn absences_are_told_and_a_live_connection_is_no_absence() {
    let mut world = World::in_session();
    world.command(Command::Join { call: CallId(1), room: room("r") });
    let reference = Some(world.last_frame());
    let peers = vec![info("ada", 1), info("bea", 1)];
    world.receive_numbered(
        Some(1),
        None,
        ServerMessage::Joined { room: room("r"), peers, cursor: None, reference },
    );
    // bea is connected to us.
    let call = ServerMessage::Relay { from: id("bea"), signal: offer(9, None, 1, "theirs") };
    world.receive_numbered(Some(2), None, call);
    world.answer_made("mine");
    world.state(signalpost_core::ConnectionState::Connected);
    world.forget();
    let away = |peer| ServerMessage::PeerAway { room: room("r"), peer: id(peer), reason: "lost".into() };
    let news = |world: &mut World| {
        let word = |event| match event {
            Event::PeerAway { peer, reason, .. } => Some(format!("{} away {reason}", peer.as_str())),
            Event::PeerBack { peer, .. } => Some(format!("{} back", peer.as_str())),
            Event::PeerJoined { peer, .. } => Some(format!("{} joined", peer.id)),
            Event::PeerLeft { peer, reason, .. } => Some(format!("{} left {reason}", peer.as_str())),
            _ => None,
        };
        std::mem::take(&mut world.events).into_iter().filter_map(word).collect::<Vec<_>>()
    };
    world.receive_numbered(Some(3), None, away("ada"));
    world.receive_numbered(Some(4), None, away("bea"));
    assert_eq!(news(&mut world), ["ada away lost"]);
    world.state(signalpost_core::ConnectionState::Disconnected);
    assert_eq!(news(&mut world), ["bea away lost"], "now nothing tells of her");
    world.state(signalpost_core::ConnectionState::Connected);
    assert_eq!(news(&mut world), ["bea back"]);
    let back = |name| ServerMessage::PeerBack { room: room("r"), peer: info(name, 1) };
    world.receive_numbered(Some(5), None, back("ada"));
    world.receive_numbered(Some(6), None, back("bea"));
    world.receive_numbered(Some(7), None, back("cleo"));
    assert_eq!(
        news(&mut world),
        ["ada back", "cleo joined"],
        "who came while cleo was away has not seen her"
    );
    world.receive_numbered(Some(8), None, away("ada"));
    let left = ServerMessage::PeerLeft { room: room("r"), peer: id("ada"), reason: "lost".into() };
    world.receive_numbered(Some(9), None, left.clone());
    world.receive_numbered(Some(10), None, left);
    assert_eq!(news(&mut world), ["ada away lost", "ada left lost"]);
}
