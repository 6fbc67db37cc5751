//! A small seeded generator: the same seed tells the same story.

use super::Milliseconds;
use signalpost_protocol::SplitMix64;

/// Seeded pseudo-randomness.
#[derive(Clone, Debug)]
pub struct Random(SplitMix64);

impl Random {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A duration in a closed range.
    pub fn within(&mut self, (least, most): (Milliseconds, Milliseconds)) -> Milliseconds {
        least + self.number() % (most.saturating_sub(least) + 1)
    }

    /// A username fragment: eight `ice-char`s.
    pub fn username_fragment(&mut self) -> String {
        format!("{:08x}", self.number() as u32)
    }
}
