//! The times and sizes that every engine keeps to.

use signalpost_protocol::limits;

/// How long a session stays connected after the last command of its socket, in milliseconds.
pub const LEASE_MS: u64 = 30_000;
/// Most time between the end of a lease and the sweep that finds it, in milliseconds.
pub const SWEEP_MS: u64 = 10_000;
/// How long a session waits for its client unless told otherwise, in milliseconds.
pub const RESUME_WINDOW_MS: u64 = 120_000;

/// Relays that all senders share: below this number any sender may add one.
pub const SHARED_RELAYS: usize = 256;
/// Bytes of relays that all senders share: a relay of any size fits an empty mailbox.
pub const SHARED_RELAY_BYTES: usize = limits::DESCRIPTION_FRAME_BYTES + 64 * 1024;
/// Relays of one sender below which that sender may use the reserve.
pub const RESERVED_RELAYS_EACH: usize = 8;
/// Bytes of one sender, or of one mailbox, up to which it may use the reserve.
pub const RESERVED_BYTES_EACH: usize = 32 * 1024;
/// Most relays in a mailbox, the reserve included. It takes 64 senders to fill the reserve.
pub const MAX_RELAYS: usize = SHARED_RELAYS + 64 * RESERVED_RELAYS_EACH;
/// Most bytes of relays in a mailbox, the reserve included. It takes 32 senders to fill the reserve.
pub const MAX_RELAY_BYTES: usize = SHARED_RELAY_BYTES + 32 * RESERVED_BYTES_EACH;
/// Notices above which a mailbox takes no further ones: changes of a room then wait in the room, where they collapse.
pub const UNPROMPTED_NOTICES: usize = 256;
/// Most notices; those beyond [`UNPROMPTED_NOTICES`] go before a relay of the peer that they are about.
pub const MAX_NOTICES: usize = 2 * UNPROMPTED_NOTICES;
/// Most answers. The session of a client that leaves more unacknowledged ends.
pub const MAX_ANSWERS: usize = 512;
/// Most bytes of answers.
pub const MAX_ANSWER_BYTES: usize = 2 * limits::DESCRIPTION_FRAME_BYTES;
/// Most entries of all kinds.
pub const MAX_ENTRIES: usize = MAX_RELAYS + MAX_NOTICES + MAX_ANSWERS;
