//! The mailboxes together: how much they hold, and how much more they take.

use super::mailbox::{FreeSpace, NotTaken, Receipt};
use super::registration::Registration;
use crate::engine::{Delivery, Mail, MailKind, Outlet};
use signalpost_protocol::Position;
use std::sync::Arc;

/// How much all mailboxes together hold, and how many bytes of relays they may hold. Half of these bytes is for any mailbox, the
/// other half for mailboxes that hold little: many full mailboxes leave room in the others.
#[derive(Debug)]
pub(crate) struct Store {
    held: usize,
    /// The bytes of relays among `held`. Answers and notices are bounded for each session, and take no room from relays.
    relays: usize,
    max_bytes: usize,
}

impl Store {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { held: 0, relays: 0, max_bytes }
    }

    /// Counts the bytes that wait.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    pub(crate) fn put(
        &mut self,
        peer: &mut Registration,
        mail: &Arc<Mail>,
        receipt: Option<Receipt>,
        out: &mut impl Outlet,
    ) -> Result<(), NotTaken> {
        let seq = if peer.has_session() {
            let free = FreeSpace {
                shared: (self.max_bytes / 2).saturating_sub(self.relays),
                reserve: self.max_bytes.saturating_sub(self.relays),
            };
            let seq = peer.mailbox.push(Arc::clone(mail), receipt, free)?;
            let weight = mail.weight();
            self.held = self.held.saturating_add(weight);
            if mail.kind() == MailKind::Relay {
                self.relays = self.relays.saturating_add(weight);
            }
            Some(seq)
        } else {
            None
        };
        let Some(socket) = peer.socket else { return Ok(()) };
        if let Some(seq) = seq {
            peer.mailbox.handle_sent(Position::after(seq));
        }
        // Only a peer without a mailbox can have no room here: a queue takes all numbered mail.
        out.deliver(socket, Delivery::Mail { seq, mail: Arc::clone(mail) }).map_err(|_full| NotTaken::Busy)
    }

    /// Removes the mail that a client has acknowledged, and returns the receipts that are due.
    pub(crate) fn acknowledge(&mut self, peer: &mut Registration, ack: Position) -> Vec<Receipt> {
        let (before, relays) = (peer.mailbox.size().1, peer.mailbox.relay_bytes());
        let due = peer.mailbox.acknowledge(ack);
        self.held = self.held.saturating_sub(before.saturating_sub(peer.mailbox.size().1));
        self.relays = self.relays.saturating_sub(relays.saturating_sub(peer.mailbox.relay_bytes()));
        due
    }

    /// Counts a whole mailbox as gone.
    pub(crate) fn release(&mut self, peer: &Registration) {
        self.held = self.held.saturating_sub(peer.mailbox.size().1);
        self.relays = self.relays.saturating_sub(peer.mailbox.relay_bytes());
    }
}
