//! Which numbered frames of a client were executed.

use crate::engine::Outcome;
use signalpost_protocol::{Position, Sequence, SequenceNumber};

/// Most times in a row that the same frame may be missing. A client that sends a frame again as it is, and whose frame cannot
/// be read, would never come to an end.
const MAX_GAPS: u32 = 8;

/// The frames of one session's client. Each is executed once and in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frames {
    /// The highest number up to which every frame was executed.
    received: Position,
    /// The value of `received` when a frame was missing last, and how often in a row that was so.
    gap_after: Position,
    gaps: u32,
}

impl Frames {
    /// The frames as an engine has stored them elsewhere: see [`Frames::parts`].
    #[cfg(feature = "redis")]
    pub(crate) const fn from_parts(received: Position, gap_after: Position, gaps: u32) -> Self {
        Self { received, gap_after, gaps }
    }

    /// What an engine stores of the frames elsewhere: the highest number up to which every frame was executed, its value when a
    /// frame was missing last, and how often in a row that was so.
    #[cfg(feature = "redis")]
    pub(crate) const fn parts(&self) -> (Position, Position, u32) {
        (self.received, self.gap_after, self.gaps)
    }

    /// The highest number up to which every frame was executed.
    pub(crate) fn received(&self) -> Position {
        self.received
    }

    /// Takes the number of a frame that is the next.
    ///
    /// # Errors
    /// Why the frame is not executed: [`Outcome::Duplicate`] or [`Outcome::Gap`].
    pub(crate) fn take(&mut self, seq: SequenceNumber) -> Result<(), Outcome> {
        match Sequence::of(seq, self.received) {
            Sequence::Next => {
                self.received = Position::after(seq);
                Ok(())
            }
            Sequence::Duplicate => Err(Outcome::Duplicate),
            Sequence::Gap => {
                let gaps = if self.gap_after == self.received { self.gaps } else { 0 };
                self.gap_after = self.received;
                self.gaps = gaps.saturating_add(1);
                Err(Outcome::Gap)
            }
        }
    }

    /// Lets the next missing frame be the last: frames that were executed may be forgotten, and their client does not have them any more.
    #[cfg(feature = "redis")]
    pub(crate) fn doubt(&mut self) {
        (self.gap_after, self.gaps) = (self.received, MAX_GAPS - 1);
    }

    /// Whether the client cannot bring the frame that comes next.
    pub(crate) fn are_stuck(&self) -> bool {
        self.gap_after == self.received && self.gaps >= MAX_GAPS
    }
}
