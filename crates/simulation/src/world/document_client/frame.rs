//! The frames that the client writes.

use signalpost_protocol::{Envelope, Payload};

/// A frame of this type.
pub(super) fn frame(kind: &str, fill: impl FnOnce(&mut Payload)) -> Envelope {
    let mut payload = Payload::default();
    fill(&mut payload);
    Envelope { kind: kind.into(), payload: Some(Box::new(payload)), ..Envelope::default() }
}
