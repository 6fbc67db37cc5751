//! The store of a single process.

use super::pseudonym::{Day, DayKey, Pseudonym};
use super::record::{BUCKET_MS, Query, RETENTION_MS, Record, RecordPosition, bucket_of, expires_at};
use super::store::{AuditStore, Page, Unavailable};
use std::collections::{BTreeMap, VecDeque};

/// Records in one piece of memory: what the store gives up at once when it is full.
const CHUNK: usize = 128;
/// Bytes of one such piece.
const CHUNK_BYTES: usize = CHUNK * size_of::<Entry>();
/// Pieces that the store has at least: one for each bucket of a quiet server, and one for the bucket that expires.
const MIN_CHUNKS: usize = (RETENTION_MS / BUCKET_MS) as usize + 1;
/// Most records of a page.
const PAGE: usize = 1_000;
/// Most records that the store looks at for one page.
const LOOKED_AT: usize = 20_000;

/// Keeps everything in the memory of the process, up to a bound. When the store is full it gives the oldest records up, some
/// 128 at a time. Nothing survives the process.
#[derive(Debug)]
pub struct MemoryAuditStore {
    keys: BTreeMap<Day, DayKey>,
    buckets: BTreeMap<u64, Bucket>,
    /// The number of pieces in all buckets.
    chunks: usize,
    max_chunks: usize,
}

/// The records of ten minutes.
#[derive(Debug, Default)]
struct Bucket {
    /// No piece is empty, or grows beyond [`CHUNK`].
    chunks: VecDeque<Vec<Entry>>,
    /// The number of the newest record that the bucket ever had.
    last: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    number: u64,
    record: Record,
}

impl MemoryAuditStore {
    /// Creates an empty store that takes about `bytes` of memory at most, and not less than about 1.3 MB.
    pub fn new(bytes: usize) -> Self {
        let max_chunks = (bytes / CHUNK_BYTES).max(MIN_CHUNKS);
        Self { keys: BTreeMap::new(), buckets: BTreeMap::new(), chunks: 0, max_chunks }
    }

    /// Counts the records.
    pub fn len(&self) -> usize {
        self.buckets.values().flat_map(|bucket| &bucket.chunks).map(Vec::len).sum()
    }

    /// Whether the store has no record and no key.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty() && self.keys.is_empty()
    }

    fn remove_expired(&mut self, now: u64) {
        while let Some(oldest) = self.buckets.first_entry()
            && expires_at(*oldest.key()) <= now
        {
            self.chunks = self.chunks.saturating_sub(oldest.remove().chunks.len());
        }
        self.keys.retain(|day, _| day.key_expires_at() > now);
    }

    /// Gives the oldest piece up, and returns how many records it had.
    fn give_up(&mut self) -> usize {
        let Some(mut oldest) = self.buckets.first_entry() else { return 0 };
        let given_up = oldest.get_mut().chunks.pop_front();
        if oldest.get().chunks.is_empty() {
            oldest.remove();
        }
        self.chunks = self.chunks.saturating_sub(usize::from(given_up.is_some()));
        given_up.map_or(0, |chunk| chunk.len())
    }

    /// Adds a record whose bucket has not expired, and returns how many others made room for it.
    fn add(&mut self, record: Record) -> usize {
        let start = bucket_of(record.at);
        let mut given_up = 0;
        let needs_chunk = |bucket: Option<&Bucket>| {
            bucket.and_then(|bucket| bucket.chunks.back()).is_none_or(|chunk| chunk.len() >= CHUNK)
        };
        if needs_chunk(self.buckets.get(&start)) {
            while self.chunks >= self.max_chunks && self.chunks > 0 {
                given_up += self.give_up();
            }
            self.chunks += 1;
            self.buckets.entry(start).or_default().chunks.push_back(Vec::with_capacity(CHUNK));
        }
        let bucket = self.buckets.entry(start).or_default();
        bucket.last = bucket.last.saturating_add(1);
        let entry = Entry { number: bucket.last, record };
        if let Some(chunk) = bucket.chunks.back_mut() {
            chunk.push(entry);
        }
        given_up
    }

    fn page(&self, query: &Query, after: Option<RecordPosition>) -> Page {
        let mut page = Page::default();
        let mut looked_at = 0;
        let first = bucket_of(query.from).max(after.map_or(0, |after| after.bucket));
        for (&start, bucket) in self.buckets.range(first..).take_while(|(start, _)| **start < query.until) {
            // A number in the bucket up to which the reader has everything.
            let known = after.filter(|after| after.bucket == start).map_or(0, |after| after.number);
            let is_new = |chunk: &&Vec<Entry>| chunk.last().is_some_and(|entry| entry.number > known);
            let entries = bucket.chunks.iter().filter(is_new).flatten();
            for Entry { number, record } in entries.filter(|entry| entry.number > known) {
                looked_at += 1;
                if query.matches(record) {
                    page.records.push(*record);
                }
                if looked_at == LOOKED_AT || page.records.len() == PAGE {
                    page.next = Some(RecordPosition { bucket: start, number: *number });
                    return page;
                }
            }
        }
        page
    }

    fn remove_all_of(&mut self, peers: &[Pseudonym]) -> u64 {
        let mut removed = 0;
        for bucket in self.buckets.values_mut() {
            for chunk in &mut bucket.chunks {
                let before = chunk.len();
                chunk.retain(|entry| !entry.record.names(peers));
                removed += before - chunk.len();
            }
            let before = bucket.chunks.len();
            bucket.chunks.retain(|chunk| !chunk.is_empty());
            self.chunks = self.chunks.saturating_sub(before - bucket.chunks.len());
        }
        // An empty bucket stays until it expires: its numbers go on, for a reader that is between two pages.
        u64::try_from(removed).unwrap_or(u64::MAX)
    }

    fn next_expiry(&self) -> Option<u64> {
        let bucket = self.buckets.keys().next().map(|start| expires_at(*start));
        let key = self.keys.keys().next().map(|day| day.key_expires_at());
        bucket.into_iter().chain(key).min()
    }
}

