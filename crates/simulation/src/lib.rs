//! Signalpost simulation.

pub mod model_peer_connection;
