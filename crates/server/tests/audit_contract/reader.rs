//! A trail on a clock that the tests move, and what they ask of it.

use signalpost_protocol::PeerId;
use signalpost_server::audit::{
    AuditEvent, AuditKind, AuditResult, AuditStore, DayKey, Found, Record, RecordPosition, Selection,
    SizeClass, Trail, Unavailable,
};

pub const DAY: u64 = 86_400_000;
/// The start of a bucket in the middle of a day, in milliseconds since the Unix epoch.
pub const START: u64 = 20_000 * DAY + 9 * 3_600_000;

/// What a peer sent to another, or to none.
pub fn event(from: &str, to: Option<&str>, kind: &str) -> AuditEvent {
    AuditEvent {
        kind: AuditKind::of(kind),
        size: SizeClass::of(300),
        from: PeerId::parse(from).unwrap(),
        to: to.map(|to| PeerId::parse(to).unwrap()),
        result: AuditResult::Executed,
    }
}

pub fn said(from: &str, to: &str, kind: &str) -> AuditEvent {
    event(from, Some(to), kind)
}

pub fn about(peer: &str) -> Selection {
    Selection { peer: PeerId::parse(peer).ok(), ..Selection::default() }
}

pub struct Reader<S> {
    trail: Trail<S>,
    monotonic: u64,
    wall: u64,
    keys: u8,
}

impl<S: AuditStore> Reader<S> {
    pub fn new(store: S) -> Self {
        let mut trail = Trail::new(store);
        trail.handle_time(77, START);
        Self { trail, monotonic: 77, wall: START, keys: 0 }
    }

    /// Lets time pass.
    pub async fn pass(&mut self, milliseconds: u64) {
        self.monotonic += milliseconds;
        self.wall += milliseconds;
        self.trail.handle_time(self.monotonic, self.wall);
    }

    /// Sets the wall clock back.
    pub async fn set_back(&mut self, milliseconds: u64) {
        self.wall -= milliseconds;
        self.trail.handle_time(self.monotonic, self.wall);
    }

    /// Appends what happens now.
    pub async fn append(&mut self, events: &[AuditEvent]) {
        self.append_late(events.iter().cloned().map(|event| (0, event)).collect()).await;
    }

    /// Appends what happened so many milliseconds ago.
    pub async fn append_late(&mut self, events: Vec<(u64, AuditEvent)>) {
        let now = self.monotonic;
        let events = events.into_iter().map(|(ago, event)| (now - ago, event)).collect();
        let keys = &mut self.keys;
        let draw = || {
            *keys = keys.wrapping_add(1);
            Some(DayKey::new([*keys; 32]))
        };
        assert_eq!(self.trail.append(events, draw).await, Ok(0));
    }

    pub async fn page(&mut self, selection: &Selection, after: Option<RecordPosition>) -> Found {
        self.trail.read(selection, after).await.unwrap()
    }

    /// Reads the first page, if the store can.
    #[allow(dead_code, reason = "not every suite has a store that cannot")]
    pub async fn try_read(&mut self) -> Result<Found, Unavailable> {
        self.trail.read(&Selection::default(), None).await
    }

    /// Reads all pages.
    pub async fn read(&mut self, selection: Selection) -> Vec<Record> {
        let (mut records, mut after) = (Vec::new(), None);
        loop {
            let found = self.page(&selection, after).await;
            records.extend(found.page.records);
            after = found.page.next;
            if after.is_none() {
                return records;
            }
        }
    }

    pub async fn count(&mut self) -> usize {
        self.read(Selection::default()).await.len()
    }

    pub async fn erase(&mut self, peer: &str) -> u64 {
        self.trail.erase(&PeerId::parse(peer).unwrap()).await.unwrap()
    }

    pub async fn expire(&mut self) -> Option<u64> {
        self.trail.expire().await.unwrap()
    }
}
