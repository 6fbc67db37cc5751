//! How a server empties itself: not all at once, so that its clients do not come back all at once.

use crate::SocketId;
use signalpost_protocol::SplitMix64;

/// Batches in which the sockets of a server are closed.
pub const BATCHES: u64 = 20;

/// The plan of one shutdown. All times are milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// Over what time the sockets are closed, from the start of the shutdown.
    pub duration: u64,
    /// Over what time the clients come back, from the end of `duration`.
    pub return_window: u64,
}

/// What the plan has for one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leave {
    /// When it is closed, from the start of the shutdown.
    pub at: u64,
    /// When its client is to come back, from then.
    pub after: u32,
}

impl Drain {
    /// The place of a socket. Both of its times come from a hash of its number: neighbours are far apart, and the
    /// same socket has the same place whenever it asks.
    pub fn place(&self, socket: SocketId) -> Leave {
        let first = hash(socket.as_u64());
        let second = hash(first);
        let width = self.duration / BATCHES;
        let batch = share(first, BATCHES);
        // Within its batch a socket waits for a share of the batch's time.
        let at = batch.saturating_mul(width).saturating_add(share(hash(second), width));
        let comes = self.duration.saturating_add(share(second, self.return_window));
        Leave { at, after: u32::try_from(comes.saturating_sub(at)).unwrap_or(u32::MAX) }
    }
}

/// The part of `whole` that a hash stands for, below `whole`.
fn share(hash: u64, whole: u64) -> u64 {
    let wide = u128::from(hash).saturating_mul(u128::from(whole));
    u64::try_from(wide >> 64).unwrap_or(0)
}

/// A number that looks unlike those of the number's neighbours.
const fn hash(number: u64) -> u64 {
    SplitMix64::new(number).next_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENTS: u64 = 2_000;
    const BIN_MS: u64 = 250;

    /// How many of `times` are in the fullest bin, compared with the mean of the bins over `span`.
    fn peak(times: impl Iterator<Item = u64>, from: u64, span: u64) -> f64 {
        let mut bins = vec![0u32; (span / BIN_MS) as usize];
        for time in times {
            bins[((time - from) / BIN_MS) as usize] += 1;
        }
        let mean = CLIENTS as f64 / bins.len() as f64;
        f64::from(*bins.iter().max().unwrap()) / mean
    }

    #[test]
    fn two_thousand_clients_leave_and_come_back_spread() {
        // Numbers in a row, and those of clients that came and went among others.
        for step in [1, 7, 64, 1 << 20] {
            let drain = Drain { duration: 2_000, return_window: 5_000 };
            let places = || (0..CLIENTS).map(|n| drain.place(SocketId::new(n * step)));
            let leaving = peak(places().map(|leave| leave.at), 0, 2_000);
            let coming = peak(places().map(|leave| leave.at + u64::from(leave.after)), 2_000, 5_000);
            assert!(leaving < 2.5 && coming < 2.5, "{leaving} and {coming} times the mean");
        }
    }

    #[test]
    fn nobody_is_told_to_come_before_the_drain_is_over_or_after_the_window() {
        for (duration, return_window) in [(0, 0), (0, 5_000), (2_000, 0), (7, 3), (u64::MAX, u64::MAX)] {
            let drain = Drain { duration, return_window };
            for n in 0..500 {
                let Leave { at, after } = drain.place(SocketId::new(n));
                assert!(at <= duration);
                let back = at.saturating_add(after.into());
                let late = duration.saturating_add(return_window);
                assert!(after == u32::MAX || (back >= duration && back <= late), "{drain:?} {at} {after}");
            }
        }
    }
}
