//! Signalpost core.
