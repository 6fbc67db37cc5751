//! Divides the processors by `taskset`: the server gets one for itself, the load the others.

use crate::failure::Failure;
use std::process::Stdio;
use tokio::process::Command;

/// The processors of this process, divided.
pub struct Processors {
    all: Vec<usize>,
}

impl Processors {
    /// Returns `None` if there is only one processor, or the system does not say.
    pub fn find() -> Option<Self> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
        let all = parse(list.trim())?;
        (all.len() > 1).then_some(Self { all })
    }

    /// Returns the server's processor, in the form for `taskset -c`.
    pub fn of_server(&self) -> String {
        list(self.all.get(..1).unwrap_or_default())
    }

    /// Moves all threads of this process to the others.
    ///
    /// # Errors
    /// When there is no `taskset`, or it fails.
    pub async fn leave_the_first(&self) -> Result<(), Failure> {
        pin(&list(self.all.get(1..).unwrap_or_default())).await
    }

    /// Gives this process all processors back.
    ///
    /// # Errors
    /// The same as those of [`Processors::leave_the_first`].
    pub async fn take_all(&self) -> Result<(), Failure> {
        pin(&list(&self.all)).await
    }
}

async fn pin(list: &str) -> Result<(), Failure> {
    let own = std::process::id().to_string();
    let mut command = Command::new("taskset");
    command.args(["-a", "-p", "-c", list, &own]).stdout(Stdio::null()).stderr(Stdio::null());
    match command.status().await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Broken(format!("taskset: {status}"))),
        Err(error) => Err(Failure::Broken(format!("no taskset: {error}"))),
    }
}

fn parse(list: &str) -> Option<Vec<usize>> {
    let mut all = Vec::new();
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        all.extend(first.parse::<usize>().ok()?..=last.parse().ok()?);
    }
    Some(all)
}

fn list(processors: &[usize]) -> String {
    let names: Vec<String> = processors.iter().map(usize::to_string).collect();
    names.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_processor_is_the_servers() {
        let processors = Processors { all: parse("0-2,5").unwrap() };
        assert_eq!(processors.all, [0, 1, 2, 5]);
        assert_eq!((processors.of_server(), list(&processors.all[1..])), ("0".into(), "1,2,5".into()));
        assert!(parse("x").is_none());
    }
}
