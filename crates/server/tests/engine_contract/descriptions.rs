//! What peers say of their networks while they are registered.

use super::client::{Client, LOST, Tested, peer, refused, room, session};
use signalpost_protocol::{ErrorCode, Label, Query};
use signalpost_server::engine::{Action, Mail, Outcome};

fn describe(word: &str) -> Action {
    Action::Describe(Label::parse(word).ok())
}

async fn joined<'a, E: Tested>(engine: &'a E, number: u64, name: &str) -> Client<'a, E> {
    let client = Client::open(engine, number).await;
    assert!(client.resume(0, session(name, name, "next", None)).await.is_ok());
    assert_eq!(client.request(1, 1, Action::Join(room())).await.1, Outcome::Executed);
    client
}

/// The mapping of the one peer of a list, and of the one notice about it.
fn mapping_in(mail: &[(u32, Mail)]) -> Vec<Option<String>> {
    let peer = |mail: &Mail| match mail {
        Mail::Found { page, .. } | Mail::Joined { page, .. } => page.peers[0].clone(),
        Mail::PeerJoined { peer, .. } | Mail::PeerBack { peer, .. } => peer.clone(),
        other => panic!("{other:?}"),
    };
    mail.iter().map(|(_, mail)| peer(mail).mapping.clone()).collect()
}

/// Members of the room hear of it, lists name it, and it goes with the session over its sockets.
pub async fn a_network_that_is_described_anew_is_known_to_all<E: Tested>(engine: E) {
    let ada = joined(&engine, 1, "ada").await;
    let bob = joined(&engine, 2, "bob").await;
    assert_eq!(mapping_in(&ada.mail().await), [None], "bob came");
    assert_eq!(bob.request(2, 2, describe("dependent")).await, (vec![], Outcome::Executed));
    let known = Some(String::from("dependent"));
    let told = ada.mail().await;
    assert!(matches!(&*told, [(_, Mail::PeerBack { .. })]), "{told:?}");
    assert_eq!(mapping_in(&told), std::slice::from_ref(&known));
    assert_eq!(bob.request(2, 3, describe("dependent")).await, (vec![], Outcome::Executed));
    assert_eq!(ada.mail().await, [], "it is known already");
    for query in [Query::default(), Query { room: Some(room()), ..Query::default() }] {
        let seq = if query.room.is_none() { 2 } else { 3 };
        let found = ada.request(3, seq, Action::Discover(query)).await.0;
        assert_eq!(mapping_in(&found), std::slice::from_ref(&known));
    }
    let cy = Client::open(&engine, 3).await;
    assert!(cy.resume(3, session("cy", "cy", "next", None)).await.is_ok());
    let listed = cy.request(3, 1, Action::Join(room())).await.0;
    let [(_, Mail::Joined { page, .. })] = &*listed else { panic!("{listed:?}") };
    let bobs = page.peers.iter().find(|info| info.id == peer("bob").as_str()).unwrap();
    assert_eq!(bobs.mapping, known);
    assert_eq!(bob.mail().await.len(), 1, "cy came");
    assert_eq!(bob.request(4, 4, Action::Describe(None)).await, (vec![], Outcome::Executed));
    let found = ada.request(5, 4, Action::Discover(Query::default())).await.0;
    let Some((_, Mail::Found { page, .. })) =
        found.iter().find(|(_, mail)| matches!(mail, Mail::Found { .. }))
    else {
        panic!("{found:?}")
    };
    assert_eq!(
        page.peers.iter().find(|info| info.id == "bob").unwrap().mapping,
        None,
        "nothing is known any more"
    );
    bob.end(6, LOST).await;
}

/// More often it is refused, and nothing changes.
pub async fn a_client_describes_itself_as_often_as_it_may<E: Tested>(engine: E) {
    let ada = joined(&engine, 1, "ada").await;
    let mut said = 0;
    let outcome = loop {
        let word = if said % 2 == 0 { "dependent" } else { "unknown" };
        match ada.request(2, said + 2, describe(word)).await.1 {
            Outcome::Executed if said < 500 => said += 1,
            outcome => break outcome,
        }
    };
    assert_eq!(outcome, refused(ErrorCode::RateLimited));
    assert!((32..100).contains(&said), "{said}");
}
