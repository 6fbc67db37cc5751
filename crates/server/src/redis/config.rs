//! Where Redis is, and how the engine uses it.

use super::error::StoreError;
use crate::engine::limits::RESUME_WINDOW_MS;
use redis::{ConnectionInfo, IntoConnectionInfo};
use std::path::PathBuf;
use std::time::Duration;

/// How Redis is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topology {
    /// One server.
    Single,
    /// Servers behind Sentinels. The addresses are those of the Sentinels; the text names the master.
    Sentinel(String),
    /// A Redis Cluster. The addresses are those of some of its servers.
    Cluster,
}

/// Whose clock counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The clock of Redis: the only one that all nodes share.
    Redis,
    /// The time that callers of the engine pass. For tests, which move it; all engines of one test get the same time.
    Told,
}

/// The options of the engine.
#[derive(Clone, Debug)]
pub struct Config {
    /// The addresses, with user name, password and database.
    pub(crate) servers: Vec<ConnectionInfo>,
    /// The name of the region, empty where the mesh has one store for all.
    pub region: String,
    /// How Redis is run.
    pub topology: Topology,
    /// With what the node logs in at the Sentinels: a user name, if it has one, and the password. The addresses of Redis have nothing to
    /// do with it.
    pub sentinel_login: Option<(Option<String>, String)>,
    /// What the name of every key and channel begins with. Several meshes may share one Redis under different prefixes.
    pub prefix: String,
    /// The certificate in PEM of who vouches for the servers, if it is not one that the system knows.
    pub ca: Option<PathBuf>,
    /// How long a session waits for its client, in milliseconds.
    pub window_ms: u64,
    /// Most sessions in the store, of all nodes together. The engine refuses further newcomers.
    pub sessions: u64,
    /// Whose clock counts.
    pub clock: Clock,
    /// Longest time for one step on Redis.
    pub step: Duration,
    /// How long a command is repeated while Redis is away. Then its socket is closed, and its client comes back.
    pub patience: Duration,
}

impl Config {
    /// Reads addresses: URLs with commas between them, `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS.
    ///
    /// # Errors
    /// [`StoreError::Config`] for what is not such a list.
    pub fn parse(urls: &str) -> Result<Self, StoreError> {
        let servers = urls
            .split(',')
            .map(str::trim)
            .filter(|url| !url.is_empty())
            // The error may not quote the URL, which may hold a password.
            .map(|url| {
                url.into_connection_info().map_err(|_| {
                    StoreError::Config("the address of Redis is not a redis:// or rediss:// URL".into())
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if servers.is_empty() {
            return Err(StoreError::Config("there is no address of Redis".into()));
        }
        Ok(Self {
            servers,
            region: String::new(),
            topology: Topology::Single,
            sentinel_login: None,
            prefix: "sp:".into(),
            ca: None,
            window_ms: RESUME_WINDOW_MS,
            sessions: 1_000_000,
            clock: Clock::Redis,
            step: Duration::from_secs(2),
            patience: Duration::from_secs(10),
        })
    }

    /// Checks that the options fit together.
    ///
    /// # Errors
    /// [`StoreError::Config`] that says which do not.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let wrong = |why: &str| Err(StoreError::Config(why.into()));
        if self.prefix.contains(|it: char| matches!(it, '{' | '}') || it.is_control() || it.is_whitespace()) {
            return wrong("the prefix of the keys may hold no brace, no space and no control character");
        }
        if self.topology == Topology::Single && self.servers.len() > 1 {
            return wrong("several addresses need a Sentinel master's name or a cluster");
        }
        if self.topology == Topology::Cluster
            && self.servers.iter().any(|server| server.redis_settings().db() != 0)
        {
            return wrong("a Redis Cluster has no numbered databases");
        }
        Ok(())
    }

    pub(super) fn servers(&self) -> &[ConnectionInfo] {
        &self.servers
    }

    /// The addresses with the numbers of databases.
    pub(super) fn places(&self) -> String {
        let place = |server: &ConnectionInfo| format!("{}/{}", server.addr(), server.redis_settings().db());
        self.servers.iter().map(place).collect::<Vec<_>>().join(",")
    }

    /// The addresses without user names and passwords, for logs.
    pub fn addresses(&self) -> String {
        let addresses: Vec<String> = self.servers.iter().map(|server| server.addr().to_string()).collect();
        addresses.join(",")
    }
}
