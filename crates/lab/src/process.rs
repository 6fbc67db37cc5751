//! A process that ends with its value.

use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::guard;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// How many lines of a log a failure quotes.
const QUOTE: usize = 20;

/// A running process. Dropping this value kills it.
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command`; what it writes is appended to the file `NAME.log` of the folder.
    pub fn start(mut command: Command, folder: &Path, name: &str) -> Result<Self, Failure> {
        let log = folder.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).current_dir(folder);
        guard::enlist(&mut command)?;
        let child = command.spawn().map_err(|error| {
            Failure::new(format!("{} does not start: {error}", command.get_program().to_string_lossy()))
        })?;
        Ok(Self { child, log })
    }

    /// Returns the number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the process, unless it has ended.
    pub fn signal(&mut self, signal: Signal) -> Result<(), Failure> {
        match self.living()? {
            Some(id) => {
                kill_process(id, signal).map_err(|error| Failure::new(format!("{signal:?}: {error}")))
            }
            None => Ok(()),
        }
    }

    /// Stops the process (SIGSTOP), and returns when it has stopped.
    pub fn freeze(&mut self) -> Result<(), Failure> {
        self.signal(Signal::STOP)?;
        let Some(id) = self.living()? else { return Ok(()) };
        // The first call waits for the stop or the end and takes neither away, the second takes the stop away.
        for options in [WaitIdOptions::EXITED | WaitIdOptions::NOWAIT, WaitIdOptions::NOHANG] {
            waitid(WaitId::Pid(id), options | WaitIdOptions::STOPPED)
                .map_err(|error| Failure::new(format!("cannot wait for the stop: {error}")))?;
        }
        Ok(())
    }

    /// Returns the number of the process, unless it has ended. Until its end was seen the number is its own.
    fn living(&mut self) -> Result<Option<Pid>, Failure> {
        if self.exit()?.is_some() {
            return Ok(None);
        }
        Ok(i32::try_from(self.id()).ok().and_then(Pid::from_raw))
    }

    /// Kills the process (SIGKILL) and waits for its end.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Returns how the process has ended, or `None` while it runs.
    pub fn exit(&mut self) -> Result<Option<ExitStatus>, Failure> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for the end of the process.
    pub async fn exited(&mut self, limit: Duration) -> Result<ExitStatus, Failure> {
        let deadline = Deadline::after(limit);
        loop {
            if let Some(status) = self.exit()? {
                return Ok(status);
            }
            deadline.rest(|| format!("the process still runs\n{}", self.quote())).await?;
        }
    }

    /// Fails if the process has ended.
    pub fn runs(&mut self) -> Result<(), Failure> {
        match self.exit()? {
            None => Ok(()),
            Some(status) => Err(Failure::new(format!("the process ended: {status}\n{}", self.quote()))),
        }
    }

    /// Returns everything that the process and those before it in this folder have written.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Returns the end of the log.
    pub fn quote(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines.get(lines.len().saturating_sub(QUOTE)..).unwrap_or_default().join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.kill();
    }
}
