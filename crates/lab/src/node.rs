//! A signaling server as a process.

use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::http::{HttpAnswer, get};
use crate::port::Port;
use crate::process::Process;
use rustix::process::Signal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

/// How long a server may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(15);

/// For what the start of a server waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitFor {
    /// It answers 200 at `/readyz`.
    #[default]
    Ready,
    /// It answers at `/livez`, whether it is ready or not.
    Alive,
}

/// How a signaling server is started.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// The program.
    pub program: PathBuf,
    /// Arguments beside `--listen` and `--admin-listen`.
    pub arguments: Vec<String>,
    /// For what the start waits.
    pub wait_for: WaitFor,
}

impl NodeOptions {
    /// The program with these arguments.
    pub fn new(program: impl Into<PathBuf>, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).into()).collect();
        Self { program: program.into(), arguments, wait_for: WaitFor::Ready }
    }
}

/// Returns the path of the `signalpost-server` that cargo has built beside the program that runs.
///
/// # Errors
/// When there is none: `cargo build -p signalpost-server` makes it.
pub fn built_server() -> Result<PathBuf, Failure> {
    let own = std::env::current_exe()?;
    // A test is in `deps`, an example in `examples`, a program beside the server.
    let places = own.ancestors().skip(1).take(2);
    let found = places.map(|place| place.join("signalpost-server")).find(|path| path.is_file());
    found
        .ok_or_else(|| Failure::new("signalpost-server is not built: run `cargo build -p signalpost-server`"))
}

/// A signaling server. Dropping this value kills it.
pub struct ServerNode {
    process: Process,
    options: NodeOptions,
    port: Port,
    admin: Port,
    folder: Folder,
}

impl ServerNode {
    /// Starts a server on free ports, with every log line that it has.
    ///
    /// # Errors
    /// When it ends, or [`NodeOptions::wait_for`] does not come true within 15 s; the failure quotes its log.
    pub async fn start(options: NodeOptions) -> Result<Self, Failure> {
        let (port, admin, folder) = (Port::claim()?, Port::claim()?, Folder::new("node")?);
        let process = run(&options, &port, &admin, folder.path())?;
        let mut node = Self { process, options, port, admin, folder };
        node.wait(node.options.wait_for).await?;
        Ok(node)
    }

    /// Waits until the server is ready or alive.
    ///
    /// # Errors
    /// When it ends, or that takes more than 15 s.
    pub async fn wait(&mut self, wait_for: WaitFor) -> Result<(), Failure> {
        let deadline = Deadline::after(PATIENCE);
        loop {
            self.process.runs()?;
            let path = if wait_for == WaitFor::Ready { "/readyz" } else { "/livez" };
            let answer = get(self.admin(), path).await;
            if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            deadline.rest(|| format!("no 200 at {path}: {answer:?}\n{}", self.process.quote())).await?;
        }
    }

    /// Returns the address of the clients' port.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Returns the address of the operator's port.
    pub fn admin(&self) -> SocketAddr {
        self.admin.address()
    }

    /// Returns the URL of the signaling socket.
    pub fn url(&self) -> String {
        format!("ws://{}/signal", self.address())
    }

    /// Returns the number of the process.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Returns everything that the server has written, over all its starts.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Waits until the log holds `text`.
    ///
    /// # Errors
    /// When it does not within `limit`.
    pub async fn wait_for_log(&self, text: &str, limit: Duration) -> Result<(), Failure> {
        let deadline = Deadline::after(limit);
        while !self.log().contains(text) {
            deadline.rest(|| format!("{text:?} is not in the log:\n{}", self.process.quote())).await?;
        }
        Ok(())
    }

    /// Asks the operator's port for `path`.
    ///
    /// # Errors
    /// When there is no answer within 5 s.
    pub async fn ask(&self, path: &str) -> Result<HttpAnswer, Failure> {
        get(self.admin(), path).await
    }

    /// Returns the value of a metric, whose `name` includes its labels, or `None` while it has none.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn metric(&self, name: &str) -> Result<Option<f64>, Failure> {
        let metrics = self.ask("/metrics").await?.body;
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
        Ok(metrics.lines().find_map(value))
    }

    /// Kills the process (SIGKILL). It can be started again.
    ///
    /// # Errors
    /// When the system refuses to.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.process.kill()
    }

    /// Stops the process (SIGSTOP): connections stay, and nothing answers.
    ///
    /// # Errors
    /// As [`Self::kill`].
    pub fn freeze(&mut self) -> Result<(), Failure> {
        self.process.freeze()
    }

    /// Lets a stopped process go on (SIGCONT).
    ///
    /// # Errors
    /// As [`Self::kill`].
    pub fn thaw(&mut self) -> Result<(), Failure> {
        self.process.signal(Signal::CONT)
    }

    /// Asks the process to stop (SIGTERM), and returns at once.
    ///
    /// # Errors
    /// As [`Self::kill`].
    pub fn terminate(&mut self) -> Result<(), Failure> {
        self.process.signal(Signal::TERM)
    }

    /// Waits for the end of the process.
    ///
    /// # Errors
    /// When it still runs after `limit`.
    pub async fn exited(&mut self, limit: Duration) -> Result<ExitStatus, Failure> {
        self.process.exited(limit).await
    }

    /// Kills the process, if it runs, and starts it again on the same ports.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn restart(&mut self) -> Result<(), Failure> {
        self.process.kill()?;
        self.process = run(&self.options, &self.port, &self.admin, self.folder.path())?;
        self.wait(self.options.wait_for).await
    }
}

fn run(options: &NodeOptions, port: &Port, admin: &Port, folder: &Path) -> Result<Process, Failure> {
    let mut command = Command::new(&options.program);
    command.env("SIGNALPOST_LOG_LEVEL", "debug");
    command.args(["--listen", &port.address().to_string(), "--admin-listen", &admin.address().to_string()]);
    command.args(&options.arguments);
    Process::start(command, folder, "node")
}
