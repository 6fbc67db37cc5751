//! What the core decided, in a few words for a developer who looks for a fault. No trace holds a secret or the text of a message.

use crate::output::{Event, Operation, Output};
use alloc::string::{String, ToString};

/// One decision of the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What the core asks its driver to do, such as `send`.
    pub action: &'static str,
    /// The number of the socket, of the connection or of the call that it is about; an event has none.
    pub id: Option<u32>,
    /// Details: the type of a frame, a close code, an operation, an error code, the name of an event.
    pub detail: String,
}

impl Output {
    /// Tells what this output is about.
    pub fn trace(&self) -> Trace {
        let (action, id, detail) = match self {
            Self::OpenSocket { socket } => ("open-socket", Some(socket.0), String::new()),
            Self::Send { socket, envelope, .. } => ("send", Some(socket.0), envelope.kind.clone()),
            Self::CloseSocket { socket, code } => ("close-socket", Some(socket.0), code.to_string()),
            Self::CreateConnection { connection, peer } => {
                ("create-connection", Some(connection.0), peer.as_str().into())
            }
            Self::ReplaceConnection { connection, peer, .. } => {
                ("replace-connection", Some(connection.0), peer.as_str().into())
            }
            Self::Gather { connection } => ("gather", Some(connection.0), String::new()),
            Self::Operate { connection, what, .. } => ("operate", Some(connection.0), what.name().into()),
            Self::RestartIce { connection } => ("restart-ice", Some(connection.0), String::new()),
            Self::AwaitPair { connection, .. } => ("await-pair", Some(connection.0), String::new()),
            Self::Probe { connection, .. } => ("probe", Some(connection.0), String::new()),
            Self::Ping { connection, text } => ("ping", Some(connection.0), (*text).into()),
            Self::CloseConnection { connection } => ("close-connection", Some(connection.0), String::new()),
            Self::Settle { call, result } => {
                let code = result.as_ref().err().map_or("ok", |failure| failure.code.as_str());
                ("settle", Some(call.0), code.into())
            }
            Self::Event(event) => ("event", None, event.name().into()),
            Self::Note { action, id, detail } => (*action, *id, detail.clone()),
        };
        Trace { action, id, detail }
    }
}

impl Operation {
    /// The method of `RTCPeerConnection` that the operation calls (W3C WebRTC §4.4.2), or the attribute that it reads.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SetLocalDescription | Self::SetLocalOffer(_) | Self::RollbackLocal => "setLocalDescription",
            Self::CreateOffer => "createOffer",
            Self::CreateAnswer => "createAnswer",
            Self::ReadLocalDescription => "localDescription",
            Self::RollbackRemote | Self::SetRemoteDescription(_) => "setRemoteDescription",
            Self::AddIceCandidate(_) => "addIceCandidate",
        }
    }
}

impl Event {
    /// The name of the event.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::State { .. } => "state",
            Self::Resumed { .. } => "resumed",
            Self::Key { .. } => "key",
            Self::Error { .. } => "error",
            Self::PeerJoined { .. } => "peer-joined",
            Self::PeerAway { .. } => "peer-away",
            Self::PeerBack { .. } => "peer-back",
            Self::PeerLeft { .. } => "peer-left",
            Self::Message { .. } => "message",
            Self::OwnSignal { .. } => "own-signal",
            Self::Peer { .. } => "peer",
            Self::PeerState { .. } => "peer-state",
            Self::Network { .. } => "network",
            Self::PeerOpen { .. } => "peer-open",
            Self::PeerReplaced { .. } => "peer-replaced",
        }
    }
}
