//! The threads that serve connections.
//!
//! Each has a runtime of one thread, and a connection stays on the one that it was given. tokio's runtime of many threads
//! moves tasks to a common queue when one of its own is full, and takes from that queue too seldom: with 400 busy sockets
//! on one core the slowest of a hundred messages took 20 times as long as the median (docs/performance.md, "The server").
//! A runtime of one thread has a single queue, in which every socket has its turn.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Threads of one worker that read files.
const FILE_THREADS: usize = 2;

/// The runtimes, one for each thread. The threads end when the last clone is dropped.
#[derive(Clone)]
pub(super) struct Workers {
    runtimes: Arc<[Handle]>,
    next: Arc<AtomicUsize>,
    _stop: Arc<DropGuard>,
}

impl Workers {
    /// Starts the threads: `count`, or one for each core that the process may use.
    pub(super) fn start(count: Option<NonZeroUsize>) -> io::Result<Self> {
        let count = count.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        let stop = CancellationToken::new();
        let guard = Arc::new(stop.clone().drop_guard());
        let runtimes =
            (0..count).map(|number| start_thread(number, stop.clone())).collect::<io::Result<_>>()?;
        Ok(Self { runtimes, next: Arc::default(), _stop: guard })
    }

    /// The runtime for the next connection; each in turn.
    pub(super) fn next(&self) -> Option<&Handle> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed).checked_rem(self.runtimes.len())?;
        self.runtimes.get(turn)
    }
}

fn start_thread(number: usize, stop: CancellationToken) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(FILE_THREADS).build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
        runtime.block_on(stop.cancelled());
        // Whatever reads a file still is not waited for.
        runtime.shutdown_background();
    })?;
    Ok(handle)
}
