//! The thread of the crowd, separate from the thread that measures.

use crate::failure::Failure;
use crate::lag::Meter;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// A runtime of one thread. Dropping this value ends the runtime and everything that runs on it.
pub struct CrowdThread {
    pub handle: Handle,
    pub lag: Meter,
    _end: oneshot::Sender<()>,
}

impl CrowdThread {
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        let lag = Meter::default();
        let meter = lag.clone();
        std::thread::Builder::new().name("crowd".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = meter.run() => {}
                    // The sender sends nothing; dropping it ends the thread.
                    _ = ended => {}
                }
            });
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, lag, _end: end })
    }
}
