//! Signs of life, on a real Redis.

use super::{beat, claim};
use crate::engine::{Claim, Delivery, DeliveryQueue, Full, Outcome};
use crate::redis::config::Config;
use crate::redis::error::StoreError;
use crate::redis::node::{Mesh, Node};
use crate::redis::rooms;
use crate::redis::store::Store;
use crate::{SocketId, TokenHash};
use signalpost_lab::{RedisOptions, RedisServer};
use signalpost_protocol::{PeerInfo, Position};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Queue(Mutex<Vec<Delivery>>);

impl DeliveryQueue for Queue {
    fn deliver(&self, delivery: Delivery) -> Result<(), Full> {
        self.0.lock().unwrap().push(delivery);
        Ok(())
    }
}

/// A session without a place among the members of its node would hear no news of its rooms, and nothing would end that.
#[tokio::test]
async fn a_session_that_its_rooms_do_not_know_has_to_come_again() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let config = Config::parse(&server.url()).unwrap();
    let store = Store::connect(config.clone()).await.unwrap();
    let mesh = Mesh::new(Node::new(store, config, "one"), Vec::new());
    let node = mesh.own();
    let (socket, queue) = (SocketId::new(1), Arc::new(Queue::default()));
    node.local.attach(socket, queue.clone());
    let key = TokenHash::of;
    let peer = PeerInfo { id: "ada".into(), ..PeerInfo::default() };
    let claimed = Claim { version: 2, peer, key: key("k"), next: key("n"), received: None, attempt: None };
    claim::claim(node, 0, socket, claimed).await.unwrap();
    let owned = node.local.owned(socket).unwrap();
    assert_eq!(beat::execute(node, 0, socket, None).await, Ok(()));
    let done = Delivery::Done { received: Position::START, outcome: Outcome::Executed };
    assert_eq!(queue.0.lock().unwrap().last(), Some(&done));

    rooms::forget(node, &owned);
    assert!(matches!(beat::execute(node, 0, socket, None).await, Err(StoreError::Unready(_))));
    assert_eq!(queue.0.lock().unwrap().iter().filter(|delivery| **delivery == done).count(), 1);
}
