//! A primary, its replica, and the sentinels that promote the replica.

use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::port::Port;
use crate::process::Process;
use crate::proxied::ProxiedRedis;
use crate::redis::{PASSWORD, RedisOptions, USER};
use crate::resp::{Connection, Reply};
use rustix::process::Signal;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

/// The name by which the sentinels know the primary.
const NAME: &str = "signalpost";
const SENTINELS: usize = 3;
/// How many of them have to agree that the primary is down.
const QUORUM: usize = 2;
/// How long the primary may be silent until a sentinel takes it for down.
const DOWN_AFTER: Duration = Duration::from_secs(1);
/// How long a step of the sentinels may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the sentinels do every second, or every ten, they do faster in the laboratory. Four times PUBLISH-PERIOD is how long a server
/// that calls itself primary stays one before a sentinel that has not heard of its promotion undoes it. Five times PING-PERIOD is how
/// long a sentinel trusts what a replica has said of itself while the primary is down; then it asks every second.
const FASTER: &str = "SENTINEL DEBUG INFO-PERIOD 200 PING-PERIOD 500 ASK-PERIOD 100 PUBLISH-PERIOD 1000 \
    MIN-LINK-RECONNECT-PERIOD 500 ELECTION-TIMEOUT 2000 SLAVE-RECONF-TIMEOUT 1000";

/// A sentinel.
pub struct Sentinel {
    process: Process,
    port: Port,
    _folder: Folder,
}

impl Sentinel {
    fn start(options: &RedisOptions, primary: SocketAddr) -> Result<Self, Failure> {
        let (port, folder) = (Port::claim()?, Folder::new("sentinel")?);
        let mut text = format!(
            "bind 127.0.0.1\nport {}\ndir {}\nsentinel monitor {NAME} {} {} {QUORUM}\n\
             sentinel down-after-milliseconds {NAME} {}\nsentinel failover-timeout {NAME} 5000\n",
            port.number(),
            folder.path().display(),
            primary.ip(),
            primary.port(),
            DOWN_AFTER.as_millis(),
        );
        if options.acl.is_some() {
            text.push_str(&format!(
                "sentinel auth-user {NAME} {USER}\nsentinel auth-pass {NAME} {PASSWORD}\n"
            ));
        } else if let Some(password) = &options.password {
            text.push_str(&format!("sentinel auth-pass {NAME} {password}\n"));
        }
        let file = folder.write("sentinel.conf", &text)?;
        let mut command = Command::new(options.program.path()?);
        command.arg(file).arg("--sentinel");
        Ok(Self { process: Process::start(command, folder.path(), "sentinel")?, port, _folder: folder })
    }

    /// Returns the sentinel's address.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Kills the sentinel (SIGKILL).
    ///
    /// # Errors
    /// When the system refuses to.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.process.kill()
    }

    /// Stops the sentinel (SIGSTOP).
    ///
    /// # Errors
    /// As [`Self::kill`].
    pub fn freeze(&mut self) -> Result<(), Failure> {
        self.process.freeze()
    }

    /// Lets the sentinel go on (SIGCONT).
    ///
    /// # Errors
    /// As [`Self::kill`].
    pub fn thaw(&mut self) -> Result<(), Failure> {
        self.process.signal(Signal::CONT)
    }

    /// Executes a command.
    ///
    /// # Errors
    /// When no answer comes, or an error.
    pub async fn command(&self, words: &[&str]) -> Result<Reply, Failure> {
        let reply = Connection::open(self.address()).await?.ask(words).await?;
        match reply {
            Reply::Error(error) => Err(Failure::new(format!("{words:?}: {error}"))),
            reply => Ok(reply),
        }
    }

    /// Returns which server is the primary for this sentinel.
    async fn primary(&self) -> Result<SocketAddr, Failure> {
        let reply = self.command(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME]).await?;
        let words: Vec<&str> = reply.list().iter().map(Reply::text).collect();
        words.join(":").parse().map_err(|_| Failure::new(format!("no address: {reply:?}")))
    }

    /// True if the sentinel knows the others, and a primary with a replica that it could promote.
    async fn is_ready(&self) -> Result<bool, Failure> {
        let primary = self.command(&["SENTINEL", "MASTER", NAME]).await?;
        let replicas = self.command(&["SENTINEL", "REPLICAS", NAME]).await?;
        let field =
            |reply: &Reply, name| reply.field(name).map(|value| value.text().to_owned()).unwrap_or_default();
        let others = (SENTINELS - 1).to_string();
        let follows = |replica: &Reply| {
            field(replica, "flags") == "slave" && field(replica, "master-link-status") == "ok"
        };
        Ok(field(&primary, "num-other-sentinels") == others
            && field(&primary, "flags") == "master"
            && replicas.list().iter().any(follows))
    }
}

