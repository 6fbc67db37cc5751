//! What applications, users and fate do, at a time that the scenario sets.

use crate::model_peer_connection::MediaKind;

/// One thing to do. Pages are named by their number.
#[derive(Clone, Debug)]
pub enum Action {
    /// The page connects to the server.
    Connect(usize),
    /// The page enters the room of this name.
    Join(usize, &'static str),
    /// The page asks for the connection to another, which is made.
    Open(usize, usize),
    /// The page connects to another.
    ConnectPeer(usize, usize),
    /// The page adds a track.
    AddTrack(usize, usize, MediaKind),
    /// The page removes a track of this kind, if it has one.
    RemoveTrack(usize, usize, MediaKind),
    /// The page restarts ICE.
    RestartIce(usize, usize),
    /// The page closes its connection to another.
    ClosePeer(usize, usize),
    /// The user reloads the page: another client with the same id.
    Reload(usize),
    /// The page's socket breaks; the server notices this much later.
    CutSocket(usize, u64),
    /// The server stops, and starts again after this time, knowing nothing.
    RestartServer(u64),
}
