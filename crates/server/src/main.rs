//! The binary: command line, signals, exit code.
#![forbid(unsafe_code)]

use clap::Parser;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
#[cfg(feature = "redis")]
use signalpost_protocol::Label;
use signalpost_server::audit::{AuditStore, MemoryAuditStore};
use signalpost_server::engine::Engine;
use signalpost_server::memory::MemoryEngine;
use signalpost_server::net::{Options, Server, start_log};
#[cfg(feature = "redis")]
use signalpost_server::redis::{RedisAuditStore, RedisEngine, Regions, StoreError};
use signalpost_server::registry::Bounds;
use std::error::Error;
use std::io::Write;
use std::pin::pin;
use std::process::ExitCode;
#[cfg(feature = "redis")]
use std::time::Duration;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Pause between two attempts to reach Redis at the start.
#[cfg(feature = "redis")]
const RETRY: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let options = Options::parse();
    start_log(&options);
    match serve(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("signalpost-server: {error}");
            exit_code(&*error)
        }
    }
}

/// The exit codes of a server that ends because of Redis, as sysexits.h names them: Redis is not to be reached, and starting the server
/// again later may help; Redis refuses the user, or what the user has to do; and Redis or its address is not what the server needs.
#[cfg(feature = "redis")]
const UNAVAILABLE: u8 = 69;
#[cfg(feature = "redis")]
const NO_PERMISSION: u8 = 77;
#[cfg(feature = "redis")]
const CONFIGURATION: u8 = 78;

#[cfg(feature = "redis")]
fn exit_code(error: &(dyn Error + 'static)) -> ExitCode {
    match error.downcast_ref::<StoreError>() {
        Some(error) if error.is_temporary() => ExitCode::from(UNAVAILABLE),
        Some(StoreError::Auth(_) | StoreError::Denied(_)) => ExitCode::from(NO_PERMISSION),
        Some(StoreError::Tls(_) | StoreError::Version(_) | StoreError::Config(_)) => {
            ExitCode::from(CONFIGURATION)
        }
        _ => ExitCode::FAILURE,
    }
}

#[cfg(not(feature = "redis"))]
fn exit_code(_: &(dyn Error + 'static)) -> ExitCode {
    ExitCode::FAILURE
}

/// The threads that serve connections are the server's own.
#[tokio::main(flavor = "current_thread")]
async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    let mut signals = Signals::catch()?;
    let exporter = match &options.admin_listen {
        Some(_) => Some(PrometheusBuilder::new().install_recorder()?),
        None => None,
    };
    #[cfg(feature = "redis")]
    let region = options.region.as_ref().map(Label::as_str);
    #[cfg(feature = "redis")]
    if let Some(config) = options.redis.regions(region, options.resume_window.0)? {
        let wait = Duration::from_millis(options.redis.redis_wait.0);
        let memory = options.audit.audit.then(|| options.audit.bytes());
        let (engine, audit) = tokio::select! {
            connected = connect(config, memory, wait) => connected?,
            () = signals.next() => return Ok(()),
        };
        return run(options, engine, audit, exporter, signals).await;
    }
    // As many peers may be away as are connected.
    let bounds = Bounds {
        peers: options.max_connections.saturating_mul(2),
        mailbox_bytes: options.mailbox_memory.saturating_mul(1024 * 1024),
        ..Bounds::default()
    };
    let engine = MemoryEngine::new(options.resume_window.0, bounds);
    let audit = options.audit.audit.then(|| MemoryAuditStore::new(options.audit.bytes()));
    run(options, engine, audit, exporter, signals).await
}

/// What a server has in Redis: its engine, and the audit trail if it keeps one.
#[cfg(feature = "redis")]
type OnRedis = (RedisEngine, Option<RedisAuditStore>);

/// Connects to Redis, and tries again for `wait` where that may help. With `memory` there is an audit trail of so many bytes.
#[cfg(feature = "redis")]
async fn connect(config: Regions, memory: Option<usize>, wait: Duration) -> Result<OnRedis, StoreError> {
    let end = tokio::time::Instant::now().checked_add(wait);
    let both = async || {
        let engine = RedisEngine::connect(config.clone()).await?;
        let audit = match memory {
            Some(bytes) => Some(RedisAuditStore::connect(config.own()?, bytes).await?),
            None => None,
        };
        Ok((engine, audit))
    };
    loop {
        let error: StoreError = match both().await {
            Ok(connected) => {
                tracing::info!(redis = config.addresses(), "connected");
                return Ok(connected);
            }
            Err(error) => error,
        };
        let is_over = end.is_some_and(|end| tokio::time::Instant::now() + RETRY > end);
        if is_over || !error.is_temporary() {
            return Err(error);
        }
        tracing::warn!(redis = config.addresses(), %error, "waiting for Redis");
        tokio::time::sleep(RETRY).await;
    }
}

/// Serves until a signal comes.
async fn run<E: Engine>(
    options: Options,
    engine: E,
    audit: Option<impl AuditStore>,
    exporter: Option<PrometheusHandle>,
    mut signals: Signals,
) -> Result<(), Box<dyn Error>> {
    let server = Server::bind(options, engine, exporter).await?;
    let server = match audit {
        Some(store) => server.with_audit(store),
        None => server,
    };
    let mut stdout = std::io::stdout();
    // The line is for the person or the script that started the server; a server whose output nobody reads runs too.
    let _unread = writeln!(stdout, "listening on http://{}", server.address()?).and_then(|()| stdout.flush());
    let stop = CancellationToken::new();
    let mut running = pin!(server.run(stop.clone().cancelled_owned()));
    tokio::select! {
        () = running.as_mut() => return Ok(()),
        () = signals.next() => stop.cancel(),
    }
    tokio::select! {
        () = running => Ok(()),
        () = signals.next() => Err("ended at once by a second signal".into()),
    }
}

/// SIGTERM and SIGINT, which are caught from the start on.
#[cfg(unix)]
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

#[cfg(unix)]
impl Signals {
    fn catch() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn catch() -> std::io::Result<Self> {
        Ok(Self)
    }

    /// Waits for the next one.
    async fn next(&mut self) {
        tokio::signal::ctrl_c().await.unwrap_or_default();
    }
}
