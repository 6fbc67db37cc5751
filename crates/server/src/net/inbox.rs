//! The queue between the engine and one socket.

use crate::engine::{Delivery, Full, Sink};
use signalpost_protocol::limits;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Most deliveries in the queue.
pub(super) const DELIVERIES: usize = 128;
/// Most bytes in the queue: one description of the largest size always fits an empty queue, and so do the
/// offers of a room whose members all call at once.
pub(super) const BYTES: usize = limits::DESCRIPTION_FRAME_BYTES;

/// Bounded by [`DELIVERIES`] and by [`BYTES`], of which an empty queue asks neither.
///
/// What does not fit: a relay is refused, so that its sender is told `peer-busy` and a flooder cannot have
/// its victim disconnected; a notice cannot be refused without lying about a room, so it marks the queue
/// as overflowed and the socket is closed. Replies pass always: a session has one command outstanding.
#[derive(Debug, Default)]
pub(super) struct Inbox(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    deliveries: VecDeque<Delivery>,
    bytes: usize,
    overflowed: bool,
    waker: Option<Waker>,
}

/// What the socket's task finds.
#[derive(Debug)]
pub(super) enum Found {
    Delivery(Delivery),
    Overflow,
}

impl Inbox {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the oldest delivery if `take`, and sees to being woken when there is something new.
    pub(super) fn poll(&self, context: &mut Context<'_>, take: bool) -> Poll<Found> {
        let mut queue = self.queue();
        if queue.overflowed {
            return Poll::Ready(Found::Overflow);
        }
        if take && let Some(delivery) = queue.deliveries.pop_front() {
            queue.bytes = queue.bytes.saturating_sub(delivery.weight());
            return Poll::Ready(Found::Delivery(delivery));
        }
        match &mut queue.waker {
            Some(waker) => waker.clone_from(context.waker()),
            waker => *waker = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

impl Sink for Inbox {
    fn deliver(&self, delivery: Delivery) -> Result<(), Full> {
        let weight = delivery.weight();
        let mut queue = self.queue();
        let fits = queue.deliveries.is_empty()
            || (queue.deliveries.len() < DELIVERIES && queue.bytes.saturating_add(weight) <= BYTES);
        let taken = match delivery {
            Delivery::Reply(_) | Delivery::Superseded | Delivery::Expired => true,
            Delivery::Relay { .. } => fits,
            Delivery::PeerJoined { .. } | Delivery::PeerLeft { .. } => {
                queue.overflowed |= !fits;
                fits
            }
        };
        if taken {
            queue.bytes = queue.bytes.saturating_add(weight);
            queue.deliveries.push_back(delivery);
        }
        if (taken || queue.overflowed)
            && let Some(waker) = queue.waker.take()
        {
            drop(queue);
            waker.wake();
        }
        if taken { Ok(()) } else { Err(Full) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{LeaveReason, Reply};
    use signalpost_protocol::message::{Description, Route};
    use signalpost_protocol::{PeerId, RoomName, Signal};

    fn relay(bytes: usize) -> Delivery {
        let route = Route { connection: 1, target: None };
        let signal = Signal::Offer(Description { route, session: None, number: 1, sdp: "s".repeat(bytes) });
        Delivery::Relay { from: PeerId::parse("ada").unwrap(), signal }
    }

    fn notice() -> Delivery {
        let (room, peer) = (RoomName::parse("r").unwrap(), PeerId::parse("bob").unwrap());
        Delivery::PeerLeft { room, peer, reason: LeaveReason::Lost }
    }

    fn poll(inbox: &Inbox) -> Poll<Found> {
        inbox.poll(&mut Context::from_waker(Waker::noop()), true)
    }

    #[test]
    fn the_largest_description_fits_an_empty_queue_and_a_second_does_not() {
        let inbox = Inbox::default();
        assert_eq!(inbox.deliver(relay(limits::DESCRIPTION_FRAME_BYTES)), Ok(()));
        assert_eq!(inbox.deliver(relay(1)), Err(Full));
        assert!(matches!(poll(&inbox), Poll::Ready(Found::Delivery(_))));
        assert_eq!(inbox.deliver(relay(BYTES / 2)), Ok(()));
        assert_eq!(inbox.deliver(relay(BYTES / 2)), Err(Full));
    }

    #[test]
    fn a_relay_too_many_is_refused_and_the_socket_lives() {
        let inbox = Inbox::default();
        for _ in 0..DELIVERIES {
            assert_eq!(inbox.deliver(relay(1)), Ok(()));
        }
        assert_eq!(inbox.deliver(relay(1)), Err(Full));
        assert_eq!(inbox.deliver(Delivery::Reply(Reply::Sent)), Ok(()));
        for _ in 0..=DELIVERIES {
            assert!(matches!(poll(&inbox), Poll::Ready(Found::Delivery(_))));
        }
        assert!(poll(&inbox).is_pending());
    }

    #[test]
    fn a_notice_too_many_overflows() {
        let inbox = Inbox::default();
        for _ in 0..DELIVERIES {
            assert_eq!(inbox.deliver(relay(1)), Ok(()));
        }
        assert_eq!(inbox.deliver(notice()), Err(Full));
        assert!(matches!(poll(&inbox), Poll::Ready(Found::Overflow)));
    }
}
