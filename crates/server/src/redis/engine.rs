//! The engine itself: takes commands, and sees to it that each gets its reply.

use super::agenda;
use super::error::StoreError;
use super::listener;
use super::node::{Mesh, Node, draw};
use super::regional;
use super::regions::Regions;
use super::rooms;
use super::sessions::{beat, claim, commit, detach, frame, lost, vouch};
use super::store::Store;
use super::sweep;
use crate::SocketId;
use crate::engine::{Command, DeliveryQueue, Engine, Usage};
use futures_util::future::join_all;
use metrics::counter;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A command that takes longer goes on by itself: its socket answers signs of life meanwhile.
const PROMPT: Duration = Duration::from_millis(500);

/// The contract of [`Engine`] over Redis, which any number of nodes share.
///
/// A command waits for one script, a claim for a few; while Redis is away it is repeated for as long as
/// [`super::Config::patience`], one command for each socket. Then its socket is closed, and its client comes back and goes on where it
/// was.
pub struct RedisEngine {
    mesh: Arc<Mesh>,
    tasks: Vec<JoinHandle<()>>,
}

impl RedisEngine {
    /// Connects to the Redis of the node's own region, and subscribes to its doorbell there. The other regions may be away.
    ///
    /// # Errors
    /// Why that does not work. The caller may try again where [`StoreError::is_temporary`] says that it can help.
    pub async fn connect(regions: impl Into<Regions>) -> Result<Self, StoreError> {
        let (config, others) = regions.into().split()?;
        let store = Store::connect(config.clone()).await?;
        let name = format!("{:016x}", draw()? as u64);
        let patience = config.patience;
        let others = others.into_iter().map(|config| {
            let store = Store::connect_later(config.clone())?;
            Ok(Node::new(store, config, &name))
        });
        let others = others.collect::<Result<Vec<_>, StoreError>>()?;
        let mesh = Mesh::new(Node::new(store, config, &name), others);
        let (sender, mut subscribed) = watch::channel(0);
        let mut tasks = vec![tokio::spawn(listener::listen(mesh.own().clone(), sender))];
        for node in mesh.others() {
            let (sender, _) = watch::channel(0);
            tasks.push(tokio::spawn(listener::listen(node.clone(), sender)));
        }
        for node in mesh.all().filter(|_| !mesh.others().is_empty()) {
            tasks.push(tokio::spawn(regional::watch(node.clone())));
        }
        let engine = Self { mesh, tasks };
        let first = subscribed.wait_for(|subscriptions| *subscriptions > 0);
        let refused = engine.mesh.own().health.refused();
        let failure = tokio::select! {
            first = timeout(patience, first) => match first {
                Ok(Ok(_)) => None,
                _ => Some(StoreError::Unreachable("no subscription to the doorbell".into())),
            },
            error = refused => Some(error),
        };
        failure.map_or(Ok(engine), Err)
    }

    /// Returns why the engine cannot do its work at the moment; `None` while it can. Another region that is away hinders only the peers
    /// whose sessions lie there.
    pub fn trouble(&self) -> Option<StoreError> {
        let own = self.mesh.own();
        own.store.trouble().or_else(|| own.health.trouble())
    }
}

impl Drop for RedisEngine {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Engine for RedisEngine {
    async fn attach(&self, socket: SocketId, queue: Arc<dyn DeliveryQueue>) {
        self.mesh.own().local.attach(socket, queue);
    }

    async fn execute(&self, now: u64, socket: SocketId, command: Command) -> Option<u64> {
        let node = self.mesh.own();
        node.note_now(now);
        // It comes after the command that is being executed.
        let command = node.local.start(socket, command)?;
        let mut running = Box::pin(run(self.mesh.clone(), now, socket, command));
        if timeout(PROMPT, &mut running).await.is_err() {
            node.tasks.spawn(running);
        }
        self.mesh.all().filter_map(|node| rooms::due(node)).min()
    }

    async fn sweep(&self, now: u64) -> Option<u64> {
        let node = self.mesh.own();
        node.note_now(now);
        let others = regional::sweep_others(node, now);
        sweep::sweep(node, now).await;
        vouch::look(node, now).await;
        end_overflowed(&self.mesh, now).await;
        rooms::due(node).into_iter().chain(others).min()
    }

    async fn finish(&self) {
        let tasks = &self.mesh.own().tasks;
        tasks.close();
        tasks.wait().await;
    }

    async fn usage(&self) -> Usage {
        // A region that is away counts nothing.
        let regions = self.mesh.all().filter(|node| node.store.trouble().is_none());
        let asked = regions.map(|node| agenda::due(node, node.last_now()));
        let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
        let add = |all: Usage, due: agenda::Due| {
            let peers = all.peers.saturating_add(count(due.sessions));
            Usage { peers, away: all.away.saturating_add(count(due.away)), ..all }
        };
        let none = Usage { is_shared: true, ..Usage::default() };
        join_all(asked).await.into_iter().fold(none, add)
    }

    fn degraded(&self) -> Option<&'static str> {
        self.trouble().as_ref().map(StoreError::label)
    }

    fn lost_regions(&self) -> Vec<(String, &'static str)> {
        let others = self.mesh.others().iter();
        let lost =
            others.filter_map(|node| Some((node.config.region.clone(), node.store.trouble()?.label())));
        lost.collect()
    }
}

/// Ends sessions of any region whose mailbox could not take an answer.
async fn end_overflowed(mesh: &Mesh, now: u64) {
    for node in mesh.all() {
        lost::end_overflowed(node, now).await;
    }
}

/// Executes a command, and what comes meanwhile.
async fn run(mesh: Arc<Mesh>, now: u64, socket: SocketId, command: Command) {
    let node = mesh.own();
    let mut next = Some(command);
    while let Some(command) = next {
        execute(node, now, socket, command).await;
        end_overflowed(&mesh, now).await;
        next = node.local.finish(socket);
    }
}

async fn execute(node: &Arc<Node>, now: u64, socket: SocketId, command: Command) {
    let is_claim = matches!(command, Command::Claim(_));
    // What concerns a session is done in the region where it lies.
    let region = node.local.owned(socket).map_or(node.region, |owned| owned.region);
    let executed = async {
        let node = &node.at(region)?;
        match command {
            Command::Claim(claim) => claim::claim(node, now, socket, *claim).await,
            Command::Beat { ack } => beat::execute(node, now, socket, ack).await,
            Command::Frame(request) => frame::execute(node, now, socket, request).await,
            Command::Detach(departure) => detach::detach(node, now, socket, departure).await,
        }
    };
    let executed = executed.await;
    if let Err(error) = executed {
        counter!("signalpost_redis_given_up_total", "kind" => error.label()).increment(1);
        tracing::warn!(%socket, %error, "a command was not executed");
        if is_claim {
            claim::give_up(node, socket);
        } else {
            commit::give_up(node, socket);
        }
    }
}
