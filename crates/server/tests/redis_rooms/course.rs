//! A random course of joins, leaves, lost sockets and moves.

use super::peer::{LOST, Mesh, Peer, room};
use signalpost_protocol::SplitMix64;
use signalpost_server::engine::{Action, Departure, Outcome};
use std::collections::BTreeSet;

/// Lets 16 peers do this and that on three nodes. In the end each that is in the room knows who else is.
pub async fn course(mesh: &Mesh, mut random: SplitMix64, is_regional: bool) {
    let mut peers: Vec<Peer> = (0..16).map(|n| Peer::new(&format!("p{n:02}"))).collect();
    peers.iter_mut().for_each(|peer| peer.is_regional = is_regional);
    let mut members = BTreeSet::new();
    let mut draw = |below: u64| usize::try_from(random.next_u64() % below).unwrap();
    for step in 0..400 {
        let who = draw(16);
        let peer = &mut peers[who];
        let name = peer.name.clone();
        if !peer.is_connected() {
            if !peer.connect(mesh, draw(3)).await {
                members.remove(&name);
            }
            continue;
        }
        match draw(8) {
            0 | 1 => peer.end(mesh, LOST).await,
            2 => {
                peer.end(mesh, Departure::Bye).await;
                peer.received = None;
                members.remove(&name);
            }
            // It moves without saying so.
            3 => assert!(peer.connect(mesh, draw(3)).await),
            4 if members.remove(&name) => {
                peer.run(mesh, Action::Leave(room())).await;
            }
            5 if members.contains(&name) => {
                let broadcast = Action::Broadcast { room: room(), data: format!("{step}") };
                assert_eq!(peer.run(mesh, broadcast).await, Outcome::Executed);
            }
            _ => {
                let outcome = peer.run(mesh, Action::Join(room())).await;
                if outcome == Outcome::Executed {
                    members.insert(name);
                }
            }
        }
        if draw(4) == 0 {
            peers[draw(16)].settle(mesh).await;
        }
    }
    mesh.settle(&mut peers).await;
    let here: BTreeSet<String> = peers
        .iter()
        .filter(|peer| peer.is_connected() && members.contains(&peer.name))
        .map(|it| it.name.clone())
        .collect();
    assert!(here.len() > 2, "{here:?}");
    for peer in peers.iter_mut().filter(|peer| here.contains(&peer.name)) {
        let mut others = here.clone();
        others.remove(&peer.name);
        assert_eq!(peer.picture.present, others, "{}", peer.name);
        assert!(peer.picture.away.is_subset(&members), "{}", peer.name);
    }
}
