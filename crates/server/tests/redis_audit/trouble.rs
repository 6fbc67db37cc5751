//! Redis away, full, or with something else in it.

use super::reader::{Reader, START, about, said};
use super::{BYTES, redis, store, told};
use signalpost_lab::{Data, RedisCluster, RedisOptions, RedisServer};
use signalpost_protocol::PeerId;
use signalpost_server::audit::{AuditStore, DayKey, Selection, Trail, Unavailable};
use signalpost_server::redis::{Clock, Config, RedisAuditStore, Topology};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Appends one event; whether the store took it.
async fn try_append(trail: &mut Trail<RedisAuditStore>) -> Result<usize, Unavailable> {
    trail.append(vec![(0, said("ada", "bob", "offer"))], || Some(DayKey::new([3; 32]))).await
}

async fn trail(server: &RedisServer) -> Trail<RedisAuditStore> {
    let mut trail = Trail::new(store(server, Clock::Redis, BYTES).await);
    trail.handle_time(0, START);
    trail
}

#[tokio::test]
async fn nothing_waits_while_redis_is_away_and_the_trail_goes_on_afterwards() {
    let options = RedisOptions { append_only: true, ..RedisOptions::default() };
    let mut server = RedisServer::start(options).await.unwrap();
    let mut trail = trail(&server).await;
    assert_eq!(try_append(&mut trail).await, Ok(0));
    server.kill().unwrap();
    // The store needs a step to find out.
    assert_eq!(try_append(&mut trail).await, Err(Unavailable));
    sleep(Duration::from_millis(100)).await;
    let since = Instant::now();
    for _ in 0..1_000 {
        assert_eq!(try_append(&mut trail).await, Err(Unavailable));
    }
    assert_eq!(trail.read(&Selection::default(), None).await, Err(Unavailable));
    assert_eq!(trail.erase(&PeerId::parse("ada").unwrap()).await, Err(Unavailable));
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    server.restart(Data::Kept).await.unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    while try_append(&mut trail).await.is_err() {
        assert!(Instant::now() < end, "it does not come back");
        sleep(Duration::from_millis(50)).await;
    }
    let found = trail.read(&about("ada"), None).await.unwrap();
    assert_eq!(found.page.records.len(), 2, "nothing twice, and the key is the same");
}

/// A cluster that has not replied for a while is known to be away, as a single server is.
#[tokio::test]
async fn nothing_waits_while_a_cluster_is_away() {
    let mut cluster = RedisCluster::start(RedisOptions::default()).await.unwrap();
    let urls: Vec<String> = cluster.addresses().iter().map(|address| format!("redis://{address}")).collect();
    let mut config = Config::parse(&urls.join(",")).unwrap();
    config.topology = Topology::Cluster;
    let mut trail = Trail::new(RedisAuditStore::connect(config, BYTES).await.unwrap());
    trail.handle_time(0, START);
    assert_eq!(try_append(&mut trail).await, Ok(0));
    for server in &mut cluster.servers {
        server.server.freeze().unwrap();
    }
    for _ in 0..2 {
        assert_eq!(try_append(&mut trail).await, Err(Unavailable));
    }
    let since = Instant::now();
    for _ in 0..100 {
        assert_eq!(try_append(&mut trail).await, Err(Unavailable));
    }
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    for server in &mut cluster.servers {
        server.server.thaw().unwrap();
    }
    let end = Instant::now() + Duration::from_secs(20);
    while try_append(&mut trail).await.is_err() {
        assert!(Instant::now() < end, "it does not come back");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_redis_that_hangs_keeps_the_trail_for_a_bounded_time() {
    let mut server = redis().await;
    let mut trail = trail(&server).await;
    assert_eq!(try_append(&mut trail).await, Ok(0));
    server.freeze().unwrap();
    let since = Instant::now();
    assert_eq!(try_append(&mut trail).await, Err(Unavailable));
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    server.thaw().unwrap();
}

#[tokio::test]
async fn a_redis_without_memory_takes_no_records_and_erases_all_the_same() {
    let server = redis().await;
    let mut trail = trail(&server).await;
    assert_eq!(try_append(&mut trail).await, Ok(0));
    server.command(&["CONFIG", "SET", "maxmemory", "1"]).await.unwrap();
    assert_eq!(try_append(&mut trail).await, Err(Unavailable));
    assert_eq!(trail.read(&about("ada"), None).await.map(|found| found.page.records.len()), Ok(1));
    assert_eq!(trail.erase(&PeerId::parse("ada").unwrap()).await, Ok(1));
    assert!(trail.expire().await.is_ok());
    server.command(&["CONFIG", "SET", "maxmemory", "0"]).await.unwrap();
    assert_eq!(try_append(&mut trail).await, Ok(0));
}

#[tokio::test]
async fn a_bucket_that_redis_evicted_does_no_harm() {
    let server = redis().await;
    let mut reader = Reader::new(store(&server, Clock::Told, 0).await);
    for _ in 0..30 {
        reader.append(&vec![said("ada", "bob", "offer"); 300]).await;
    }
    server.command(&["DEL", &format!("sp:{{a}}:records:{START}")]).await.unwrap();
    assert_eq!(reader.count().await, 0);
    for _ in 0..30 {
        reader.append(&vec![said("ada", "bob", "offer"); 300]).await;
    }
    assert_eq!((reader.count().await, reader.erase("ada").await), (9_000, 9_000));
}

#[tokio::test]
async fn what_is_not_the_trails_own_is_an_error_and_no_record() {
    let server = redis().await;
    let mut reader = told(&server).await;
    reader.append(&[said("ada", "bob", "offer")]).await;
    let bucket = format!("sp:{{a}}:records:{START}");
    let good = server.command(&["HGET", &bucket, "1"]).await.unwrap().text().to_owned();
    for bad in ["", "x", "\n\n0", "600000 256 offer executed a b\n"] {
        server.command(&["HSET", &bucket, "1", bad]).await.unwrap();
        assert_eq!(reader.try_read().await, Err(Unavailable), "{bad:?}");
    }
    server.command(&["HSET", &bucket, "1", &good]).await.unwrap();
    assert_eq!(reader.count().await, 1);
    let key = "sp:{a}:key:20000";
    for bad in ["", "short", &"x".repeat(64), &"ab".repeat(33)] {
        server.command(&["SET", key, bad]).await.unwrap();
        let mut store = store(&server, Clock::Told, BYTES).await;
        assert_eq!(store.keys(START).await, Err(Unavailable), "{bad:?}");
    }
    server.command(&["DEL", "sp:{a}:records"]).await.unwrap();
    server.command(&["SET", "sp:{a}:records", "x"]).await.unwrap();
    assert_eq!(reader.try_read().await, Err(Unavailable));
}
