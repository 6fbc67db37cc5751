//! The contract between sessions and whoever knows the peers.
//!
//! [`memory::MemoryEngine`] keeps everything in one process. An engine over a shared store can stand
//! beside it: a connection is attached with a [`Sink`], commands go in, and everything that comes back,
//! replies included, arrives through that sink.
//!
//! # Guaranteed
//! - Every command of an attached connection but `Detach` puts exactly one [`Delivery::Reply`] into its
//!   sink, also when the sink is full. A session has one command outstanding at a time.
//! - What reaches one sink is in the order of its effects: after the reply to `Join` come exactly the
//!   changes that the page in it does not show.
//! - Signals from one peer to another arrive in the order in which they were sent, each at most once,
//!   with the sender's id as the engine registered it.
//! - [`Reply::Sent`] means that the signal is in the receiver's queue; any refusal means that it is not.
//!   A broadcast is in the queue of every other live member; refused with `peer-busy`, it is in all that had room.
//! - Each stay in a room ends with exactly one [`Delivery::PeerLeft`] to each member that is then live and
//!   whose sink is not full, whether it ends by `Leave`, `Detach`, a take-over or the lease.
//! - A peer whose lease ended is neither listed nor delivered to from that moment on, swept or not.
//! - One peer id is registered on at most one connection.
//!
//! # Not guaranteed
//! - That a signal in a queue reaches the browser: the socket may end first, and then the queue is lost.
//!   Nothing is kept for a peer that is away.
//! - An order between signals of different senders, or between what different sinks receive.
//! - That a full sink receives a notice: it answers [`Full`] and its connection has to be closed.
//! - That a page is a snapshot of the whole list: peers come and go between two pages. None is listed
//!   twice, and one that stays is not missed.

mod command;
pub mod memory;

pub use command::{Command, Delivery, LeaveReason, Page, Reply};

use crate::ConnectionId;
use core::fmt;
use std::sync::Arc;

/// The queue of a connection has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue of the connection is full")
    }
}

impl core::error::Error for Full {}

/// The way to one connection. `deliver` neither blocks nor calls back into the engine.
///
/// A sink has to take a [`Delivery::Reply`], [`Delivery::Superseded`] and [`Delivery::Expired`] always
/// (there is at most one of each at a time). It may refuse a [`Delivery::Relay`]: the sender is told
/// `peer-busy`. If it refuses a notice, the client's picture of a room is wrong, so the connection must be
/// closed.
pub trait Sink: Send + Sync {
    /// Takes a delivery.
    ///
    /// # Errors
    /// [`Full`] when there is no room; the delivery is dropped.
    fn deliver(&self, delivery: Delivery) -> Result<(), Full>;
}

/// The ways to all connections, as the sans-IO registry sees them. The rules of [`Sink`] hold; a delivery
/// to a connection that is gone is dropped without an error.
pub trait Outlet {
    /// Hands a delivery to a connection.
    ///
    /// # Errors
    /// [`Full`] when the connection's queue has no room; the delivery is dropped.
    fn deliver(&mut self, to: ConnectionId, delivery: Delivery) -> Result<(), Full>;
}

/// Knows the peers. `now` is in milliseconds of one monotonic clock of the caller.
pub trait Engine: Send + Sync + 'static {
    /// A connection opened; `sink` receives what is for it until it detaches.
    fn attach(&self, connection: ConnectionId, sink: Arc<dyn Sink>) -> impl Future<Output = ()> + Send;

    /// Executes one command. The reply goes through the connection's sink; it is there when the future is
    /// done or comes later.
    fn execute(
        &self,
        now: u64,
        connection: ConnectionId,
        command: Command,
    ) -> impl Future<Output = ()> + Send;

    /// Removes what expired. The caller calls it about every [`crate::registry::SWEEP_MS`]; earlier calls do
    /// nothing.
    fn sweep(&self, now: u64) -> impl Future<Output = ()> + Send;

    /// How many peers are registered, those that expired and were not swept yet included.
    fn registered(&self) -> impl Future<Output = usize> + Send;
}
