//! Signalpost in a world of its own: the real core and the real server session, a model RTCPeerConnection, slow links and a
//! movable clock. One seed is one story; `tests/scenarios` tells thousands and judges each.

pub mod model_peer_connection;
pub mod runner;
pub mod story;
pub mod world;
