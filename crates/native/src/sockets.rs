//! The sockets that are open or about to be, by the numbers that the core gave them.

use crate::endpoints::Endpoints;
use crate::socket::{LINGER, Order, Orders, Reports, serve};
use signalpost_core::protocol::Envelope;
use signalpost_core::{SocketEvent, SocketId};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// Reports that wait for the driver. Sockets whose reports do not fit wait with reading.
const REPORTS: usize = 64;

/// One socket. Dropping this gives the socket up.
struct Socket {
    number: SocketId,
    /// The core bounds what waits here: each frame of its outbox goes to a socket once.
    orders: mpsc::UnboundedSender<Order>,
    _given_up: oneshot::Sender<()>,
}

/// The sockets of a client.
pub struct Sockets {
    endpoints: Endpoints,
    open: Vec<Socket>,
    tasks: JoinSet<()>,
    reporter: mpsc::Sender<(SocketId, SocketEvent)>,
    reports: mpsc::Receiver<(SocketId, SocketEvent)>,
}

impl Sockets {
    /// Opens none yet.
    pub fn new(endpoints: Endpoints) -> Self {
        let (reporter, reports) = mpsc::channel(REPORTS);
        Self { endpoints, open: Vec::new(), tasks: JoinSet::new(), reporter, reports }
    }

    /// Opens a socket to the next endpoint.
    pub fn open(&mut self, number: SocketId) {
        while self.tasks.try_join_next().is_some() {}
        let (sender, orders) = mpsc::unbounded_channel();
        let (_given_up, given_up) = oneshot::channel();
        self.open.push(Socket { number, orders: sender, _given_up });
        let reports = Reports { socket: number, reports: self.reporter.clone() };
        self.tasks.spawn(serve(self.endpoints.next(), Orders { orders, given_up }, reports));
    }

    /// Sends a text frame. A socket that is gone drops it silently, and the core sends it on the next one.
    pub fn send(&self, number: SocketId, envelope: &Envelope) {
        if let Some(socket) = self.open.iter().find(|socket| socket.number == number)
            && let Ok(text) = serde_json::to_string(envelope)
        {
            let _ = socket.orders.send(Order::Send(text));
        }
    }

    /// Closes a socket with a code, behind what it was given to send. Nothing is heard of it again.
    pub fn close(&mut self, number: SocketId, code: u16) {
        if let Some(socket) = self.take(number) {
            let _ = socket.orders.send(Order::Close(code));
        }
    }

    /// What the next socket did.
    pub async fn next(&mut self) -> (SocketId, SocketEvent) {
        loop {
            // The list has a sender of its own, so there is always one.
            let Some((number, event)) = self.reports.recv().await else {
                return std::future::pending().await;
            };
            let is_over = matches!(event, SocketEvent::Closed { .. } | SocketEvent::Unavailable { .. });
            let is_known = if is_over {
                self.take(number).is_some()
            } else {
                self.open.iter().any(|socket| socket.number == number)
            };
            if is_known {
                return (number, event);
            }
        }
    }

    /// Gives every socket up, and waits until what was sent is on its way, at most [`LINGER`].
    pub async fn end(&mut self) {
        self.open.clear();
        let ended = async {
            loop {
                tokio::select! {
                    ended = self.tasks.join_next() => if ended.is_none() { return },
                    // A socket must not wait for a driver that does not listen any more.
                    _ = self.reports.recv() => {}
                }
            }
        };
        let _ = tokio::time::timeout(LINGER, ended).await;
        self.tasks.abort_all();
    }

    fn take(&mut self, number: SocketId) -> Option<Socket> {
        let at = self.open.iter().position(|socket| socket.number == number)?;
        Some(self.open.swap_remove(at))
    }
}
