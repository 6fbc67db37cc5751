//! The reference server with its memory engine, in this process.

use clap::Parser;
use signalpost_server::memory::MemoryEngine;
use signalpost_server::net;
use signalpost_server::registry::Bounds;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A server on a thread of its own.
pub struct Server {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server on a free port.
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0")
    }

    /// Starts a server there.
    pub fn start_at(listen: &str) -> Self {
        let arguments =
            ["server", "--listen", listen, "--threads", "1", "--drain", "0", "--return-window", "0"];
        let options = net::Options::try_parse_from(arguments).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (told, address) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let engine = MemoryEngine::new(options.resume_window.0, Bounds::default());
                let server = net::Server::bind(options, engine, None).await.unwrap();
                told.send(server.address().unwrap()).unwrap();
                server.run(async { drop(stopped.await) }).await;
            });
        });
        Self { address: address.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
    }

    /// Stops the server. Every session that it had is gone with it.
    pub async fn stop(mut self) -> SocketAddr {
        drop(self.stop.take());
        let thread = self.thread.take().unwrap();
        tokio::task::spawn_blocking(move || thread.join().unwrap()).await.unwrap();
        self.address
    }

    /// Stops the server and starts another one at its address.
    pub async fn restart(self) -> Self {
        let address = self.stop().await;
        Self::start_at(&address.to_string())
    }
}
