//! Randomness from a seed: runs repeat.

use signalpost_protocol::SplitMix64;

/// Draws jitter and connection ids, which are no secrets.
#[derive(Clone, Debug)]
pub struct Rng(SplitMix64);

impl Rng {
    /// A generator whose sequence depends on `seed` alone.
    pub const fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
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
