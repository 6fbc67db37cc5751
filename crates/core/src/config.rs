//! What a client is started with.

use alloc::string::String;
use signalpost_protocol::{PeerId, PeerInfo, limits};

/// Options of one client.
#[derive(Clone, Debug)]
pub struct Config {
    /// The own peer id.
    pub peer_id: PeerId,
    /// Proves to the server that a reconnect is by this client: 16 to 64 bytes, secret and unguessable.
    pub key: String,
    /// What others learn: region, capabilities and metadata. Its `id` and `incarnation` are filled in.
    pub peer: PeerInfo,
    /// When to reconnect.
    pub reconnect: ReconnectOptions,
    /// How candidates are gathered and sent.
    pub candidates: CandidateOptions,
    /// After how much silence of a connected peer its connection is pinged, in milliseconds, so that a dead path is found before the
    /// browser finds it; `None`: the browser's word alone counts.
    pub ping_ms: Option<u32>,
    /// Whether the socket is closed while the page is frozen or in the back/forward cache ([`crate::PageEvent::Frozen`]).
    pub release_when_frozen: bool,
    /// How many pages have used this key, or one that it comes from, this one with them; 0 where none can have. A `hello` of a
    /// later page counts as later than all of the pages before.
    pub pages: u32,
}

/// Options of [`crate::Backoff`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReconnectOptions {
    /// Ceiling of the wait before the second attempt, in milliseconds.
    pub base_ms: u32,
    /// Growth of the ceiling from one attempt to the next; at least 1.
    pub factor: f64,
    /// The highest ceiling, in milliseconds.
    pub max_ms: u32,
    /// The highest ceiling while the page is visible and online, in milliseconds.
    pub max_visible_ms: u32,
    /// Attempts before the client gives up; `u32::MAX` means it never does.
    pub max_attempts: u32,
}

impl Default for ReconnectOptions {
    fn default() -> Self {
        Self { base_ms: 1_000, factor: 2.0, max_ms: 30_000, max_visible_ms: 3_500, max_attempts: u32::MAX }
    }
}

/// How candidates are gathered and sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CandidateOptions {
    /// How long a batch waits for more candidates, in milliseconds.
    pub batch_ms: u32,
    /// How many candidates close a batch at once.
    pub batch_size: u16,
    /// How many candidates of one ICE generation are sent; at most
    /// [`limits::CANDIDATES_PER_GENERATION`].
    pub max_per_generation: u16,
    /// A description that begins an ICE generation waits until everything is gathered, but at most this long after it was
    /// set, in milliseconds; `None`: it is sent at once, and candidates follow it (RFC 8838).
    pub gathering_ms: Option<u32>,
    /// Which servers are set: places of a generation are kept only for what they can find.
    pub servers: IceServers,
}

/// Which servers the connections are configured with; `Default` is for servers that are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IceServers {
    /// There is a STUN server (RFC 8489); a TURN server is one too.
    pub has_stun: bool,
    /// There is a TURN server (RFC 8656).
    pub has_turn: bool,
}

impl Default for IceServers {
    fn default() -> Self {
        Self { has_stun: true, has_turn: true }
    }
}

impl Default for CandidateOptions {
    fn default() -> Self {
        Self {
            batch_ms: 100,
            batch_size: 5,
            max_per_generation: limits::CANDIDATES_PER_GENERATION as u16,
            gathering_ms: None,
            servers: IceServers::default(),
        }
    }
}
