//! Ports that no other test takes, even while nothing listens on them.

use crate::failure::Failure;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// The first of the ports, and how many there are: below those that systems give to connections, which are chosen at any time.
const FIRST: u32 = 20_000;
const COUNT: u32 = 10_000;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A port of loopback. It stays this process's as long as this value lives, through restarts of what listens on it.
pub struct Port {
    number: u16,
    /// The lock on this file is the claim; it ends with the process.
    _claim: File,
}

impl Port {
    /// Claims a free port.
    pub fn claim() -> Result<Self, Failure> {
        let user = rustix::process::getuid().as_raw();
        let claims = std::env::temp_dir().join(format!("signalpost-lab-ports-{user}"));
        std::fs::create_dir_all(&claims)?;
        // Processes that run side by side begin at different places.
        let begin = std::process::id().wrapping_mul(97);
        for _ in 0..COUNT {
            let step = NEXT.fetch_add(1, Ordering::Relaxed);
            let Ok(number) = u16::try_from(FIRST + begin.wrapping_add(step) % COUNT) else { continue };
            let claim = File::options().create(true).append(true).open(claims.join(number.to_string()))?;
            if claim.try_lock().is_ok() && TcpListener::bind(loopback(number)).is_ok() {
                return Ok(Self { number, _claim: claim });
            }
        }
        Err(Failure::new("no port is free"))
    }

    pub fn number(&self) -> u16 {
        self.number
    }

    pub fn address(&self) -> SocketAddr {
        loopback(self.number)
    }
}

fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
