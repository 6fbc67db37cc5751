//! The sizes that both ends keep to. A sender refuses what exceeds them before it is sent.

/// Largest frame that carries an `offer` or an `answer`, in bytes of UTF-8.
pub const DESCRIPTION_FRAME_BYTES: usize = 256 * 1024;
/// Room for the envelope around a description: two ids of which each byte may be escaped, and the fields.
const REST_OF_FRAME_BYTES: usize = 2048;
/// Largest frame of any other type, in bytes of UTF-8.
pub const FRAME_BYTES: usize = 16 * 1024;
/// Longest peer id, in bytes of UTF-8.
pub const PEER_ID_BYTES: usize = 128;
/// Longest room name, in bytes of UTF-8.
pub const ROOM_NAME_BYTES: usize = 128;
/// Longest region or capability, in bytes of UTF-8.
pub const LABEL_BYTES: usize = 64;
/// Most capabilities of one peer.
pub const CAPABILITIES: usize = 16;
/// Longest metadata of one peer, in bytes of UTF-8.
pub const METADATA_BYTES: usize = 1024;
/// Shortest session key, in bytes of UTF-8.
pub const MIN_KEY_BYTES: usize = 16;
/// Longest session key, in bytes of UTF-8.
pub const KEY_BYTES: usize = 64;
/// Longest text of an application's message, in bytes of UTF-8.
pub const MESSAGE_BYTES: usize = 4096;
/// Most rooms that one peer may be in.
pub const ROOMS_PER_PEER: usize = 32;
/// Most entries in one page of a discovery reply.
pub const PAGE: u16 = 100;
/// Entries in a page when the query does not say.
pub const DEFAULT_PAGE: u16 = 20;
/// Most candidates of one ICE generation, and so of one batch.
pub const CANDIDATES_PER_GENERATION: usize = 10;
/// Longest candidate line, in bytes.
pub const CANDIDATE_BYTES: usize = 512;
/// How long a `leaving` counts, in milliseconds: a close with 1001 in this time is taken for the page being left.
pub const LEAVING_HINT_MS: u64 = 10_000;
/// How long a session waits for a page that was probably left, in milliseconds. A page that stays reconnects at once.
pub const LEAVING_MS: u64 = 1_500;

/// Whether a description fits into a frame.
pub fn fits_description(sdp: &str) -> bool {
    json_bytes(sdp).saturating_add(REST_OF_FRAME_BYTES) <= DESCRIPTION_FRAME_BYTES
}

/// The most bytes that a text takes as a JSON string, without its quotes (RFC 8259 §7). Every encoder here writes the two line
/// ends as two characters; other control characters may take six.
pub fn json_bytes(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'\r' | b'\n' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().fold(0, |bytes, byte| bytes.saturating_add(escaped(byte)))
}

/// Whether a text has the shape of a session key.
pub const fn is_key(text: &str) -> bool {
    text.len() >= MIN_KEY_BYTES && text.len() <= KEY_BYTES
}
