//! Signalpost simulation.
