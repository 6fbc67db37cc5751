//! The mailbox of one client: all mail that the client has not acknowledged.

use crate::engine::limits::{
    MAX_ANSWER_BYTES, MAX_ANSWERS, MAX_NOTICES, MAX_RELAY_BYTES, MAX_RELAYS, RESERVED_BYTES_EACH,
    RESERVED_RELAYS_EACH, SHARED_RELAY_BYTES, SHARED_RELAYS, UNPROMPTED_NOTICES,
};
use crate::engine::{Mail, MailKind};
use signalpost_protocol::{PeerId, Position, SequenceNumber, Signal};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The unacknowledged part of the stream to one client. Mail leaves it only by an acknowledgement.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    entries: VecDeque<Entry>,
    relays: Waiting,
    notices: Waiting,
    answers: Waiting,
    /// How much waits of each sender that has relays here.
    senders: BTreeMap<PeerId, Waiting>,
    /// The position behind the newest entry.
    top: Position,
    /// How far the stream was handed to a socket. No client is further.
    sent: Position,
}

/// How much mail of one kind waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Waiting {
    entries: usize,
    bytes: usize,
}

impl Waiting {
    fn add(&mut self, weight: usize) {
        self.entries = self.entries.saturating_add(1);
        self.bytes = self.bytes.saturating_add(weight);
    }

    fn take(&mut self, weight: usize) {
        self.entries = self.entries.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(weight);
    }
}

#[derive(Debug)]
struct Entry {
    seq: SequenceNumber,
    mail: Arc<Mail>,
    weight: usize,
    receipt: Option<Receipt>,
}

/// How much all mailboxes together may still take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FreeSpace {
    /// Bytes that any mailbox may take.
    pub(crate) shared: usize,
    /// Bytes that a mailbox may take while it holds little.
    pub(crate) reserve: usize,
}

impl FreeSpace {
    /// Whether a mailbox that holds `held` bytes of relays may take `weight` more.
    fn takes(self, held: usize, weight: usize) -> bool {
        weight <= self.shared
            || (held.saturating_add(weight) <= RESERVED_BYTES_EACH && weight <= self.reserve)
    }
}

/// The sender that wants to know when an entry is acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    pub(crate) sender: PeerId,
    /// The number of the sender's session: a later session did not ask for the receipt.
    pub(crate) session: u64,
    pub(crate) reference: u32,
}

/// Why a mailbox does not take an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// There is no room for a relay or a notice now.
    Busy,
    /// There is no room for an answer: the client will miss it.
    Lost,
}

impl Mailbox {
    /// Returns how far the stream was handed to a socket.
    pub(crate) fn sent(&self) -> Position {
        self.sent
    }

    /// Notes that the stream was handed to a socket as far as `sent`.
    pub(crate) fn handle_sent(&mut self, sent: Position) {
        self.sent = self.sent.max(sent);
    }

    /// Returns the position up to which every entry is acknowledged.
    pub(crate) fn floor(&self) -> Position {
        self.entries.front().map_or(self.top, |entry| Position::before(entry.seq))
    }

    /// Numbers the mail and keeps it. `free`: how much all mailboxes together may still take.
    ///
    /// # Errors
    /// [`NotTaken`] when there is no room; nothing has changed.
    pub(crate) fn push(
        &mut self,
        mail: Arc<Mail>,
        receipt: Option<Receipt>,
        free: FreeSpace,
    ) -> Result<SequenceNumber, NotTaken> {
        let weight = mail.weight();
        let has_room = match &*mail {
            Mail::Relay { from, .. } => {
                self.takes_from(from, weight) && free.takes(self.relays.bytes, weight)
            }
            other if other.kind() == MailKind::Notice => self.notices.entries < MAX_NOTICES,
            _ => {
                self.answers.entries < MAX_ANSWERS
                    && self.answers.bytes.saturating_add(weight) <= MAX_ANSWER_BYTES
            }
        };
        let Some(seq) = self.top.next().filter(|_| has_room) else {
            return Err(if mail.kind() == MailKind::Answer { NotTaken::Lost } else { NotTaken::Busy });
        };
        self.top = Position::after(seq);
        self.pool(mail.kind()).add(weight);
        if let Mail::Relay { from, .. } = &*mail {
            self.senders.entry(from.clone()).or_default().add(weight);
        }
        self.entries.push_back(Entry { seq, mail, weight, receipt });
        Ok(seq)
    }

