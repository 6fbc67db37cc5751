//! The contract between sessions and whoever knows the peers.
//!
//! [`MemoryEngine`](crate::memory::MemoryEngine) keeps everything in one process. An engine over a shared store can stand
//! beside it: a socket is attached with a [`DeliveryQueue`], commands go in, and everything that comes back,
//! replies included, arrives through that sink.
//!
//! # Sessions
//! In version 2 a session is one ordered stream in each direction, carried over successive sockets. To the client
//! everything goes through its mailbox, which numbers the mail and keeps each until the client has acknowledged it. From
//! the client every request has a number, and is executed once and in its turn. A session without a socket is away
//! for the resume window. In version 1 nothing is numbered or kept, and the session ends with its socket.
//!
//! # Guaranteed
//! - Every command of an attached socket but `Detach` puts exactly one reply into its sink, also when the sink is
//!   full. A session has one command outstanding at a time. The mail that answer a request come before its reply.
//! - What reaches one sink is in the order of its effects. After [`Mail::Joined`] come exactly the changes that the page
//!   in it does not show; a relay of a peer comes after the notices about that peer. A `Joined` without a reference takes the
//!   place of everything that the client knows of the room.
//! - In version 2, while the session lives, a client that resumes at what it has and acknowledges what it gets has every
//!   number once and in order, on whichever sockets. A claim is followed by what the client has not seen, and
//!   nothing comes between, before or twice.
//! - A request is executed once: one whose number was executed is [`Outcome::Duplicate`], one that is ahead of its turn
//!   [`Outcome::Gap`], and neither has an effect. Its acknowledgement counts all the same.
//! - Signals from one peer to another arrive in the order in which they were sent, each at most once, with the sender's
//!   id as the engine registered it.
//! - [`Mail::Sent`] means that the signal is in the receiver's mailbox (in version 1: in its queue); any refusal means
//!   that it is not. A broadcast is in the mailbox of every other live member; refused with `peer-busy`, it is in all
//!   that had room. [`Mail::Received`] means that the receiver's client has acknowledged the message; if its session
//!   ends before that, the sender is told `peer-not-found`.
//! - A mailbox is bounded as [`limits`] says. A relay that does not fit is refused, a notice waits; a
//!   session whose mailbox cannot take an answer to its own frame ends, and its socket is told [`Delivery::SessionLost`].
//!   What others do ends no session, and a claim of a newcomer takes no place from a session that is there.
//! - Only who has the current key resumes. A key is current from the claim that used it, and its successor from then on
//!   as well; as soon as anything is acknowledged on the socket that was given the successor, only that.
//! - The socket that held the id before a claim is told [`Delivery::Superseded`], or [`Delivery::Replaced`] where the
//!   same session, by its number, came back; whatever it commands from then on is [`Outcome::Unregistered`].
//! - Each stay in a room ends with exactly one [`Mail::PeerLeft`] to each member that was told of it, at once on
//!   [`Departure::Bye`] and at the end of the window otherwise, which on [`Departure::Leaving`] is a short one. Between [`Mail::PeerAway`] and [`Mail::PeerBack`] or
//!   `PeerLeft` there is no other word of that peer in that room. (In version 1: of each member whose sink is not full;
//!   an absence is told as an end and a return as a beginning.)
//! - Members of a small room are told of a change before the command is done, those of a large one in the turns of
//!   [`Engine::sweep`]. Notices that a session was not sent cancel each other: a stay that began and ended, or an absence
//!   that began and ended without a change. What is then told is where each member stands.
//! - A peer that is away, or whose lease ended, is listed nowhere from that moment on, swept or not. In version 1 it is
//!   not delivered to either. Members of a small room hear so before they get a list of the room without it.
//! - One peer id is registered on at most one socket.
//!
//! # Not guaranteed
//! - In version 1, that a signal in a queue reaches the browser: the socket may end first, and then the queue is lost.
//! - That a session survives its process: the client is then told `session-expired`.
//! - An order between signals of different senders, or between what different sinks receive.
//! - In version 1, that a full sink receives a notice: it answers [`Full`] and its socket has to be closed.
//! - That a page is a snapshot of the whole list: peers come and go between two pages. None is listed
//!   twice, and one that stays is not missed.

mod command;
mod delivery;
pub mod limits;
mod mail;

pub use command::{Action, Claim, ClientFrame, Command, Departure};
pub use delivery::{Claimed, Delivery, Outcome};
pub use mail::{Mail, MailKind, Page};
pub use signalpost_protocol::{AwayReason, LeaveReason, LossReason};

pub(crate) use command::explanation;
pub(crate) use mail::peer_weight;

use crate::SocketId;
use core::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The queue of a socket has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue of the socket is full")
    }
}

impl core::error::Error for Full {}

/// The way to one socket. `deliver` neither blocks nor calls back into the engine.
///
/// A sink has to take everything but unnumbered relays and notices, always: replies, because there is one command
/// outstanding; what is numbered, because the mailbox bounds it; the rest, because there is at most one of each at a
/// time. It may refuse an unnumbered [`MailKind::Relay`]: the sender is told `peer-busy`. If it refuses an unnumbered
/// [`MailKind::Notice`], the client's picture of a room is wrong, so the socket must be closed.
pub trait DeliveryQueue: Send + Sync {
    /// Takes a delivery.
    ///
    /// # Errors
    /// [`Full`] when there is no room; the delivery is dropped.
    fn deliver(&self, delivery: Delivery) -> Result<(), Full>;
}

/// The ways to all sockets, as the sans-IO registry sees them. The rules of [`DeliveryQueue`] hold; a delivery
/// to a socket that is gone is dropped without an error.
pub trait Outlet {
    /// Hands a delivery to a socket.
    ///
    /// # Errors
    /// [`Full`] when the socket's queue has no room; the delivery is dropped.
    fn deliver(&mut self, to: SocketId, delivery: Delivery) -> Result<(), Full>;
}

/// Knows the peers. `now` is in milliseconds of one monotonic clock of the caller.
pub trait Engine: Send + Sync + 'static {
    /// A socket opened; `sink` receives what is for it until it detaches.
    fn attach(&self, socket: SocketId, sink: Arc<dyn DeliveryQueue>) -> impl Future<Output = ()> + Send;

    /// Executes one command. The reply goes through the socket's sink; it is there when the future is
    /// done or comes later. The future resolves to the time at which [`Engine::sweep`] has work, if it has.
    fn execute(
        &self,
        now: u64,
        socket: SocketId,
        command: Command,
    ) -> impl Future<Output = Option<u64>> + Send;

    /// Removes what expired and tells the members of large rooms what has changed: a bounded part of it. The future resolves to
    /// the time at which the caller has to call it again, which may be now.
    fn sweep(&self, now: u64) -> impl Future<Output = Option<u64>> + Send;

    /// What the engine holds.
    fn usage(&self) -> impl Future<Output = Usage> + Send;
}

/// What an engine holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Peers that are registered, those that are away or expired and were not swept yet included.
    pub peers: usize,
    /// Peers that are away.
    pub away: usize,
    /// Bytes that wait in all mailboxes.
    pub mailbox_bytes: usize,
    /// Bytes that members of rooms take for what they were told of each other.
    pub room_bytes: usize,
    /// The longest time that one command kept the others waiting, since the engine was made.
    pub longest_hold: Duration,
}
