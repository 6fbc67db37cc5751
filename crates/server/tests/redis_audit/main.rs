//! The audit trail in Redis, beyond the contract: what nodes share, what becomes of it when Redis is away, full, or holds something
//! else. Needs `redis-server`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[allow(dead_code, reason = "the contract's tests use the rest of it")]
#[path = "../audit_contract/reader.rs"]
mod reader;
mod trouble;

use reader::{DAY, Reader, START, about, said};
use signalpost_lab::{RedisCluster, RedisOptions, RedisServer, Reply};
use signalpost_server::audit::{
    AuditStore, BUCKET_MS, Day, DayKey, KEY_MS, RETENTION_MS, Selection, bucket_of, expires_at,
};
use signalpost_server::redis::{Clock, Config, RedisAuditStore, Topology};
use std::time::{SystemTime, UNIX_EPOCH};

const BYTES: usize = 16 * 1024 * 1024;

async fn redis() -> RedisServer {
    RedisServer::start(RedisOptions::default()).await.unwrap()
}

/// A node's store; `clock` says whose time counts.
async fn store(server: &RedisServer, clock: Clock, bytes: usize) -> RedisAuditStore {
    let mut config = Config::parse(&server.url()).unwrap();
    config.clock = clock;
    RedisAuditStore::connect(config, bytes).await.unwrap()
}

/// What a node knows of the trail, with the time that counts told by the test.
async fn told(server: &RedisServer) -> Reader<RedisAuditStore> {
    Reader::new(store(server, Clock::Told, BYTES).await)
}

#[allow(clippy::disallowed_methods, reason = "compares the clock of Redis with that of the test")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

#[tokio::test]
async fn nodes_share_one_trail_one_key_and_every_erasure() {
    let server = redis().await;
    let (mut first, mut second) = (told(&server).await, told(&server).await);
    first.append(&[said("ada", "bob", "offer"), said("eve", "cy", "close")]).await;
    second.append(&[said("bob", "ada", "answer")]).await;
    let everything = first.read(Selection::default()).await;
    assert_eq!(everything, second.read(Selection::default()).await);
    assert_eq!(everything[0].to, Some(everything[2].from), "one name on both");
    assert_eq!(second.read(about("ada")).await.len(), 2);
    assert_eq!((second.erase("ada").await, first.count().await), (2, 1));
}

#[tokio::test]
async fn the_first_key_of_a_day_counts_however_many_draw_one() {
    let server = redis().await;
    let mut stores = Vec::new();
    for number in 0..8 {
        stores.push((number, store(&server, Clock::Told, BYTES).await));
    }
    let drawn =
        stores.iter_mut().map(|(number, store)| store.key(START, Day::of(START), DayKey::new([*number; 32])));
    let keys = futures_util::future::join_all(drawn).await;
    assert!(keys.iter().all(|key| key.is_ok() && *key == keys[0]), "{keys:?}");
    let (_, other) = &mut stores[7];
    assert_eq!(other.keys(START).await, Ok(vec![keys[0].unwrap()]));
}

#[tokio::test]
async fn erasures_at_the_same_time_lose_none_of_each_other() {
    let server = redis().await;
    let (mut first, mut second) = (told(&server).await, told(&server).await);
    let events: Vec<_> =
        (0..3_000).map(|number| said(["ada", "bob", "cy"][number % 3], "eve", "offer")).collect();
    for batch in events.chunks(100) {
        first.append(batch).await;
    }
    let both = tokio::join!(first.erase("ada"), second.erase("bob"));
    assert_eq!(both, (1_000, 1_000));
    assert_eq!((first.count().await, second.read(about("cy")).await.len()), (1_000, 1_000));
}

