//! The contract between the trail and what keeps it.

use super::pseudonym::{Day, DayKey, Pseudonym};
use super::record::{Query, Record, RecordPosition};
use core::fmt;

/// A store that cannot do its part now. What it was given is lost or not lost; it does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store of the audit trail is not available")
    }
}

impl core::error::Error for Unavailable {}

/// A part of the records that a reader asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The records, ordered by their buckets, and in each bucket as the store got them.
    pub records: Vec<Record>,
    /// Where to go on; `None`: there are no more. A page may be empty and not the last: a store looks at a bounded number of
    /// records for each page.
    pub next: Option<RecordPosition>,
}

/// Keeps records and the keys of days.
///
/// Times are in milliseconds since the Unix epoch, by the clock that counts for the store: the caller passes `now` and the times
/// of its records as [`AuditStore::time`] has them. From the moment at which a bucket or a key expires
/// ([`expires_at`](super::expires_at), [`Day::key_expires_at`]) no method returns anything of it.
pub trait AuditStore: Send + 'static {
    /// Returns the time of day that counts for the store when it is `now` for the caller. A store that several processes share has
    /// a clock of its own; the store of one process returns `now`.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn time(&mut self, now: u64) -> impl Future<Output = Result<u64, Unavailable>> + Send;

    /// Returns the key of `day`, for all processes the same. If there is none, `drawn` becomes the key.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn key(
        &mut self,
        now: u64,
        day: Day,
        drawn: DayKey,
    ) -> impl Future<Output = Result<DayKey, Unavailable>> + Send;

    /// Returns the keys of all days whose key has not expired.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn keys(&mut self, now: u64) -> impl Future<Output = Result<Vec<DayKey>, Unavailable>> + Send;

    /// Adds records. Returns how many records the store had to give up before their time, oldest first, to make room.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn append(
        &mut self,
        now: u64,
        records: Vec<Record>,
    ) -> impl Future<Output = Result<usize, Unavailable>> + Send;

    /// Returns a page of the records that a query asks for, after this position or from the beginning.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn read(
        &mut self,
        now: u64,
        query: &Query,
        after: Option<RecordPosition>,
    ) -> impl Future<Output = Result<Page, Unavailable>> + Send;

    /// Removes every record that names one of these pseudonyms, as sender or as receiver, and returns their number.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn erase(
        &mut self,
        now: u64,
        peers: &[Pseudonym],
    ) -> impl Future<Output = Result<u64, Unavailable>> + Send;

    /// Removes the buckets and keys that have expired, and returns when the next one expires, if any is left.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn expire(&mut self, now: u64) -> impl Future<Output = Result<Option<u64>, Unavailable>> + Send;
}
