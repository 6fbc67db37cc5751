//! The binary: command line, signals, exit code.
#![forbid(unsafe_code)]

use clap::Parser;
use metrics_exporter_prometheus::PrometheusBuilder;
use signalpost_server::engine::memory::MemoryEngine;
use signalpost_server::net::{Options, Server, start_log};
use signalpost_server::registry::Bounds;
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

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

#[tokio::main]
async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    let stop = stop_signal()?;
    let exporter = match &options.admin_listen {
        Some(_) => Some(PrometheusBuilder::new().install_recorder()?),
        None => None,
    };
    // As many peers may be away as are connected.
    let bounds = Bounds {
        peers: options.max_connections.saturating_mul(2),
        mailbox_bytes: options.mailbox_memory.saturating_mul(1024 * 1024),
    };
    let engine = MemoryEngine::new(options.resume_window.0, bounds);
    let server = Server::bind(options, engine, exporter).await?;
    let mut stdout = std::io::stdout();
    // The line is for whoever started the server; it runs without one as well.
    let _unread = writeln!(stdout, "listening on http://{}", server.address()?).and_then(|()| stdout.flush());
    server.run(stop).await;
    Ok(())
}

/// Done at SIGTERM or SIGINT, which are caught from the call on.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Done at Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async { tokio::signal::ctrl_c().await.unwrap_or_default() })
}
