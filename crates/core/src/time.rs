//! Points in time on the one monotonic clock that the driver reads.

/// A point in time, in milliseconds of that clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

impl Time {
    /// The time so many milliseconds later.
    pub fn after_ms(self, ms: impl Into<u64>) -> Self {
        Self(self.0.saturating_add(ms.into()))
    }

    /// The milliseconds since `earlier`.
    pub fn ms_since(self, earlier: Self) -> u32 {
        u32::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(u32::MAX)
    }
}
