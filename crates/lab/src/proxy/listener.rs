//! Accepts connections, or does not.

use super::connection::carry;
use super::settings::{Listening, Settings};
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::sleep;

/// How long the listener rests after its port could not be had, or a connection not be accepted.
const REST: Duration = Duration::from_millis(10);

/// The listener of a proxy, with the runtime on which the connections run.
pub struct Listener {
    runtime: Runtime,
    socket: std::net::TcpListener,
    settings: watch::Receiver<Settings>,
    changes: mpsc::UnboundedReceiver<Sender<()>>,
    open: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
}

enum Next {
    Client(TcpStream),
    Changed,
    Asked(Sender<()>),
    Again,
    End,
}

impl Listener {
    /// Listens on `address`.
    pub fn bind(
        address: SocketAddr,
        settings: watch::Receiver<Settings>,
        changes: mpsc::UnboundedReceiver<Sender<()>>,
        open: Arc<AtomicUsize>,
        accepted: Arc<AtomicUsize>,
    ) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let socket = std::net::TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        Ok(Self { runtime, socket, settings, changes, open, accepted })
    }

    /// Serves until the proxy is dropped.
    pub fn run(self) {
        let Self { runtime, socket, mut settings, mut changes, open, accepted } = self;
        let Ok(address) = socket.local_addr() else { return };
        LocalSet::new().block_on(&runtime, async move {
            let mut socket = TcpListener::from_std(socket).ok();
            let mut done: Option<Sender<()>> = None;
            loop {
                let listening = settings.borrow_and_update().listening;
                if listening == Listening::Refuse {
                    socket = None;
                } else if socket.is_none() {
                    socket = TcpListener::bind(address).await.ok();
                }
                // The test may be gone.
                let _told = done.take().map(|done| done.send(()));
                let accepting = async {
                    match &socket {
                        Some(socket) if listening == Listening::Accept => match socket.accept().await {
                            Ok((stream, _)) => Next::Client(stream),
                            Err(_) => rest().await,
                        },
                        None if listening != Listening::Refuse => rest().await,
                        _ => pending().await,
                    }
                };
                let next = tokio::select! {
                    next = accepting => next,
                    changed = settings.changed() => changed.map_or(Next::End, |()| Next::Changed),
                    asked = changes.recv() => asked.map_or(Next::End, Next::Asked),
                };
                match next {
                    Next::Client(client) => {
                        accepted.fetch_add(1, Ordering::Relaxed);
                        open.fetch_add(1, Ordering::Relaxed);
                        let open = Arc::clone(&open);
                        let (before, settings) = (settings.borrow().clone(), settings.clone());
                        spawn_local(async move {
                            carry(client, before, settings).await;
                            open.fetch_sub(1, Ordering::Relaxed);
                        });
                    }
                    Next::Asked(asked) => done = Some(asked),
                    Next::Changed | Next::Again => {}
                    Next::End => return,
                }
            }
        });
    }
}

async fn rest() -> Next {
    sleep(REST).await;
    Next::Again
}