#[tokio::test]
async fn the_clock_of_redis_counts_whatever_a_node_believes() {
    let server = redis().await;
    let begin = now();
    // The clock of a reader stands in the year 2024.
    let mut slow = Reader::new(store(&server, Clock::Redis, BYTES).await);
    let mut fast = Reader::new(store(&server, Clock::Redis, BYTES).await);
    fast.pass(5_000 * DAY).await;
    slow.append(&[said("ada", "bob", "offer")]).await;
    fast.append_late(vec![(50_000, said("ada", "bob", "answer"))]).await;
    let records = slow.read(Selection::default()).await;
    assert_eq!(records, fast.read(Selection::default()).await);
    let (end, at) = (now(), |kind: &str| records.iter().find(|one| one.kind.as_str() == kind).unwrap().at);
    assert!((begin..=end).contains(&at("offer")), "{records:?}");
    assert!((begin - 50_000..=end - 50_000).contains(&at("answer")), "as long ago as on the node");
    // Redis removes everything in time, also if every node is gone.
    for bucket in records.iter().map(|record| bucket_of(record.at)) {
        let left = ttl(&server, &format!("sp:{{a}}:records:{bucket}")).await;
        assert!((expires_at(bucket) - now()).abs_diff(left) < 2_000, "{left} ms");
    }
    let all = ttl(&server, "sp:{a}:records").await;
    assert!(all > RETENTION_MS - BUCKET_MS - 2_000 && all <= RETENTION_MS, "{all} ms");
    let today = Day::of(now()).number();
    let left = ttl(&server, &format!("sp:{{a}}:key:{today}")).await;
    assert!((today * DAY + KEY_MS - now()).abs_diff(left) < 2_000, "{left} ms");
    let next = slow.expire().await.unwrap();
    assert!(next <= RETENTION_MS && next > RETENTION_MS - 2 * BUCKET_MS - 60_000, "{next} ms");
}

/// How long Redis keeps a key, in milliseconds.
async fn ttl(server: &RedisServer, key: &str) -> u64 {
    match server.command(&["PTTL", key]).await.unwrap() {
        Reply::Number(left) => left.try_into().expect(key),
        other => panic!("{key}: {other:?}"),
    }
}

#[tokio::test]
async fn the_text_in_redis_names_nobody() {
    let server = redis().await;
    let mut reader = told(&server).await;
    reader.append(&[said("ada-lovelace", "bob-marley", "offer")]).await;
    let keys = server.command(&["KEYS", "*"]).await.unwrap();
    let mut names: Vec<String> = keys.list().iter().map(|key| key.text().to_owned()).collect();
    names.sort();
    let bucket = format!("sp:{{a}}:records:{START}");
    let day = format!("sp:{{a}}:key:{}", Day::of(START).number());
    assert_eq!(names, [day, "sp:{a}:records".to_owned(), bucket.clone()]);
    let held = format!("{:?}", server.command(&["HGETALL", &bucket]).await.unwrap());
    assert!(held.contains("offer executed") && !held.contains("ada") && !held.contains("marley"), "{held}");
}

#[tokio::test]
async fn a_full_trail_gives_its_oldest_records_up_and_says_how_many() {
    let server = redis().await;
    // The least that a trail has is 1 MiB.
    let mut store = store(&server, Clock::Told, 0).await;
    let (mut given_up, mut added) = (0, 0);
    let template = {
        let mut reader = told(&server).await;
        reader.append(&[said("ada", "bob", "offer")]).await;
        let one = reader.read(Selection::default()).await[0];
        assert_eq!(reader.erase("ada").await, 1);
        one
    };
    for step in 0..60 {
        let at = START + step * BUCKET_MS / 2;
        let records = vec![signalpost_server::audit::Record { at, ..template }; 500];
        added += records.len();
        given_up += store.append(at, records).await.unwrap();
    }
    let now = START + 30 * BUCKET_MS;
    let mut reader = told(&server).await;
    reader.pass(30 * BUCKET_MS).await;
    let left = reader.read(Selection::default()).await;
    assert_eq!(given_up + left.len(), added);
    assert!(left.len() > 9_000 && left.len() < 12_000, "1 MiB of them: {}", left.len());
    assert_eq!(left.last().map(|last| last.at), Some(now - BUCKET_MS / 2), "the newest are there");
    let memory = server.command(&["HVALS", "sp:{a}:records"]).await.unwrap();
    let counted: usize = memory.list().iter().map(|bytes| bytes.text().parse::<usize>().unwrap()).sum();
    assert!(counted <= 1024 * 1024, "{counted}");
    // The count is that of what is there: an erasure of everything brings it to nothing.
    assert_eq!(store.erase(now, &[template.from]).await, Ok(left.len() as u64));
    let memory = server.command(&["HVALS", "sp:{a}:records"]).await.unwrap();
    assert!(memory.list().iter().all(|bytes| bytes.text() == "0"), "{memory:?}");
}

