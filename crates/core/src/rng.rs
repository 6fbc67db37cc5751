//! Randomness from a seed: runs repeat.

/// SplitMix64 (Steele, Lea, Flood 2014): small, good enough for jitter and connection ids, not for secrets.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator whose sequence depends on `seed` alone.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next 32 bits; never 0.
    pub const fn next_id(&mut self) -> u32 {
        ((self.next_u64() >> 32) as u32) | 1
    }

    /// A number from 0 to `most`, both included.
    pub const fn up_to(&mut self, most: u32) -> u32 {
        // Lemire's multiply-shift; the bias of at most 2⁻³² does not matter for jitter.
        let span = (most as u64).wrapping_add(1);
        ((self.next_u64() >> 32).wrapping_mul(span) >> 32) as u32
    }
}
