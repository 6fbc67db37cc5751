//! Where the programs are that the toolchain installs (`tools/toolchain.mjs`).

use crate::failure::Failure;
use std::path::{Path, PathBuf};

/// Which `redis-server` is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RedisProgram {
    /// The one in `PATH`: on Debian 12 it is Redis 7.0.
    #[default]
    System,
    /// A newer one, which the toolchain installs for this user: Redis 8, built without TLS.
    Newest,
}

impl RedisProgram {
    /// Returns the programs that are installed here: the system's, and the newer one where there is one.
    pub fn all() -> Vec<Self> {
        let newest = newest_redis().filter(|path| is_program(path)).map(|_| Self::Newest);
        std::iter::once(Self::System).chain(newest).collect()
    }

    /// Returns the path of the program.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn path(self) -> Result<PathBuf, Failure> {
        match self {
            Self::System => in_path("redis-server"),
            Self::Newest => {
                newest_redis().filter(|path| is_program(path)).ok_or_else(|| missing("a newer Redis"))
            }
        }
    }
}

/// Returns the path of a program of the system.
pub fn in_path(name: &str) -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps some servers where only root looks.
    let places = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    places.map(|place| place.join(name)).find(|path| is_program(path)).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Failure {
    Failure::new(format!("{name} is missing: run `node tools/toolchain.mjs`"))
}

fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// The cache of tools as `tools/paths.mjs` names it.
fn newest_redis() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(cache.join("signalpost/tools/redis-newest/redis-server"))
}
