//! Turns what sessions say into records, and questions about a peer into questions about its pseudonyms.

use super::event::{AuditEvent, AuditKind};
use super::pseudonym::{Day, DayKey, Namer, Pseudonym};
use super::record::{Query, Record, RecordPosition};
use super::steady_time::SteadyTime;
use super::store::{AuditStore, Page, Unavailable};
use signalpost_protocol::PeerId;

/// Which records a reader asks for. Times are in milliseconds since the Unix epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The first millisecond; `None`: from the oldest record on.
    pub from: Option<u64>,
    /// The millisecond after the last one; `None`: up to the first page.
    pub until: Option<u64>,
    /// The type; `None`: any.
    pub kind: Option<AuditKind>,
    /// The sender or receiver; `None`: any.
    pub peer: Option<PeerId>,
}

/// A page of what a reader asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The page.
    pub page: Page,
    /// Where the selection ends. The reader gives it with the next question, so that the end stays where it is.
    pub until: u64,
}

/// The trail over one store. It does not read clocks: `monotonic` and `wall` are what they show, in milliseconds, the wall clock
/// since the Unix epoch.
#[derive(Debug)]
pub struct Trail<S> {
    store: S,
    time: SteadyTime,
}

impl<S: AuditStore> Trail<S> {
    /// Creates the trail of a process.
    pub fn new(store: S) -> Self {
        Self { store, time: SteadyTime::default() }
    }

    /// Returns the store, for tests and metrics.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// Takes what the clocks show. The other methods go by the last call.
    pub fn handle_time(&mut self, monotonic: u64, wall: u64) {
        self.time.tell(monotonic, wall);
    }

    /// Appends events, each with the monotonic time at which it happened. `draw` draws a key for a day that has none. Returns how
    /// many older records the store gave up for them.
    ///
    /// # Errors
    /// [`Unavailable`] when the store is, or when there is no key. The events are lost then.
    pub async fn append(
        &mut self,
        events: Vec<(u64, AuditEvent)>,
        mut draw: impl FnMut() -> Option<DayKey> + Send,
    ) -> Result<usize, Unavailable> {
        let now = self.now().await?;
        let mut records = Vec::with_capacity(events.len());
        let mut current: Option<(Day, Namer)> = None;
        for (monotonic, event) in events {
            let age = self.time.now().saturating_sub(self.time.at(monotonic));
            let at = now.saturating_sub(age);
            let day = Day::of(at);
            let namer = match current.take() {
                Some((same, namer)) if same == day => namer,
                _ => self.store.key(now, day, draw().ok_or(Unavailable)?).await?.namer(),
            };
            let AuditEvent { kind, size, from, to, result } = event;
            let (from, to) = (namer.pseudonym(&from), to.map(|to| namer.pseudonym(&to)));
            current = Some((day, namer));
            records.push(Record { at, kind, size, from, to, result });
        }
        self.store.append(now, records).await
    }

    /// Returns a page of the selected records, after this position or from the beginning.
    ///
    /// # Errors
    /// [`Unavailable`] when the store is.
    pub async fn read(
        &mut self,
        selection: &Selection,
        after: Option<RecordPosition>,
    ) -> Result<Found, Unavailable> {
        let now = self.now().await?;
        let peers = match &selection.peer {
            Some(peer) => Some(self.pseudonyms(now, peer).await?),
            None => None,
        };
        let until = selection.until.unwrap_or(now.saturating_add(1));
        let query = Query { from: selection.from.unwrap_or(0), until, kind: selection.kind, peers };
        let page = self.store.read(now, &query, after).await?;
        Ok(Found { page, until })
    }

    /// Removes every record about a peer, under all names that it has, and returns their number.
    ///
    /// # Errors
    /// [`Unavailable`] when the store is.
    pub async fn erase(&mut self, peer: &PeerId) -> Result<u64, Unavailable> {
        let now = self.now().await?;
        let peers = self.pseudonyms(now, peer).await?;
        self.store.erase(now, &peers).await
    }

    /// Removes what has expired, and returns after how many milliseconds the next bucket or key expires, if there is one.
    ///
    /// # Errors
    /// [`Unavailable`] when the store is.
    pub async fn expire(&mut self) -> Result<Option<u64>, Unavailable> {
        let now = self.now().await?;
        Ok(self.store.expire(now).await?.map(|next| next.saturating_sub(now)))
    }

    /// Returns the time that counts for the store.
    async fn now(&mut self) -> Result<u64, Unavailable> {
        self.store.time(self.time.now()).await
    }

    async fn pseudonyms(&mut self, now: u64, peer: &PeerId) -> Result<Vec<Pseudonym>, Unavailable> {
        Ok(self.store.keys(now).await?.iter().map(|key| key.namer().pseudonym(peer)).collect())
    }
}
