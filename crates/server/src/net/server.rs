//! The running server.

use super::admission::Admission;
use super::audit::Audit;
use super::listener::Service;
use super::milliseconds::Milliseconds;
use super::options::Options;
use super::shared::Shared;
use super::workers::Workers;
use super::{counters, http, listener};
use crate::audit::AuditStore;
use crate::drain::Drain;
use crate::engine::Engine;
use core::fmt;
use metrics_exporter_prometheus::PrometheusHandle;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Time for the sockets to close at a shutdown, beside that of the drain.
const SHUTDOWN: Duration = Duration::from_secs(5);
/// Time for the audit trail to be written at the end of a shutdown.
const FLUSH: Duration = Duration::from_secs(3);
/// Most connections at a time to the admin listener.
const ADMIN_CONNECTIONS: usize = 64;

/// A server whose ports are bound; [`Server::run`] serves them.
pub struct Server<E> {
    shared: Arc<Shared<E>>,
    options: Options,
    listener: TcpListener,
    admin: Option<TcpListener>,
    workers: Workers,
    /// The task that keeps the audit trail.
    recorder: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<E: Engine> Server<E> {
    /// Binds the ports. `exporter` renders `/metrics`.
    ///
    /// # Errors
    /// [`StartError`] when an address is not one, or cannot be bound, for example because it is in use; when a
    /// directory to serve does not exist; or when the system gives no threads.
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
        let workers = Workers::start(options.threads).map_err(StartError::Threads)?;
        counters::describe();
        let admission = Admission::new("public", options.max_connections, options.max_http_connections);
        let drain =
            Drain { duration_ms: options.stop.drain.0, return_window_ms: options.stop.return_window.0 };
        let shared = Arc::new(Shared::new(engine, options.region.clone(), admission, drain, exporter));
        Ok(Self { shared, options, listener, admin, workers, recorder: None })
    }

    /// Keeps an audit trail in this store; the admin listener answers questions about it.
    #[must_use]
    pub fn with_audit(self, store: impl AuditStore) -> Self {
        let (audit, recorder) = Audit::start(store, self.shared.clock);
        // A second store gets nothing.
        match self.shared.audit.set(Arc::new(audit)) {
            Ok(()) => Self { recorder: Some(Box::pin(recorder)), ..self },
            Err(_) => self,
        }
    }

    /// Returns the address of the signaling listener.
    ///
    /// # Errors
    /// The error of the operating system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is done. Then `/readyz` answers 503 for the time of the notice, while the server still accepts
    /// connections. After that it accepts none, closes each signaling socket in its turn of the drain with
    /// [`signalpost_protocol::CloseCode::Shutdown`], and waits at most 5 s more for them, and 5 s for what their commands have
    /// left running in the engine.
    ///
    /// Connections are served by threads of their own; accepting, `stop` and the sweep are on the caller's.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { shared, options, listener, admin, workers, recorder } = self;
        let Milliseconds(keep_alive) = options.keep_alive;
        let background = TaskTracker::new();
        // The admin listener answers until the very end: `/readyz` says that the server drains.
        let end = CancellationToken::new();
        let service = Service {
            router: http::public(shared.clone(), &options),
            admission: shared.admission.clone(),
            keep_alive: (keep_alive > 0).then_some(Duration::from_millis(keep_alive)),
            stop: shared.shutdown.clone(),
            tasks: shared.tasks.clone(),
            // The threads live longer than the listener: their sockets are still to be closed.
            workers: workers.clone(),
        };
        if let Some(admin) = admin {
            if let Ok(address) = admin.local_addr() {
                tracing::info!(%address, "admin");
            }
            let service = Service {
                router: http::admin(shared.clone()),
                admission: Admission::new("admin", 0, ADMIN_CONNECTIONS),
                stop: end.clone(),
                tasks: background.clone(),
                ..service.clone()
            };
            background.spawn(listener::serve(admin, service));
        }
        background.spawn(sweep(shared.clone(), end.clone()));
        let recorder = recorder.map(tokio::spawn);
        let serving = shared.tasks.spawn(listener::serve(listener, service));
        stop.await;
        shared.leaving.cancel();
        if options.stop.drain_notice.0 > 0 {
            tracing::info!(milliseconds = options.stop.drain_notice.0, "leaving");
            tokio::time::sleep(Duration::from_millis(options.stop.drain_notice.0)).await;
        }
        tracing::info!("draining");
        shared.shutdown.cancel();
        shared.tasks.close();
        let drained =
            tokio::time::timeout(SHUTDOWN + Duration::from_millis(options.stop.drain.0), shared.tasks.wait())
                .await;
        if tokio::time::timeout(SHUTDOWN, shared.engine.finish()).await.is_err() {
            tracing::warn!("stopped with commands unfinished");
        }
        end.cancel();
        if let (Some(recorder), Some(audit)) = (recorder, shared.audit.get()) {
            audit.stop();
            finish(recorder).await;
        }
        match drained {
            Ok(()) => tracing::info!("stopped"),
            Err(_) => tracing::warn!(left = shared.tasks.len(), "stopped with sockets open"),
        }
        serving.abort();
        drop(workers);
    }
}

/// Waits for the task that keeps the audit trail and was told to stop; gives it up when its store keeps it too long.
async fn finish(mut recorder: JoinHandle<()>) {
    if tokio::time::timeout(FLUSH, &mut recorder).await.is_err() {
        tracing::warn!("the audit trail was not written to its end");
        recorder.abort();
    }
}

async fn sweep<E: Engine>(shared: Arc<Shared<E>>, end: CancellationToken) {
    loop {
        shared.sweeper.begin();
        let due = shared.engine.sweep(shared.clock.now()).await;
        let next = shared.sweeper.plan(due, shared.clock.now());
        tokio::select! {
            () = end.cancelled() => return,
            // A sweep that is due at once lets the sockets have their turn before.
            () = tokio::time::sleep_until(shared.clock.instant(next)) => tokio::task::yield_now().await,
            () = shared.sweeper.woken() => {}
        }
    }
}

/// Why the server did not start. More reasons may be added.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be bound.
    Bind(String, io::Error),
    /// A directory to serve does not exist.
    NoDirectory(String),
    /// The threads that serve connections cannot be started.
    Threads(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(address, error) => write!(f, "cannot listen on {address}: {error}"),
            Self::NoDirectory(path) => write!(f, "{path} is not a directory"),
            Self::Threads(error) => write!(f, "cannot start threads: {error}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Bind(_, error) | Self::Threads(error) => Some(error),
            Self::NoDirectory(_) => None,
        }
    }
}
