//! A cluster of Redis servers.

use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::port::Port;
use crate::proxied::ProxiedRedis;
use crate::redis::RedisOptions;
use std::net::SocketAddr;
use std::time::Duration;

/// How many primaries there are, and how many replicas: one for each.
const SHARDS: usize = 3;
/// The number of slots that the primaries share.
const SLOTS: usize = 16_384;
/// How long a step of the cluster may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a server may be silent until the others take it for failed.
const NODE_TIMEOUT: Duration = Duration::from_secs(1);

/// Three primaries with a replica each. Every server is behind a proxy of its own; what the servers say to each other about the
/// cluster (the bus) passes no proxy.
pub struct RedisCluster {
    /// The servers. At first the first three are the primaries, and each server after them the replica of the one three before it.
    pub servers: Vec<ProxiedRedis>,
    _buses: Vec<Port>,
}

impl RedisCluster {
    /// Starts the servers, makes a cluster of them, and waits until each of them knows that it is complete.
    ///
    /// # Errors
    /// When a server does not start, or the rest takes more than 30 s.
    pub async fn start(options: RedisOptions) -> Result<Self, Failure> {
        let mut cluster = Self { servers: Vec::new(), _buses: Vec::new() };
        for _ in 0..2 * SHARDS {
            let bus = Port::claim()?;
            let lines = |port| {
                vec![
                    "cluster-enabled yes".into(),
                    // What a server knows of the cluster stays when its data is lost.
                    "cluster-config-file ../nodes.conf".into(),
                    format!("cluster-node-timeout {}", NODE_TIMEOUT.as_millis()),
                    format!("cluster-port {}", bus.number()),
                    "cluster-announce-ip 127.0.0.1".into(),
                    format!("cluster-announce-port {port}"),
                    // A replica may be promoted however long it has not heard of its primary.
                    "cluster-replica-validity-factor 0".into(),
                ]
            };
            cluster.servers.push(ProxiedRedis::start(options.clone(), lines).await?);
            cluster._buses.push(bus);
        }
        cluster.join().await?;
        Ok(cluster)
    }

