// The words of which messages choose one, most of them reasons that a server gives, as `crates/protocol/src/reason.rs` lists them; `tests/architecture.mjs` compares. A newer server may
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
 * How a network maps the address and port of a client to public ones (RFC 5780): to the same ones for every destination, which is proven
 * (`"endpoint-independent"`); to other ones for another destination, as a symmetric NAT does, which is proven too (`"dependent"`); no UDP packet
 * comes back (`"udp-blocked"`); or it could not be found out (`"unknown"`).
 */
export type Mapping = "endpoint-independent" | "dependent" | "unknown" | "udp-blocked" | (string & {});

/**
 * Why a session did not go on: the client was away for too long, or the server restarted (`"session-expired"`), or the server no longer
 * has every message that the client is missing (`"position-lost"`).
 */
export type LossReason = "session-expired" | "position-lost" | (string & {});
