//! What a store keeps of one frame, and what a reader asks for.

use super::event::{AuditKind, AuditResult, SizeClass};
use super::pseudonym::Pseudonym;

/// The length of a bucket, in milliseconds.
pub const BUCKET_MS: u64 = 10 * 60 * 1_000;
/// How long a bucket is kept, from its start, in milliseconds.
pub const RETENTION_MS: u64 = 24 * 60 * 60 * 1_000;

/// Returns the start of the bucket for a time. Both are in milliseconds since the Unix epoch.
pub const fn bucket_of(at: u64) -> u64 {
    at - at % BUCKET_MS
}

/// Returns when a bucket with this start expires, in milliseconds since the Unix epoch.
pub const fn expires_at(bucket: u64) -> u64 {
    bucket.saturating_add(RETENTION_MS)
}

/// One frame in the trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// When the server knew the result, in milliseconds since the Unix epoch.
    pub at: u64,
    /// The type of the frame.
    pub kind: AuditKind,
    /// The size of the frame.
    pub size: SizeClass,
    /// The sender.
    pub from: Pseudonym,
    /// The peer that the frame was for.
    pub to: Option<Pseudonym>,
    /// What became of the frame.
    pub result: AuditResult,
}

impl Record {
    /// Whether one of these pseudonyms sent or was to receive the frame.
    pub fn names(&self, peers: &[Pseudonym]) -> bool {
        peers.iter().any(|peer| self.from == *peer || self.to == Some(*peer))
    }
}

/// Which records a reader asks a store for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The first millisecond, since the Unix epoch.
    pub from: u64,
    /// The millisecond after the last one, since the Unix epoch.
    pub until: u64,
    /// The type; `None`: any.
    pub kind: Option<AuditKind>,
    /// The pseudonyms of the sender or receiver; `None`: any.
    pub peers: Option<Vec<Pseudonym>>,
}

impl Query {
    /// Whether the query asks for this record.
    pub fn matches(&self, record: &Record) -> bool {
        (self.from..self.until).contains(&record.at)
            && self.kind.is_none_or(|kind| kind == record.kind)
            && self.peers.as_ref().is_none_or(|peers| record.names(peers))
    }
}

/// The place of a record in a store. Places are ordered, and stay what they are when other records come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordPosition {
    /// The start of the record's bucket.
    pub bucket: u64,
    /// The number of the record in its bucket; a later record of the bucket has a higher number.
    pub number: u64,
}
