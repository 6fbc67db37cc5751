//! Sentinel and Cluster: a promotion that was asked for, and one after a death.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use signalpost_lab::{
    Connection, Data, Fault, RedisCluster, RedisOptions, RedisProgram, Reply, SentinelGroup,
};
use support::is_gone;

#[tokio::test]
async fn sentinels_promote_the_replica_when_asked_and_when_the_primary_dies() {
    let password = Some("x".to_owned());
    let mut group = SentinelGroup::start(RedisOptions { password, ..RedisOptions::default() }).await.unwrap();
    assert_eq!(group.primary().await.unwrap(), 0);
    let mut client = Connection::open(group.servers[0].address()).await.unwrap();
    client.ask(&["AUTH", "x"]).await.unwrap();
    client.ask(&["SET", "a", "1"]).await.unwrap();

    assert_eq!(group.failover().await.unwrap(), 1);
    assert_eq!(group.servers[1].server.command(&["GET", "a"]).await.unwrap().text(), "1");
    group.ready().await.unwrap();
    assert_eq!(group.servers[0].role().await.unwrap(), "slave");

    group.servers[1].server.kill().unwrap();
    assert_eq!(group.promoted_after(1).await.unwrap(), 0);
    group.servers[1].server.restart(Data::Lost).await.unwrap();
    group.ready().await.unwrap();
    assert_eq!(group.servers[1].server.command(&["GET", "a"]).await.unwrap().text(), "1");

    let ids: Vec<u32> = group.servers.iter().map(|each| each.server.process_id()).collect();
    drop(group);
    assert!(ids.into_iter().all(is_gone));
}

#[tokio::test]
async fn a_primary_that_is_parted_from_everybody_is_replaced_and_follows_its_successor() {
    let group = SentinelGroup::start(RedisOptions::default()).await.unwrap();
    group.servers[0].proxy.set(Fault::Freeze).unwrap();
    assert_eq!(group.promoted_after(0).await.unwrap(), 1);
    // It does not know yet.
    assert_eq!(group.servers[0].role().await.unwrap(), "master");
    group.servers[0].proxy.heal().unwrap();
    group.ready().await.unwrap();
    assert_eq!(group.servers[0].role().await.unwrap(), "slave");
}

#[tokio::test]
async fn clusters_of_every_program_serve_all_slots_and_replace_a_primary() {
    for program in RedisProgram::all() {
        let mut cluster =
            RedisCluster::start(RedisOptions { program, ..RedisOptions::default() }).await.unwrap();
        assert_eq!(cluster.addresses().len(), 6);
        let primary = cluster.primary_of("{a}").await.unwrap();
        let mut client = Connection::open(cluster.servers[primary].address()).await.unwrap();
        assert_eq!(client.ask(&["SET", "{a}", "1"]).await.unwrap().text(), "OK");
        // The others name its proxy.
        let mut other = Connection::open(cluster.servers[(primary + 1) % 3].address()).await.unwrap();
        let moved = other.ask(&["GET", "{a}"]).await.unwrap();
        let address = cluster.servers[primary].address().to_string();
        assert!(
            matches!(&moved, Reply::Error(error) if error.starts_with("MOVED") && error.ends_with(&address))
        );

        let second = cluster.failover(primary).await.unwrap();
        assert_eq!(cluster.primary_of("{a}").await.unwrap(), second);
        assert_eq!(cluster.servers[second].server.command(&["GET", "{a}"]).await.unwrap().text(), "1");
        cluster.servers[primary].server.wait_for_primary().await.unwrap();
        cluster.servers[second].server.kill().unwrap();
        assert_eq!(cluster.promoted_after(second).await.unwrap(), primary);
        assert_eq!(cluster.servers[primary].server.command(&["GET", "{a}"]).await.unwrap().text(), "1");
        cluster.servers[second].server.restart(Data::Lost).await.unwrap();
        cluster.servers[second].server.wait_for_primary().await.unwrap();
        let ids: Vec<u32> = cluster.servers.iter().map(|each| each.server.process_id()).collect();
        drop(cluster);
        assert!(ids.into_iter().all(is_gone));
    }
}
