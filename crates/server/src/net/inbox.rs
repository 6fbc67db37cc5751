//! The queue between the engine and one socket.

use crate::engine::{Delivery, DeliveryQueue, Full, MailKind};
use signalpost_protocol::limits;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Most unnumbered deliveries in the queue.
pub(super) const MAX_DELIVERIES: usize = 128;
/// Most bytes in the queue: one description of the largest size always fits an empty queue, and so do the
/// offers of a room whose members all call at once.
pub(super) const MAX_BYTES: usize = limits::DESCRIPTION_FRAME_BYTES;

/// Numbered mail always passes and does not count: the mailbox of its client holds it too, and bounds it.
/// [`MAX_DELIVERIES`] and [`MAX_BYTES`] bound the rest; an empty queue takes anything.
///
/// The queue refuses a relay that does not fit: its sender gets `peer-busy`, and a flooder cannot have
/// its victim disconnected. A notice cannot be refused without a wrong picture of a room: it marks the queue
/// as overflowed, and the server closes the socket. Replies always pass: a session has one command outstanding.
#[derive(Debug, Default)]
pub(super) struct Inbox(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    deliveries: VecDeque<Delivery>,
    /// The number of deliveries that nothing else bounds.
    unnumbered: usize,
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

    /// Takes the oldest delivery if `take` is set, and wakes the task when there is a new one.
    pub(super) fn poll(&self, context: &mut Context<'_>, take: bool) -> Poll<Found> {
        let mut queue = self.queue();
        if queue.overflowed {
            return Poll::Ready(Found::Overflow);
        }
        if take && let Some(delivery) = queue.deliveries.pop_front() {
            if let Some(weight) = weight(&delivery) {
                queue.unnumbered = queue.unnumbered.saturating_sub(1);
                queue.bytes = queue.bytes.saturating_sub(weight);
            }
            return Poll::Ready(Found::Delivery(delivery));
        }
        match &mut queue.waker {
            Some(waker) => waker.clone_from(context.waker()),
            waker => *waker = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

impl DeliveryQueue for Inbox {
    fn deliver(&self, delivery: Delivery) -> Result<(), Full> {
        let mut queue = self.queue();
        let taken = match (weight(&delivery), &delivery) {
            (Some(weight), Delivery::Mail { mail, .. }) => {
                let bytes = queue.bytes.saturating_add(weight);
                let fits = queue.unnumbered == 0 || (queue.unnumbered < MAX_DELIVERIES && bytes <= MAX_BYTES);
                let kind = mail.kind();
                queue.overflowed |= !fits && kind == MailKind::Notice;
                let taken = fits || kind == MailKind::Answer;
                if taken {
                    queue.unnumbered = queue.unnumbered.saturating_add(1);
                    queue.bytes = bytes;
                }
                taken
            }
            _ => true,
        };
        if taken {
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

/// Returns the bytes that a delivery counts for; `None` for a delivery that something else bounds.
fn weight(delivery: &Delivery) -> Option<usize> {
    match delivery {
        Delivery::Mail { seq: None, mail } => Some(mail.weight()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{LeaveReason, Mail, Outcome};
    use signalpost_protocol::message::{Description, Route};
    use signalpost_protocol::{PeerId, Position, RoomName, SequenceNumber, Signal};
    use std::sync::Arc;

    fn relay(seq: Option<SequenceNumber>, bytes: usize) -> Delivery {
        let route = Route { connection: 1, target: None };
        let signal = Signal::Offer(Description {
            route,
            session: None,
            mapping: None,
            number: 1,
            sdp: "s".repeat(bytes),
        });
        Delivery::Mail { seq, mail: Arc::new(Mail::Relay { from: PeerId::parse("ada").unwrap(), signal }) }
    }

    fn notice() -> Delivery {
        let (room, peer) = (RoomName::parse("r").unwrap(), PeerId::parse("bob").unwrap());
        let mail = Mail::PeerLeft { room, peer, reason: LeaveReason::Lost };
        Delivery::Mail { seq: None, mail: Arc::new(mail) }
    }

    fn done() -> Delivery {
        Delivery::Done { received: Position(0), outcome: Outcome::Executed }
    }

    fn poll(inbox: &Inbox) -> Poll<Found> {
        inbox.poll(&mut Context::from_waker(Waker::noop()), true)
    }

    #[test]
    fn the_largest_description_fits_an_empty_queue_and_a_second_does_not() {
        let inbox = Inbox::default();
        assert_eq!(inbox.deliver(relay(None, limits::DESCRIPTION_FRAME_BYTES)), Ok(()));
        assert_eq!(inbox.deliver(relay(None, 1)), Err(Full));
        assert!(matches!(poll(&inbox), Poll::Ready(Found::Delivery(_))));
        assert_eq!(inbox.deliver(relay(None, MAX_BYTES / 2)), Ok(()));
        assert_eq!(inbox.deliver(relay(None, MAX_BYTES / 2)), Err(Full));
    }

    #[test]
    fn a_relay_too_many_is_refused_and_the_socket_lives() {
        let inbox = Inbox::default();
        for _ in 0..MAX_DELIVERIES {
            assert_eq!(inbox.deliver(relay(None, 1)), Ok(()));
        }
        assert_eq!(inbox.deliver(relay(None, 1)), Err(Full));
        assert_eq!(inbox.deliver(done()), Ok(()));
        for _ in 0..=MAX_DELIVERIES {
            assert!(matches!(poll(&inbox), Poll::Ready(Found::Delivery(_))));
        }
        assert!(poll(&inbox).is_pending());
    }

    #[test]
    fn a_notice_too_many_overflows() {
        let inbox = Inbox::default();
        for _ in 0..MAX_DELIVERIES {
            assert_eq!(inbox.deliver(relay(None, 1)), Ok(()));
        }
        assert_eq!(inbox.deliver(notice()), Err(Full));
        assert!(matches!(poll(&inbox), Poll::Ready(Found::Overflow)));
    }
    #[test]
    fn what_is_numbered_passes_always_and_takes_no_room() {
        let inbox = Inbox::default();
        for seq in 1..=3 * MAX_DELIVERIES as u32 {
            assert_eq!(inbox.deliver(relay(Some(SequenceNumber(seq)), 4_096)), Ok(()));
        }
        for _ in 0..MAX_DELIVERIES {
            assert_eq!(inbox.deliver(relay(None, 1)), Ok(()));
        }
        assert_eq!(inbox.deliver(relay(None, 1)), Err(Full));
        for _ in 0..4 * MAX_DELIVERIES {
            assert!(matches!(poll(&inbox), Poll::Ready(Found::Delivery(_))));
        }
        assert_eq!(inbox.deliver(relay(None, MAX_BYTES)), Ok(()), "it is empty again");
    }
}
