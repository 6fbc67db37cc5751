//! The guard: no process and no folder outlives this process, even if it is killed.
//!
//! All processes of the laboratory are in one process group. A shell, which is outside of that group, reads a pipe that only this
//! process can write to. When this process ends, however it ends, the shell reads the end of the pipe, kills the group and removes the
//! folders.

use crate::failure::Failure;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// `$1` is the group, `$2` the folder. What was killed may need a moment to end; dead entries of the group may stay where nobody
/// takes note of them, so the wait is bounded.
const SHELL: &str = r#"read -r _
kill -s KILL -- "-$1"
n=0
while [ $n -lt 5 ] && kill -s 0 -- "-$1"; do n=$((n + 1)); sleep 0.1; done
rm -rf -- "$2""#;

struct Guard {
    /// Its number is the number of the group. It only sleeps, and keeps the number in use.
    leader: Child,
    /// Its standard input is the pipe.
    _shell: Child,
    root: PathBuf,
}

static GUARD: OnceLock<Result<Guard, String>> = OnceLock::new();

fn start() -> std::io::Result<Guard> {
    let root = std::env::temp_dir().join(format!("signalpost-lab-{}", std::process::id()));
    // It is another process's that had the same number and whose guard was killed.
    if root.exists() {
        std::fs::remove_dir_all(&root)?;
    }
    std::fs::create_dir_all(&root)?;
    let quiet = |command: &mut Command| {
        command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).current_dir("/");
    };
    let mut leader = Command::new("sleep");
    quiet(&mut leader);
    let mut leader = leader.arg("1000000").stdin(Stdio::null()).spawn()?;
    let mut shell = Command::new("/bin/sh");
    quiet(&mut shell);
    shell.args(["-c", SHELL, "sh", &leader.id().to_string()]).arg(&root).stdin(Stdio::piped());
    match shell.spawn() {
        Ok(shell) => Ok(Guard { leader, _shell: shell, root }),
        Err(error) => {
            let _gone = leader.kill().and_then(|()| leader.wait());
            Err(error)
        }
    }
}

fn guard() -> Result<&'static Guard, Failure> {
    let guard = GUARD.get_or_init(|| start().map_err(|error| format!("the guard does not start: {error}")));
    guard.as_ref().map_err(|error| Failure::new(error.clone()))
}

/// Puts the process that `command` starts into the guarded group.
pub fn enlist(command: &mut Command) -> Result<(), Failure> {
    let leader = guard()?.leader.id();
    command.process_group(i32::try_from(leader).map_err(|_| Failure::new("no process group"))?);
    Ok(())
}

/// Returns the folder in which all folders of this process are.
pub fn root() -> Result<&'static Path, Failure> {
    Ok(&guard()?.root)
}
