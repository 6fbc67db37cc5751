//! The numbers of one session (docs/protocol.md, Numbers and Acknowledgements), without I/O.

/// After this many unacknowledged frames of the server, an `ack` goes at once.
const UNTOLD: u32 = 16;

/// The position of each direction.
#[derive(Debug, Default)]
pub struct Numbers {
    sent: u32,
    received: u32,
    untold: u32,
}

/// The place of a frame of the server in the order, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// The frame is the next one; says whether an acknowledgement is due at once.
    Next { ack_now: bool },
    /// The frame came before.
    Again,
    /// Other frames are missing before it.
    Gap,
}

impl Numbers {
    /// The numbers of a session that goes on: how many frames this client has of the server, and the server of this
    /// client. The load never sends a frame again: it has none on its way when it leaves a socket on purpose, and
    /// repeats its request when it lost one.
    pub fn resumed(received: u32, server_received: u32) -> Self {
        Self { sent: server_received, received, untold: 0 }
    }

    pub fn received(&self) -> u32 {
        self.received
    }

    /// Returns the `seq` and `ack` of the next frame. Every frame with an `ack` acknowledges.
    pub fn next(&mut self) -> (u32, u32) {
        self.sent = self.sent.saturating_add(1);
        (self.sent, self.ack())
    }

    /// Returns the `ack` of a frame without a number.
    pub fn ack(&mut self) -> u32 {
        self.untold = 0;
        self.received
    }

    pub fn take(&mut self, seq: u32) -> Take {
        let next = self.received.saturating_add(1);
        if seq < next {
            return Take::Again;
        }
        if seq > next {
            return Take::Gap;
        }
        self.received = next;
        self.untold = self.untold.saturating_add(1);
        Take::Next { ack_now: self.untold >= UNTOLD }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixteenth_frame_asks_for_an_acknowledgement_and_any_frame_gives_it() {
        let mut numbers = Numbers::default();
        for seq in 1..16 {
            assert_eq!(numbers.take(seq), Take::Next { ack_now: false });
        }
        assert_eq!(numbers.take(16), Take::Next { ack_now: true });
        assert_eq!(numbers.next(), (1, 16));
        assert_eq!(numbers.take(17), Take::Next { ack_now: false });
        assert_eq!((numbers.take(17), numbers.take(19), numbers.received()), (Take::Again, Take::Gap, 17));
    }

    #[test]
    fn a_session_goes_on_where_both_ends_are() {
        let mut numbers = Numbers::resumed(41, 12);
        assert_eq!(numbers.next(), (13, 41));
        assert_eq!(numbers.take(42), Take::Next { ack_now: false });
    }
}
