//! The contract between the sessions of sockets and the engine, which knows the peers.
//!
//! [`MemoryEngine`](crate::memory::MemoryEngine) keeps everything in one process. An engine over a shared store can stand
//! beside it. A socket is attached to the engine with a [`DeliveryQueue`]; its session sends commands to the engine, and
//! everything that comes back, replies included, arrives through that queue.
//!
//! # Sessions
//! In version 2 a session is one ordered stream in each direction, which outlives its sockets. Everything for the client
//! goes through the client's mailbox, which numbers the mail and keeps each entry until the client has acknowledged it.
//! Every frame from the client has a number, and the engine executes it once and in its turn. A session without a socket is
//! away, and waits for its client for the resume window. In version 1 nothing is numbered or kept, and a session ends with
//! its socket.
//!
//! # Guaranteed
//! - Every command of an attached socket but `Detach` puts exactly one reply into the socket's queue, also when the queue
//!   is full. A session has one command outstanding at a time. The mail that answers a frame comes before its reply.
//! - The order in a queue is the order of the effects. After [`Mail::Joined`] come exactly the changes that the page in it
//!   does not show. A relay from a peer comes after the notices about that peer, a broadcast after those of
//!   its room. A `Joined` without a reference replaces
//!   everything that the client knows of the room.
//! - In version 2, while the session lives, a client that resumes where it stopped and acknowledges what it receives gets
//!   every number once and in order, whatever sockets it uses. The reply to a claim is followed by what the client has not
//!   seen; nothing comes between, before or twice.
//! - A frame is executed once: a frame whose number was executed before is [`Outcome::Duplicate`], a frame that is ahead of
//!   its turn is [`Outcome::Gap`], and neither has an effect. The acknowledgement in such a frame counts all the same.
//! - Signals from one peer to another arrive in the order in which they were sent, each at most once, with the sender's
//!   id as the engine registered it.
//! - [`Mail::Sent`] means that the signal is in the receiver's mailbox (in version 1: in its queue); any refusal means
//!   that it is not. A broadcast is in the mailbox of every other live member; refused with `peer-busy`, it is in every
//!   mailbox that had room. [`Mail::Received`] means that the receiver's client has acknowledged the message; if the
//!   receiver's session ends before that, the sender gets `peer-not-found`.
//! - A mailbox is bounded as [`limits`] says. The engine refuses a relay that does not fit, and holds a notice back. A session
//!   whose mailbox cannot take an answer to a frame of its own client ends, and its socket gets [`Delivery::SessionLost`].
//!   Nothing that other clients do ends a session, and the claim of a newcomer takes no place from a session that is there.
//! - Only a client with the current key resumes. A key is current from the claim that used it on, and so is its successor;
//!   as soon as the client acknowledges anything on the socket that was given the successor, only the successor is.
//! - The socket that held the id before a claim gets [`Delivery::Superseded`], or [`Delivery::Replaced`] where the same
//!   session, by its number, came back. Every later command of that socket is [`Outcome::Unregistered`].
//! - Each stay in a room ends with exactly one [`Mail::PeerLeft`] to each member that heard of the stay: at once on
//!   [`Departure::Bye`], otherwise at the end of the window, which is short after [`Departure::Leaving`]. Between
//!   [`Mail::PeerAway`] and [`Mail::PeerBack`] or `PeerLeft` no other notice about that peer comes in that room. (In version
//!   1: to each member whose queue is not full; an absence is an end, and a return is a beginning.)
//! - The members of a small room get the notice of a change before the command is done, those of a large room in the turns
//!   of [`Engine::sweep`]. Notices that were not yet sent cancel each other: a stay that began and ended, or an absence
//!   that began and ended without a change. The notices that remain say where each member stands.
//! - From the moment at which a peer is away or its lease ends, no list names it, swept or not. In version 1 such a peer
//!   gets no signals either. Members of a small room get the notice before they get a list of the room without the peer.
//! - One peer id is registered on at most one socket.
//!
//! # Not guaranteed
//! - In version 1, that a signal in a queue reaches the browser: the socket may end first, and then the queue is lost.
//! - That a session survives its process: the client then gets `session-expired`.
//! - An order between signals of different senders, or between the contents of different queues.
//! - In version 1, that a full queue takes a notice: it answers [`Full`], and the server must close its socket.
//! - That a page is a snapshot of the whole list: peers come and go between two pages. No peer is listed
//!   twice, and a peer that stays is not missed.

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

