//! Which server a client comes to.

use crate::random::Random;
use signalpost_lab::{Failure, FaultProxy, Which};
use signalpost_native::Endpoints;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Of a hundred attempts, so many go to any server, whether it is up or not: load balancers are late.
const BLIND: usize = 10;

/// The servers, and which of them are up.
#[derive(Debug)]
pub struct Balancer(Vec<(SocketAddr, AtomicBool)>);

impl Balancer {
    /// All of these servers are up.
    pub fn new(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self(servers.into_iter().map(|server| (server, AtomicBool::new(true))).collect())
    }

    /// Says whether a server is up.
    pub fn set_up(&self, server: usize, is_up: bool) {
        if let Some((_, up)) = self.0.get(server) {
            up.store(is_up, Ordering::Relaxed);
        }
    }

    /// The URL of the server of the next attempt; empty where there is none.
    pub fn url(&self, random: &mut Random) -> String {
        self.pick(random).map_or_else(String::new, |server| format!("ws://{server}/signal"))
    }

    /// A server that is up and not this one; any server where there is none.
    fn another(&self, than: SocketAddr, random: &mut Random) -> Option<SocketAddr> {
        let is_other =
            |(server, up): &&(SocketAddr, AtomicBool)| *server != than && up.load(Ordering::Relaxed);
        let others: Vec<_> = self.0.iter().filter(is_other).collect();
        random.choose(&others).map(|(server, _)| *server).or_else(|| self.pick(random))
    }

    /// The server of the next attempt.
    fn pick(&self, random: &mut Random) -> Option<SocketAddr> {
        let is_blind = random.percent(BLIND);
        let up: Vec<_> = self.0.iter().filter(|(_, up)| is_blind || up.load(Ordering::Relaxed)).collect();
        let picked = if up.is_empty() { self.0.first() } else { random.choose(&up).copied() };
        picked.map(|(address, _)| *address)
    }
}

/// The way of one client: a proxy of its own, which leads to another server on each attempt.
#[derive(Clone)]
pub struct Way {
    /// The proxy.
    pub proxy: Arc<FaultProxy>,
    /// The next attempt goes to another server than the one before.
    moves: Arc<AtomicBool>,
}

impl Way {
    /// A way to one of the servers.
    ///
    /// # Errors
    /// When no port is free.
    pub fn begin(balancer: &Balancer, random: &mut Random) -> Result<Self, Failure> {
        let server = balancer.pick(random).ok_or_else(|| Failure::new("there is no server"))?;
        FaultProxy::start(server).map(|proxy| Self { proxy: Arc::new(proxy), moves: Arc::default() })
    }

    /// Cuts the client's socket; its next one is to another server.
    ///
    /// # Errors
    /// When the proxy has ended.
    pub fn move_away(&self) -> Result<(), Failure> {
        self.moves.store(true, Ordering::Relaxed);
        self.proxy.cut(Which::Every)
    }

    /// What the client asks before each attempt.
    pub fn endpoints(&self, balancer: &Arc<Balancer>, mut random: Random) -> Endpoints {
        let (Self { proxy, moves }, balancer) = (self.clone(), balancer.clone());
        let mut last = None;
        Endpoints::chosen_by(move || {
            let server = match last {
                Some(last) if moves.swap(false, Ordering::Relaxed) => balancer.another(last, &mut random),
                _ => balancer.pick(&mut random),
            };
            if let Some(server) = server {
                // A proxy that has ended leads nowhere.
                let _ = proxy.point_to(server);
            }
            last = server;
            format!("ws://{}/signal", proxy.address())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn few_attempts_go_to_a_server_that_is_down() {
        let servers = [1, 2, 3].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let balancer = Balancer::new(servers);
        balancer.set_up(1, false);
        let mut random = Random::new(1);
        let mut picked = BTreeMap::<_, usize>::new();
        for _ in 0..3000 {
            *picked.entry(balancer.pick(&mut random).unwrap()).or_default() += 1;
        }
        assert!((50..150).contains(&picked[&servers[1]]), "{picked:?}");
        assert!(picked[&servers[0]] > 1000 && picked[&servers[2]] > 1000, "{picked:?}");
        (0..3).for_each(|server| balancer.set_up(server, false));
        assert!(balancer.pick(&mut random).is_some());
        assert!(Balancer::new([]).pick(&mut random).is_none());
        // Where no other is up, any will do.
        assert!(balancer.another(servers[0], &mut random).is_some());
        balancer.set_up(2, true);
        assert!((0..100).all(|_| balancer.another(servers[0], &mut random) == Some(servers[2])));
    }
}
