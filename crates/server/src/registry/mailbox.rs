//! What waits for one client: everything that it was told and has not acknowledged.

use crate::engine::{News, NewsKind};
use signalpost_protocol::{PeerId, RoomName, Signal, limits};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Most entries beside which one more relay is taken.
pub const RELAYS: usize = 256;
/// Most bytes up to which relays are taken.
pub const RELAY_BYTES: usize = limits::DESCRIPTION_FRAME_BYTES;
/// Entries of one sender up to which it may use the reserve: who fills a mailbox keeps nobody else out of it.
pub const RESERVED_EACH: usize = 8;
/// Most entries beside which a relay from the reserve is taken.
pub const RESERVE: usize = 384;
/// Most bytes up to which relays from the reserve are taken: one of any size fits an empty mailbox.
pub const RESERVE_BYTES: usize = 384 * 1024;
/// Most entries of all kinds. A client that has not taken so many has lost its session.
pub const ENTRIES: usize = 512;
/// Most bytes of all kinds.
pub const BYTES: usize = 2 * limits::DESCRIPTION_FRAME_BYTES;

/// The unacknowledged part of the stream to one client. Nothing leaves it but by an acknowledgement, save notices that
/// no socket has had and that later ones make pointless: a client that is away need not hear of each coming and going of
/// a busy room, and cannot be driven over its bound by it.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// The number of the newest entry.
    top: u32,
    /// The highest number that was handed to a socket. What is above has been seen by nobody.
    sent: u32,
}

#[derive(Debug)]
struct Entry {
    seq: u32,
    news: Arc<News>,
    weight: usize,
    receipt: Option<Receipt>,
}

/// Who wants to know that an entry was acknowledged.
#[derive(Clone, Debug)]
pub(super) struct Receipt {
    pub(super) sender: PeerId,
    /// Which of the sender's sessions: a later one did not ask.
    pub(super) session: u64,
    pub(super) reference: u32,
}

/// Why an entry was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// A relay for which there is no room.
    Busy,
    /// Anything else for which there is no room: the client will miss it.
    Lost,
}

impl Mailbox {
    /// The highest number that was handed to a socket.
    pub(super) fn sent(&self) -> u32 {
        self.sent
    }

    /// A number is handed to a socket, and all before it were.
    pub(super) fn handle_sent(&mut self, seq: u32) {
        self.sent = self.sent.max(seq);
    }

    /// The number up to which everything is acknowledged.
    pub(super) fn floor(&self) -> u32 {
        self.entries.front().map_or(self.top, |entry| entry.seq.saturating_sub(1))
    }

    /// Numbers the news and keeps them; `None`: there is nothing left to tell.
    pub(super) fn push(
        &mut self,
        news: Arc<News>,
        receipt: Option<Receipt>,
    ) -> Result<Option<u32>, NotTaken> {
        if self.settles(&news) {
            return Ok(None);
        }
        let weight = news.weight();
        let bytes = self.bytes.saturating_add(weight);
        let fits = |entries: usize, most: usize| self.entries.len() < entries && bytes <= most;
        let has_room = match (&*news, news.kind()) {
            (News::Relay { from, .. }, _) => {
                fits(RELAYS, RELAY_BYTES)
                    || (fits(RESERVE, RESERVE_BYTES) && self.count_from(from) < RESERVED_EACH)
            }
            (_, NewsKind::Relay | NewsKind::Notice | NewsKind::Answer) => fits(ENTRIES, BYTES),
        };
        let Some(seq) = self.top.checked_add(1).filter(|_| has_room) else {
            return Err(if news.kind() == NewsKind::Relay { NotTaken::Busy } else { NotTaken::Lost });
        };
        self.top = seq;
        self.bytes = bytes;
        self.entries.push_back(Entry { seq, news, weight, receipt });
        Ok(Some(seq))
    }