/// The error of a [`DeliveryQueue`] that has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue of the socket is full")
    }
}

impl core::error::Error for Full {}

/// The queue of what the engine has for one socket. `deliver` neither blocks nor calls back into the engine.
///
/// A queue must always take everything but relays and notices without a number: a reply, because a session has one
/// command outstanding; numbered mail, because the mailbox bounds it; anything else, because there is at most one of each
/// kind at a time. A queue may refuse a [`MailKind::Relay`] without a number: its sender then gets `peer-busy`. Where a queue
/// refuses a [`MailKind::Notice`] without a number, the client has a wrong picture of a room, and the server must close
/// the socket.
pub trait DeliveryQueue: Send + Sync {
    /// Takes a delivery.
    ///
    /// # Errors
    /// [`Full`] when there is no room; the delivery is dropped.
    fn deliver(&self, delivery: Delivery) -> Result<(), Full>;
}

/// The queues of all sockets, as the sans-IO registry sees them. The rules of [`DeliveryQueue`] hold. A delivery
/// to a socket that is gone is dropped without an error.
pub trait Outlet {
    /// Hands a delivery to a socket.
    ///
    /// # Errors
    /// [`Full`] when the socket's queue has no room; the delivery is dropped.
    fn deliver(&mut self, to: SocketId, delivery: Delivery) -> Result<(), Full>;
}

/// An engine: it knows the peers. `now` is in milliseconds of one monotonic clock of the caller.
pub trait Engine: Send + Sync + 'static {
    /// Attaches a socket that has opened: `queue` takes what the engine has for it, until it detaches.
    fn attach(&self, socket: SocketId, queue: Arc<dyn DeliveryQueue>) -> impl Future<Output = ()> + Send;

    /// Executes one command. The reply goes into the socket's queue, before the future is done or later. The future
    /// resolves to the time at which [`Engine::sweep`] next has work, if any.
    fn execute(
        &self,
        now: u64,
        socket: SocketId,
        command: Command,
    ) -> impl Future<Output = Option<u64>> + Send;

    /// Removes expired sessions and sends the members of large rooms their notices: a bounded part of both. The future
    /// resolves to the time at which the caller must call again, which may be now.
    fn sweep(&self, now: u64) -> impl Future<Output = Option<u64>> + Send;

    /// Waits until what commands have left running is done: the replies to slow commands, and what follows from them for others.
    /// Called at the end, when every socket is detached.
    fn finish(&self) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Reports what the engine holds.
    fn usage(&self) -> impl Future<Output = Usage> + Send;

    /// Returns a word for the reason why the engine cannot do its work at the moment; `None` while it can.
    fn degraded(&self) -> Option<&'static str> {
        None
    }

    /// Names the other regions that the engine cannot reach at the moment, each with a word for the reason. Everything goes on but what
    /// concerns the peers of these regions.
    fn lost_regions(&self) -> Vec<(String, &'static str)> {
        Vec::new()
    }
}

/// How much an engine holds. Where `is_shared`, the peers are those of a store that several engines share, and each reports all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Registered peers, including peers that are away and peers whose expired session was not swept yet.
    pub peers: usize,
    /// Peers that are away.
    pub away: usize,
    /// Whether other engines report the same peers.
    pub is_shared: bool,
    /// Bytes that wait in all mailboxes.
    pub mailbox_bytes: usize,
    /// Bytes that the rooms take to remember which notices each member got.
    pub room_bytes: usize,
    /// The longest time that one command kept the others waiting, since the engine was made.
    pub longest_hold: Duration,
}
