//! The task that keeps the trail. It is the only one that has the store, so nothing is locked.

use crate::audit::{AuditEvent, AuditStore, DayKey, Found, RecordPosition, Selection, Trail, Unavailable};
use crate::net::clock::Clock;
use crate::net::counters;
use signalpost_protocol::PeerId;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot::Sender;
use tokio_util::sync::CancellationToken;

/// Most events that go to the store at once.
const BATCH: usize = 1_024;
/// How long the task rests when it has emptied the queue, in milliseconds. A task that waited for each event would be woken by
/// each: that is a system call on the side of the socket, and a switch of threads. The queue holds far more than what comes
/// meanwhile.
const REST_MS: u64 = 10;
/// Most time between two looks at what has expired, in milliseconds: the wall clock may have gone ahead.
const LOOK_MS: u64 = 60_000;
/// Most time to write the queue when the server stops.
const FLUSH: Duration = Duration::from_secs(2);

/// A question to the trail. Its answer knows everything that was noted before the question.
#[derive(Debug)]
pub(super) enum Request {
    Read { selection: Selection, after: Option<RecordPosition>, answer: Sender<Result<Found, Unavailable>> },
    Erase { peer: PeerId, answer: Sender<Result<u64, Unavailable>> },
}

pub(super) struct Recorder<S> {
    trail: Trail<S>,
    clock: Clock,
    events: Receiver<(u64, AuditEvent)>,
    requests: Receiver<Request>,
    stop: CancellationToken,
}

impl<S: AuditStore> Recorder<S> {
    pub(super) fn new(
        trail: Trail<S>,
        clock: Clock,
        events: Receiver<(u64, AuditEvent)>,
        requests: Receiver<Request>,
        stop: CancellationToken,
    ) -> Self {
        Self { trail, clock, events, requests, stop }
    }

    /// Runs until `stop` is cancelled, or until the other ends of both channels are dropped. After `stop` it writes what the queue
    /// holds, for at most 2 s.
    pub(super) async fn run(mut self) {
        let mut due = self.clock.now();
        let mut rests_until: Option<u64> = None;
        loop {
            let mut batch = Vec::new();
            let wake = rests_until.map_or(due, |until| until.min(due));
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return self.flush().await,
                request = self.requests.recv() => match request {
                    Some(request) => self.answer(request).await,
                    None => return,
                },
                count = self.events.recv_many(&mut batch, BATCH), if rests_until.is_none() => {
                    if count == 0 {
                        return;
                    }
                    self.append(batch).await;
                    rests_until = (count < BATCH).then(|| self.clock.now().saturating_add(REST_MS));
                }
                () = tokio::time::sleep_until(self.clock.instant(wake)) => {}
            }
            rests_until = rests_until.filter(|until| self.clock.now() < *until);
            if self.clock.now() >= due {
                due = self.expire().await;
            }
        }
    }

    /// Appends a batch; returns how many of its records the store took.
    async fn append(&mut self, batch: Vec<(u64, AuditEvent)>) -> usize {
        self.handle_time();
        let count = batch.len();
        match self.trail.append(batch, draw).await {
            Ok(given_up) => {
                counters::audit_recorded(count);
                counters::audit_dropped("memory", given_up);
                count
            }
            Err(Unavailable) => {
                counters::audit_dropped("store", count);
                0
            }
        }
    }

    /// Writes what the queue holds, for at most [`FLUSH`].
    async fn flush(&mut self) {
        let held = self.events.len();
        let mut written = 0usize;
        let writing = async {
            while let Some(batch) = self.next_batch() {
                written = written.saturating_add(self.append(batch).await);
            }
        };
        let is_late = tokio::time::timeout(FLUSH, writing).await.is_err();
        if is_late || written < held {
            tracing::warn!(lost = held.saturating_sub(written), "the audit trail was not written to its end");
        }
    }

    /// Takes a batch from the queue, if there is any.
    fn next_batch(&mut self) -> Option<Vec<(u64, AuditEvent)>> {
        let mut batch = Vec::new();
        while batch.len() < BATCH
            && let Ok(event) = self.events.try_recv()
        {
            batch.push(event);
        }
        (!batch.is_empty()).then_some(batch)
    }

    /// Appends what was noted before now.
    async fn append_all(&mut self) {
        for _ in 0..self.events.max_capacity().div_ceil(BATCH) {
            let Some(batch) = self.next_batch() else { return };
            self.append(batch).await;
        }
    }

    async fn answer(&mut self, request: Request) {
        self.append_all().await;
        self.handle_time();
        // The reader may be gone.
        match request {
            Request::Read { selection, after, answer } => {
                let _gone = answer.send(self.trail.read(&selection, after).await);
            }
            Request::Erase { peer, answer } => {
                let _gone = answer.send(self.trail.erase(&peer).await);
            }
        }
    }

    /// Removes what has expired; returns when to look again, by the monotonic clock.
    async fn expire(&mut self) -> u64 {
        self.handle_time();
        let wait = match self.trail.expire().await {
            Ok(next) => next.unwrap_or(LOOK_MS).min(LOOK_MS),
            Err(Unavailable) => {
                tracing::warn!("the audit trail could not remove what has expired");
                LOOK_MS
            }
        };
        self.clock.now().saturating_add(wait)
    }

    fn handle_time(&mut self) {
        self.trail.handle_time(self.clock.now(), self.clock.timestamp());
    }
}

fn draw() -> Option<DayKey> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).ok()?;
    Some(DayKey::new(random))
}
