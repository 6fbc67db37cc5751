//! Mail as it lies in a mailbox: the JSON of the protocol's own frame.

use super::error::StoreError;
use crate::engine::{Mail, Page};
use signalpost_protocol::reason::Word;
use signalpost_protocol::{Envelope, ErrorCode, Open, PeerInfo, ServerMessage};
use std::borrow::Cow;
use std::sync::Arc;

/// What was not mail.
const PLACE: &str = "an entry of a mailbox";

/// Writes mail.
///
/// # Errors
/// [`StoreError::Malformed`] if the mail has no JSON form, which would be a defect.
pub(super) fn encode(mail: &Mail) -> Result<String, StoreError> {
    let envelope = Envelope { timestamp: None, ..mail.clone().into_message().into_envelope(0) };
    serde_json::to_string(&envelope).map_err(|_| StoreError::Malformed(PLACE))
}

/// Reads mail that [`encode`] wrote.
///
/// # Errors
/// [`StoreError::Malformed`] for anything else.
pub(super) fn decode(text: &str) -> Result<Mail, StoreError> {
    let malformed = || StoreError::Malformed(PLACE);
    let envelope: Envelope = serde_json::from_str(text).map_err(|_| malformed())?;
    let message = ServerMessage::from_envelope(envelope).map_err(|_| malformed())?;
    from_message(message).ok_or_else(malformed)
}

fn from_message(message: ServerMessage) -> Option<Mail> {
    Some(match message {
        ServerMessage::Joined { room, peers, cursor, reference } => {
            Mail::Joined { room, page: page(peers, cursor), reference }
        }
        ServerMessage::Peers { peers, cursor, reference } => {
            Mail::Found { page: page(peers, cursor), reference }
        }
        ServerMessage::Left { room, reference } => Mail::Left { room, reference },
        ServerMessage::Sent { reference } => Mail::Sent { reference },
        ServerMessage::Received { reference } => Mail::Received { reference },
        ServerMessage::Error { code, message, reference, about, after } => Mail::Refused {
            code: ErrorCode::parse(&code)?,
            text: Cow::Owned(message),
            reference,
            about,
            after,
        },
        ServerMessage::Relay { from, signal } => Mail::Relay { from, signal },
        ServerMessage::PeerJoined { room, peer } => Mail::PeerJoined { room, peer: Arc::new(peer) },
        ServerMessage::PeerBack { room, peer } => Mail::PeerBack { room, peer: Arc::new(peer) },
        ServerMessage::PeerAway { room, peer, reason } => {
            Mail::PeerAway { room, peer, reason: known(reason)? }
        }
        ServerMessage::PeerLeft { room, peer, reason } => {
            Mail::PeerLeft { room, peer, reason: known(reason)? }
        }
        _ => return None,
    })
}

fn page(peers: Vec<PeerInfo>, cursor: Option<String>) -> Page {
    Page { peers: peers.into_iter().map(Arc::new).collect(), cursor }
}

fn known<W: Word>(word: Open<W>) -> Option<W> {
    match word {
        Open::Known(word) => Some(word),
        Open::Unknown(_) => None,
    }
}
