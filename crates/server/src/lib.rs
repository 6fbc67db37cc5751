//! Signalpost server.
