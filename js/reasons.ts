// The reasons that a server gives, as `crates/protocol/src/reason.rs` lists them; `tests/architecture.mjs` compares. A newer server may
// give others.

/**
 * Why a peer is no longer in a room: it left the room (`"left"`), its client or page was closed (`"closed"`), or it was away for longer
 * than the server waits, or was loaded anew (`"lost"`).
 */
export type LeaveReason = "left" | "closed" | "lost" | (string & {});

/**
 * Why a peer of a room can no longer be reached: its link ended (`"lost"`), nothing arrives from it any more (`"silent"`), or its page is
 * frozen (`"suspended"`).
 */
export type AwayReason = "lost" | "silent" | "suspended" | (string & {});

/**
 * Why a session did not go on: the client was away for too long, or the server was started anew (`"session-expired"`), or the two ends
 * differ about what was sent (`"position-lost"`).
 */
export type LossReason = "session-expired" | "position-lost" | (string & {});
