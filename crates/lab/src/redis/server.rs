//! A Redis server as a process.

use super::{Certificates, RedisOptions};
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::port::Port;
use crate::process::Process;
use crate::resp::{Connection, Reply};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Duration;

/// How long a server may take until it answers, or until it has ended by itself.
const PATIENCE: Duration = Duration::from_secs(10);
/// The user as which the laboratory gives its commands.
pub(crate) const USER: &str = "laboratory";
pub(crate) const PASSWORD: &str = "laboratory";

/// What a server that is started again finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// What it had written: everything with [`RedisOptions::append_only`], otherwise nothing.
    Kept,
    /// Nothing.
    Lost,
}

/// Which connections of clients are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clients {
    /// Those that subscribe to nothing.
    Normal,
    /// Those that subscribe to a channel.
    Subscribers,
}

/// A Redis server. Dropping this value kills it and removes its data.
///
/// The laboratory gives its own commands through a socket in the file system, as a user of its own, so that they pass whatever a test
/// does to the server's port, password and users.
pub struct RedisServer {
    // The process ends before the folder is removed.
    process: Process,
    options: RedisOptions,
    certificates: Option<Certificates>,
    port: Port,
    program: PathBuf,
    folder: Folder,
}

impl RedisServer {
    /// Starts a server on a free port and waits until it answers.
    ///
    /// # Errors
    /// When `redis-server` is missing, or does not answer within 10 s; the failure quotes its log.
    pub async fn start(options: RedisOptions) -> Result<Self, Failure> {
        Self::start_on(Port::claim()?, options).await
    }

    /// Starts a server on `port`.
    pub(crate) async fn start_on(port: Port, options: RedisOptions) -> Result<Self, Failure> {
        let program = options.program.path()?;
        let folder = Folder::new("redis")?;
        let certificates = options.tls.then(|| Certificates::make(&folder)).transpose()?;
        folder.write("redis.conf", &configuration(&port, &folder, &options, certificates.as_ref())?)?;
        std::fs::create_dir(folder.path().join("data"))?;
        let process = run(&program, &folder)?;
        let mut server = Self { process, options, certificates, port, program, folder };
        server.ready().await?;
        Ok(server)
    }

    /// Waits until the server executes commands.
    async fn ready(&mut self) -> Result<(), Failure> {
        let deadline = Deadline::after(PATIENCE);
        loop {
            self.process.runs()?;
            if self.command(&["PING"]).await.is_ok_and(|reply| reply.text() == "PONG") {
                return Ok(());
            }
            deadline.rest(|| format!("Redis is not ready\n{}", self.process.quote())).await?;
        }
    }

    /// Waits until this server, a replica, has taken over what its primary holds and follows it.
    ///
    /// # Errors
    /// When that takes more than 10 s.
    pub async fn wait_for_primary(&self) -> Result<(), Failure> {
        let deadline = Deadline::after(PATIENCE);
        loop {
            let fields = self.info("replication").await?;
            if fields.get("master_link_status").is_some_and(|status| status == "up") {
                return Ok(());
            }
            deadline.rest(|| format!("the replica has no primary: {fields:?}")).await?;
        }
    }

    /// Returns the address of the server's port.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Returns the URL of the server, with the password of [`RedisOptions::password`].
    pub fn url(&self) -> String {
        self.url_at(self.address())
    }

    /// Returns the URL of the server by way of `address`, which is a proxy's.
    pub fn url_at(&self, address: SocketAddr) -> String {
        let scheme = if self.options.tls { "rediss" } else { "redis" };
        let password =
            self.options.password.as_ref().map(|password| format!(":{password}@")).unwrap_or_default();
        format!("{scheme}://{password}{address}")
    }

