//! What is compared: the floor, and the server with each engine.

use crate::failure::Failure;
use crate::server_process::ServerProcess;
use std::path::Path;

/// A program that passes messages on.
#[derive(Debug, PartialEq, Eq)]
pub struct Contender {
    pub name: &'static str,
    /// The arguments of the server; `None`: the relay of this program.
    arguments: Option<Vec<String>>,
}

impl Contender {
    /// Lists all of them, the floor first. `redis` is the address of a Redis for the engine that keeps its state there.
    pub fn all(redis: Option<&str>) -> Vec<Self> {
        let server = |name, arguments: &[&str]| Self {
            name,
            arguments: Some(arguments.iter().map(|argument| (*argument).to_owned()).collect()),
        };
        let mut all = vec![
            Self { name: "the floor", arguments: None },
            server("memory engine", &[]),
            server("memory engine, `--audit`", &["--audit"]),
        ];
        all.extend(redis.map(|url| server("Redis engine", &["--redis", url])));
        all
    }

    /// Whether it is the relay, whose clients have no sessions.
    pub fn is_relay(&self) -> bool {
        self.arguments.is_none()
    }

    /// Starts it on one processor; `server` is the server's binary.
    ///
    /// # Errors
    /// When it does not start, for example because the server does not know an argument.
    pub async fn start(&self, server: &Path, processor: &str) -> Result<ServerProcess, Failure> {
        let wrapper = ["taskset", "-c", processor];
        let started = match &self.arguments {
            None => ServerProcess::spawn(&wrapper, &std::env::current_exe()?, &["relay"], false).await,
            Some(more) => {
                let mut arguments = vec!["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
                arguments.extend(["--drain", "0", "--max-connections", "100000"]);
                arguments.extend(more.iter().map(String::as_str));
                ServerProcess::spawn(&wrapper, server, &arguments, true).await
            }
        };
        started.map_err(|failure| Failure::Broken(format!("{}: {failure}", self.name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_comes_first_and_redis_where_it_is_given() {
        assert!(Contender::all(None)[0].is_relay());
        assert_eq!(Contender::all(None).iter().filter(|one| one.is_relay()).count(), 1);
        let with_redis = Contender::all(Some("redis://x"));
        assert_eq!(with_redis.len(), Contender::all(None).len() + 1);
        assert_eq!(with_redis[3].arguments, Some(vec!["--redis".into(), "redis://x".into()]));
    }
}
