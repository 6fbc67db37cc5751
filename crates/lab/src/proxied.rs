//! A Redis server that everybody reaches by a proxy only.

use crate::failure::Failure;
use crate::port::Port;
use crate::proxy::FaultProxy;
use crate::redis::{RedisOptions, RedisServer};
use std::net::SocketAddr;

/// A Redis server behind a proxy. The other servers of its group and all clients know it by the proxy's address, so that the proxy's
/// faults part it from all of them.
pub struct ProxiedRedis {
    /// The server.
    pub server: RedisServer,
    /// What is before it.
    pub proxy: FaultProxy,
}

impl ProxiedRedis {
    /// Starts a proxy and a server; `announce` makes the lines of `redis.conf` that tell others the proxy's port.
    pub(crate) async fn start(
        options: RedisOptions,
        announce: impl FnOnce(u16) -> Vec<String>,
    ) -> Result<Self, Failure> {
        let port = Port::claim()?;
        let proxy = FaultProxy::start(port.address())?;
        let mut options = options;
        options.more.extend(announce(proxy.address().port()));
        Ok(Self { server: RedisServer::start_on(port, options).await?, proxy })
    }

    /// Returns the proxy's address, which is the one that others know.
    pub fn address(&self) -> SocketAddr {
        self.proxy.address()
    }

    /// Returns the server's role: `master` or `slave`, as Redis words it.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn role(&self) -> Result<String, Failure> {
        let role = self.server.command(&["ROLE"]).await?;
        Ok(role.list().first().map(|role| role.text().to_owned()).unwrap_or_default())
    }
}
