//! The audit trail of all nodes in one Redis: a store of its own, over a connection of its own, so that a long question to the
//! trail holds up no message.
//!
//! The whole trail is in one hash slot. Each batch of records is added once and never repeated: what Redis does not confirm is lost,
//! and counted as lost.

mod chunk;
mod pages;

use super::call::Call;
use super::config::{Clock, Config};
use super::error::StoreError;
use super::keys::Keys;
use super::reply::Fields;
use super::scripts::{
    AUDIT_APPEND, AUDIT_ERASE, AUDIT_EXPIRE, AUDIT_KEY, AUDIT_KEYS, AUDIT_PAGE, AUDIT_TIME, Script,
};
use super::store::Store;
use crate::audit::{
    AuditStore, BUCKET_MS, Day, DayKey, Page, Pseudonym, Query, RETENTION_MS, Record, RecordPosition,
    Unavailable, bucket_of,
};
use pages::Pages;
use std::time::Duration;
use tokio::time::timeout;

/// The least memory for the trail, in bytes.
const MIN_BYTES: usize = 1024 * 1024;
/// The longest time that one question, or one batch, may take in all.
const PATIENCE: Duration = Duration::from_secs(8);

/// Keeps the records and the keys of all nodes that share a Redis and a prefix. Times are those of Redis' clock. When the trail is
/// full it gives the oldest records up.
pub struct RedisAuditStore {
    store: Store,
    keys: Keys,
    clock: Clock,
    bytes: usize,
    /// The last step failed: the next failure is no news.
    has_failed: bool,
}

impl RedisAuditStore {
    /// Connects to Redis. The trail takes about `bytes` of its memory at most, and not less than 1 MiB; nodes that share a trail
    /// should have the same bound.
    ///
    /// # Errors
    /// Why there is no connection. The caller may try again where [`StoreError::is_temporary`] says that it can help.
    pub async fn connect(config: Config, bytes: usize) -> Result<Self, StoreError> {
        let (keys, clock) = (Keys::new(&config.prefix), config.clock);
        let store = Store::connect(config).await?;
        Ok(Self { store, keys, clock, bytes: bytes.max(MIN_BYTES), has_failed: false })
    }

    /// Begins a call about the records.
    fn call(&self, script: &'static Script, now: u64) -> Call {
        let told = (self.clock == Clock::Told).then_some(now);
        Call::new(script).key(self.keys.audit_records()).optional(told)
    }

    /// Begins a call about the keys.
    fn call_about_keys(&self, script: &'static Script, now: u64) -> Call {
        let told = (self.clock == Clock::Told).then_some(now);
        Call::new(script).key(self.keys.audit_keys()).optional(told)
    }

    /// Runs a script once. While Redis is known to be away it fails at once.
    async fn run(&self, call: Call) -> Result<Fields, StoreError> {
        self.store.try_now()?;
        self.store.run(&call).await?.into_fields(call.script.name)
    }

