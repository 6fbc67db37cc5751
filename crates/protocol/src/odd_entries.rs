//! Entries of a list that cannot be read while others can: the reader takes the others all the same, and reports the odd ones.

use crate::candidate::Candidate;
use crate::decode::{Refusal, check_peer};
use crate::envelope::Envelope;
use crate::error_code::ErrorCode;
use crate::limits;

impl Envelope {
    /// The place of the first entry that [`from_envelope`](crate::ClientMessage::from_envelope) leaves out of its
    /// message, and why: an ICE candidate that is none or beyond the limit of a batch, or a peer of a list that is described
    /// wrongly.
    pub fn first_odd_entry(&self) -> Option<(usize, Refusal)> {
        let payload = self.payload.as_ref()?;
        let is_odd = |line: &str| Candidate::parse(line).is_none();
        for (index, init) in payload.candidates.iter().flatten().enumerate() {
            if index >= limits::CANDIDATES_PER_GENERATION {
                let (code, problem) = (ErrorCode::InvalidMessage, "is beyond the 10 of a batch");
                return Some((index, Refusal { code, field: "candidates", problem }));
            }
            if is_odd(&init.candidate) {
                let (code, problem) = (ErrorCode::InvalidCandidate, "is not an RFC 8839 candidate");
                return Some((index, Refusal { code, field: "candidates", problem }));
            }
        }
        for (index, peer) in payload.peers.iter().flatten().enumerate() {
            if let Err(refusal) = check_peer(peer) {
                return Some((index, *refusal));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::{ClientMessage, Envelope, ErrorCode, ServerMessage, Signal};

    fn envelope(text: &str) -> Envelope {
        serde_json::from_str(text).unwrap()
    }

    fn batch(lines: &[&str], end: &str) -> Envelope {
        let lines: Vec<String> = lines.iter().map(|line| format!(r#"{{"candidate":"{line}"}}"#)).collect();
        let list = lines.join(",");
        envelope(&format!(
            r#"{{"type":"ice-candidate","to":"bob","payload":{{"connection":1,"candidates":[{list}]{end}}}}}"#
        ))
    }

    const GOOD: &str = "candidate:1 1 udp 1 192.0.2.1 1 typ host";
    const ODD: &str = "candidate:1 1 udp 1 192.0.2.1 65536 typ host";

    #[test]
    fn what_is_beyond_the_limit_is_left_out_and_told_of() {
        assert_eq!(batch(&[GOOD; 10], "").first_odd_entry(), None);
        let sent = batch(&[GOOD; 15], "");
        let (index, refusal) = sent.first_odd_entry().unwrap();
        assert_eq!((index, refusal.code, refusal.field), (10, ErrorCode::InvalidMessage, "candidates"));
        let Ok(ClientMessage::Relay { signal: Signal::Candidates(batch), .. }) =
            ClientMessage::from_envelope(sent)
        else {
            panic!("it is refused")
        };
        assert_eq!(batch.candidates.len(), 10);
    }

    #[test]
    fn a_candidate_that_cannot_be_read_does_not_take_the_others_with_it() {
        let sent = batch(&[GOOD, ODD, GOOD, "junk"], "");
        let (index, refusal) = sent.first_odd_entry().unwrap();
        assert_eq!((index, refusal.code, refusal.field), (1, ErrorCode::InvalidCandidate, "candidates"));
        let Ok(ClientMessage::Relay { signal: Signal::Candidates(batch), .. }) =
            ClientMessage::from_envelope(sent)
        else {
            panic!("it is refused")
        };
        let lines: Vec<&str> = batch.candidates.iter().map(|init| &*init.candidate).collect();
        assert_eq!(lines, [GOOD, GOOD]);
    }

    #[test]
    fn a_batch_without_anything_that_can_be_read_is_refused_unless_it_is_the_end() {
        let refused = ClientMessage::from_envelope(batch(&[ODD], "")).unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidCandidate);
        assert!(ClientMessage::from_envelope(batch(&[ODD], r#","end":"abcd""#)).is_ok());
        assert_eq!(batch(&[GOOD], "").first_odd_entry(), None);
    }

    #[test]
    fn a_peer_that_cannot_be_read_does_not_empty_the_list() {
        let list = envelope(
            r#"{"type":"peers","payload":{"peers":[{"id":"ada"},{"id":""},{"id":"bob","capabilities":[""]}]}}"#,
        );
        let (index, refusal) = list.first_odd_entry().unwrap();
        assert_eq!((index, refusal.field), (1, "peer.id"));
        let Ok(ServerMessage::Peers { peers, .. }) = ServerMessage::from_envelope(list) else {
            panic!("it is refused")
        };
        assert_eq!(peers.iter().map(|peer| &*peer.id).collect::<Vec<_>>(), ["ada"]);
    }
}
