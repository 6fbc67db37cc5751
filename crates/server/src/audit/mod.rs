//! The audit trail: who sent a message of which type and size to whom, when, and with which result.
//!
//! The trail has no content, no room and no address. It names peers by pseudonyms: an HMAC with a key of the day, so that
//! records of different days cannot be connected once the keys are gone. Records are in buckets of ten minutes. A bucket
//! expires [`RETENTION_MS`] after its start, whatever happens meanwhile; a key expires [`KEY_MS`] after the start of its day.
//!
//! A session says what became of each frame ([`AuditEvent`]), a [`Trail`] turns it into a [`Record`], and an [`AuditStore`]
//! keeps it. Nothing here reads a clock or draws a random number.

mod event;
mod memory;
mod pseudonym;
mod record;
mod steady_time;
mod store;
mod trail;

pub use event::{AuditEvent, AuditKind, AuditResult, SizeClass};
pub use memory::MemoryAuditStore;
pub use pseudonym::{Day, DayKey, KEY_MS, Namer, Pseudonym};
pub use record::{BUCKET_MS, Query, RETENTION_MS, Record, RecordPosition, bucket_of, expires_at};
pub use steady_time::SteadyTime;
pub use store::{AuditStore, Page, Unavailable};
pub use trail::{Found, Selection, Trail};
