//! The guarantees of `signalpost_server::audit`, checked over the trait with a movable clock: every store runs this suite.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod reader;
#[cfg(all(unix, feature = "redis"))]
mod redis;

use reader::{DAY, Reader, START, event, said};
use signalpost_protocol::ErrorCode;
use signalpost_server::audit::{
    AuditResult, AuditStore, BUCKET_MS, Day, DayKey, MemoryAuditStore, RETENTION_MS, Selection,
};

async fn a_record_has_what_happened_and_no_name<S: AuditStore>(store: S) {
    let mut reader = Reader::new(store);
    reader.append(&[said("ada", "bob", "offer")]).await;
    reader.pass(5).await;
    let mut refused = said("bob", "nobody", "message");
    refused.result = AuditResult::Refused(ErrorCode::PeerNotFound);
    reader.append(&[refused, event("ada", None, "join")]).await;
    let records = reader.read(Selection::default()).await;
    let facts: Vec<_> =
        records.iter().map(|one| (one.at - START, one.kind.as_str(), one.result.as_str())).collect();
    let expected = [(0, "offer", "executed"), (5, "message", "peer-not-found"), (5, "join", "executed")];
    assert_eq!(facts, expected);
    assert_eq!(records[0].from, records[2].from, "one day, one name");
    assert_eq!(records[0].to, Some(records[1].from));
    assert_ne!(records[0].from, records[1].from);
    assert_eq!(records[2].to, None);
    assert!(!format!("{records:?}").contains("ada"));
}

async fn a_selection_is_by_time_type_and_peer<S: AuditStore>(store: S) {
    let mut reader = Reader::new(store);
    for number in 0..4 {
        let (from, to) = [("ada", "bob"), ("bob", "cy"), ("cy", "ada"), ("bob", "cy")][number];
        reader.append(&[said(from, to, if number % 2 == 0 { "offer" } else { "answer" })]).await;
        reader.pass(BUCKET_MS / 2).await;
    }
    let step = BUCKET_MS / 2;
    let mut times = async |selection: Selection| -> Vec<u64> {
        reader.read(selection).await.iter().map(|record| (record.at - START) / step).collect()
    };
    let all = Selection::default;
    assert_eq!(times(all()).await, [0, 1, 2, 3]);
    let between = Selection { from: Some(START + step), until: Some(START + 3 * step), ..all() };
    assert_eq!(times(between).await, [1, 2], "the end is not part of it");
    assert_eq!(times(Selection { from: Some(START + step + 1), ..all() }).await, [2, 3]);
    assert_eq!(times(Selection { until: Some(START), ..all() }).await, [0; 0]);
    assert_eq!(times(Selection { kind: said("a", "b", "answer").kind.into(), ..all() }).await, [1, 3]);
    assert_eq!(times(reader::about("ada")).await, [0, 2], "as sender and as receiver");
    assert_eq!(times(reader::about("eve")).await, [0; 0]);
    let both = Selection { kind: said("a", "b", "answer").kind.into(), ..reader::about("ada") };
    assert_eq!(times(both).await, [0; 0]);
}

async fn a_bucket_is_gone_24_hours_after_its_start<S: AuditStore>(store: S) {
    // START is where a bucket starts: its last record is ten minutes younger, and goes with it.
    let mut reader = Reader::new(store);
    reader.append(&[said("ada", "bob", "offer")]).await;
    reader.pass(BUCKET_MS - 1).await;
    reader.append(&[said("ada", "bob", "answer")]).await;
    reader.pass(1).await;
    reader.append(&[said("ada", "bob", "close")]).await;
    reader.pass(RETENTION_MS - BUCKET_MS - 1).await;
    assert_eq!(reader.count().await, 3);
    // Records that come do not prolong the life of those that are there.
    reader.append(&[said("ada", "bob", "message")]).await;
    reader.pass(1).await;
    assert_eq!(reader.count().await, 2, "the first bucket is gone, expired by nobody");
    reader.pass(BUCKET_MS - 1).await;
    assert_eq!(reader.count().await, 2);
    reader.pass(1).await;
    assert_eq!(reader.count().await, 1);
    reader.pass(DAY).await;
    assert_eq!((reader.count().await, reader.erase("ada").await), (0, 0));
}

async fn every_bucket_and_key_tells_when_it_expires<S: AuditStore>(store: S) {
    let mut reader = Reader::new(store);
    assert_eq!(reader.expire().await, None);
    reader.append(&[said("ada", "bob", "offer")]).await;
    assert_eq!(reader.expire().await, Some(RETENTION_MS));
    reader.pass(RETENTION_MS - 1).await;
    assert_eq!(reader.expire().await, Some(1));
    reader.pass(1).await;
    let left = Day::of(START).key_expires_at() - START - RETENTION_MS;
    assert_eq!(reader.expire().await, Some(left), "only the key is left");
    reader.pass(left).await;
    assert_eq!(reader.expire().await, None);
}

async fn a_key_is_of_one_day_and_gone_48_hours_after_its_start<S: AuditStore>(mut store: S) {
    let (first, second) = (DayKey::new([1; 32]), DayKey::new([2; 32]));
    let (today, tomorrow) = (Day::of(START), Day::of(START + DAY));
    let midnight = today.key_expires_at() - 2 * DAY;
    assert_eq!(store.key(START, today, first).await, Ok(first));
    assert_eq!(store.key(START, today, second).await, Ok(first), "the first one stays");
    assert_eq!(store.key(midnight + DAY, tomorrow, second).await, Ok(second));
    assert_eq!(store.keys(midnight + 2 * DAY - 1).await, Ok(vec![first, second]));
    assert_eq!(store.keys(midnight + 2 * DAY).await, Ok(vec![second]));
    assert!(store.key(midnight + 2 * DAY, today, first).await.is_err(), "it does not come back");
    assert_eq!(store.expire(midnight + 3 * DAY).await, Ok(None));
    assert_eq!(store.keys(midnight + 3 * DAY).await, Ok(Vec::new()));
}

