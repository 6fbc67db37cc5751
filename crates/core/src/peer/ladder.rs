//! What brings a pair back that was connected: it notices a loss, restarts ICE, and at last makes another connection.
//!
//! # Noticing
//! Browsers need 5 to 28 s to see that a path is dead, and see nothing at all where the other side's address changed. So each side
//! watches on its own ([`liveness`]): where nothing came over the SDK's own data channel for `ping_ms`, it sends a ping there, which the
//! other core answers. That costs two small packets for each quiet second and pair, and no statistics. Each ping is a sign of life for
//! its receiver too, so only one side of a quiet pair sends pings. Only where an answer is late (0.7 s, or what the round trip
//! explains) the connection is probed ([`presence`]): a page that is busy or frozen does not answer, but the transport of its
//! browser does, and bulk traffic that delays a ping is a sign of life itself. Silence is what a whole probe has shown, never a late
//! timer: a page that slept asks afresh.
//!
//! # Climbing
//! From the first doubt on, the link to the server is asked for a sign of life too. An offer is worth nothing on a dead link, and
//! would hold the addresses of a network that is gone. So each rung waits until the link has been heard since ([`loss`]): first ICE
//! restarts, with growing waits, then a new connection under the same remote peer, at last the end. A connection whose data
//! channel has closed is of no use any more, and is replaced at once.
//!
//! # What the application hears
//! `disconnected` once, then `connected` or `closed`; what the browser says in between is not passed on.

pub mod liveness;
pub mod loss;
pub mod presence;

use crate::time::Time;
use liveness::Liveness;
use loss::Loss;
use presence::Presence;

/// What is known of the path of one remote peer, and what is done for it.
pub struct Ladder {
    /// The pings.
    pub liveness: Liveness,
    /// The probes.
    pub presence: Presence,
    /// The loss that is being repaired.
    pub loss: Option<Loss>,
    /// Whether data can flow on the present connection, as far as the browser has told.
    pub is_open: bool,
    /// Whether nothing can be said to the other side: there is no link to the server, or the server calls the peer away.
    pub is_mute: bool,
    /// Whether the server calls the peer away.
    pub is_away: bool,
    /// When the link to the server was asked for a sign of life because of this pair.
    pub asked_at: Time,
}

impl Ladder {
    /// Nothing was ever connected. `ping_ms`: see [`crate::Config`].
    pub fn new(now: Time, ping_ms: Option<u32>) -> Self {
        Self {
            liveness: Liveness::new(now, ping_ms),
            presence: Presence::default(),
            loss: None,
            is_open: false,
            is_mute: false,
            is_away: false,
            asked_at: Time(0),
        }
    }

    /// Whether the application knows the pair as lost.
    pub fn is_lost(&self) -> bool {
        self.loss.as_ref().is_some_and(|loss| loss.is_confirmed)
    }

    /// Whether a rung waits for the link.
    pub fn waits_for_link(&self) -> bool {
        self.loss.as_ref().is_some_and(|loss| loss.waits_for_link)
    }

    /// The present connection is over, or its channel is.
    pub fn handle_closed(&mut self) {
        self.is_open = false;
        self.liveness.stop();
    }

    /// The link to the server, or the other side's, was lost, or is back. Returns whether both are there again.
    pub fn handle_mute(&mut self, now: Time, is_linked: bool) -> bool {
        let was_mute = core::mem::replace(&mut self.is_mute, !is_linked || self.is_away);
        let is_back = was_mute && !self.is_mute;
        if is_back && let Some(loss) = &mut self.loss {
            loss.handle_back(now);
        }
        is_back
    }

    /// When the pair is given up.
    pub fn deadline(&self) -> Option<Time> {
        let loss = self.loss.as_ref().filter(|loss| loss.is_confirmed && !self.is_mute)?;
        Some(loss.deadline)
    }
}
