//! The audit trail of the running server: a bounded queue between the sockets and the task that keeps the
//! trail.

mod recorder;

use super::clock::Clock;
use super::counters;
use crate::audit::{AuditEvent, AuditStore, Found, RecordPosition, Selection, Trail, Unavailable};
use recorder::{Recorder, Request};
use signalpost_protocol::PeerId;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Most events between the sockets and the trail. One more is dropped and counted.
const QUEUE: usize = 8_192;
/// Most questions that wait for the trail.
const QUESTIONS: usize = 16;
/// The longest time that a question waits for its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The end of the queue on the side of the sockets, and the way to ask the trail.
#[derive(Debug)]
pub(super) struct Audit {
    events: mpsc::Sender<(u64, AuditEvent)>,
    requests: mpsc::Sender<Request>,
    patience: Duration,
    stop: CancellationToken,
}

impl Audit {
    /// Returns the queue, and the task that empties it into `store`. The task ends after [`Audit::stop`], and when the queue is
    /// dropped.
    pub(super) fn start<S: AuditStore>(
        store: S,
        clock: Clock,
    ) -> (Self, impl Future<Output = ()> + Send + use<S>) {
        let (events, incoming) = mpsc::channel(QUEUE);
        let (requests, questions) = mpsc::channel(QUESTIONS);
        let stop = CancellationToken::new();
        let recorder = Recorder::new(Trail::new(store), clock, incoming, questions, stop.clone());
        (Self { events, requests, patience: PATIENCE, stop }, recorder.run())
    }

    /// Ends the task, which first writes what is in the queue.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Hands on what happened at `now`. Never waits: without room the event is dropped and counted.
    pub(super) fn note(&self, now: u64, event: AuditEvent) {
        if self.events.try_send((now, event)).is_err() {
            counters::audit_dropped("queue", 1);
        }
    }

    /// Reads a page.
    ///
    /// # Errors
    /// [`Unavailable`], also when there is no answer within 10 s.
    pub(super) async fn read(
        &self,
        selection: Selection,
        after: Option<RecordPosition>,
    ) -> Result<Found, Unavailable> {
        self.ask(|answer| Request::Read { selection, after, answer }).await
    }

    /// Erases a peer, also what is still in the queue about it.
    ///
    /// # Errors
    /// [`Unavailable`], also when there is no answer within 10 s.
    pub(super) async fn erase(&self, peer: PeerId) -> Result<u64, Unavailable> {
        self.ask(|answer| Request::Erase { peer, answer }).await
    }

    async fn ask<T>(
        &self,
        question: impl FnOnce(oneshot::Sender<Result<T, Unavailable>>) -> Request,
    ) -> Result<T, Unavailable> {
        let (answer, answered) = oneshot::channel();
        let asking = async {
            self.requests.send(question(answer)).await.map_err(|_| Unavailable)?;
            answered.await.unwrap_or(Err(Unavailable))
        };
        tokio::time::timeout(self.patience, asking).await.unwrap_or(Err(Unavailable))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{
        AuditKind, AuditResult, Day, DayKey, MemoryAuditStore, Page, Pseudonym, Query, Record, SizeClass,
    };
    use metrics_exporter_prometheus::PrometheusBuilder;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A store that is out of order, or that never comes to an end. It counts how often it was to remove what has expired.
    #[derive(Clone, Default)]
    struct Broken {
        hangs: bool,
        looks: Arc<AtomicUsize>,
    }

    impl Broken {
        async fn fail<T>(&self) -> Result<T, Unavailable> {
            if self.hangs {
                std::future::pending::<()>().await;
            }
            Err(Unavailable)
        }
    }

    impl AuditStore for Broken {
        async fn time(&mut self, now: u64) -> Result<u64, Unavailable> {
            Ok(now)
        }
        async fn key(&mut self, _now: u64, _day: Day, drawn: DayKey) -> Result<DayKey, Unavailable> {
            Ok(drawn)
        }
        async fn keys(&mut self, _now: u64) -> Result<Vec<DayKey>, Unavailable> {
            self.fail().await
        }
        async fn append(&mut self, _now: u64, _records: Vec<Record>) -> Result<usize, Unavailable> {
            self.fail().await
        }
        async fn read(&mut self, _: u64, _: &Query, _: Option<RecordPosition>) -> Result<Page, Unavailable> {
            self.fail().await
        }
        async fn erase(&mut self, _now: u64, _peers: &[Pseudonym]) -> Result<u64, Unavailable> {
            self.fail().await
        }
        async fn expire(&mut self, now: u64) -> Result<Option<u64>, Unavailable> {
            self.looks.fetch_add(1, Ordering::Relaxed);
            Ok(Some(now + 5))
        }
    }

    fn event(from: &str) -> AuditEvent {
        let from = PeerId::parse(from).unwrap();
        let (kind, size) = (AuditKind::of("offer"), SizeClass::of(1));
        AuditEvent { kind, size, from, to: None, result: AuditResult::Executed }
    }

    #[tokio::test]
    async fn a_full_queue_drops_and_counts_and_a_question_sees_all_that_was_in_it() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let (audit, task) = Audit::start(MemoryAuditStore::new(0), Clock::start());
        metrics::with_local_recorder(&recorder, || {
            for number in 0..QUEUE + 3 {
                audit.note(0, event(if number == 0 { "ada" } else { "bob" }));
            }
        });
        let rendered = recorder.handle().render();
        assert!(rendered.contains("signalpost_audit_dropped_total{reason=\"queue\"} 3\n"), "{rendered}");
        tokio::spawn(task);
        let erased = audit.erase(PeerId::parse("ada").unwrap()).await;
        assert_eq!(erased, Ok(1), "it waited in the queue");
        let found = audit.read(Selection::default(), None).await.unwrap();
        assert_eq!(found.page.records.len(), 1_000);
        assert!(found.page.next.is_some());
    }

