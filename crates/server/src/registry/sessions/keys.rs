//! The keys that open a session.

use crate::TokenHash;
use crate::engine::LossReason;

/// Most keys that were given to the client and not yet used by it. There is more than one when a client claims again before a
/// `welcome` reached it.
const UNPROVEN: usize = 3;

/// The keys that the client may hold. The client has sent `current`. The server has sent one of `next` to the client, and does
/// not know whether that arrived. As soon as it knows, no other key counts.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    current: TokenHash,
    next: Vec<TokenHash>,
    /// Why this session is not the session that the client wanted. As far as the server knows, the client has not heard of this
    /// session: with the key `current` it still means the former one.
    in_place_of: Option<LossReason>,
    /// The `attempt` of the last `hello` that had one and was granted.
    attempt: Option<u32>,
}

impl Keys {
    /// The keys of a session that begins with this claim. `in_place_of`: why it is not the session that the client wanted.
    pub(crate) fn new(
        key: TokenHash,
        next: TokenHash,
        attempt: Option<u32>,
        in_place_of: Option<LossReason>,
    ) -> Self {
        Self { current: key, next: vec![next], in_place_of, attempt }
    }

    /// The keys as an engine has stored them elsewhere: see [`Keys::parts`].
    #[cfg(feature = "redis")]
    pub(crate) fn from_parts(
        current: TokenHash,
        next: Vec<TokenHash>,
        in_place_of: Option<LossReason>,
        attempt: Option<u32>,
    ) -> Self {
        Self { current, next, in_place_of, attempt }
    }

    /// What an engine stores of the keys elsewhere.
    #[cfg(feature = "redis")]
    pub(crate) fn parts(&self) -> (TokenHash, &[TokenHash], Option<LossReason>, Option<u32>) {
        (self.current, &self.next, self.in_place_of, self.attempt)
    }

    /// Whether a `hello` with this `attempt`, or one that is later, was granted before. The numbers may begin again at 0
    /// (RFC 1982 §3.2).
    pub(crate) fn know_later(&self, attempt: Option<u32>) -> bool {
        let is_late = |(attempt, last): (u32, u32)| last.wrapping_sub(attempt) < 1 << 31;
        attempt.zip(self.attempt).is_some_and(is_late)
    }

    pub(crate) fn accepts(&self, key: &TokenHash) -> bool {
        // Every key is compared, however early one fits: the time must not depend on it.
        self.next.iter().fold(self.current == *key, |fits, next| fits | (next == key))
    }

    /// Returns a reason if a client with this key means a former session, because it has not heard of this one.
    pub(crate) fn means_another(&self, key: &TokenHash) -> Option<LossReason> {
        self.in_place_of.filter(|_| self.current == *key)
    }

    /// Takes a claim with an accepted key. `next` goes to the client with the answer.
    pub(crate) fn rotate(&mut self, key: TokenHash, next: TokenHash, attempt: Option<u32>) {
        self.attempt = attempt.or(self.attempt);
        if key != self.current {
            self.next.clear();
            self.current = key;
            self.in_place_of = None;
        }
        if self.next.len() >= UNPROVEN {
            self.next.remove(0);
        }
        self.next.push(next);
    }

    /// Notes that the answer to the last claim has arrived at the client.
    pub(crate) fn prove(&mut self) {
        if let Some(proven) = self.next.pop() {
            self.next.clear();
            self.current = proven;
            self.in_place_of = None;
        }
    }
}
