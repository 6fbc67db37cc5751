//! The running server.

use super::admission::Admission;
use super::clock::Clock;
use super::options::Options;
use super::{counters, http, listener};
use crate::ConnectionId;
use crate::drain::Drain;
use crate::engine::Engine;
use core::fmt;
use metrics_exporter_prometheus::PrometheusHandle;
use signalpost_protocol::Label;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Time for the sockets to close at a shutdown, beside that of the drain.
const SHUTDOWN: Duration = Duration::from_secs(5);
/// Time between two looks for sessions whose time is over: short against the 1.5 s that a page which was left has.
const SWEEP: Duration = Duration::from_millis(250);

/// What all tasks share.
pub(super) struct Shared<E> {
    pub(super) engine: E,
    pub(super) clock: Clock,
    pub(super) region: Option<Label>,
    pub(super) admission: Admission,
    pub(super) drain: Drain,
    pub(super) shutdown: CancellationToken,
    pub(super) tasks: TaskTracker,
    pub(super) exporter: Option<PrometheusHandle>,
    connections: AtomicU64,
}

impl<E> Shared<E> {
    pub(super) fn next_connection(&self) -> ConnectionId {
        ConnectionId::new(self.connections.fetch_add(1, Ordering::Relaxed))
    }
}

/// A server whose ports are bound; [`Server::run`] serves them.
pub struct Server<E> {
    shared: Arc<Shared<E>>,
    options: Options,
    listener: TcpListener,
    admin: Option<TcpListener>,
}

impl<E: Engine> Server<E> {
    /// Binds the ports. `exporter` renders `/metrics`.
    ///
    /// # Errors
    /// [`StartError`] when an address is not one, or cannot be bound, for example because it is in use; or
    /// when a directory to serve does not exist.
    pub async fn bind(
        options: Options,
        engine: E,
        exporter: Option<PrometheusHandle>,
    ) -> Result<Self, StartError> {
        for directory in [&options.www, &options.package].into_iter().flatten() {
            if !directory.is_dir() {
                return Err(StartError::NoDirectory(directory.display().to_string()));
            }
        }
        let bind = async |address: &str| {
            listener::bind(address).await.map_err(|error| StartError::Bind(address.to_owned(), error))
        };
        let listener = bind(&options.listen).await?;
        let admin = match &options.admin_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        counters::describe();
        let shared = Arc::new(Shared {
            engine,
            clock: Clock::start(),
            region: options.region.clone(),
            admission: Admission::new(options.max_connections),
            drain: Drain { duration: options.drain.0, return_window: options.return_window.0 },
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
            exporter,
            connections: AtomicU64::new(1),
        });
        Ok(Self { shared, options, listener, admin })
    }

    /// Where signaling is served.
    ///
    /// # Errors
    /// What the system says when it does not know.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is done; then accepts nobody, closes each signaling socket in its turn of the drain with
    /// [`signalpost_protocol::CloseCode::Shutdown`], and waits at most 5 s more for them.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { shared, options, listener, admin } = self;
        let background = TaskTracker::new();
        // The admin listener answers until the very end: `/readyz` says that the server drains.
        let end = CancellationToken::new();
        if let Some(admin) = admin {
            if let Ok(address) = admin.local_addr() {
                tracing::info!(%address, "admin");
            }
            let router = http::admin(shared.clone());
            let tasks = background.clone();
            background.spawn(listener::serve(admin, router, Admission::new(0), end.clone(), tasks));
        }
        background.spawn(sweep(shared.clone(), end.clone()));
        let serving = listener::serve(
            listener,
            http::public(shared.clone(), &options),
            shared.admission.clone(),
            shared.shutdown.clone(),
            shared.tasks.clone(),
        );
        let serving = shared.tasks.spawn(serving);
        stop.await;
        tracing::info!("draining");
        shared.shutdown.cancel();
        shared.tasks.close();
        let drained =
            tokio::time::timeout(SHUTDOWN + Duration::from_millis(options.drain.0), shared.tasks.wait())
                .await;
        end.cancel();
        match drained {
            Ok(()) => tracing::info!("stopped"),
            Err(_) => tracing::warn!(left = shared.tasks.len(), "stopped with sockets open"),
        }
        serving.abort();
    }
}

async fn sweep<E: Engine>(shared: Arc<Shared<E>>, end: CancellationToken) {
    let mut ticks = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = ticks.tick() => shared.engine.sweep(shared.clock.now()).await,
        }
    }
}

/// Why the server did not start.
#[derive(Debug)]
pub enum StartError {
    /// The address cannot be bound.
    Bind(String, io::Error),
    /// A directory to serve does not exist.
    NoDirectory(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(address, error) => write!(f, "cannot listen on {address}: {error}"),
            Self::NoDirectory(path) => write!(f, "{path} is not a directory"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Bind(_, error) => Some(error),
            Self::NoDirectory(_) => None,
        }
    }
}
