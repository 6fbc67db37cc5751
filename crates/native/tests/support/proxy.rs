//! A way to a server that can be cut.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Passes bytes on to a server.
pub struct Proxy {
    pub address: SocketAddr,
    ways: Arc<Mutex<JoinSet<()>>>,
}

impl Proxy {
    /// Passes on to `server` what comes in at a free port.
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ways = Arc::new(Mutex::new(JoinSet::new()));
        let all = ways.clone();
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                all.lock().unwrap().spawn(async move {
                    if let Ok(mut to) = TcpStream::connect(server).await {
                        let _ = copy_bidirectional(&mut from, &mut to).await;
                    }
                });
            }
        });
        Self { address, ways }
    }

    /// Cuts every socket that goes through here. Further ones may.
    pub async fn cut(&self) {
        let mut cut = std::mem::take(&mut *self.ways.lock().unwrap());
        cut.shutdown().await;
    }
}
