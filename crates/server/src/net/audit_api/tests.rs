//! What a reader gets of a store that answers in parts, or fails between two of them.

use super::*;
use crate::audit::{
    AuditKind, AuditResult, AuditStore, Day, DayKey, Page, Pseudonym, Query, SizeClass, bucket_of,
};
use crate::drain::Drain;
use crate::memory::MemoryEngine;
use crate::net::admission::Admission;
use crate::registry::Bounds;
use axum::body::to_bytes;
use std::collections::VecDeque;
use std::sync::Mutex;

/// A store that gives these pages, one after the other, and keeps where each question ended.
#[derive(Clone, Default)]
struct Scripted {
    pages: Arc<Mutex<VecDeque<Result<Page, Unavailable>>>>,
    ends: Arc<Mutex<Vec<u64>>>,
}

impl AuditStore for Scripted {
    async fn time(&mut self, _now: u64) -> Result<u64, Unavailable> {
        // Time passes between two questions.
        Ok(1_000 * (1 + self.ends.lock().unwrap().len() as u64))
    }
    async fn key(&mut self, _now: u64, _day: Day, drawn: DayKey) -> Result<DayKey, Unavailable> {
        Ok(drawn)
    }
    async fn keys(&mut self, _now: u64) -> Result<Vec<DayKey>, Unavailable> {
        Ok(Vec::new())
    }
    async fn append(&mut self, _now: u64, _records: Vec<Record>) -> Result<usize, Unavailable> {
        Ok(0)
    }
    async fn read(&mut self, _: u64, query: &Query, _: Option<RecordPosition>) -> Result<Page, Unavailable> {
        self.ends.lock().unwrap().push(query.until);
        self.pages.lock().unwrap().pop_front().unwrap()
    }
    async fn erase(&mut self, _now: u64, _peers: &[Pseudonym]) -> Result<u64, Unavailable> {
        Ok(0)
    }
    async fn expire(&mut self, _now: u64) -> Result<Option<u64>, Unavailable> {
        Ok(None)
    }
}

/// A page with so many records; `goes_on`: it is not the last.
fn page(records: usize, goes_on: bool) -> Result<Page, Unavailable> {
    let record = Record {
        at: 5,
        kind: AuditKind::of("offer"),
        size: SizeClass::of(1),
        from: Pseudonym::from_bytes([1; 16]),
        to: None,
        result: AuditResult::Executed,
    };
    let next = goes_on.then_some(RecordPosition { bucket: bucket_of(5), number: 1 });
    Ok(Page { records: vec![record; records], next })
}

/// Reads the whole trail of a server with this store: how many lines came, if the answer is whole.
async fn read_all(store: Scripted) -> Option<usize> {
    let engine = MemoryEngine::new(1_000, Bounds::default());
    let drain = Drain { duration_ms: 0, return_window_ms: 0 };
    let shared = Arc::new(Shared::new(engine, None, Admission::new("public", 1, 1), drain, None));
    let (audit, task) = Audit::start(store, shared.clock);
    assert!(shared.audit.set(Arc::new(audit)).is_ok());
    tokio::spawn(task);
    let response = read(State(shared), RawQuery(None)).await;
    assert_eq!(response.status(), StatusCode::OK);
    let body = to_bytes(response.into_body(), usize::MAX).await.ok()?;
    Some(body.iter().filter(|byte| **byte == b'\n').count())
}

fn scripted(pages: impl IntoIterator<Item = Result<Page, Unavailable>>) -> Scripted {
    Scripted { pages: Arc::new(Mutex::new(pages.into_iter().collect())), ..Scripted::default() }
}

#[tokio::test]
async fn pages_without_a_record_end_no_answer() {
    let pages = [page(0, true), page(2, true), page(0, true), page(0, true), page(1, false)];
    assert_eq!(read_all(scripted(pages)).await, Some(3));
    assert_eq!(read_all(scripted([page(2, true), page(0, false)])).await, Some(2));
}

#[tokio::test]
async fn an_answer_whose_store_fails_on_the_way_is_cut_off() {
    assert_eq!(read_all(scripted([page(2, true), Err(Unavailable)])).await, None);
    assert_eq!(read_all(scripted([page(2, true), page(0, true), Err(Unavailable)])).await, None);
}

#[tokio::test]
async fn every_page_has_the_end_of_the_first() {
    let store = scripted([page(1, true), page(1, true), page(1, false)]);
    assert_eq!(read_all(store.clone()).await, Some(3));
    assert_eq!(*store.ends.lock().unwrap(), [1_001; 3], "what comes meanwhile is not part of the answer");
}
