//! How a server stops: it closes its sockets one after the other, so that its clients do not come back all at once.

use crate::SocketId;
use signalpost_protocol::SplitMix64;

/// The number of batches in which a server closes its sockets.
pub const BATCHES: u64 = 20;

/// The plan of one shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// How long the server takes to close all sockets, from the start of the shutdown.
    pub duration_ms: u64,
    /// How long the clients take to come back, from the end of `duration_ms`.
    pub return_window_ms: u64,
}

/// The part of the plan that is about one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leave {
    /// When the server closes the socket, from the start of the shutdown.
    pub at_ms: u64,
    /// When the client should come back, from then.
    pub after_ms: u32,
}

impl Drain {
    /// Plans one socket. Both times come from a hash of the socket's number: neighbours are far apart, and the
    /// same socket always gets the same times.
    pub fn place(&self, socket: SocketId) -> Leave {
        let first = hash(socket.as_u64());
        let second = hash(first);
        let width = self.duration_ms / BATCHES;
        let batch = share(first, BATCHES);
        // A socket waits for a share of its batch's time.
        let at_ms = batch.saturating_mul(width).saturating_add(share(hash(second), width));
        let comes = self.duration_ms.saturating_add(share(second, self.return_window_ms));
        Leave { at_ms, after_ms: u32::try_from(comes.saturating_sub(at_ms)).unwrap_or(u32::MAX) }
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
            let drain = Drain { duration_ms: 2_000, return_window_ms: 5_000 };
            let places = || (0..CLIENTS).map(|n| drain.place(SocketId::new(n * step)));
            let leaving = peak(places().map(|leave| leave.at_ms), 0, 2_000);
            let coming = peak(places().map(|leave| leave.at_ms + u64::from(leave.after_ms)), 2_000, 5_000);
            assert!(leaving < 2.5 && coming < 2.5, "{leaving} and {coming} times the mean");
        }
    }

    #[test]
    fn nobody_is_told_to_come_before_the_drain_is_over_or_after_the_window() {
        for (duration_ms, return_window_ms) in [(0, 0), (0, 5_000), (2_000, 0), (7, 3), (u64::MAX, u64::MAX)]
        {
            let drain = Drain { duration_ms, return_window_ms };
            for n in 0..500 {
                let Leave { at_ms: at, after_ms: after } = drain.place(SocketId::new(n));
                assert!(at <= duration_ms);
                let back = at.saturating_add(after.into());
                let late = duration_ms.saturating_add(return_window_ms);
                assert!(after == u32::MAX || (back >= duration_ms && back <= late), "{drain:?} {at} {after}");
            }
        }
    }
}