    /// Whether a sender has room. Senders that fill a mailbox do not keep out a sender that has little in it.
    fn takes_from(&self, sender: &PeerId, weight: usize) -> bool {
        let fits = |entries: usize, bytes: usize| {
            self.relays.entries < entries && self.relays.bytes.saturating_add(weight) <= bytes
        };
        if fits(SHARED_RELAYS, SHARED_RELAY_BYTES) {
            return true;
        }
        let own = self.senders.get(sender).copied().unwrap_or_default();
        fits(MAX_RELAYS, MAX_RELAY_BYTES)
            && own.entries < RESERVED_RELAYS_EACH
            && own.bytes.saturating_add(weight) <= RESERVED_BYTES_EACH
    }

    fn pool(&mut self, kind: MailKind) -> &mut Waiting {
        match kind {
            MailKind::Relay => &mut self.relays,
            MailKind::Notice => &mut self.notices,
            MailKind::Answer => &mut self.answers,
        }
    }

    /// Whether the mailbox takes one more notice about a room.
    pub(crate) fn takes_notices(&self) -> bool {
        self.notices.entries < UNPROMPTED_NOTICES
    }

    /// Whether the client has acknowledged enough notices to get more.
    pub(crate) fn wants_notices(&self) -> bool {
        self.notices.entries <= UNPROMPTED_NOTICES / 2
    }

    /// Whether the mailbox takes one more notice that must go before a relay.
    pub(crate) fn takes_notice_before_relay(&self) -> bool {
        self.notices.entries < MAX_NOTICES
    }

    /// Removes the entries that are acknowledged, and returns the receipts that are due.
    pub(crate) fn acknowledge(&mut self, ack: Position) -> Vec<Receipt> {
        let mut due = Vec::new();
        while self.entries.front().is_some_and(|entry| ack.covers(entry.seq))
            && let Some(entry) = self.entries.pop_front()
        {
            self.pool(entry.mail.kind()).take(entry.weight);
            if let Mail::Relay { from, .. } = &*entry.mail
                && let Some(sender) = self.senders.get_mut(from)
            {
                sender.take(entry.weight);
                if sender.entries == 0 {
                    self.senders.remove(from);
                }
            }
            due.extend(entry.receipt);
        }
        due
    }

    /// Counts the entries that wait, and their bytes.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.bytes())
    }

    /// Counts the bytes of relays that wait.
    pub(crate) fn relay_bytes(&self) -> usize {
        self.relays.bytes
    }

    fn bytes(&self) -> usize {
        self.relays.bytes.saturating_add(self.notices.bytes).saturating_add(self.answers.bytes)
    }

    /// Lists the mail that waits, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (SequenceNumber, &Arc<Mail>)> {
        self.entries.iter().map(|entry| (entry.seq, &entry.mail))
    }

    /// Lists the peers whose negotiation with this client waits here: they do not know that it has not arrived.
    pub(crate) fn unheard(&self) -> BTreeSet<PeerId> {
        let negotiates = |entry: &Entry| match &*entry.mail {
            Mail::Relay { signal: Signal::Close { .. } | Signal::Reject { .. }, .. } => None,
            Mail::Relay { from, signal } if signal.route().is_some() => Some(from.clone()),
            _ => None,
        };
        self.entries.iter().filter_map(negotiates).collect()
    }

    /// Lists the receipts that will never be due, because the session ends.
    pub(crate) fn into_receipts(self) -> impl Iterator<Item = Receipt> {
        self.entries.into_iter().filter_map(|entry| entry.receipt)
    }

    /// Returns the most bytes that a page may have now: half of the room that is left for answers. A client that asks faster than
    /// it acknowledges gets shorter pages, and its session does not end.
    pub(crate) fn page_bytes(&self) -> usize {
        (MAX_ANSWER_BYTES / 2).saturating_sub(self.answers.bytes) / 2
    }
}
