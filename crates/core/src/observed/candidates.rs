//! `icecandidate` and `icegatheringstatechange` (W3C WebRTC §4.8).

use crate::ConnectionEvent;
use signalpost_protocol::IceCandidateInit;

/// Returns what an `icecandidate` event means. `candidate` is the event's candidate, or `None` for `null`; `is_complete` says
/// whether `iceGatheringState` is `complete`.
///
/// Firefox says the end as a candidate with an empty text and then as `null`, Chromium as `null`. An empty text ends one media
/// section, so that it is the end of all only when gathering is complete.
pub fn candidate_found(candidate: Option<IceCandidateInit>, is_complete: bool) -> Option<ConnectionEvent> {
    match candidate {
        Some(init) if !init.candidate.is_empty() => Some(ConnectionEvent::Candidate(init)),
        Some(_) => gathering_changed(is_complete),
        None => Some(ConnectionEvent::EndOfCandidates),
    }
}

/// Returns what an `icegatheringstatechange` event means.
pub fn gathering_changed(is_complete: bool) -> Option<ConnectionEvent> {
    is_complete.then_some(ConnectionEvent::EndOfCandidates)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn init(text: &str) -> Option<IceCandidateInit> {
        Some(IceCandidateInit { candidate: text.into(), ..IceCandidateInit::default() })
    }

    #[test]
    fn a_text_is_a_candidate_in_every_state() {
        for is_complete in [false, true] {
            let found = candidate_found(init("candidate:1 1 udp 1 192.0.2.1 9 typ host"), is_complete);
            assert!(matches!(found, Some(ConnectionEvent::Candidate(_))));
        }
    }

    #[test]
    fn null_is_the_end_in_every_state() {
        for is_complete in [false, true] {
            assert!(matches!(candidate_found(None, is_complete), Some(ConnectionEvent::EndOfCandidates)));
        }
    }

    #[test]
    fn an_empty_text_is_the_end_only_when_gathering_is_complete() {
        assert!(candidate_found(init(""), false).is_none());
        assert!(matches!(candidate_found(init(""), true), Some(ConnectionEvent::EndOfCandidates)));
        assert!(gathering_changed(false).is_none());
        assert!(matches!(gathering_changed(true), Some(ConnectionEvent::EndOfCandidates)));
    }
}