    async fn join(&self) -> Result<(), Failure> {
        for (number, (each, bus)) in self.servers.iter().zip(&self._buses).enumerate() {
            let epoch = (number + 1).to_string();
            each.server.command(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]).await?;
            if number < SHARDS {
                let (first, end) = (number * SLOTS / SHARDS, (number + 1) * SLOTS / SHARDS);
                let (first, last) = (first.to_string(), (end - 1).to_string());
                each.server.command(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]).await?;
            }
            let port = each.server.address().port().to_string();
            let bus = bus.number().to_string();
            for other in self.servers.iter().take(number) {
                other.server.command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]).await?;
            }
        }
        let deadline = Deadline::after(PATIENCE);
        self.all_know(&deadline, |nodes| nodes.len() == 2 * SHARDS && nodes.iter().all(|node| node.is_met))
            .await?;
        for (replica, primary) in self.servers.iter().skip(SHARDS).zip(&self.servers) {
            let id = primary.server.command(&["CLUSTER", "MYID"]).await?;
            replica.server.command(&["CLUSTER", "REPLICATE", id.text()]).await?;
        }
        for replica in self.servers.iter().skip(SHARDS) {
            replica.server.wait_for_primary().await?;
        }
        self.all_know(&deadline, |nodes| nodes.iter().filter(|node| node.is_replica).count() == SHARDS)
            .await?;
        self.whole().await
    }

    /// Waits until a condition holds for what every server says of all.
    async fn all_know(&self, deadline: &Deadline, holds: impl Fn(&[Node]) -> bool) -> Result<(), Failure> {
        for each in &self.servers {
            loop {
                let reply = each.server.command(&["CLUSTER", "NODES"]).await?;
                if holds(&nodes(reply.text())) {
                    break;
                }
                deadline.rest(|| format!("the cluster is not complete:\n{}", reply.text())).await?;
            }
        }
        Ok(())
    }

    /// Waits until every server that runs says that all slots are served.
    ///
    /// # Errors
    /// When that takes more than 30 s.
    pub async fn whole(&self) -> Result<(), Failure> {
        let deadline = Deadline::after(PATIENCE);
        for each in &self.servers {
            loop {
                let info = each.server.command(&["CLUSTER", "INFO"]).await;
                // One that does not answer is no part of the cluster now.
                if info.as_ref().map_or(true, |info| info.text().contains("cluster_state:ok")) {
                    break;
                }
                deadline.rest(|| format!("the cluster is not whole: {info:?}")).await?;
            }
        }
        Ok(())
    }

    /// Returns the addresses of the servers' proxies, which are those that clients know.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(ProxiedRedis::address).collect()
    }

    /// Returns the index of the primary of the slot of `key`, as the first server that answers says.
    ///
    /// # Errors
    /// When none answers, or the slot has no primary.
    pub async fn primary_of(&self, key: &str) -> Result<usize, Failure> {
        for each in &self.servers {
            let Ok(crate::resp::Reply::Number(slot)) =
                each.server.command(&["CLUSTER", "KEYSLOT", key]).await
            else {
                continue;
            };
            let reply = each.server.command(&["CLUSTER", "NODES"]).await?;
            let owner = nodes(reply.text())
                .into_iter()
                .find(|node| node.slots.iter().any(|slots| slots.contains(&slot)));
            let port =
                owner.map(|node| node.port).ok_or_else(|| Failure::new(format!("nobody has slot {slot}")))?;
            return self.index(port);
        }
        Err(Failure::new("no server of the cluster answers"))
    }

    fn index(&self, port: u16) -> Result<usize, Failure> {
        let found = self.servers.iter().position(|each| each.address().port() == port);
        found.ok_or_else(|| Failure::new(format!("port {port} is none of the servers'")))
    }

    /// Returns the index of the server that follows `primary`, or that it follows.
    fn other(primary: usize) -> usize {
        if primary < SHARDS { primary + SHARDS } else { primary - SHARDS }
    }

    /// Makes the replica of a primary that works its successor, and waits for it; returns the index of the new primary.
    ///
    /// # Errors
    /// When that takes more than 30 s.
    pub async fn failover(&self, primary: usize) -> Result<usize, Failure> {
        let other = Self::other(primary);
        let each = self.servers.get(other).ok_or_else(|| Failure::new("no such server"))?;
        each.server.command(&["CLUSTER", "FAILOVER"]).await?;
        self.promoted_after(primary).await
    }

    /// Waits until every server that answers takes the other server of a shard for its primary, and the cluster for whole; returns the
    /// index of that server.
    ///
    /// # Errors
    /// When that takes more than 30 s.
    pub async fn promoted_after(&self, primary: usize) -> Result<usize, Failure> {
        let other = Self::other(primary);
        let each = self.servers.get(other).ok_or_else(|| Failure::new("no such server"))?;
        let deadline = Deadline::after(PATIENCE);
        loop {
            let mut views = Vec::new();
            for server in &self.servers {
                views.extend(server.server.command(&["CLUSTER", "NODES"]).await);
            }
            let port = each.address().port();
            let is_promoted = |node: &Node| node.port == port && !node.slots.is_empty();
            if !views.is_empty() && views.iter().all(|view| nodes(view.text()).iter().any(is_promoted)) {
                break;
            }
            deadline.rest(|| format!("no promotion: {views:?}")).await?;
        }
        self.whole().await?;
        Ok(other)
    }
}

/// A line of `CLUSTER NODES`.
struct Node {
    port: u16,
    is_met: bool,
    is_replica: bool,
    slots: Vec<std::ops::RangeInclusive<i64>>,
}

fn nodes(text: &str) -> Vec<Node> {
    let node = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let port = words.get(1)?.split(['@', ',']).next()?.rsplit_once(':')?.1.parse().ok()?;
        let flags: Vec<&str> = words.get(2)?.split(',').collect();
        let slots = words.iter().skip(8).filter_map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            Some(first.parse().ok()?..=last.parse().ok()?)
        });
        let is_met = !flags.contains(&"handshake") && !flags.contains(&"noaddr");
        Some(Node { port, is_met, is_replica: flags.contains(&"slave"), slots: slots.collect() })
    };
    text.lines().filter_map(node).collect()
}