    #[tokio::test]
    async fn a_trail_that_is_gone_is_unavailable() {
        let (audit, task) = Audit::start(MemoryAuditStore::new(0), Clock::start());
        drop(task);
        audit.note(0, event("ada"));
        assert_eq!(audit.read(Selection::default(), None).await, Err(Unavailable));
        assert_eq!(audit.erase(PeerId::parse("ada").unwrap()).await, Err(Unavailable));
    }

    #[tokio::test]
    async fn a_store_that_fails_loses_records_and_they_are_counted() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let (audit, task) = Audit::start(Broken::default(), Clock::start());
        audit.note(0, event("ada"));
        audit.note(0, event("bob"));
        let _one_thread = metrics::set_default_local_recorder(&recorder);
        let asking = audit.read(Selection::default(), None);
        tokio::select! {
            () = task => panic!("the task ended"),
            found = asking => assert_eq!(found, Err(Unavailable)),
        }
        let rendered = recorder.handle().render();
        assert!(rendered.contains("signalpost_audit_dropped_total{reason=\"store\"} 2\n"), "{rendered}");
        assert!(!rendered.contains("signalpost_audit_records_total"), "{rendered}");
    }

    #[tokio::test]
    async fn a_store_that_hangs_keeps_no_socket_and_no_reader_waiting() {
        let (audit, task) = Audit::start(Broken { hangs: true, ..Broken::default() }, Clock::start());
        let audit = Audit { patience: Duration::from_millis(20), ..audit };
        tokio::spawn(task);
        for _ in 0..2 * QUEUE {
            audit.note(0, event("ada"));
        }
        assert_eq!(audit.read(Selection::default(), None).await, Err(Unavailable));
        assert_eq!(audit.erase(PeerId::parse("ada").unwrap()).await, Err(Unavailable));
    }

    #[tokio::test]
    async fn what_expires_is_looked_for_when_it_does() {
        let store = Broken::default();
        let (audit, task) = Audit::start(store.clone(), Clock::start());
        tokio::spawn(task);
        let looking = async {
            while store.looks.load(Ordering::Relaxed) < 4 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(10), looking).await.is_ok());
        drop(audit);
    }

    #[tokio::test]
    async fn records_that_newer_ones_displace_are_counted() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let _one_thread = metrics::set_default_local_recorder(&recorder);
        // The least that a trail has is 18,560 records.
        let (audit, task) = Audit::start(MemoryAuditStore::new(0), Clock::start());
        tokio::spawn(task);
        for _ in 0..3 {
            for _ in 0..QUEUE {
                audit.note(0, event("ada"));
            }
            audit.read(Selection::default(), None).await.unwrap();
        }
        let rendered = recorder.handle().render();
        let given_up = 3 * QUEUE - 145 * 128;
        let line = format!("signalpost_audit_dropped_total{{reason=\"memory\"}} {given_up}\n");
        assert!(rendered.contains(&line), "{rendered}");
    }

    #[tokio::test]
    async fn what_is_in_the_queue_at_the_end_is_written() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let (audit, task) = Audit::start(MemoryAuditStore::new(0), Clock::start());
        for _ in 0..3_000 {
            audit.note(0, event("ada"));
        }
        audit.stop();
        let _one_thread = metrics::set_default_local_recorder(&recorder);
        assert!(tokio::time::timeout(Duration::from_secs(10), task).await.is_ok());
        let rendered = recorder.handle().render();
        assert!(rendered.contains("signalpost_audit_records_total 3000\n"), "{rendered}");
        assert_eq!(audit.read(Selection::default(), None).await, Err(Unavailable));
    }

    #[tokio::test]
    async fn a_store_that_hangs_at_the_end_is_given_up() {
        let (audit, task) = Audit::start(Broken { hangs: true, ..Broken::default() }, Clock::start());
        audit.note(0, event("ada"));
        audit.stop();
        assert!(tokio::time::timeout(Duration::from_secs(10), task).await.is_ok());
    }
}
