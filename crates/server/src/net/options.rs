//! The command line; each flag has an environment variable.

use super::milliseconds::{Milliseconds, seconds};
use clap::builder::BoolishValueParser;
use clap::{Args, Parser, ValueEnum};
use signalpost_protocol::Label;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use tracing::level_filters::LevelFilter;

/// The options of the server.
#[derive(Clone, Debug, Parser)]
#[command(name = "signalpost-server", version, about = "The reference signaling server of Signalpost.")]
pub struct Options {
    /// Address and port to listen on; port 0 takes a free one. Any origin may connect (development mode).
    #[arg(long, env = "SIGNALPOST_LISTEN", default_value = "127.0.0.1:8787", value_name = "HOST:PORT")]
    pub listen: String,
    /// Address and port of /metrics, /audit, /livez and /readyz. Without it there are none. Keep it on loopback.
    #[arg(long, env = "SIGNALPOST_ADMIN_LISTEN", value_name = "HOST:PORT")]
    pub admin_listen: Option<String>,
    /// Region of this server; the server tells it to its clients. Where --redis has several regions, it must be one of them.
    #[arg(long, env = "SIGNALPOST_REGION", value_name = "NAME", value_parser = region)]
    pub region: Option<Label>,
    /// The logs.
    #[command(flatten)]
    pub log: LogOptions,
    /// Directory that the server serves at /.
    #[arg(long, env = "SIGNALPOST_WWW", value_name = "DIR")]
    pub www: Option<PathBuf>,
    /// Directory of the built npm package, which the server serves at /package/.
    #[arg(long, env = "SIGNALPOST_PACKAGE", value_name = "DIR")]
    pub package: Option<PathBuf>,
    /// Most signaling sockets at a time. The server answers further ones with 503.
    #[arg(long, env = "SIGNALPOST_MAX_CONNECTIONS", default_value_t = 10_000, value_name = "COUNT")]
    pub max_connections: usize,
    /// Most HTTP connections at a time that load files or anything else but a signaling socket. The server answers further ones
    /// with 503.
    #[arg(long, env = "SIGNALPOST_MAX_HTTP_CONNECTIONS", default_value_t = 256, value_name = "COUNT")]
    pub max_http_connections: usize,
    /// How long an HTTP connection may be idle between two requests. With 0 it takes one request.
    #[arg(long, env = "SIGNALPOST_KEEP_ALIVE", default_value = "75", value_name = "SECONDS", value_parser = seconds)]
    pub keep_alive: Milliseconds,
    /// Number of threads that serve connections; without it, one for each core.
    #[arg(long, env = "SIGNALPOST_THREADS", value_name = "COUNT")]
    pub threads: Option<NonZeroUsize>,
    /// How long a session waits for a client that has lost its socket.
    #[arg(long, env = "SIGNALPOST_RESUME_WINDOW", default_value = "120", value_name = "SECONDS", value_parser = seconds)]
    pub resume_window: Milliseconds,
    /// Most memory for messages that wait for their receivers.
    #[arg(long, env = "SIGNALPOST_MAILBOX_MEMORY", default_value_t = 512, value_name = "MIB")]
    pub mailbox_memory: usize,
    /// The audit trail.
    #[command(flatten)]
    pub audit: AuditOptions,
    /// How the server stops.
    #[command(flatten)]
    pub stop: StopOptions,
    /// Where Redis is.
    #[cfg(feature = "redis")]
    #[command(flatten)]
    pub redis: super::redis_options::RedisOptions,
}

/// The logs.
#[derive(Clone, Copy, Debug, Args)]
pub struct LogOptions {
    /// Format of the logs on stderr.
    #[arg(long, env = "SIGNALPOST_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Least important level of the logs that the server writes.
    #[arg(long, env = "SIGNALPOST_LOG_LEVEL", value_enum, default_value_t = LogLevel::Info)]
    pub log_level: LogLevel,
}

/// The audit trail.
#[derive(Clone, Copy, Debug, Args)]
pub struct AuditOptions {
    /// Keeps for 24 hours who sent whom a message of which type and size, when, and with which result: no content, no address, and
    /// peers under pseudonyms. /audit of --admin-listen reads and erases it.
    #[arg(long, env = "SIGNALPOST_AUDIT", requires = "admin_listen", value_parser = BoolishValueParser::new())]
    pub audit: bool,
    /// Most memory for the audit trail, of the server or, with --redis, of Redis. When it is full, the oldest records go.
    #[arg(long, env = "SIGNALPOST_AUDIT_MEMORY", default_value_t = 64, value_name = "MIB")]
    pub audit_memory: usize,
}

impl AuditOptions {
    /// Returns the most memory for the trail, in bytes.
    pub const fn bytes(&self) -> usize {
        self.audit_memory.saturating_mul(1024 * 1024)
    }
}

/// How the server stops.
#[derive(Clone, Copy, Debug, Args)]
pub struct StopOptions {
    /// How long a server that stops still accepts connections while /readyz answers 503, which its load balancer needs time to
    /// see.
    #[arg(long, env = "SIGNALPOST_DRAIN_NOTICE", default_value = "0", value_name = "SECONDS", value_parser = seconds)]
    pub drain_notice: Milliseconds,
    /// How long the server takes to close its sockets when it stops, after the notice.
    #[arg(long, env = "SIGNALPOST_DRAIN", default_value = "2", value_name = "SECONDS", value_parser = seconds)]
    pub drain: Milliseconds,
    /// How long the clients of a stopped server take to come back, from the end of the drain on.
    #[arg(long, env = "SIGNALPOST_RETURN_WINDOW", default_value = "5", value_name = "SECONDS", value_parser = seconds)]
    pub return_window: Milliseconds,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The least important level of the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// None.
    Off,
    /// Defects.
    Error,
    /// Also refusals.
    Warn,
    /// Also start and stop.
    Info,
    /// Also each socket.
    Debug,
    /// Everything.
    Trace,
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Off => Self::OFF,
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

fn region(text: &str) -> Result<Label, String> {
    Label::parse(text).map_err(|why| format!("it {}", why.as_str()))
}
