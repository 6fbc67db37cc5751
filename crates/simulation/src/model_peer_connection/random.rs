//! A small seeded generator (splitmix64): the same seed tells the same story.

use super::Milliseconds;

/// Seeded pseudo-randomness.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
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
