//! Runs scripts on Redis: over one connection that is opened again whenever it breaks.

use super::call::Call;
use super::config::Config;
use super::connect::{Connection, Connector};
use super::error::StoreError;
use super::keys::Keys;
use super::reply::Reply;
use super::scripts;
use metrics::counter;
use redis::aio::{AsyncPushSender, ConnectionLike, MultiplexedConnection};
use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};
use redis::{Cmd, Value, cmd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// The oldest version of Redis that has the flags of scripts (`#!lua flags=…`).
const OLDEST: (u32, u32) = (7, 0);
/// Pauses between two attempts to connect: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// What the connection is like now.
#[derive(Clone)]
enum Link {
    /// It is open. The number tells it from those before.
    Open(u64, Connection),
    /// There is none, and this is why.
    Closed(StoreError),
}

/// Redis, as the engine sees it.
pub(super) struct Store {
    connector: Arc<Connector>,
    link: watch::Receiver<Link>,
    broken: Arc<Broken>,
    /// The silence of a cluster, while it lasts.
    silence: Mutex<Option<Silence>>,
    keeper: JoinHandle<()>,
    step: Duration,
}

/// No call to a cluster has had a reply for a while.
#[derive(Clone, Debug)]
struct Silence {
    /// When the first and the last of these calls ended.
    since: Instant,
    last: Instant,
    /// Why the last one had no reply.
    error: StoreError,
}

/// Tells the keeper that a connection does not work any more.
#[derive(Default)]
struct Broken {
    number: std::sync::atomic::AtomicU64,
    told: Notify,
}

impl Store {
    /// Connects, and checks the version and the rights of the user.
    ///
    /// # Errors
    /// The reason why there is no connection. The caller may try again.
    pub(super) async fn connect(config: Config) -> Result<Self, StoreError> {
        let step = config.step;
        let (prefix, check) = (config.prefix.clone(), rights(&config.prefix));
        let connector = Arc::new(Connector::new(config)?);
        let first = open(&connector).await?;
        let store = Self::begin(connector, Link::Open(1, first), step);
        match store.run(&check).await? {
            Reply::Text(command) if command.is_empty() => Ok(store),
            Reply::Text(command) => {
                let command = String::from_utf8_lossy(&command);
                Err(StoreError::Denied(format!("{command} on {prefix}*")))
            }
            _ => Err(StoreError::Malformed(check.script.name)),
        }
    }

    /// Connects in the background: until then Redis is away.
    ///
    /// # Errors
    /// [`StoreError::Config`].
    pub(super) fn connect_later(config: Config) -> Result<Self, StoreError> {
        let step = config.step;
        let connector = Arc::new(Connector::new(config)?);
        let none = StoreError::Unreachable("not connected yet".into());
        let store = Self::begin(connector, Link::Closed(none), step);
        store.broken.told.notify_one();
        Ok(store)
    }

    fn begin(connector: Arc<Connector>, first: Link, step: Duration) -> Self {
        let (sender, link) = watch::channel(first);
        let broken = Arc::new(Broken::default());
        let keeper = tokio::spawn(keep(connector.clone(), sender, broken.clone()));
        Self { connector, link, broken, silence: Mutex::default(), keeper, step }
    }

    /// Runs a script once. A script that the server does not know is sent to it.
    ///
    /// # Errors
    /// The step is not done, or nobody knows whether it is.
    pub(super) async fn run(&self, call: &Call) -> Result<Reply, StoreError> {
        self.run_within(self.step, call).await
    }

    /// Runs a script once, which takes as long as `step` at the longest.
    ///
    /// # Errors
    /// Those of [`Store::run`].
    pub(super) async fn run_within(&self, step: Duration, call: &Call) -> Result<Reply, StoreError> {
        let by_hash = command("EVALSHA", &call.script.sha, call);
        let replied = match self.send(step, &by_hash).await {
            Err(error) if is_unknown_script(&error) => {
                self.send(step, &command("EVAL", &call.script.source, call)).await
            }
            other => other,
        };
        replied.map_err(StoreError::from).and_then(Reply::try_from).inspect_err(|error| {
            counter!("signalpost_redis_errors_total", "kind" => error.label()).increment(1);
            tracing::debug!(script = call.script.name, %error, "a step on Redis failed");
        })
    }

    /// Runs a script once, as [`Store::run`] does, and owns the call: the future borrows nothing but the store.
    ///
    /// # Errors
    /// Those of [`Store::run`].
    pub(super) async fn run_owned(&self, call: Call) -> Result<Reply, StoreError> {
        self.run(&call).await
    }

    /// Publishes to a channel.
    ///
    /// # Errors
    /// Those of [`Store::run`].
    pub(super) async fn publish(&self, channel: &str, text: &str) -> Result<(), StoreError> {
        let mut publish = cmd("PUBLISH");
        publish.arg(channel).arg(text);
        self.send(self.step, &publish).await?;
        Ok(())
    }

    /// Measures how long Redis takes to answer, which is `step` at the longest.
    ///
    /// # Errors
    /// Those of [`Store::run`].
    pub(super) async fn ping(&self, step: Duration) -> Result<Duration, StoreError> {
        let begin = Instant::now();
        self.send(step, &cmd("PING")).await?;
        Ok(begin.elapsed())
    }

    /// Opens a connection that hands on what is published to `channel`.
    ///
    /// # Errors
    /// The reason why there is none.
    pub(super) async fn listen(
        &self,
        channel: &str,
        heard: impl AsyncPushSender,
    ) -> Result<MultiplexedConnection, StoreError> {
        self.connector.listen(channel, heard).await
    }

    /// Returns why Redis is away; `None` while it is there. A cluster is away when no server of it has replied to any call for as long
    /// as one step may take.
    pub(super) fn trouble(&self) -> Option<StoreError> {
        match &*self.link.borrow() {
            Link::Open(..) => {
                let silence = self.silence();
                let is_long = |silence: &&Silence| silence.since.elapsed() >= self.step;
                silence.as_ref().filter(is_long).map(|silence| silence.error.clone())
            }
            Link::Closed(error) => Some(error.clone()),
        }
    }

    /// Whether a call is worth a try: not while there is trouble. The calls themselves find out when a cluster is back, so one may be
    /// tried now and then.
    ///
    /// # Errors
    /// Why Redis is away.
    pub(super) fn try_now(&self) -> Result<(), StoreError> {
        let Some(trouble) = self.trouble() else { return Ok(()) };
        let is_due = self.silence().as_ref().is_some_and(|silence| silence.last.elapsed() >= PAUSES.1);
        if is_due { Ok(()) } else { Err(trouble) }
    }

    fn silence(&self) -> MutexGuard<'_, Option<Silence>> {
        self.silence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how a call to a cluster ended: one part of it may be away while others reply.
    fn note_reply(&self, failure: Option<StoreError>) {
        let mut silence = self.silence();
        let last = Instant::now();
        let since = silence.as_ref().map_or(last, |silence| silence.since);
        *silence = failure.filter(StoreError::is_temporary).map(|error| Silence { since, last, error });
    }

    async fn send(&self, step: Duration, command: &Cmd) -> Result<Value, redis::RedisError> {
        let mut link = self.link.clone();
        let open = async {
            // The keeper lives as long as the store.
            let open = link.wait_for(|link| matches!(link, Link::Open(..))).await;
            open.map(|link| link.clone()).ok()
        };
        let unreachable = |text| redis::RedisError::from((redis::ErrorKind::Io, text));
        let Ok(Some(Link::Open(number, mut connection))) = timeout(step, open).await else {
            return Err(unreachable("no connection"));
        };
        let sent = async {
            match &mut connection {
                Connection::One(connection) => connection.req_packed_command(command).await,
                Connection::Cluster(connection) => connection.req_packed_command(command).await,
            }
        };
        let replied = timeout(step, sent).await.unwrap_or_else(|_| Err(unreachable("no reply in time")));
        let replied = replied.and_then(Value::extract_error);
        let failure = replied.as_ref().err().map(|error| StoreError::from(error.clone()));
        match connection {
            Connection::Cluster(_) => self.note_reply(failure),
            Connection::One(_) => {
                if matches!(failure, Some(StoreError::Unreachable(_) | StoreError::ReadOnly)) {
                    // A connection that has lost one reply is not believed again; a replica may have been a master.
                    self.broken.number.fetch_max(number, std::sync::atomic::Ordering::Relaxed);
                    self.broken.told.notify_one();
                }
            }
        }
        replied
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Asks which command of the scripts the user may not use.
fn rights(prefix: &str) -> Call {
    let keys = Keys::new(prefix);
    Call::new(&scripts::CHECK).optional(None::<u64>).arg(keys.doorbells() + "check").key(keys.everybody())
}

fn command(how: &str, what: &str, call: &Call) -> Cmd {
    let mut command = cmd(how);
    command.arg(what).arg(call.keys.len()).arg(&call.keys).arg(&call.args);
    command
}

fn is_unknown_script(error: &redis::RedisError) -> bool {
    error.kind() == redis::ErrorKind::Server(redis::ServerErrorKind::NoScript)
}

/// Opens another connection whenever one breaks, until the store is gone.
async fn keep(connector: Arc<Connector>, link: watch::Sender<Link>, broken: Arc<Broken>) {
    loop {
        broken.told.notified().await;
        let number = match &*link.borrow() {
            Link::Open(number, _) => *number,
            Link::Closed(_) => 0,
        };
        if broken.number.load(std::sync::atomic::Ordering::Relaxed) < number {
            // A late word about a connection before this one.
            continue;
        }
        let mut pause = PAUSES.0;
        if number > 0 {
            tracing::warn!("the connection to Redis broke");
            link.send_replace(Link::Closed(StoreError::Unreachable("the connection broke".into())));
        }
        let connection = loop {
            match open(&connector).await {
                Ok(connection) => break connection,
                Err(error) => {
                    counter!("signalpost_redis_errors_total", "kind" => error.label()).increment(1);
                    tracing::warn!(%error, "no connection to Redis");
                    link.send_replace(Link::Closed(error));
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        };
        tracing::info!("connected to Redis again");
        link.send_replace(Link::Open(number.saturating_add(1), connection));
    }
}

async fn open(connector: &Connector) -> Result<Connection, StoreError> {
    let mut connection = connector.connect().await?;
    let hello = cmd("HELLO");
    let replied = match &mut connection {
        Connection::One(connection) => connection.req_packed_command(&hello).await,
        Connection::Cluster(connection) => {
            let any = RoutingInfo::SingleNode(SingleNodeRoutingInfo::Random);
            connection.route_command(hello, any).await
        }
    };
    let version = version(&replied?.extract_error()?).unwrap_or_default();
    if is_old(&version) { Err(StoreError::Version(version)) } else { Ok(connection) }
}

/// Reads the server's version from its reply to `HELLO`.
fn version(hello: &Value) -> Option<String> {
    let text = |value: &Value| match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::SimpleString(text) => Some(text.clone()),
        _ => None,
    };
    let pairs: Vec<(String, String)> = match hello {
        Value::Array(items) => {
            items.chunks(2).filter_map(|pair| Some((text(pair.first()?)?, text(pair.get(1)?)?))).collect()
        }
        Value::Map(pairs) => {
            pairs.iter().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
        }
        _ => return None,
    };
    pairs.into_iter().find(|(name, _)| name == "version").map(|(_, version)| version)
}

fn is_old(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    (major, minor) < OLDEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_before_7_are_old_and_so_is_what_is_none() {
        for old in ["6.2.14", "5.0", "6", "", "x"] {
            assert!(is_old(old), "{old}");
        }
        for new in ["7.0.0", "7.0.15", "8.1", "10.0.0", "7.2.4"] {
            assert!(!is_old(new), "{new}");
        }
    }

    #[test]
    fn the_version_is_found_in_both_shapes_of_the_reply() {
        let text = |text: &str| Value::BulkString(text.into());
        let list =
            [text("server"), text("redis"), text("version"), text("7.0.15"), text("proto"), Value::Int(2)];
        assert_eq!(version(&Value::Array(list.into())).as_deref(), Some("7.0.15"));
        let map = Value::Map(vec![(text("server"), text("redis")), (text("version"), text("8.0.1"))]);
        assert_eq!(version(&map).as_deref(), Some("8.0.1"));
        assert_eq!(version(&Value::Nil), None);
    }
}
