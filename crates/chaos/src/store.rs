//! The Redis that the servers of a run share.

use signalpost_lab::{Data, Deadline, Failure, Fault, FaultProxy, RedisOptions, RedisServer, Which};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Within this time a server finds that its subscription is wedged, and opens another: silence of 5 s, an echo that does not come
/// for 2 s, and the time to connect.
const FOUND: Duration = Duration::from_secs(8);
/// How long servers may take to subscribe when Redis answers again.
const SUBSCRIBING: Duration = Duration::from_secs(20);

/// Redis, a replica of it if it is to lose data, and the proxy by which everybody reaches the one that is the primary.
pub struct Store {
    primary: RedisServer,
    replica: Option<RedisServer>,
    /// What is before the primary. The replica follows it by the same way.
    pub proxy: FaultProxy,
}

impl Store {
    /// Starts Redis, which writes everything to a file before it replies.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(has_replica: bool) -> Result<Self, Failure> {
        let options = RedisOptions { append_only: true, ..RedisOptions::default() };
        let primary = RedisServer::start(options.clone()).await?;
        let proxy = FaultProxy::start(primary.address())?;
        let replica = if has_replica {
            let options = RedisOptions { replica_of: Some(proxy.address()), ..options };
            let replica = RedisServer::start(options).await?;
            replica.wait_for_primary().await?;
            Some(replica)
        } else {
            None
        };
        Ok(Self { primary, replica, proxy })
    }

    /// The URL by which servers reach Redis.
    pub fn url(&self) -> String {
        self.primary.url_at(self.proxy.address())
    }

    /// Kills Redis (SIGKILL) and starts it again after some time.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn kill(&mut self, data: Data, time: Duration) -> Result<(), Failure> {
        self.primary.kill()?;
        sleep(time).await;
        self.primary.restart(data).await
    }

    /// Lets the replica hear nothing more, kills the primary when it has taken writes for this `tail` of time, and lets the replica take
    /// its place after some time. What was the primary becomes the replica.
    ///
    /// # Errors
    /// When there is no replica, or it does not follow.
    pub async fn lose_tail(&mut self, tail: Duration, time: Duration) -> Result<(), Failure> {
        let Self { primary, replica, proxy } = self;
        let replica = replica.as_mut().ok_or_else(|| Failure::new("there is no replica"))?;
        replica.wait_for_primary().await?;
        proxy.set_for(Which::Replicas, Fault::Freeze)?;
        sleep(tail).await;
        primary.kill()?;
        proxy.cut(Which::Every)?;
        sleep(time).await;
        follow(replica, &["NO", "ONE"]).await?;
        proxy.point_to(replica.address())?;
        // Also what came meanwhile, and was let down.
        proxy.cut(Which::Every)?;
        proxy.heal()?;
        primary.restart(Data::Kept).await?;
        let (host, port) = (proxy.address().ip().to_string(), proxy.address().port().to_string());
        follow(primary, &[&host, &port]).await?;
        primary.wait_for_primary().await?;
        std::mem::swap(primary, replica);
        Ok(())
    }

    /// Wedges every subscription that is open: nothing comes any more, and nothing says so. Returns after how long each of so many
    /// `servers` had found that and opened another; `None` if that took longer than [`FOUND`].
    ///
    /// # Errors
    /// When Redis does not answer, or the servers have no subscriptions to begin with.
    pub async fn wedge_subscriptions(&self, servers: usize) -> Result<Option<Duration>, Failure> {
        let deadline = Deadline::after(SUBSCRIBING);
        let mut former = self.subscribers().await?;
        while former.len() < servers {
            deadline.rest(|| format!("{} of {servers} servers have subscribed", former.len())).await?;
            former = self.subscribers().await?;
        }
        self.proxy.wedge(Which::Subscribers)?;
        let began = Instant::now();
        let last = former.last().copied().unwrap_or_default();
        while began.elapsed() < FOUND {
            let new = self.subscribers().await?.iter().filter(|id| **id > last).count();
            if new >= servers {
                return Ok(Some(began.elapsed()));
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(None)
    }

    /// The numbers of the connections that have subscribed, the newest last: Redis counts them up.
    async fn subscribers(&self) -> Result<BTreeSet<u64>, Failure> {
        let list = self.primary.command(&["CLIENT", "LIST", "TYPE", "pubsub"]).await?;
        let id = |line: &str| line.strip_prefix("id=")?.split(' ').next()?.parse().ok();
        Ok(list.text().lines().filter_map(id).collect())
    }

    /// Copies the logs to a folder.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn keep_logs(&self, folder: &Path) -> Result<(), Failure> {
        std::fs::write(folder.join("redis.log"), self.primary.log())?;
        if let Some(replica) = &self.replica {
            std::fs::write(folder.join("redis-replica.log"), replica.log())?;
        }
        Ok(())
    }
}

/// Makes a server follow another, or none, also after its next start.
async fn follow(server: &RedisServer, whom: &[&str]) -> Result<(), Failure> {
    let words: Vec<&str> = ["REPLICAOF"].iter().chain(whom).copied().collect();
    server.command(&words).await?;
    server.command(&["CONFIG", "REWRITE"]).await.map(drop)
}
