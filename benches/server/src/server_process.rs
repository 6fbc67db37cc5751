//! The server under load, in its own process: the figures of the system about it, and its own figures.

use crate::failure::Failure;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::{Instant, timeout};

const START: Duration = Duration::from_secs(10);
const METRICS: Duration = Duration::from_secs(5);
/// After this time the load kills the process.
const END: Duration = Duration::from_secs(20);
/// Ticks of `/proc/PID/stat` in a second, on every Linux.
const TICKS: f64 = 100.0;

/// A child that serves on a free port of loopback. Dropping this value kills it.
pub struct ServerProcess {
    child: Child,
    pid: u32,
    pub address: SocketAddr,
    admin: Option<SocketAddr>,
    /// The process in which the server keeps its state, if that is another.
    pub store: Option<u32>,
}

impl ServerProcess {
    /// Starts the release server, with `more` arguments.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(binary: &Path, more: &[&str]) -> Result<Self, Failure> {
        let mut arguments =
            vec!["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--drain", "0.5"];
        arguments.extend(more);
        Self::spawn(&[], binary, &arguments, true).await
    }

    /// Starts any program that prints `listening on http://ADDRESS`; `wrapper` is a command that runs the program in
    /// its own place.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn spawn(
        wrapper: &[&str],
        binary: &Path,
        arguments: &[&str],
        has_admin: bool,
    ) -> Result<Self, Failure> {
        let mut words: Vec<&OsStr> = wrapper.iter().map(OsStr::new).collect();
        words.push(binary.as_os_str());
        words.extend(arguments.iter().map(OsStr::new));
        let (first, rest) = words.split_first().ok_or(Failure::Late("a command"))?;
        let mut command = Command::new(first);
        command
            .args(rest)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let pid = child.id().ok_or(Failure::Late("the server"))?;
        let stdout = child.stdout.take().ok_or(Failure::Late("the server's stdout"))?;
        let log = child.stderr.take().ok_or(Failure::Late("the server's stderr"))?;
        let mut log = BufReader::new(log).lines();
        let mut lines = BufReader::new(stdout).lines();
        let address = timeout(START, line_after(&mut lines, "listening on http://"));
        let address = address.await.unwrap_or(Err(Failure::Late("the server's address")))?;
        let admin = if has_admin {
            let admin = timeout(START, line_after(&mut log, "admin address=")).await;
            Some(admin.unwrap_or(Err(Failure::Late("the server's admin listener")))?)
        } else {
            None
        };
        tokio::spawn(discard(log));
        Ok(Self { child, pid, address, admin, store: None })
    }

    /// Returns the resident memory now, in bytes.
    pub fn resident(&self) -> Option<u64> {
        memory(self.pid, "VmRSS:")
    }

    /// Returns the resident memory of the process in which the server keeps its state, in bytes, if that is another.
    pub fn resident_store(&self) -> Option<u64> {
        memory(self.store?, "VmRSS:")
    }

    /// Returns the peak of the resident memory, in bytes.
    pub fn most_resident(&self) -> Option<u64> {
        memory(self.pid, "VmHWM:")
    }

    pub fn descriptors(&self) -> Option<usize> {
        Some(std::fs::read_dir(format!("/proc/{}/fd", self.pid)).ok()?.count())
    }

    /// Returns how many descriptors belong to this file.
    pub fn descriptors_of(&self, file: &Path) -> Option<usize> {
        let all = std::fs::read_dir(format!("/proc/{}/fd", self.pid)).ok()?;
        Some(
            all.filter_map(|one| std::fs::read_link(one.ok()?.path()).ok())
                .filter(|path| path == file)
                .count(),
        )
    }

    /// Processor time so far, of the program and of the system for it.
    pub fn processor_time(&self) -> Option<Duration> {
        processor_time(self.pid)
    }

    /// Processor time so far of the process in which the server keeps its state, if that is another.
    pub fn processor_time_of_store(&self) -> Option<Duration> {
        processor_time(self.store?)
    }

    /// Returns `/metrics`, or `None` if the server does not answer in time.
    pub async fn metrics(&self) -> Option<String> {
        let admin = self.admin?;
        let asking = async {
            let mut stream = TcpStream::connect(admin).await?;
            stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            std::io::Result::Ok(answer)
        };
        timeout(METRICS, asking).await.ok()?.ok()
    }

    /// Sends SIGTERM; returns the time until the process ended, or `None` if the load had to kill it.
    pub async fn stop(mut self) -> Option<Duration> {
        let asked = Instant::now();
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw)?;
        kill_process(pid, Signal::TERM).ok()?;
        let ended = timeout(END, self.child.wait()).await.is_ok();
        if !ended {
            let _gone = self.child.kill().await;
        }
        ended.then(|| asked.elapsed())
    }
}

/// Returns a figure of `/proc/PID/status`, in bytes.
fn memory(pid: u32, field: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.saturating_mul(1024))
}

/// Processor time of a process so far, of the program and of the system for it.
pub fn processor_time(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // After the name, which may contain any character, utime and stime are the 12th and 13th field.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some(Duration::from_secs_f64((f64::from(ticks()?) + f64::from(ticks()?)) / TICKS))
}

async fn line_after<R: tokio::io::AsyncRead + Unpin>(
    lines: &mut Lines<BufReader<R>>,
    mark: &str,
) -> Result<SocketAddr, Failure> {
    while let Some(line) = lines.next_line().await? {
        if let Some((_, rest)) = line.split_once(mark) {
            let address = rest.split_whitespace().next().unwrap_or_default();
            return address.parse().map_err(|_| Failure::Broken(format!("no address: {line}")));
        }
    }
    Err(Failure::Broken("the server ended as it started".into()))
}

/// Reads the output of the server: a full pipe would stop the server.
async fn discard(mut lines: Lines<BufReader<ChildStderr>>) {
    while let Ok(Some(_)) = lines.next_line().await {}
}

/// Returns the value of a metric without labels.
pub fn value(metrics: &str, name: &str) -> Option<f64> {
    metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn a_metric_is_found_by_its_whole_name() {
        let metrics = "# TYPE a_b gauge\na_b_c 3\na_b{x=\"y\"} 4\na_b 0.25\n";
        assert_eq!(value(metrics, "a_b"), Some(0.25));
        assert_eq!(value(metrics, "a"), None);
    }
}
