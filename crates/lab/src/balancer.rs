//! A load balancer before several signaling servers.

use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::http::get;
use crate::port::Port;
use crate::process::Process;
use crate::program::in_path;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How long the load balancer may take until a node answers through it.
const PATIENCE: Duration = Duration::from_secs(15);

/// HAProxy with a configuration file of `docs/deploy`. Dropping this value kills it.
pub struct LoadBalancer {
    process: Process,
    port: Port,
    _folder: Folder,
}

impl LoadBalancer {
    /// Starts HAProxy with `configuration`, which takes its addresses from the environment: `SIGNALPOST_BIND` is the port of the
    /// clients, and `SIGNALPOST_NODE_1` and so on are the nodes. Waits until a node answers through it.
    ///
    /// # Errors
    /// When HAProxy is missing, refuses the file, or no node answers within 15 s; the failure quotes its log.
    pub async fn start(configuration: &Path, nodes: &[SocketAddr]) -> Result<Self, Failure> {
        let (port, folder) = (Port::claim()?, Folder::new("balancer")?);
        let configuration = configuration.canonicalize()?;
        let mut command = Command::new(in_path("haproxy")?);
        command.args(["-db", "-f"]).arg(configuration).env("SIGNALPOST_BIND", port.address().to_string());
        for (number, node) in nodes.iter().enumerate() {
            command.env(format!("SIGNALPOST_NODE_{}", number + 1), node.to_string());
        }
        let process = Process::start(command, folder.path(), "haproxy")?;
        let mut balancer = Self { process, port, _folder: folder };
        let deadline = Deadline::after(PATIENCE);
        loop {
            balancer.process.runs()?;
            let answer = get(balancer.address(), "/livez").await;
            if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
                return Ok(balancer);
            }
            deadline.rest(|| format!("no node answers: {answer:?}\n{}", balancer.process.quote())).await?;
        }
    }

    /// Returns the address to which clients connect.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Returns the URL of the signaling socket by way of the load balancer.
    pub fn url(&self) -> String {
        format!("ws://{}/signal", self.address())
    }

    /// Returns everything that the load balancer has written.
    pub fn log(&self) -> String {
        self.process.log()
    }
}
