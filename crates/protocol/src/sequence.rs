//! The numbers of a session: which frame is the next, and when a received frame is acknowledged. Both ends follow the same rules.

use serde::{Deserialize, Serialize};

/// The number of a frame in its direction of a session, which the wire spells `seq`. The first frame has 1; 0 is no frame's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SequenceNumber(pub u32);

impl SequenceNumber {
    /// The number of the first frame.
    pub const FIRST: Self = Self(1);
}

/// How far an end has one direction of a session, which the wire spells `ack` or `received`: it has every frame up to this number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub u32);

impl Position {
    /// The position of an end that has no frame.
    pub const START: Self = Self(0);

    /// The position of an end that has this frame and every frame before it.
    pub const fn after(seq: SequenceNumber) -> Self {
        Self(seq.0)
    }

    /// The position of an end that has every frame before this one.
    pub const fn before(seq: SequenceNumber) -> Self {
        Self(seq.0.saturating_sub(1))
    }

    /// Whether an end at this position has the frame.
    pub const fn covers(self, seq: SequenceNumber) -> bool {
        seq.0 <= self.0
    }

    /// The number of the frame that comes next; `None`: the numbers are used up.
    pub const fn next(self) -> Option<SequenceNumber> {
        match self.0.checked_add(1) {
            Some(next) => Some(SequenceNumber(next)),
            None => None,
        }
    }

    /// How many frames lie between an earlier position and this one; 0 if the other one is not earlier.
    pub const fn frames_since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }
}

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
    /// Where the frame `seq` stands for an end at the position `received`.
    pub const fn of(seq: SequenceNumber, received: Position) -> Self {
        match seq.0.checked_sub(received.0) {
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
            let sequence = Sequence::of(SequenceNumber(seq), Position(received));
            assert_eq!(sequence, expected, "{seq} after {received}");
        }
    }

    #[test]
    fn a_position_covers_what_came_before_it() {
        for (position, seq, covers) in [(0, 1, false), (1, 1, true), (7, 3, true), (7, 8, false)] {
            assert_eq!(Position(position).covers(SequenceNumber(seq)), covers, "{seq} at {position}");
        }
        assert_eq!(Position::START.next(), Some(SequenceNumber::FIRST));
        assert_eq!(Position::before(SequenceNumber::FIRST), Position::START);
        assert_eq!(Position::after(SequenceNumber(u32::MAX)).next(), None);
        assert_eq!([Position(7).frames_since(Position(3)), Position(3).frames_since(Position(7))], [4, 0]);
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