#[tokio::test]
async fn a_page_over_erased_records_comes_to_an_end() {
    let server = redis().await;
    let mut reader = told(&server).await;
    // More places of chunks than one call looks at.
    for number in 0..5_000 {
        let name = if number % 2_000 == 0 { "ada" } else { "bob" };
        reader.append(&[said(name, "cy", "offer")]).await;
    }
    assert_eq!(reader.erase("bob").await, 4_997);
    let times = reader.read(about("ada")).await.len();
    assert_eq!((times, reader.count().await), (3, 3));
    reader.append(&[said("bob", "cy", "offer")]).await;
    assert_eq!(reader.count().await, 4);
}

#[tokio::test]
async fn an_erasure_between_two_pages_moves_no_record() {
    let server = redis().await;
    let mut reader = told(&server).await;
    for batch in 0..8 {
        let event = |number| said(&format!("peer-{batch}-{number}"), "bob", "offer");
        let events: Vec<_> = (0..200)
            .map(|number| if number < 20 { said("eve", "cy", "close") } else { event(number) })
            .collect();
        reader.append(&events).await;
    }
    let first = reader.page(&Selection::default(), None).await;
    assert_eq!(first.page.records.len(), 1_000);
    // A page of this size ends at the end of a chunk; the next one ends within a chunk.
    let offers = Selection { kind: said("a", "b", "offer").kind.into(), ..Selection::default() };
    let first = reader.page(&offers, None).await.page;
    assert_eq!(reader.erase("eve").await, 160);
    let rest = reader.page(&offers, first.next).await.page;
    let names: std::collections::BTreeSet<_> =
        first.records.iter().chain(&rest.records).map(|record| record.from).collect();
    assert_eq!((first.records.len() + rest.records.len(), names.len(), rest.next), (1_440, 1_440, None));
    // What comes too late is not kept, nor what has not begun.
    let mut store = store(&server, Clock::Told, BYTES).await;
    let late = signalpost_server::audit::Record { at: START - DAY, ..first.records[0] };
    let early = signalpost_server::audit::Record { at: START + DAY, ..late };
    assert_eq!(store.append(START, vec![late, early]).await, Ok(0));
    let held = server.command(&["HLEN", "sp:{a}:records"]).await.unwrap();
    assert_eq!(held, Reply::Number(1));
}

#[tokio::test]
async fn it_works_in_a_cluster() {
    let cluster = RedisCluster::start(RedisOptions::default()).await.unwrap();
    let urls: Vec<String> = cluster.addresses().iter().map(|address| format!("redis://{address}")).collect();
    let mut config = Config::parse(&urls.join(",")).unwrap();
    (config.topology, config.clock) = (Topology::Cluster, Clock::Told);
    let mut reader = Reader::new(RedisAuditStore::connect(config, BYTES).await.unwrap());
    for number in 0..20 {
        reader.append(&[said("ada", "bob", "offer"), said("bob", "cy", "offer")]).await;
        reader.pass(if number == 9 { DAY / 2 } else { BUCKET_MS }).await;
    }
    assert_eq!((reader.count().await, reader.read(about("ada")).await.len()), (40, 20));
    assert_eq!((reader.erase("ada").await, reader.count().await), (20, 20));
    reader.pass(DAY).await;
    assert_eq!(reader.count().await, 0);
    assert!(reader.expire().await.is_some(), "a key is left");
}
