//! Lists of peers.

use super::error::StoreError;
use super::node::Node;
use signalpost_protocol::{PeerId, PeerInfo};

pub(super) async fn insert(
    _: &Node,
    _: u64,
    _: &PeerId,
    _number: u64,
    _: &PeerInfo,
) -> Result<(), StoreError> {
    Ok(())
}
pub(super) async fn remove(
    _: &Node,
    _: u64,
    _: &PeerId,
    _number: u64,
    _: &PeerInfo,
) -> Result<(), StoreError> {
    Ok(())
}
