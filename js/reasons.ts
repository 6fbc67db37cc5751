// The reasons that a server gives, as `crates/protocol/src/reason.rs` lists them; `tests/architecture.mjs` compares. A newer server may
// give others.

/**
 * Why a peer is no longer in a room: it left the room (`"left"`), its client or page was closed (`"closed"`), or it was away for longer
 * than the server waits, or its page was reloaded (`"lost"`).
 */
export type LeaveReason = "left" | "closed" | "lost" | (string & {});

/**
 * Why nothing reaches a peer of a room any more: its link ended (`"lost"`), the server hears nothing from it (`"silent"`), or its page is
 * frozen (`"suspended"`).
 */
export type AwayReason = "lost" | "silent" | "suspended" | (string & {});

/**
 * Why a session did not go on: the client was away for too long, or the server restarted (`"session-expired"`), or the server no longer
 * has every message that the client is missing (`"position-lost"`).
 */
export type LossReason = "session-expired" | "position-lost" | (string & {});
