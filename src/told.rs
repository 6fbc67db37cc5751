//! The facade's side: what the application is told.

#[allow(missing_docs, dead_code, reason = "`js/told.ts` has the docs")]
/// What is told: the numbers of `js/told.ts`, which says what the number and the texts are.
#[derive(Clone, Copy)]
pub enum Told {
    Resolved,
    Rejected,
    State,
    Error,
    PeersJoined,
    PeerChanged,
    Message,
    Description,
    Candidates,
    Peer,
    PeerState,
    PeerOpen,
    Resumed,
    Key,
}
