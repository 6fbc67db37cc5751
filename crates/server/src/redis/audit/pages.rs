//! Makes one page of what `scripts/audit_page.lua` replies.

use super::chunk;
use crate::audit::{BUCKET_MS, Page, Query, RecordPosition, bucket_of};
use crate::redis::error::StoreError;
use crate::redis::reply::Fields;

/// Most records of a page.
const PAGE: usize = 1_000;
/// Most records that the store looks at for one page.
const LOOKED_AT: usize = 20_000;
/// Most calls for one page: some find nothing but what was erased.
const CALLS: usize = 64;

/// A page on its way.
pub(super) struct Pages<'a> {
    query: &'a Query,
    page: Page,
    /// The position up to which the page is complete.
    after: RecordPosition,
    looked_at: usize,
    calls: usize,
    is_done: bool,
}

impl<'a> Pages<'a> {
    pub(super) fn new(query: &'a Query, after: Option<RecordPosition>) -> Self {
        let first = RecordPosition { bucket: bucket_of(query.from), number: 0 };
        let after = after.filter(|after| after.bucket >= first.bucket).unwrap_or(first);
        Self { query, page: Page::default(), after, looked_at: 0, calls: 0, is_done: false }
    }

    /// Returns the bucket and the chunk with which the next call begins; `None` when the page is complete.
    pub(super) const fn next_call(&self) -> Option<(u64, u64)> {
        if self.is_done { None } else { Some((self.after.bucket, chunk::next_of(self.after))) }
    }

    /// Takes the reply of the call that began at `begin`.
    ///
    /// # Errors
    /// [`StoreError::Malformed`].
    pub(super) fn take(&mut self, begin: (u64, u64), mut fields: Fields) -> Result<(), StoreError> {
        if fields.is_empty() {
            self.is_done = true;
            return Ok(());
        }
        let (bucket, next): (u64, u64) = (fields.number()?, fields.number()?);
        // The next call begins further on, or the reader would never come to an end.
        let next = match next {
            0 => (bucket.checked_add(BUCKET_MS).ok_or(fields.malformed())?, 0),
            number => (bucket, number),
        };
        if next <= begin {
            return Err(fields.malformed());
        }
        while !fields.is_empty() {
            let (number, text): (u64, String) = (fields.number()?, fields.text()?);
            for (place, record) in chunk::decode(bucket, &text).ok_or(fields.malformed())? {
                let position = chunk::position(bucket, number, place).ok_or(fields.malformed())?;
                if position <= self.after {
                    continue;
                }
                self.after = position;
                self.looked_at = self.looked_at.saturating_add(1);
                if self.query.matches(&record) {
                    self.page.records.push(record);
                }
                if self.page.records.len() >= PAGE || self.looked_at >= LOOKED_AT {
                    self.stop();
                    return Ok(());
                }
            }
        }
        let (bucket, number) = next;
        self.after = self.after.max(chunk::before(bucket, number).ok_or(fields.malformed())?);
        self.calls = self.calls.saturating_add(1);
        if self.calls >= CALLS {
            self.stop();
        }
        Ok(())
    }

    /// Ends the page where it is, before the last record.
    const fn stop(&mut self) {
        self.page.next = Some(self.after);
        self.is_done = true;
    }

    pub(super) fn finish(self) -> Page {
        self.page
    }
}
