//! The servers of a run, and the store that they share.

use crate::balancer::Balancer;
use crate::history::Outage;
use crate::options::Options;
use crate::store::Store;
use signalpost_lab::{Failure, NodeOptions, ServerNode, built_server};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// How long a server may take to end when it is asked to.
const STOPPING: Duration = Duration::from_secs(20);

/// The servers of a run, and the store that they share.
pub struct World {
    /// Which of the servers a client comes to.
    pub balancer: Arc<Balancer>,
    nodes: Vec<ServerNode>,
    /// Without it there is one server, which keeps everything in its memory.
    pub redis: Option<Store>,
    logs: Option<PathBuf>,
}

impl World {
    /// Starts everything that the options ask for, the servers with these further arguments.
    ///
    /// # Errors
    /// When a program is missing or does not start.
    pub async fn start(options: &Options, more: &[&str]) -> Result<Self, Failure> {
        let redis = if options.redis {
            Some(Store::start(options.faults.losses.contains(&Outage::LostTail)).await?)
        } else {
            None
        };
        let url = redis.as_ref().map(Store::url);
        let mut arguments = more.to_vec();
        if options.logs.is_none() {
            arguments.extend(["--log-level", "warn"]);
        }
        if let Some(url) = &url {
            arguments.extend(["--redis", url]);
        }
        let program = options.server.clone().map_or_else(built_server, Ok)?;
        let mut nodes = Vec::new();
        for _ in 0..options.nodes {
            nodes.push(ServerNode::start(NodeOptions::new(&program, &arguments)).await?);
        }
        let balancer = Arc::new(Balancer::new(nodes.iter().map(ServerNode::address)));
        Ok(Self { balancer, nodes, redis, logs: options.logs.clone() })
    }

    /// How many servers there are.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Stops a server's process for some time (SIGSTOP), in which its connections stay open. The balancer does not see it.
    ///
    /// # Errors
    /// When the system refuses to.
    pub async fn freeze(&mut self, node: usize, time: Duration) -> Result<(), Failure> {
        let node = self.node(node)?;
        node.freeze()?;
        sleep(time).await;
        node.thaw()
    }

    /// Kills a server (SIGKILL) and starts it again after some time.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn kill(&mut self, node: usize, time: Duration) -> Result<(), Failure> {
        self.node(node)?.kill()?;
        self.balancer.set_up(node, false);
        sleep(time).await;
        self.start_again(node).await
    }

    /// Stops each server in turn (SIGTERM) and starts it again.
    ///
    /// # Errors
    /// When one does not stop or does not start.
    pub async fn roll(&mut self) -> Result<(), Failure> {
        for node in 0..self.nodes.len() {
            self.balancer.set_up(node, false);
            let server = self.node(node)?;
            server.terminate()?;
            server.exited(STOPPING).await?;
            self.start_again(node).await?;
        }
        Ok(())
    }

    /// Copies the logs to the folder that the options name.
    ///
    /// # Errors
    /// When it cannot be written to.
    pub fn keep_logs(&self) -> Result<(), Failure> {
        let Some(folder) = &self.logs else { return Ok(()) };
        std::fs::create_dir_all(folder)?;
        for (number, node) in self.nodes.iter().enumerate() {
            std::fs::write(folder.join(format!("node-{number}-{}.log", node.address().port())), node.log())?;
        }
        self.redis.as_ref().map_or(Ok(()), |redis| redis.keep_logs(folder))
    }

    async fn start_again(&mut self, node: usize) -> Result<(), Failure> {
        self.node(node)?.restart().await?;
        self.balancer.set_up(node, true);
        Ok(())
    }

    fn node(&mut self, node: usize) -> Result<&mut ServerNode, Failure> {
        self.nodes.get_mut(node).ok_or_else(|| Failure::new("there is no such server"))
    }
}
