/**
 * @internal What the protocol limits, under the names of `crates/protocol/src/limits.rs`, and the defaults of the core. `tests/architecture.mjs`
 * compares both.
 */

/** Longest peer id, in bytes of UTF-8. */
export const PEER_ID_BYTES = 128;
/** Longest room name, in bytes of UTF-8. */
export const ROOM_NAME_BYTES = 128;
/** Longest region or capability, in bytes of UTF-8. */
export const LABEL_BYTES = 64;
/** Most capabilities of one peer. */
export const CAPABILITIES = 16;
/** Longest metadata of one peer, in bytes of UTF-8. */
export const METADATA_BYTES = 1024;
/** Shortest session key, in bytes of UTF-8. */
export const MIN_KEY_BYTES = 16;
/** Longest session key, in bytes of UTF-8. */
export const KEY_BYTES = 64;
/** Most entries in one page of a list. */
export const PAGE = 100;
/** Most candidates of one ICE generation. */
export const CANDIDATES_PER_GENERATION = 10;

/** The defaults of `ReconnectOptions`. */
export const RECONNECT = { baseMs: 1000, factor: 2, maxMs: 30_000, maxVisibleMs: 3500 };
/** The defaults of `CandidateOptions`. */
export const CANDIDATES = { batchMs: 100, batchSize: 5, maxPerGeneration: CANDIDATES_PER_GENERATION };