    /// Returns the files of the server's certificate, if it listens with TLS.
    pub fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_ref()
    }

    /// Returns the number of the process.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Returns everything that the server has written to its log.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Executes a command as a user who may do everything.
    ///
    /// # Errors
    /// When the server does not answer within 5 s, or answers with an error.
    pub async fn command(&self, words: &[&str]) -> Result<Reply, Failure> {
        let mut connection = Connection::open_local(&self.folder.path().join("socket")).await?;
        for words in [&["AUTH", USER, PASSWORD], words] {
            let reply = connection.ask(words).await?;
            match reply {
                Reply::Error(error) => return Err(Failure::new(format!("{words:?}: {error}"))),
                reply if words.first() != Some(&"AUTH") => return Ok(reply),
                _ => {}
            }
        }
        Err(Failure::new("no command"))
    }

    /// Returns the fields of a section of `INFO`.
    pub async fn info(&self, section: &str) -> Result<BTreeMap<String, String>, Failure> {
        let reply = self.command(&["INFO", section]).await?;
        let fields = reply.text().lines().filter_map(|line| line.split_once(':'));
        Ok(fields.map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// Returns the version of the server.
    pub async fn version(&self) -> Result<String, Failure> {
        Ok(self.info("server").await?.remove("redis_version").unwrap_or_default())
    }

    /// Returns how often each command was executed since the start or the last `CONFIG RESETSTAT`, by its name in small letters.
    pub async fn command_counts(&self) -> Result<BTreeMap<String, u64>, Failure> {
        let statistics = self.info("commandstats").await?;
        let count = |(name, value): (&String, &String)| {
            let calls = value.strip_prefix("calls=")?.split(',').next()?.parse().ok()?;
            Some((name.strip_prefix("cmdstat_")?.to_owned(), calls))
        };
        Ok(statistics.iter().filter_map(count).collect())
    }

    /// Closes the connections of clients.
    pub async fn kill_clients(&self, which: Clients) -> Result<(), Failure> {
        let kind = match which {
            Clients::Normal => "normal",
            Clients::Subscribers => "pubsub",
        };
        self.command(&["CLIENT", "KILL", "TYPE", kind]).await.map(drop)
    }

    /// Removes all data, while the connections stay.
    pub async fn flush_all(&self) -> Result<(), Failure> {
        self.command(&["FLUSHALL"]).await.map(drop)
    }

    /// Removes all scripts that the server has in its cache.
    pub async fn flush_scripts(&self) -> Result<(), Failure> {
        self.command(&["SCRIPT", "FLUSH"]).await.map(drop)
    }

    /// Stops the process (SIGSTOP): connections stay, and nothing answers.
    pub fn freeze(&mut self) -> Result<(), Failure> {
        self.process.freeze()
    }

    /// Lets a stopped process go on (SIGCONT).
    pub fn thaw(&mut self) -> Result<(), Failure> {
        self.process.signal(Signal::CONT)
    }

    /// Kills the process (SIGKILL). It can be started again.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.process.kill()
    }

    /// Ends the process by SIGTERM, which lets it write its data, and waits for its end.
    pub async fn terminate(&mut self) -> Result<ExitStatus, Failure> {
        self.process.signal(Signal::TERM)?;
        self.process.exited(PATIENCE).await
    }

    /// Kills the process, if it runs, starts it again on the same port, and waits until it answers.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn restart(&mut self, data: Data) -> Result<(), Failure> {
        self.process.kill()?;
        if data == Data::Lost {
            let files = self.folder.path().join("data");
            std::fs::remove_dir_all(&files)?;
            std::fs::create_dir(&files)?;
        }
        self.process = run(&self.program, &self.folder)?;
        self.ready().await
    }
}

fn run(program: &std::path::Path, folder: &Folder) -> Result<Process, Failure> {
    let mut command = Command::new(program);
    command.arg(folder.path().join("redis.conf"));
    Process::start(command, folder.path(), "redis")
}

/// Returns the text of `redis.conf`.
fn configuration(
    port: &Port,
    folder: &Folder,
    options: &RedisOptions,
    certificates: Option<&Certificates>,
) -> Result<String, Failure> {
    let path = folder.path().display();
    let number = port.number();
    let (plain, tls) = if options.tls { (0, number) } else { (number, 0) };
    let mut text = format!(
        "bind 127.0.0.1\nport {plain}\nunixsocket {path}/socket\ndir {path}/data\nsave \"\"\n\
         enable-debug-command yes\nrepl-diskless-sync-delay 0\nmaxmemory-policy noeviction\n"
    );
    let mut line = |line: String| writeln!(text, "{line}").map_err(|_| Failure::new("no text"));
    if let Some(Certificates { authority, certificate, key }) = certificates {
        line(format!("tls-port {tls}\ntls-auth-clients no"))?;
        line(format!("tls-cert-file {}\ntls-key-file {}", certificate.display(), key.display()))?;
        line(format!("tls-ca-cert-file {}", authority.display()))?;
    }
    let own = format!("user {USER} on >{PASSWORD} ~* &* +@all");
    match &options.acl {
        Some(acl) => {
            let file = folder.write("users.acl", &format!("{acl}\n{own}\n"))?;
            line(format!("aclfile {}\nmasteruser {USER}\nmasterauth {PASSWORD}", file.display()))?;
        }
        None => line(own)?,
    }
    if let Some(password) = &options.password {
        line(format!("requirepass {password}\nmasterauth {password}"))?;
    }
    if let Some(bytes) = options.max_memory {
        line(format!("maxmemory {bytes}"))?;
    }
    if options.append_only {
        // With `everysec` a slow disk may keep writes back for two seconds after their replies.
        line("appendonly yes\nappendfsync no".into())?;
    }
    if let Some(primary) = options.replica_of {
        line(format!("replicaof {} {}", primary.ip(), primary.port()))?;
    }
    for more in &options.more {
        line(more.clone())?;
    }
    Ok(text)
}
