//! What is compared: the floor, and the server with each engine.

use crate::failure::Failure;
use crate::server_process::ServerProcess;
use signalpost_lab::{RedisOptions, RedisServer};
use std::path::Path;

/// A program that passes messages on.
#[derive(Debug, PartialEq, Eq)]
pub struct Contender {
    pub name: &'static str,
    /// The arguments of the server; `None`: the relay of this program.
    arguments: Option<Vec<&'static str>>,
    /// The server keeps its state in a Redis of its own.
    is_on_redis: bool,
}

/// A contender that runs, with its Redis.
pub struct Running {
    pub process: ServerProcess,
    _redis: Option<RedisServer>,
}

impl Contender {
    /// Lists all of them, the floor first.
    pub fn all() -> Vec<Self> {
        let server = |name, arguments: &[&'static str], is_on_redis| Self {
            name,
            arguments: Some(arguments.to_vec()),
            is_on_redis,
        };
        vec![
            Self { name: "the floor", arguments: None, is_on_redis: false },
            server("memory engine", &[], false),
            server("memory engine, `--audit`", &["--audit"], false),
            server("Redis engine", &[], true),
        ]
    }

    /// Whether it is the relay, whose clients have no sessions.
    pub fn is_relay(&self) -> bool {
        self.arguments.is_none()
    }

    /// Lists the names of the lines that all contenders have in a table: a server on Redis has one more for its Redis.
    pub fn lines(contenders: &[Self]) -> Vec<&'static str> {
        let names = |one: &Self| [Some(one.name), one.is_on_redis.then_some("the Redis of that engine")];
        contenders.iter().flat_map(names).flatten().collect()
    }

    /// Lists the figures of one contender, for each of its lines.
    pub fn figures(&self, own: f64, of_store: f64) -> Vec<f64> {
        if self.is_on_redis { vec![own, of_store] } else { vec![own] }
    }

    /// Starts it on one processor; `server` is the server's binary. A Redis runs on any of the others.
    ///
    /// # Errors
    /// When it does not start, for example because the server does not know an argument.
    pub async fn start(&self, server: &Path, processor: &str) -> Result<Running, Failure> {
        let wrapper = ["taskset", "-c", processor];
        let redis = if self.is_on_redis {
            let started = RedisServer::start(RedisOptions::default()).await;
            Some(started.map_err(|failure| Failure::Broken(failure.to_string()))?)
        } else {
            None
        };
        let started = match &self.arguments {
            None => ServerProcess::spawn(&wrapper, &std::env::current_exe()?, &["relay"], false).await,
            Some(more) => {
                let mut arguments = vec!["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
                arguments.extend(["--drain", "0", "--max-connections", "100000"]);
                arguments.extend(more);
                let url = redis.as_ref().map(RedisServer::url);
                arguments.extend(url.iter().flat_map(|url| ["--redis", url]));
                ServerProcess::spawn(&wrapper, server, &arguments, true).await
            }
        };
        let mut process = started.map_err(|failure| Failure::Broken(format!("{}: {failure}", self.name)))?;
        process.store = redis.as_ref().map(RedisServer::process_id);
        Ok(Running { process, _redis: redis })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_comes_first_and_the_redis_of_an_engine_behind_it() {
        let all = Contender::all();
        assert!(all[0].is_relay());
        assert_eq!(all.iter().filter(|one| one.is_relay()).count(), 1);
        let lines = Contender::lines(&all);
        assert_eq!(lines[3..], ["Redis engine", "the Redis of that engine"]);
        let figures: usize = all.iter().map(|one| one.figures(1.0, 2.0).len()).sum();
        assert_eq!(figures, lines.len());
    }
}
