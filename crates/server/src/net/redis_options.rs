//! The part of the command line that is about Redis.

use super::milliseconds::{Milliseconds, seconds};
use crate::redis::{Regions, StoreError, Topology};
use clap::Args;
use clap::builder::BoolishValueParser;
use core::fmt;
use std::path::PathBuf;

/// Where Redis is. Without an address the server keeps everything in its own memory.
#[derive(Clone, Default, Args)]
#[command(next_help_heading = "Redis, which several servers share")]
pub struct RedisOptions {
    /// Address of Redis, `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS; of several Sentinels or servers of a
    /// cluster, with commas between them. Of a mesh over several regions: with the name of the region and `=` before the first address of
    /// each, as in `eu=redis://a,us=redis://b`; --region names that of the server. Without it the server is alone and keeps everything in its
    /// memory. The environment variable keeps a password out of the list of processes.
    #[arg(long = "redis", env = "SIGNALPOST_REDIS", value_name = "URL", hide_env_values = true)]
    pub redis: Option<String>,
    /// Name of the master that the Sentinels at the addresses of --redis watch.
    #[arg(long, env = "SIGNALPOST_REDIS_SENTINEL", value_name = "NAME")]
    pub redis_sentinel: Option<String>,
    /// With what the server logs in at the Sentinels, `[user:]password`. The user and the password in --redis are for Redis itself.
    #[arg(
        long,
        env = "SIGNALPOST_REDIS_SENTINEL_LOGIN",
        value_name = "LOGIN",
        requires = "redis_sentinel",
        hide_env_values = true
    )]
    pub redis_sentinel_login: Option<String>,
    /// The addresses of --redis are those of servers of a Redis Cluster.
    #[arg(long, env = "SIGNALPOST_REDIS_CLUSTER", conflicts_with = "redis_sentinel", value_parser = BoolishValueParser::new())]
    pub redis_cluster: bool,
    /// File with the certificate, in PEM, of the authority that vouches for Redis with TLS. Without it those that the system knows count.
    #[arg(long, env = "SIGNALPOST_REDIS_CA", value_name = "FILE")]
    pub redis_ca: Option<PathBuf>,
    /// What the name of every key and channel begins with. Servers with the same prefix belong together.
    #[arg(long, env = "SIGNALPOST_REDIS_PREFIX", default_value = "sp:", value_name = "TEXT")]
    pub redis_prefix: String,
    /// Most sessions in Redis, of all servers together. The servers refuse further newcomers.
    #[arg(long, env = "SIGNALPOST_REDIS_SESSIONS", default_value_t = 1_000_000, value_name = "COUNT")]
    pub redis_sessions: u64,
    /// How long the server tries to reach Redis when it starts; with 0 it tries once. Then it ends with exit code 69.
    #[arg(long, env = "SIGNALPOST_REDIS_WAIT", default_value = "60", value_name = "SECONDS", value_parser = seconds)]
    pub redis_wait: Milliseconds,
}

/// Without the address, which may hold a password.
impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions").field("prefix", &self.redis_prefix).finish_non_exhaustive()
    }
}

impl RedisOptions {
    /// Returns the options of the engine; `None` without an address. `region` is that of the server, `window_ms` is how long a session
    /// waits for its client.
    ///
    /// # Errors
    /// [`StoreError::Config`] for what is not an address, and for regions without that of the server.
    pub fn regions(&self, region: Option<&str>, window_ms: u64) -> Result<Option<Regions>, StoreError> {
        let Some(urls) = &self.redis else { return Ok(None) };
        let topology = match (&self.redis_sentinel, self.redis_cluster) {
            (Some(name), _) => Topology::Sentinel(name.clone()),
            (None, true) => Topology::Cluster,
            (None, false) => Topology::Single,
        };
        let sentinel_login = self.redis_sentinel_login.as_deref().map(login);
        let regions = Regions::parse(region, urls)?;
        Ok(Some(regions.with(|config| {
            config.topology = topology.clone();
            config.sentinel_login.clone_from(&sentinel_login);
            config.prefix.clone_from(&self.redis_prefix);
            config.ca.clone_from(&self.redis_ca);
            config.window_ms = window_ms;
            config.sessions = self.redis_sessions;
        })))
    }
}

/// Reads `[user:]password`.
fn login(text: &str) -> (Option<String>, String) {
    match text.split_once(':') {
        Some((user, password)) if !user.is_empty() => (Some(user.into()), password.into()),
        Some((_, password)) => (None, password.into()),
        None => (None, text.into()),
    }
}