    /// Drops the notices that no socket has had and that this one makes pointless. Whether it is pointless itself.
    fn settles(&mut self, news: &News) -> bool {
        let Some((room, peer)) = stay(news) else { return false };
        let mut was_away = false;
        loop {
            let unsent = self.entries.iter().enumerate().rev().take_while(|(_, entry)| entry.seq > self.sent);
            let earlier = unsent
                .map(|(at, entry)| (at, &*entry.news))
                .find(|(_, earlier)| stay(earlier) == Some((room, peer)));
            // Whoever was told of a return without hearing of the absence before has missed nothing.
            let is_untold = was_away && matches!(news, News::PeerBack { changed: false, .. });
            let Some((at, earlier)) = earlier else { return is_untold };
            let pointless = match (earlier, news) {
                (News::PeerJoined { .. }, News::PeerLeft { .. }) => true,
                (News::PeerAway { .. } | News::PeerBack { .. }, News::PeerLeft { .. })
                | (News::PeerBack { .. }, News::PeerBack { changed: true, .. }) => false,
                (News::PeerAway { .. }, News::PeerBack { .. }) => {
                    was_away = true;
                    false
                }
                _ => return is_untold,
            };
            self.remove_unsent(at);
            if pointless {
                return true;
            }
        }
    }

    fn remove_unsent(&mut self, at: usize) {
        if let Some(entry) = self.entries.remove(at) {
            self.bytes = self.bytes.saturating_sub(entry.weight);
            self.top = self.top.saturating_sub(1);
            for later in self.entries.iter_mut().skip(at) {
                later.seq = later.seq.saturating_sub(1);
            }
        }
    }

    fn count_from(&self, sender: &PeerId) -> usize {
        let is_theirs = |entry: &&Entry| matches!(&*entry.news, News::Relay { from, .. } if from == sender);
        self.entries.iter().filter(is_theirs).count()
    }

    /// Lets go of what is acknowledged; the receipts that are due.
    pub(super) fn acknowledge(&mut self, ack: u32) -> Vec<Receipt> {
        let mut due = Vec::new();
        while self.entries.front().is_some_and(|entry| entry.seq <= ack)
            && let Some(entry) = self.entries.pop_front()
        {
            self.bytes = self.bytes.saturating_sub(entry.weight);
            due.extend(entry.receipt);
        }
        due
    }

    /// How many entries wait, and their bytes.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.bytes)
    }

    /// What waits, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Arc<News>)> {
        self.entries.iter().map(|entry| (entry.seq, &entry.news))
    }

    /// Who negotiates with this client and does not know that it has not heard of it.
    pub(super) fn unheard(&self) -> BTreeSet<PeerId> {
        let negotiates = |entry: &Entry| match &*entry.news {
            News::Relay { signal: Signal::Close { .. } | Signal::Reject { .. }, .. } => None,
            News::Relay { from, signal } if signal.route().is_some() => Some(from.clone()),
            _ => None,
        };
        self.entries.iter().filter_map(negotiates).collect()
    }

    /// The receipts that nobody will give, when the session ends.
    pub(super) fn into_receipts(self) -> impl Iterator<Item = Receipt> {
        self.entries.into_iter().filter_map(|entry| entry.receipt)
    }

    /// Most bytes of a page that is listed now: half of what is left for relays, so that a client that asks faster than
    /// it acknowledges gets shorter pages and not the end of its session.
    pub(super) fn page_bytes(&self) -> usize {
        RELAY_BYTES.saturating_sub(self.bytes) / 2
    }
}

/// Whose stay in which room a notice is about.
fn stay(news: &News) -> Option<(&RoomName, &str)> {
    match news {
        News::PeerJoined { room, peer } | News::PeerBack { room, peer, .. } => Some((room, peer.id.as_str())),
        News::PeerAway { room, peer, .. } | News::PeerLeft { room, peer, .. } => Some((room, peer.as_str())),
        _ => None,
    }
}