impl AuditStore for MemoryAuditStore {
    async fn time(&mut self, now: u64) -> Result<u64, Unavailable> {
        Ok(now)
    }

    async fn key(&mut self, now: u64, day: Day, drawn: DayKey) -> Result<DayKey, Unavailable> {
        self.remove_expired(now);
        if day.key_expires_at() <= now {
            return Err(Unavailable);
        }
        Ok(*self.keys.entry(day).or_insert(drawn))
    }

    async fn keys(&mut self, now: u64) -> Result<Vec<DayKey>, Unavailable> {
        self.remove_expired(now);
        Ok(self.keys.values().copied().collect())
    }

    async fn append(&mut self, now: u64, records: Vec<Record>) -> Result<usize, Unavailable> {
        self.remove_expired(now);
        let live = records.into_iter().filter(|record| expires_at(bucket_of(record.at)) > now);
        Ok(live.map(|record| self.add(record)).sum())
    }

    async fn read(
        &mut self,
        now: u64,
        query: &Query,
        after: Option<RecordPosition>,
    ) -> Result<Page, Unavailable> {
        self.remove_expired(now);
        Ok(self.page(query, after))
    }

    async fn erase(&mut self, now: u64, peers: &[Pseudonym]) -> Result<u64, Unavailable> {
        self.remove_expired(now);
        Ok(self.remove_all_of(peers))
    }

    async fn expire(&mut self, now: u64) -> Result<Option<u64>, Unavailable> {
        self.remove_expired(now);
        Ok(self.next_expiry())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{AuditKind, AuditResult, SizeClass};

    const START: u64 = 20_000 * RETENTION_MS;

    fn record(at: u64, from: u8) -> Record {
        Record {
            at,
            kind: AuditKind::of("offer"),
            size: SizeClass::of(1),
            from: Pseudonym::from_bytes([from; 16]),
            to: None,
            result: AuditResult::Executed,
        }
    }

    #[tokio::test]
    async fn what_has_expired_takes_no_memory() {
        let mut store = MemoryAuditStore::new(1 << 24);
        store.key(START, Day::of(START), DayKey::new([1; 32])).await.unwrap();
        let records = (0..1_000).map(|number| record(START + number * BUCKET_MS / 10, 1)).collect();
        store.append(START, records).await.unwrap();
        assert_eq!((store.len(), store.buckets.len(), store.chunks), (1_000, 100, 100));
        store.expire(START + RETENTION_MS + 40 * BUCKET_MS).await.unwrap();
        assert_eq!((store.len(), store.chunks, store.keys.len()), (590, 59, 1));
        store.expire(START + 2 * RETENTION_MS).await.unwrap();
        assert_eq!((store.len(), store.chunks), (0, 0));
        assert!(store.is_empty(), "{store:?}");
        // A record that comes too late is not kept.
        assert_eq!(store.append(START + RETENTION_MS, vec![record(START, 1)]).await, Ok(0));
        assert!(store.is_empty());
    }

    #[tokio::test]
    async fn a_full_store_gives_its_oldest_records_up_and_says_how_many() {
        let mut store = MemoryAuditStore::new(0);
        let most = MIN_CHUNKS * CHUNK;
        let mut given_up = 0;
        for number in 0..3 * most as u64 {
            let now = START + number * RETENTION_MS / (6 * most as u64);
            given_up += store.append(now, vec![record(now, 1)]).await.unwrap();
            assert!(store.chunks <= MIN_CHUNKS && store.len() <= most);
        }
        assert_eq!(given_up + store.len(), 3 * most);
        assert!(store.len() > most - 80 * CHUNK, "a bucket may end with a piece that is not full");
        let all = Query { from: 0, until: u64::MAX, kind: None, peers: None };
        let oldest = store.read(START, &all, None).await.unwrap().records.first().map(|record| record.at);
        assert!(oldest > Some(START + RETENTION_MS / 6), "the newest are there");
    }

    #[tokio::test]
    async fn a_page_looks_at_a_bounded_number_of_records() {
        let mut store = MemoryAuditStore::new(1 << 24);
        let records = (0..2 * LOOKED_AT + 5).map(|number| record(START, u8::from(number == 2 * LOOKED_AT)));
        store.append(START, records.collect()).await.unwrap();
        let peers = Some(vec![Pseudonym::from_bytes([1; 16])]);
        let rare = Query { from: 0, until: u64::MAX, kind: None, peers };
        let mut after = None;
        for found in [0, 0, 1] {
            let page = store.read(START, &rare, after).await.unwrap();
            assert_eq!(page.records.len(), found);
            after = page.next;
        }
        assert_eq!(after, None);
    }

    #[tokio::test]
    async fn an_erasure_gives_the_memory_back() {
        let mut store = MemoryAuditStore::new(1 << 24);
        let records = (0..10_000).map(|number| record(START + number, u8::from(number % 1_000 == 0)));
        store.append(START, records.collect()).await.unwrap();
        assert_eq!(store.erase(START, &[Pseudonym::from_bytes([0; 16])]).await, Ok(9_990));
        assert_eq!((store.len(), store.chunks), (10, 10));
        assert_eq!(store.erase(START, &[Pseudonym::from_bytes([1; 16])]).await, Ok(10));
        assert_eq!((store.len(), store.chunks), (0, 0));
    }
}