async fn names_differ_from_day_to_day_and_a_peer_is_found_on_both<S: AuditStore>(store: S) {
    let mut reader = Reader::new(store);
    let midnight = Day::of(START).key_expires_at() - DAY;
    reader.pass(midnight - START).await;
    // One batch has the end of a day and the beginning of the next.
    let before = (1, said("ada", "bob", "offer"));
    reader
        .append_late(vec![before, (0, said("bob", "ada", "answer")), (0, said("cy", "bob", "offer"))])
        .await;
    let records = reader.read(reader::about("ada")).await;
    assert_eq!(records.len(), 2);
    assert_ne!(Some(records[0].from), records[1].to, "two names of one peer");
    assert_eq!((reader.erase("ada").await, reader.count().await), (2, 1));
}

async fn one_peer_is_erased_and_the_others_stay<S: AuditStore>(store: S) {
    let mut reader = Reader::new(store);
    for _ in 0..400 {
        reader.append(&[said("ada", "bob", "offer"), said("bob", "cy", "offer")]).await;
        reader.append(&[said("cy", "ada", "offer"), event("ada", None, "join")]).await;
        reader.pass(BUCKET_MS / 100).await;
    }
    assert_eq!(reader.count().await, 1_600);
    assert_eq!(reader.erase("ada").await, 1_200);
    assert_eq!(reader.read(reader::about("ada")).await, []);
    assert_eq!(reader.read(reader::about("bob")).await.len(), 400);
    assert_eq!(reader.erase("ada").await, 0);
    // An erasure is about what was, not about what will be.
    reader.append(&[said("ada", "bob", "offer")]).await;
    assert_eq!(reader.read(reader::about("ada")).await.len(), 1);
}

async fn pages_have_every_record_once_while_others_come_and_go<S: AuditStore>(store: S) {
    let mut reader = Reader::new(store);
    for number in 0..50 {
        let events: Vec<_> = (0..100)
            .map(|each| said(&format!("peer-{number}-{each}"), "bob", "offer"))
            .chain([said("eve", "cy", "close")])
            .collect();
        reader.append(&events).await;
        reader.pass(BUCKET_MS / 10).await;
    }
    let (mut seen, mut after, mut until, mut pages) = (Vec::new(), None, None, 0);
    loop {
        let selection =
            Selection { until, kind: said("a", "b", "offer").kind.into(), ..Selection::default() };
        let found = reader.page(&selection, after).await;
        assert!(found.page.records.len() <= 1_000);
        until = Some(found.until);
        pages += 1;
        seen.extend(found.page.records);
        // What is erased moves nothing, and what comes is after the end.
        reader.erase("eve").await;
        reader.pass(1).await;
        reader.append(&[said("late", "bob", "offer"), said("eve", "bob", "close")]).await;
        match found.page.next {
            Some(next) => assert!(Some(next) > after.replace(next)),
            None => break,
        }
    }
    assert!(pages > 4, "{pages} pages");
    let names: std::collections::BTreeSet<_> = seen.iter().map(|record| record.from).collect();
    assert_eq!((seen.len(), names.len()), (5_000, 5_000));
    assert!(seen.is_sorted_by_key(|record| record.at));
}

async fn a_clock_that_is_set_back_keeps_nothing_longer<S: AuditStore>(store: S) {
    let mut reader = Reader::new(store);
    reader.append(&[said("ada", "bob", "offer")]).await;
    reader.set_back(DAY).await;
    reader.append(&[said("ada", "bob", "answer")]).await;
    reader.pass(RETENTION_MS - 1).await;
    assert_eq!(reader.count().await, 2);
    reader.pass(1).await;
    assert_eq!(reader.count().await, 0);
}

/// Runs the tests on stores that `$make` makes, each with what has to live as long as the store.
macro_rules! suite {
    ($($(#[$attribute:meta])* $store:ident = $make:expr;)*) => {
        $(suite!(@tests $(#[$attribute])* $store, $make, [
            a_record_has_what_happened_and_no_name,
            a_selection_is_by_time_type_and_peer,
            a_bucket_is_gone_24_hours_after_its_start,
            every_bucket_and_key_tells_when_it_expires,
            a_key_is_of_one_day_and_gone_48_hours_after_its_start,
            names_differ_from_day_to_day_and_a_peer_is_found_on_both,
            one_peer_is_erased_and_the_others_stay,
            pages_have_every_record_once_while_others_come_and_go,
            a_clock_that_is_set_back_keeps_nothing_longer,
        ]);)*
    };
    (@tests $(#[$attribute:meta])* $store:ident, $make:expr, [$($test:ident),* $(,)?]) => {
        $(#[$attribute])*
        mod $store {
            use super::*;
            $(
                #[tokio::test]
                async fn $test() {
                    let (_kept, store) = $make;
                    super::$test(store).await;
                }
            )*
        }
    };
}

suite! {
    memory = ((), MemoryAuditStore::new(16 * 1024 * 1024));
    #[cfg(all(unix, feature = "redis"))]
    on_redis = redis::single().await;
}
