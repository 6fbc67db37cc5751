//! Nothing of the laboratory outlives the process that made it, however that process ends.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use rustix::process::{Pid, getpgid, test_kill_process_group};
use signalpost_lab::{RedisOptions, RedisServer};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::is_gone;
use tokio::time::{Instant, sleep};

const HOW: &str = "SIGNALPOST_LAB_VICTIM";

/// What the processes below run. It is no test of its own.
#[tokio::test]
#[ignore = "the other tests of this file start it in a process of its own"]
async fn victim() {
    let Ok(how) = std::env::var(HOW) else { return };
    let one = RedisServer::start(RedisOptions::default()).await.unwrap();
    let mut frozen = RedisServer::start(RedisOptions::default()).await.unwrap();
    frozen.freeze().unwrap();
    let group = getpgid(Pid::from_raw(one.process_id().try_into().unwrap())).unwrap();
    let (own, group) = (std::process::id(), group.as_raw_nonzero());
    println!("\nstarted {own} {group} {} {}", one.process_id(), frozen.process_id());
    match how.as_str() {
        "panic" => panic!("as asked"),
        "exit" => std::process::exit(0),
        "forget" => {
            // A value that lives as long as the process is never dropped.
            Box::leak(Box::new(one));
        }
        _ => std::future::pending().await,
    }
}

struct Victim {
    process: Child,
    folder: String,
    servers: Vec<u32>,
    group: Pid,
}

fn start(how: &str) -> Victim {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["victim", "--exact", "--ignored", "--nocapture"])
        .env(HOW, how)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let line = lines.map_while(Result::ok).find_map(|line| Some(line.strip_prefix("started ")?.to_owned()));
    let numbers: Vec<u32> = line.unwrap().split(' ').map(|number| number.parse().unwrap()).collect();
    let folder = std::env::temp_dir().join(format!("signalpost-lab-{}", numbers[0]));
    let group = Pid::from_raw(numbers[1].try_into().unwrap()).unwrap();
    Victim { process, folder: folder.display().to_string(), servers: numbers[2..].into(), group }
}

/// The shells that wait for the end of the process with this folder.
fn guards(folder: &str) -> usize {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| line.split(|byte| *byte == 0).any(|word| word == folder.as_bytes())).count()
}

async fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        sleep(Duration::from_millis(10)).await;
    }
}

async fn nothing_is_left_of(victim: &Victim) {
    wait_until("a server runs", || victim.servers.iter().all(|server| is_gone(*server))).await;
    wait_until("the folder is there", || !Path::new(&victim.folder).exists()).await;
    wait_until("a guard runs", || guards(&victim.folder) == 0).await;
    if Path::new("/proc/self").exists() {
        wait_until("the group has members", || members(victim.group) == 0).await;
    } else {
        wait_until("the group is there", || test_kill_process_group(victim.group).is_err()).await;
    }
}

/// How many processes of the group run.
fn members(group: Pid) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let stats = all.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    let in_group = |stat: &String| {
        // After the name: state, parent, group.
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[0] != "Z" && fields[2] == group.as_raw_nonzero().to_string()
    };
    stats.filter(in_group).count()
}

#[tokio::test]
async fn a_killed_test_leaves_nothing() {
    let mut victim = start("wait");
    assert!(victim.servers.iter().all(|server| !is_gone(*server)));
    assert!(Path::new(&victim.folder).exists());
    if Path::new("/proc/self").exists() {
        assert_eq!(guards(&victim.folder), 1);
        assert_eq!(members(victim.group), 3, "two servers and the leader");
    }
    victim.process.kill().unwrap();
    victim.process.wait().unwrap();
    nothing_is_left_of(&victim).await;
}

#[tokio::test]
async fn a_test_that_panics_has_ended_its_servers() {
    let mut victim = start("panic");
    assert_eq!(victim.process.wait().unwrap().code(), Some(101));
    assert!(victim.servers.iter().all(|server| is_gone(*server)));
    nothing_is_left_of(&victim).await;
}

#[tokio::test]
async fn values_that_are_never_dropped_leave_nothing() {
    for how in ["exit", "forget"] {
        let mut victim = start(how);
        victim.process.wait().unwrap();
        nothing_is_left_of(&victim).await;
    }
}
