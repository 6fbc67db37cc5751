//! The numbers of a session: which frame is the next, and when a received frame is acknowledged. Both ends follow the same rules.

/// Where a numbered frame stands in its direction of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence {
    /// It is the next, and is taken.
    Next,
    /// It was received before.
    Duplicate,
    /// A frame before it is missing.
    Gap,
}

impl Sequence {
    /// Where the frame `seq` stands for an end that has every frame up to `received`. Numbers begin at 1.
    pub const fn of(seq: u32, received: u32) -> Self {
        match seq.checked_sub(received) {
            None | Some(0) => Self::Duplicate,
            Some(1) => Self::Next,
            Some(_) => Self::Gap,
        }
    }
}

/// When received frames are acknowledged by a frame of their own, unless another frame carries the acknowledgement earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckPolicy {
    /// Frames after which they are acknowledged at once.
    pub frames: u32,
    /// The longest time from a frame to its acknowledgement, in milliseconds.
    pub delay_ms: u64,
}

impl AckPolicy {
    /// The policy of clients.
    pub const CLIENT: Self = Self { frames: 16, delay_ms: 100 };
    /// The policy of servers.
    pub const SERVER: Self = Self { frames: 16, delay_ms: 250 };
}

/// Knows when an end owes the other an acknowledgement. All times are milliseconds of one monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct AckTimer {
    policy: AckPolicy,
    unacknowledged: u32,
    due: Option<u64>,
}

impl AckTimer {
    /// A timer of an end that owes nothing.
    pub const fn new(policy: AckPolicy) -> Self {
        Self { policy, unacknowledged: 0, due: None }
    }

    /// Counts frames that arrived and need an acknowledgment; 0: the last acknowledgment has to go out again.
    pub fn handle_received(&mut self, now: u64, frames: u32) {
        self.unacknowledged = self.unacknowledged.saturating_add(frames);
        if self.unacknowledged >= self.policy.frames {
            self.due = Some(self.due.map_or(now, |due| due.min(now)));
        } else {
            self.due.get_or_insert(now.saturating_add(self.policy.delay_ms));
        }
    }

    /// A frame goes to the other end that acknowledges everything.
    pub const fn handle_acknowledged(&mut self) {
        self.unacknowledged = 0;
        self.due = None;
    }

    /// When an acknowledgement is due.
    pub const fn due(&self) -> Option<u64> {
        self.due
    }

    /// Whether it is due now.
    pub fn is_due(&self, now: u64) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_the_next_or_known_or_too_early() {
        for (seq, received, expected) in [
            (1, 0, Sequence::Next),
            (2, 0, Sequence::Gap),
            (0, 0, Sequence::Duplicate),
            (5, 5, Sequence::Duplicate),
            (6, 5, Sequence::Next),
            (7, 5, Sequence::Gap),
            (u32::MAX, u32::MAX - 1, Sequence::Next),
            (u32::MAX, u32::MAX, Sequence::Duplicate),
            (u32::MAX, 0, Sequence::Gap),
        ] {
            assert_eq!(Sequence::of(seq, received), expected, "{seq} after {received}");
        }
    }

    #[test]
    fn the_first_frame_starts_the_delay_and_the_last_of_many_ends_it() {
        let policy = AckPolicy::CLIENT;
        let mut timer = AckTimer::new(policy);
        assert_eq!(timer.due(), None);
        timer.handle_received(10, 1);
        timer.handle_received(50, 1);
        assert_eq!(timer.due(), Some(10 + policy.delay_ms));
        assert!(!timer.is_due(9 + policy.delay_ms) && timer.is_due(10 + policy.delay_ms));
        timer.handle_received(60, policy.frames - 3);
        assert!(!timer.is_due(60));
        timer.handle_received(61, 1);
        assert!(timer.is_due(61));
        timer.handle_acknowledged();
        assert_eq!(timer.due(), None);
        timer.handle_received(100, 0);
        assert_eq!(timer.due(), Some(100 + policy.delay_ms));
    }
}
