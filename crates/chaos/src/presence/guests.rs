//! Those who come and go.

use super::observers::{Notes, Rooms, guest_id};
use super::sight::Guest;
use crate::random::Random;
use signalpost_native::{Client, Endpoints, Error, ErrorCode, LeaveReason, Settings};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::time::sleep;

/// How long a guest stays, in milliseconds.
const STAY_MS: (u32, u32) = (1, 400);
/// Of a hundred guests, so many go without a word.
const KILLED: usize = 20;
/// Of a hundred guests, so many leave the room before they close.
const LEAVING: usize = 30;

/// The guests who are still to come.
#[derive(Clone)]
pub struct Invitations {
    next: Arc<AtomicU32>,
    /// How many found no server that answered.
    astray: Arc<AtomicU32>,
    end: Guest,
}

impl Invitations {
    /// So many guests.
    pub fn new(guests: Guest) -> Self {
        Self { next: Arc::default(), astray: Arc::default(), end: guests }
    }

    fn take(&self) -> Option<Guest> {
        let guest = self.next.fetch_add(1, Ordering::Relaxed);
        (guest < self.end).then_some(guest)
    }

    /// How many have come.
    pub fn taken(&self) -> Guest {
        self.next.load(Ordering::Relaxed).min(self.end)
    }

    /// How many of them found no server that answered, and did not enter.
    pub fn astray(&self) -> Guest {
        self.astray.load(Ordering::Relaxed)
    }
}

/// One guest after another comes to its room and goes, until all have been there.
///
/// # Errors
/// When one is refused, or cannot enter. One that reaches no server stays outside.
pub async fn visit(
    invitations: Invitations,
    rooms: Arc<Rooms>,
    mut endpoints: impl FnMut() -> Endpoints,
    notes: Notes,
    mut random: Random,
) -> Result<(), Error> {
    while let Some(guest) = invitations.take() {
        let Some(room) = rooms.of(guest) else { return Ok(()) };
        let (client, events) = match Client::connect(Settings::new(&guest_id(guest), endpoints())?).await {
            Err(error) if error.code == ErrorCode::ServerUnreachable => {
                invitations.astray.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            connected => connected?,
        };
        // It wants to hear nothing.
        drop(events);
        notes.note(|ledger, at| ledger.entering(at, guest));
        client.join(room).await?;
        notes.note(|ledger, at| ledger.entered(at, guest));
        sleep(random.time(STAY_MS.0, STAY_MS.1)).await;
        let going = |reason| notes.note(|ledger, at| ledger.going(at, guest, reason));
        match random.below(100) {
            0..KILLED => {
                going(LeaveReason::Lost);
                client.abandon();
            }
            below if below < KILLED + LEAVING => {
                going(LeaveReason::Left);
                client.leave(room).await?;
                client.close().await;
            }
            _ => {
                going(LeaveReason::Closed);
                client.close().await;
            }
        }
    }
    Ok(())
}
