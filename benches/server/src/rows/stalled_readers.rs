//! A7: readers ask for a file of `--www` and never read.

use crate::bench::{Bench, DURING};
use crate::failure::Failure;
use crate::others::Others;
use crate::report::{Line, megabytes};
use crate::server_process::ServerProcess;
use crate::times::ms;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// The size of the file: more than the buffers of both ends hold.
const FILE_BYTES: usize = 8 * 1024 * 1024;
/// The receive buffer of a reader, in the kernel.
const RECEIVE_BUFFER: u32 = 4 * 1024;
/// How many signaling sockets the server takes: fewer than there are readers, just as 10,000 are too few for a crowd
/// that wants them all.
const SIGNALING: &str = "1000";
const AT_A_TIME: usize = 100;
const CONNECTING: Duration = Duration::from_secs(5);
/// How long the load watches the readers. The server should cut them after 10 s.
const WATCH: Duration = Duration::from_secs(25);

pub async fn run(bench: &Bench, count: usize) -> Result<Line, Failure> {
    let mut line =
        Line::new("A7", format!("{count} readers of a file never read; places for {SIGNALING} sockets"));
    let www = Www::make()?;
    let directory = www.0.to_string_lossy();
    let server =
        ServerProcess::start(&bench.server, &["--www", &directory, "--max-connections", SIGNALING]).await?;
    let before = Others::start(server.address).await?;
    line.before(&before.talk(DURING, bench.patience).await);
    drop(before);
    let (resident, descriptors) =
        (server.resident().unwrap_or_default(), server.descriptors().unwrap_or_default());

    bench.lag();
    let begin = Instant::now();
    let address = server.address;
    let readers = bench.crowd.handle.spawn(ask_and_stall(address, count)).await?;
    let asked = begin.elapsed();
    sleep(Duration::from_millis(500)).await;
    let open = server.descriptors().unwrap_or_default().saturating_sub(descriptors);
    let file = www.file();
    let downloads = server.descriptors_of(&file).unwrap_or_default();
    line.saw(format!(
        "{} readers in {}: {open} descriptors more, {downloads} downloads",
        readers.len(),
        ms(asked)
    ));
    let grown = server.resident().unwrap_or_default().saturating_sub(resident);
    line.saw(format!("memory grew by {}", megabytes(grown)));

    let talking = Instant::now();
    match timeout(CONNECTING, Others::start(address)).await.unwrap_or(Err(Failure::Late("connecting"))) {
        Ok(others) => {
            sleep(DURING).await;
            line.during(&others.settle(talking, bench.patience).await, &bench.lag());
            line.saw("8 others connect");
            line.saw_all(others.remarks());
        }
        Err(failure) => line.saw(format!("8 others cannot connect ({failure})")),
    }
    let cut = loop {
        if server.descriptors_of(&file).is_some_and(|now| now <= downloads / 2) {
            break Some(begin.elapsed());
        }
        if begin.elapsed() > WATCH {
            break None;
        }
        sleep(Duration::from_millis(100)).await;
    };
    line.saw(match cut {
        Some(_) if downloads == 0 => "no download holds the file".into(),
        Some(time) => format!("half of the downloads are cut {} after the first asked", ms(time)),
        None => format!("the downloads are not cut within {} s", WATCH.as_secs()),
    });
    drop(readers);
    Ok(line.finish(server).await)
}

/// A directory with one file; dropping this value removes it.
struct Www(PathBuf);

impl Www {
    fn make() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("signalpost-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        let www = Self(path);
        std::fs::write(www.file(), vec![b'x'; FILE_BYTES])?;
        Ok(www)
    }

    fn file(&self) -> PathBuf {
        self.0.join("large.bin")
    }
}

impl Drop for Www {
    fn drop(&mut self) {
        // A directory that stays in the system's temporary directory does no harm.
        let _stays = std::fs::remove_dir_all(&self.0);
    }
}

/// The readers whose sockets opened.
async fn ask_and_stall(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut readers = Vec::new();
    let mut left = count;
    while left > 0 {
        let batch = left.min(AT_A_TIME);
        left -= batch;
        let mut opening = JoinSet::new();
        for _ in 0..batch {
            opening.spawn(timeout(CONNECTING, ask(address)));
        }
        let opened = opening.join_all().await;
        readers.extend(opened.into_iter().filter_map(|asked| asked.ok()?.ok()));
    }
    readers
}

async fn ask(address: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    let mut stream = socket.connect(address).await?;
    stream.set_zero_linger()?;
    stream.write_all(b"GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n").await?;
    Ok(stream)
}
