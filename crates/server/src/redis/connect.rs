//! Opens connections to Redis, however it is run.

use super::config::{Config, Topology};
use super::error::StoreError;
use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ProtocolVersion, TlsCertificates,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// Longest time to find and reach a server.
const CONNECT: Duration = Duration::from_secs(3);
/// Calls that one connection takes before the caller has to wait.
const PIPELINE: usize = 1_024;

/// Longest time to find out whether one server of a cluster answers: a part of [`CONNECT`], so that one that swallows everything does
/// not take the time of the others.
const ANSWER: Duration = Duration::from_millis(1_500);

/// Makes connections.
pub(super) struct Connector {
    config: Config,
    certificates: Option<TlsCertificates>,
    /// How often a server of a cluster was looked for.
    looks: AtomicUsize,
}

/// An open connection for calls of scripts. Clones share it.
#[derive(Clone)]
pub(super) enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connector {
    /// Reads the certificate, if one is named.
    ///
    /// # Errors
    /// [`StoreError::Config`].
    pub(super) fn new(config: Config) -> Result<Self, StoreError> {
        config.check()?;
        let certificates = match &config.ca {
            None => None,
            Some(path) => {
                let root = std::fs::read(path).map_err(|error| {
                    StoreError::Config(format!("{} cannot be read: {error}", path.display()))
                })?;
                Some(TlsCertificates { client_tls: None, root_cert: Some(root) })
            }
        };
        // The process may have chosen one already; any will do.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        Ok(Self { config, certificates, looks: AtomicUsize::new(0) })
    }

    /// Connects to the server that takes writes, or to the cluster.
    pub(super) async fn connect(&self) -> Result<Connection, StoreError> {
        let connecting = async {
            Ok(match self.config.topology {
                Topology::Cluster => Connection::Cluster(self.cluster()?.get_async_connection().await?),
                _ => {
                    let client = self.master(ProtocolVersion::RESP2).await?;
                    let options = AsyncConnectionConfig::new()
                        .set_connection_timeout(Some(CONNECT))
                        .set_response_timeout(Some(self.config.step))
                        .set_pipeline_buffer_size(PIPELINE);
                    Connection::One(client.get_multiplexed_async_connection_with_config(&options).await?)
                }
            })
        };
        // To the servers of a cluster it connects twice: to those that are configured, and to those that one of these names.
        let limit = match self.config.topology {
            Topology::Cluster => CONNECT.saturating_add(self.config.step),
            _ => CONNECT,
        };
        timeout(limit, connecting)
            .await
            .unwrap_or_else(|_| Err(StoreError::Unreachable("no answer in time".into())))
    }

    /// Opens a connection that hands on what is published to `channel`. In a cluster any server hears of everything.
    pub(super) async fn listen(
        &self,
        channel: &str,
        heard: impl AsyncPushSender,
    ) -> Result<MultiplexedConnection, StoreError> {
        let listening = async {
            let client = match self.config.topology {
                Topology::Cluster => self.any_of_cluster().await?,
                _ => self.master(ProtocolVersion::RESP3).await?,
            };
            let options = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(CONNECT))
                .set_response_timeout(Some(self.config.step))
                .set_push_sender(heard);
            let mut connection = client.get_multiplexed_async_connection_with_config(&options).await?;
            connection.subscribe(channel).await?;
            Ok(connection)
        };
        timeout(CONNECT, listening)
            .await
            .unwrap_or_else(|_| Err(StoreError::Unreachable("no answer in time".into())))
    }

    /// Finds the server that takes writes.
    async fn master(&self, protocol: ProtocolVersion) -> Result<Client, StoreError> {
        match &self.config.topology {
            Topology::Sentinel(name) => {
                let found = self.sentinel(name)?.async_get_client().await?;
                self.client(found.get_connection_info().clone(), protocol)
            }
            _ => {
                let server = self.config.servers().first();
                let server =
                    server.ok_or_else(|| StoreError::Config("there is no address of Redis".into()))?;
                self.client(server.clone(), protocol)
            }
        }
    }

    fn client(&self, server: ConnectionInfo, protocol: ProtocolVersion) -> Result<Client, StoreError> {
        // What names a library to Redis is a command more that the user would need.
        let settings = server.redis_settings().clone().set_protocol(protocol).set_skip_set_lib_name();
        let server = server.set_redis_settings(settings);
        Ok(match (&self.certificates, server.addr()) {
            (Some(certificates), ConnectionAddr::TcpTls { .. }) => {
                Client::build_with_tls(server, certificates.clone())?
            }
            _ => Client::open(server)?,
        })
    }

    /// User name, password and database of the Redis servers are those of the first address. TLS is for both or for neither.
    fn sentinel(&self, name: &str) -> Result<SentinelClient, StoreError> {
        let servers = self.config.servers();
        let addresses = servers.iter().map(|server| server.addr().clone());
        let mut builder = SentinelClientBuilder::new(addresses, name, SentinelServerType::Master)?;
        if let Some(first) = servers.first() {
            let settings = first.redis_settings();
            builder = builder.set_client_to_redis_db(settings.db());
            if let Some(user) = settings.username() {
                builder = builder.set_client_to_redis_username(user);
            }
            if let Some(password) = settings.password() {
                builder = builder.set_client_to_redis_password(password);
            }
            if matches!(first.addr(), ConnectionAddr::TcpTls { .. }) {
                builder = builder.set_client_to_redis_tls_mode(redis::TlsMode::Secure);
                if let Some(certificates) = &self.certificates {
                    builder = builder
                        .set_client_to_redis_certificates(certificates.clone())
                        .set_client_to_sentinel_certificates(certificates.clone());
                }
            }
        }
        if let Some((user, password)) = &self.config.sentinel_login {
            builder = builder.set_client_to_sentinel_password(password);
            if let Some(user) = user {
                builder = builder.set_client_to_sentinel_username(user);
            }
        }
        Ok(builder.build()?)
    }

    fn cluster(&self) -> Result<ClusterClient, StoreError> {
        let servers = self.config.servers().iter().map(|server| {
            let settings = server.redis_settings().clone().set_skip_set_lib_name();
            server.clone().set_redis_settings(settings)
        });
        let mut builder = ClusterClientBuilder::new(servers)
            .connection_timeout(ANSWER)
            .response_timeout(self.config.step)
            .overall_response_timeout(Some(self.config.step))
            .retries(2);
        if let Some(certificates) = &self.certificates {
            builder = builder.certs(certificates.clone());
        }
        Ok(builder.build()?)
    }

    /// Finds a server of the cluster that answers, among those of the configuration. Each look begins at another one.
    async fn any_of_cluster(&self) -> Result<Client, StoreError> {
        let mut last = StoreError::Unreachable("no server of the cluster answers".into());
        let servers = self.config.servers();
        let first = self.looks.fetch_add(1, Ordering::Relaxed).checked_rem(servers.len()).unwrap_or(0);
        for server in servers.iter().cycle().skip(first).take(servers.len()) {
            let client = self.client(server.clone(), ProtocolVersion::RESP3)?;
            match timeout(ANSWER, client.get_multiplexed_async_connection()).await {
                Ok(Ok(_)) => return Ok(client),
                Ok(Err(error)) => last = error.into(),
                Err(_) => {}
            }
        }
        Err(last)
    }
}