    /// Logs the first failure after a success, and the first success after a failure.
    fn settle<T>(&mut self, outcome: Result<T, StoreError>) -> Result<T, Unavailable> {
        match outcome {
            Ok(done) => {
                if std::mem::take(&mut self.has_failed) {
                    tracing::info!("the audit trail is written again");
                }
                Ok(done)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.has_failed, true) {
                    tracing::warn!(%error, "the audit trail is not available");
                }
                Err(Unavailable)
            }
        }
    }

    async fn within<T>(steps: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let late = |_| Err(StoreError::Unreachable("the audit trail took too long".into()));
        timeout(PATIENCE, steps).await.unwrap_or_else(late)
    }

    async fn read_time(&self, now: u64) -> Result<u64, StoreError> {
        self.run(self.call(&AUDIT_TIME, now)).await?.number()
    }

    async fn read_key(&self, now: u64, day: Day, drawn: DayKey) -> Result<DayKey, StoreError> {
        let call = self.call_about_keys(&AUDIT_KEY, now).arg(day.number()).arg(day.key_expires_at());
        let mut fields = self.run(call.arg(chunk::hex(drawn.as_bytes()))).await?;
        key(&mut fields)
    }

    async fn read_keys(&self, now: u64) -> Result<Vec<DayKey>, StoreError> {
        let mut fields = self.run(self.call_about_keys(&AUDIT_KEYS, now)).await?;
        let mut keys = Vec::new();
        while !fields.is_empty() {
            keys.push(key(&mut fields)?);
        }
        Ok(keys)
    }

    /// Adds records, bucket by bucket.
    async fn add(&self, now: u64, records: &[Record]) -> Result<usize, StoreError> {
        let mut given_up = 0usize;
        for records in records.chunk_by(|one, next| bucket_of(one.at) == bucket_of(next.at)) {
            let Some(bucket) = records.first().map(|first| bucket_of(first.at)) else { continue };
            let call = self.call(&AUDIT_APPEND, now).arg(bucket).arg(RETENTION_MS).arg(self.bytes);
            let call = records.chunks(chunk::RECORDS).map(chunk::encode).fold(call, Call::arg);
            let mut fields = self.run(call).await?;
            // Records that come too late are not kept, and need no word.
            if fields.text()? == "ok" {
                given_up = given_up.saturating_add(fields.number()?);
            }
        }
        Ok(given_up)
    }

    /// Reads chunks on from a place until the page is complete.
    async fn read_page(
        &self,
        now: u64,
        query: &Query,
        after: Option<RecordPosition>,
    ) -> Result<Page, StoreError> {
        let mut pages = Pages::new(query, after);
        while let Some((bucket, chunk)) = pages.next_call() {
            let call = self.call(&AUDIT_PAGE, now).arg(RETENTION_MS).arg(bucket).arg(query.until).arg(chunk);
            pages.take((bucket, chunk), self.run(call).await?)?;
        }
        Ok(pages.finish())
    }

    /// Erases from one part of the trail after the other.
    async fn erase_all(&self, now: u64, peers: &[Pseudonym]) -> Result<u64, StoreError> {
        let (mut bucket, mut number, mut erased) = (0u64, 0u64, 0u64);
        loop {
            let call = self.call(&AUDIT_ERASE, now).arg(RETENTION_MS).arg(bucket).arg(number);
            let mut fields = self.run(peers.iter().fold(call, Call::arg)).await?;
            if fields.is_empty() {
                return Ok(erased);
            }
            erased = erased.saturating_add(fields.number()?);
            bucket = fields.number()?;
            number = fields.number()?;
            if number == 0 {
                bucket = bucket.checked_add(BUCKET_MS).ok_or(fields.malformed())?;
            }
        }
    }

    async fn remove_expired(&self, now: u64) -> Result<Option<u64>, StoreError> {
        let call = self.call(&AUDIT_EXPIRE, now).key(self.keys.audit_keys()).arg(RETENTION_MS);
        let mut fields = self.run(call).await?;
        if fields.is_empty() { Ok(None) } else { fields.number().map(Some) }
    }
}

/// Takes the key of a day from a reply.
fn key(fields: &mut Fields) -> Result<DayKey, StoreError> {
    let text = fields.text()?;
    chunk::parse_hex(&text).map(DayKey::new).ok_or(fields.malformed())
}

impl AuditStore for RedisAuditStore {
    async fn time(&mut self, now: u64) -> Result<u64, Unavailable> {
        let outcome = self.read_time(now).await;
        self.settle(outcome)
    }

    async fn key(&mut self, now: u64, day: Day, drawn: DayKey) -> Result<DayKey, Unavailable> {
        let outcome = self.read_key(now, day, drawn).await;
        self.settle(outcome)
    }

    async fn keys(&mut self, now: u64) -> Result<Vec<DayKey>, Unavailable> {
        let outcome = self.read_keys(now).await;
        self.settle(outcome)
    }

    async fn append(&mut self, now: u64, records: Vec<Record>) -> Result<usize, Unavailable> {
        let outcome = Self::within(self.add(now, &records)).await;
        self.settle(outcome)
    }

    async fn read(
        &mut self,
        now: u64,
        query: &Query,
        after: Option<RecordPosition>,
    ) -> Result<Page, Unavailable> {
        let outcome = Self::within(self.read_page(now, query, after)).await;
        self.settle(outcome)
    }

    async fn erase(&mut self, now: u64, peers: &[Pseudonym]) -> Result<u64, Unavailable> {
        // A script without a name would find it in every line.
        if peers.is_empty() {
            return Ok(0);
        }
        let outcome = Self::within(self.erase_all(now, peers)).await;
        self.settle(outcome)
    }

    async fn expire(&mut self, now: u64) -> Result<Option<u64>, Unavailable> {
        let outcome = self.remove_expired(now).await;
        self.settle(outcome)
    }
}
