//! One connection through the proxy.

use super::kind::{Kind, Recognition};
use super::settings::{Direction, Settings, Treatment};
use std::cell::Cell;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// The largest part that is passed at once, in bytes, and how many of them wait for the end of a delay. Beyond that the sender has to
/// wait, as on any slow way.
const PART: usize = 16 * 1024;
const WAITING: usize = 256;

/// Something on its way: bytes, or, if there are none, the end.
struct Part {
    due: Instant,
    bytes: Vec<u8>,
}

/// What both directions of a connection know.
struct Way {
    settings: watch::Receiver<Settings>,
    /// What they were when the connection came.
    before: Settings,
    kind: Cell<Kind>,
}

impl Way {
    fn treatment(&self, settings: &Settings) -> Treatment {
        settings.of(self.kind.get())
    }

    /// Waits until something may pass; returns after how long.
    async fn may_pass(&self, direction: Direction) -> Duration {
        let mut settings = self.settings.clone();
        let may = |settings: &Settings| {
            let treatment = self.treatment(settings);
            !treatment.fault.stops(direction) && treatment.wedges == self.treatment(&self.before).wedges
        };
        let passes = settings.wait_for(may).await;
        passes.map(|settings| self.treatment(&settings).fault.delay()).unwrap_or_default()
    }

    /// Waits until the connection is cut.
    async fn cut(&self) {
        let mut settings = self.settings.clone();
        let is_cut = |now: &Settings| self.treatment(now).cuts != self.treatment(&self.before).cuts;
        // An error is the end of the proxy, which is the end of the connection.
        let _end = settings.wait_for(is_cut).await;
    }
}

/// Carries a connection, which came when the settings were `before`, until it ends.
pub async fn carry(client: TcpStream, before: Settings, settings: watch::Receiver<Settings>) {
    let way = Way { settings, before, kind: Cell::default() };
    let target = way.settings.borrow().target;
    let mut client = client;
    let Ok(mut server) = TcpStream::connect(target).await else {
        way.may_pass(Direction::ToClient).await;
        reset(client);
        return;
    };
    // A socket on which this fails is broken, which the first read or write tells.
    let _broken = (client.set_nodelay(true), server.set_nodelay(true));
    let orderly = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let passing = async {
            tokio::try_join!(
                pass(&way, Direction::ToServer, from_client, to_server),
                pass(&way, Direction::ToClient, from_server, to_client),
            )
        };
        tokio::select! {
            passed = passing => passed.is_ok(),
            () = way.cut() => false,
        }
    };
    if !orderly {
        reset(client);
        reset(server);
    }
}

/// Closes a socket with RST.
fn reset(stream: TcpStream) {
    let _closed = stream.set_zero_linger();
}

/// Passes on what comes in one direction, and then its end.
async fn pass(
    way: &Way,
    direction: Direction,
    source: ReadHalf<'_>,
    sink: WriteHalf<'_>,
) -> std::io::Result<()> {
    let (queue, waiting) = mpsc::channel(WAITING);
    tokio::try_join!(read(way, direction, source, queue), write(way, direction, sink, waiting)).map(drop)
}

async fn read(
    way: &Way,
    direction: Direction,
    mut source: ReadHalf<'_>,
    queue: mpsc::Sender<Part>,
) -> std::io::Result<()> {
    let mut recognition = Recognition::default();
    let mut buffer = vec![0; PART];
    loop {
        way.may_pass(direction).await;
        let read = source.read(&mut buffer).await;
        let bytes = buffer.get(..*read.as_ref().unwrap_or(&0)).unwrap_or_default().to_vec();
        if direction == Direction::ToServer {
            way.kind.set(recognition.read(&bytes));
        }
        // The freeze may have begun while this direction was silent, and it is for ends too.
        let due = Instant::now() + way.may_pass(direction).await;
        let length = read?;
        if queue.send(Part { due, bytes }).await.is_err() || length == 0 {
            return Ok(());
        }
    }
}

async fn write(
    way: &Way,
    direction: Direction,
    mut sink: WriteHalf<'_>,
    mut waiting: mpsc::Receiver<Part>,
) -> std::io::Result<()> {
    while let Some(Part { due, bytes }) = waiting.recv().await {
        sleep_until(due).await;
        way.may_pass(direction).await;
        if bytes.is_empty() {
            return sink.shutdown().await;
        }
        sink.write_all(&bytes).await?;
    }
    Ok(())
}