/// Two servers, one the replica of the other, and three sentinels. Each server is behind a proxy of its own.
pub struct SentinelGroup {
    /// The servers; at first the first one is the primary.
    pub servers: [ProxiedRedis; 2],
    /// The sentinels.
    pub sentinels: Vec<Sentinel>,
}

impl SentinelGroup {
    /// Starts the group and waits until every sentinel knows all of it.
    ///
    /// # Errors
    /// When a process does not start, or that takes more than 30 s.
    pub async fn start(options: RedisOptions) -> Result<Self, Failure> {
        let announce =
            |port| vec!["replica-announce-ip 127.0.0.1".into(), format!("replica-announce-port {port}")];
        let first = ProxiedRedis::start(options.clone(), announce).await?;
        let replica = RedisOptions { replica_of: Some(first.address()), ..options.clone() };
        let second = ProxiedRedis::start(replica, announce).await?;
        let mut sentinels = Vec::new();
        for _ in 0..SENTINELS {
            sentinels.push(Sentinel::start(&options, first.address())?);
        }
        let mut group = Self { servers: [first, second], sentinels };
        let faster: Vec<&str> = FASTER.split_whitespace().collect();
        for sentinel in &mut group.sentinels {
            let deadline = Deadline::after(PATIENCE);
            while sentinel.command(&faster).await.is_err() {
                sentinel.process.runs()?;
                deadline.rest(|| format!("no answer of a sentinel\n{}", sentinel.process.quote())).await?;
            }
        }
        group.ready().await?;
        Ok(group)
    }

    /// Waits until every sentinel would promote the replica if the primary failed.
    ///
    /// # Errors
    /// When that takes more than 30 s.
    pub async fn ready(&self) -> Result<(), Failure> {
        let deadline = Deadline::after(PATIENCE);
        for sentinel in &self.sentinels {
            while !sentinel.is_ready().await? {
                deadline.rest(|| format!("a sentinel is not ready\n{}", sentinel.process.quote())).await?;
            }
        }
        Ok(())
    }

    /// Returns the name of the primary among the sentinels.
    pub fn name(&self) -> &'static str {
        NAME
    }

    /// Returns the addresses of the sentinels.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sentinels.iter().map(Sentinel::address).collect()
    }

    /// Returns which of the servers is the primary, as a sentinel that answers says.
    ///
    /// # Errors
    /// When no sentinel answers.
    pub async fn primary(&self) -> Result<usize, Failure> {
        let mut why = Failure::new("there is no sentinel");
        for sentinel in &self.sentinels {
            match sentinel.primary().await {
                Ok(address) => return self.index(address),
                Err(failure) => why = failure,
            }
        }
        Err(why)
    }

    fn index(&self, address: SocketAddr) -> Result<usize, Failure> {
        let found = self.servers.iter().position(|server| server.address() == address);
        found.ok_or_else(|| Failure::new(format!("{address} is none of the servers")))
    }

    /// Makes the sentinels promote the replica of a primary that works, and waits for it; returns the index of the new primary.
    ///
    /// # Errors
    /// When that takes more than 30 s.
    pub async fn failover(&self) -> Result<usize, Failure> {
        let before = self.primary().await?;
        let sentinel = self.sentinels.first().ok_or_else(|| Failure::new("there is no sentinel"))?;
        let deadline = Deadline::after(PATIENCE);
        // They refuse while another promotion has ended only just now.
        while let Err(refused) = sentinel.command(&["SENTINEL", "FAILOVER", NAME]).await {
            deadline.rest(|| refused.to_string()).await?;
        }
        self.promoted_after(before).await
    }

    /// Waits until all sentinels that run take another server than `before` for the primary, and it is; returns its index.
    ///
    /// # Errors
    /// When that takes more than 30 s.
    pub async fn promoted_after(&self, before: usize) -> Result<usize, Failure> {
        let deadline = Deadline::after(PATIENCE);
        let after = 1 - before.min(1);
        loop {
            let mut agree = 0;
            let mut known = Vec::new();
            for sentinel in &self.sentinels {
                let primary = sentinel.primary().await.and_then(|address| self.index(address));
                agree += usize::from(primary.as_ref().is_ok_and(|index| *index == after));
                known.push(primary);
            }
            let running = known.iter().filter(|primary| primary.is_ok()).count();
            let role = match self.servers.get(after) {
                Some(server) => server.role().await,
                None => Err(Failure::new("no such server")),
            };
            if agree > 0 && agree == running && role.as_ref().is_ok_and(|role| role == "master") {
                return Ok(after);
            }
            let first = self.sentinels.first();
            let log = || first.map(|sentinel| sentinel.process.quote()).unwrap_or_default();
            deadline.rest(|| format!("no promotion: {known:?}, {role:?}\n{}", log())).await?;
        }
    }
}
