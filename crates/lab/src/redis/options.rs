//! How a Redis server is set up.

use crate::program::RedisProgram;
use std::net::SocketAddr;

/// How a Redis server is set up. By default it takes every client, keeps everything in memory alone, and is a primary.
#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    /// The program.
    pub program: RedisProgram,
    /// The password of the user `default`. With `acl` it is what that file says.
    pub password: Option<String>,
    /// The lines of the ACL file, such as `user app on >secret ~* &* +@all`. The laboratory adds a user of its own, as whom replicas and
    /// sentinels reach a primary, too.
    pub acl: Option<String>,
    /// The server listens with TLS alone.
    pub tls: bool,
    /// The most memory, in bytes; beyond it the server refuses what needs memory (`OOM`), because it evicts nothing.
    pub max_memory: Option<u64>,
    /// Every write goes to a file before its reply is sent; a killed server has it again.
    pub append_only: bool,
    /// The primary whose replica the server is.
    pub replica_of: Option<SocketAddr>,
    /// Further lines of `redis.conf`.
    pub more: Vec<String>,
}

impl RedisOptions {
    /// Returns `self` with a line of `redis.conf`.
    #[must_use]
    pub fn with(mut self, line: impl Into<String>) -> Self {
        self.more.push(line.into());
        self
    }
}
