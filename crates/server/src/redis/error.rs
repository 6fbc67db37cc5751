//! What can go wrong between a node and Redis.

use core::fmt;
use metrics::counter;

/// Why a step on Redis was not done, or is not known to be done. Steps are idempotent: the caller may repeat them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// No connection, or no reply in time.
    Unreachable(String),
    /// Redis is there and cannot serve yet: it loads its data, fails over, or runs a long script.
    Unready(String),
    /// The user name or password is wrong, or missing.
    Auth(String),
    /// The connection is not one with TLS whose certificate somebody vouches for.
    Tls(String),
    /// The user may not run a command, or not touch a key or channel.
    Denied(String),
    /// The server is too old; the text is its version.
    Version(String),
    /// Redis has no memory left for what the step adds.
    OutOfMemory,
    /// The server is a replica, and takes no writes.
    ReadOnly,
    /// A reply or a stored value is not what a script of this engine writes. The text names where it was.
    Malformed(&'static str),
    /// The step came so late that it may have been done otherwise meanwhile.
    Stale,
    /// Redis refused the step with another error.
    Refused(String),
    /// The options contradict each other or name a file that cannot be read.
    Config(String),
}

impl StoreError {
    /// Whether the same step may succeed later without a change by an operator.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Unready(_) | Self::ReadOnly)
    }

    /// Whether the same step, repeated at once, fails again, and nobody has done it.
    pub(crate) const fn is_lasting(&self) -> bool {
        !self.is_temporary() && !matches!(self, Self::Stale)
    }

    /// Whether the reason is what stands in Redis: the step fails whenever it is repeated, and steps about other things do not.
    pub(crate) const fn is_about_data(&self) -> bool {
        matches!(self, Self::Malformed(_) | Self::Refused(_))
    }

    /// A word for metrics and logs.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Unready(_) => "unready",
            Self::Auth(_) => "auth",
            Self::Tls(_) => "tls",
            Self::Denied(_) => "denied",
            Self::Version(_) => "version",
            Self::OutOfMemory => "out-of-memory",
            Self::ReadOnly => "read-only",
            Self::Malformed(_) => "malformed",
            Self::Stale => "stale",
            Self::Refused(_) => "refused",
            Self::Config(_) => "config",
        }
    }
}

/// Lets a failure pass for which what stands in Redis is the reason: it keeps nothing else from being done. It is counted, and
/// logged with `what` was left out.
///
/// # Errors
/// Any other failure.
pub(super) fn let_pass(done: Result<(), StoreError>, what: &'static str) -> Result<(), StoreError> {
    match done {
        Err(error) if error.is_about_data() => {
            counter!("signalpost_redis_unreadable_total", "kind" => error.label()).increment(1);
            tracing::error!(%error, what, "left out");
            Ok(())
        }
        other => other,
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "Redis is not reachable: {why}"),
            Self::Unready(why) => write!(f, "Redis is not ready: {why}"),
            Self::Auth(why) => write!(f, "Redis refuses the user name or password: {why}"),
            Self::Tls(why) => write!(f, "there is no TLS with Redis: {why}"),
            Self::Denied(why) => write!(f, "the Redis user lacks a permission: {why}"),
            Self::Version(version) => write!(f, "Redis {version} is too old: 7.0 or later is needed"),
            Self::OutOfMemory => f.write_str("Redis has no memory left (maxmemory)"),
            Self::ReadOnly => f.write_str("the Redis server is a read-only replica"),
            Self::Malformed(place) => write!(f, "Redis holds something that is not Signalpost's: {place}"),
            Self::Stale => f.write_str("a step came so late that it may have been done otherwise"),
            Self::Refused(why) => write!(f, "Redis refused a step: {why}"),
            Self::Config(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for StoreError {}

/// Finds what rustls says in what caused an error.
fn tls_failure(error: &redis::RedisError) -> Option<String> {
    type Shared = std::sync::Arc<dyn std::error::Error + Send + Sync>;
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let error = error.downcast_ref::<Shared>().map_or(error, |shared| &**shared as _);
        let inside = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let inside = inside.and_then(|error| error.downcast_ref::<rustls::Error>());
        if let Some(tls) = inside.or_else(|| error.downcast_ref()) {
            return Some(tls.to_string());
        }
        cause = error.source();
    }
    None
}

impl From<redis::RedisError> for StoreError {
    fn from(error: redis::RedisError) -> Self {
        use redis::{ErrorKind, ServerErrorKind as Server};
        let text = error.to_string();
        if let Some(why) = tls_failure(&error) {
            return Self::Tls(why);
        }
        match error.kind() {
            ErrorKind::Server(Server::ReadOnly) => Self::ReadOnly,
            ErrorKind::Server(Server::NoPerm) => Self::Denied(text),
            ErrorKind::Server(
                Server::BusyLoading
                | Server::TryAgain
                | Server::ClusterDown
                | Server::MasterDown
                | Server::Moved
                | Server::Ask,
            )
            | ErrorKind::MasterNameNotFoundBySentinel => Self::Unready(text),
            ErrorKind::AuthenticationFailed => Self::Auth(text),
            ErrorKind::Io | ErrorKind::ClusterConnectionNotFound => Self::Unreachable(text),
            ErrorKind::InvalidClientConfig | ErrorKind::EmptySentinelList => Self::Config(text),
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => Self::Malformed("the protocol of Redis"),
            _ => match error.code() {
                Some("OOM") => Self::OutOfMemory,
                Some("NOAUTH" | "WRONGPASS") => Self::Auth(text),
                Some("BUSY" | "NOREPLICAS" | "MISCONF" | "UNBLOCKED") => Self::Unready(text),
                _ => Self::Refused(text),
            },
        }
    }
}
