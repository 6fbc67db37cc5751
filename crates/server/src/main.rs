//! The binary: command line, signals, exit code.
#![forbid(unsafe_code)]

use clap::Parser;
use metrics_exporter_prometheus::PrometheusBuilder;
use signalpost_server::memory::MemoryEngine;
use signalpost_server::net::{Options, Server, start_log};
use signalpost_server::registry::Bounds;
use std::error::Error;
use std::io::Write;
use std::pin::pin;
use std::process::ExitCode;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let options = Options::parse();
    start_log(&options);
    match serve(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("signalpost-server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The threads that serve connections are the server's own.
#[tokio::main(flavor = "current_thread")]
async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    let mut signals = Signals::catch()?;
    let exporter = match &options.admin_listen {
        Some(_) => Some(PrometheusBuilder::new().install_recorder()?),
        None => None,
    };
    // As many peers may be away as are connected.
    let bounds = Bounds {
        peers: options.max_connections.saturating_mul(2),
        mailbox_bytes: options.mailbox_memory.saturating_mul(1024 * 1024),
        ..Bounds::default()
    };
    let engine = MemoryEngine::new(options.resume_window.0, bounds);
    let server = Server::bind(options, engine, exporter).await?;
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
