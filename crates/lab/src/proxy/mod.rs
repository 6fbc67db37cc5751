//! A proxy for TCP that makes faults.

mod connection;
mod kind;
mod listener;
mod settings;

use crate::failure::Failure;
use crate::port::Port;
use listener::Listener;
use settings::Settings;
pub use settings::{Fault, Which};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// How long the proxy may take to change its behaviour.
const CHANGE: Duration = Duration::from_secs(10);

/// A TCP proxy on loopback whose behaviour can be changed while it runs. Dropping this value ends it and its connections.
///
/// It has a thread of its own: a test that is busy does not slow it down.
pub struct FaultProxy {
    port: Port,
    settings: Option<watch::Sender<Settings>>,
    changes: mpsc::UnboundedSender<Sender<()>>,
    open: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl FaultProxy {
    /// Starts a proxy on a free port, which passes everything on to `target`.
    ///
    /// # Errors
    /// When no port is free.
    pub fn start(target: SocketAddr) -> Result<Self, Failure> {
        Self::start_on(Port::claim()?, target)
    }

    /// Starts a proxy on `port`.
    pub(crate) fn start_on(port: Port, target: SocketAddr) -> Result<Self, Failure> {
        let (settings, told) = watch::channel(Settings::new(target));
        let (changes, asked) = mpsc::unbounded_channel();
        let (open, accepted) = (Arc::default(), Arc::default());
        let listener = Listener::bind(port.address(), told, asked, Arc::clone(&open), Arc::clone(&accepted))?;
        let thread = std::thread::Builder::new().name("fault proxy".into()).spawn(move || listener.run())?;
        Ok(Self { port, settings: Some(settings), changes, open, accepted, thread: Some(thread) })
    }

    /// Returns the address to which clients connect.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Sets what happens to connections from now on, to those that are open too.
    ///
    /// # Errors
    /// When the proxy does not do so.
    pub fn set(&self, fault: Fault) -> Result<(), Failure> {
        self.change(|settings| settings.set(Which::Every, fault))
    }

    /// Sets what happens to connections of a kind. [`Fault::Refuse`] is for every connection: a new one has no kind yet.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn set_for(&self, which: Which, fault: Fault) -> Result<(), Failure> {
        self.change(|settings| settings.set(which, fault))
    }

    /// Lets everything pass.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn heal(&self) -> Result<(), Failure> {
        self.set(Fault::None)
    }

    /// Resets the open connections of a kind (RST, to both sides). New ones are treated as before.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn cut(&self, which: Which) -> Result<(), Failure> {
        self.change(|settings| settings.cut(which))
    }

    /// Lets nothing more pass on the open connections of a kind, as long as they last, whatever is set later; nothing says so. New
    /// connections are treated as before.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn wedge(&self, which: Which) -> Result<(), Failure> {
        self.change(|settings| settings.wedge(which))
    }

    /// Connects further clients to `target`; open connections stay where they are.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn point_to(&self, target: SocketAddr) -> Result<(), Failure> {
        self.change(|settings| settings.target = target)
    }

    /// Returns how many connections are open.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Returns how many connections were accepted since the start.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Changes the settings and waits until the listener acts by them.
    fn change(&self, change: impl FnOnce(&mut Settings)) -> Result<(), Failure> {
        let ended = || Failure::new("the proxy has ended");
        self.settings.as_ref().ok_or_else(ended)?.send_modify(change);
        let (done, wait) = channel();
        self.changes.send(done).map_err(|_| ended())?;
        wait.recv_timeout(CHANGE).map_err(|_| ended())
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.settings = None;
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}
